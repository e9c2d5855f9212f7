package kernels

import "math"

// FoldBatchNorm returns the weight and bias of the convolution that does what a
// convolution followed by an inference batch norm does, y = (x - mean) /
// sqrt(variance + eps) * gamma + beta by channel (Ioffe and Szegedy 2015, algorithm
// 2). The weight has the output channel outermost, as PyTorch has it, before
// packing; a nil bias stands for zeros; the others have one value per output
// channel. It computes in float64.
func FoldBatchNorm(weight, bias, gamma, beta, mean, variance []float32, eps float64) (folded, shift []float32) {
	folded, shift = make([]float32, len(weight)), make([]float32, len(gamma))
	per := len(weight) / len(gamma)
	for o := range gamma {
		scale := float64(gamma[o]) / math.Sqrt(float64(variance[o])+eps)
		for i := o * per; i < (o+1)*per; i++ {
			folded[i] = float32(float64(weight[i]) * scale)
		}
		b := -float64(mean[o])
		if bias != nil {
			b += float64(bias[o])
		}
		shift[o] = float32(b*scale + float64(beta[o]))
	}
	return folded, shift
}
