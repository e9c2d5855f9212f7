package kernels

// Epilogue is an operation that can do what follows it before it stores its
// result: y = act(op(...) + bias) + residual. Each method returns the merged
// operation, or false when it cannot hold more; the bias and the residual become
// further inputs, in this order, behind the ones it has.
type Epilogue interface {
	Op
	WithBias() (Op, bool)
	WithActivation(a Activation) (Op, bool)
	WithResidual() (Op, bool)
}
