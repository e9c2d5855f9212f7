// Package imgio turns image files into pixels and maps into pictures.
//
// It owns: bounded decoding (PNG, JPEG, BMP, TIFF, WebP) to 8-bit RGB, the resize of PIL that the PyTorch pipelines of
// the reference implementations use (bit for bit), normalisation to network input, and every picture the program
// writes: 16-bit heatmaps, overlays, masks, .npy maps and thumbnails. It is pure Go and builds for js/wasm.
//
// It imports nothing of this project, so that every other package of the runtime may import it.
//
// What a decoded pixel is:
//
//   - grey is replicated to three channels; palettes are looked up; bilevel becomes 0 and 255;
//   - alpha and transparent colours are dropped and the stored colour is kept (as PIL convert("RGB")); premultiplied
//     TIFF alpha is divided out first;
//   - 16-bit samples keep their high byte (as OpenCV for grey and colour; PIL does so for colour but clips 16-bit grey);
//   - JPEG chroma is upsampled with the triangle filter of libjpeg (4:2:0, 4:2:2); CMYK becomes RGB by (255-c)(255-k)/255;
//   - the EXIF orientation (JPEG, PNG, WebP, TIFF) is applied, so that width and height are those a viewer shows;
//   - of an animated PNG or many-page TIFF the first picture is read; colour profiles and gamma chunks are ignored.
//
// Not read, each refused with [ErrFormat]: GIF, HEIF, AVIF, JPEG 2000, TIFF with JPEG, float or CMYK samples, animated
// WebP, 12-bit, lossless or arithmetic-coded JPEG, RLE and bit-field BMP.
//
//	data, err := imgio.ReadFile("part.jpg", imgio.DefaultLimits())
//	img, err := imgio.Decode(data, "part.jpg", imgio.DefaultLimits())
//	small, err := imgio.Resize(img, 224, 224)
//	x := make([]float32, 224*224*4)
//	err = imgio.ImageNet().Apply(x, small)
package imgio
