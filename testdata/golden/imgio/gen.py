#!/usr/bin/python3
"""Writes the goldens of runtime/imgio with PIL 9.4 (libjpeg-turbo, libwebp, libtiff). Seed 20240611.

    cd testdata/golden/imgio && /usr/bin/python3 gen.py

decode/NAME       an image file; decode/NAME.rgb.png is what PIL makes of it: convert("RGB") after exif_transpose
resize/cases.txt  lines: method inW inH outW outH sha256 of the RGB bytes; the inputs are rows of the xorshift noise below
resize/*.png      two natural-looking cases in full
large/NAME        pictures of 1200 x 900 px in few bytes, to weigh the memory that decoding takes
norm.txt          float32 values of torchvision's and guided-diffusion's normalisation as hex words, 3 x 256 and 256
"""
import hashlib
import os
import struct
import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageOps, TiffImagePlugin

warnings.simplefilter("ignore")
rng = np.random.default_rng(20240611)
os.makedirs("decode", exist_ok=True)
os.makedirs("resize", exist_ok=True)


def scene(w, h):
    """Smooth colour, a few hard shapes and faint noise."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    a = np.stack([127 + 100 * np.sin(x / 9 + y / 23), 255 * x / max(w - 1, 1), 255 * y / max(h - 1, 1)], 2)
    img = Image.fromarray(np.clip(a + rng.normal(0, 4, a.shape), 0, 255).astype(np.uint8), "RGB")
    d = ImageDraw.Draw(img)
    d.ellipse([w * 0.2, h * 0.2, w * 0.5, h * 0.6], fill=(220, 30, 40))
    d.rectangle([w * 0.6, h * 0.1, w * 0.9, h * 0.4], fill=(20, 60, 200))
    return img


def put(name, img, expect=None, **kw):
    path = "decode/" + name
    img.save(path, **kw)
    finish(path, expect)


def finish(path, expect=None):
    if expect is None:
        expect = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    expect.save(path + ".rgb.png", optimize=True)


base = scene(37, 29)
grey = base.convert("L")
alpha = Image.fromarray(rng.integers(0, 256, (29, 37), dtype=np.uint8), "L")
rgba = base.copy()
rgba.putalpha(alpha)
la = grey.copy()
la.putalpha(alpha)
high = np.asarray(grey).astype(np.uint16) << 8 | rng.integers(0, 256, (29, 37)).astype(np.uint16)

# PNG
put("rgb.png", base)
put("grey.png", grey)
put("bilevel.png", grey.convert("1"))
put("grey_alpha.png", la)
put("rgba.png", rgba)
put("palette.png", base.quantize(17))
put("palette_alpha.png", base.quantize(200), transparency=bytes(range(200)))
put("grey_trns.png", grey, transparency=100)
put("rgb_trns.png", base, transparency=base.getpixel((3, 3)))
put("grey16.png", Image.fromarray(high), expect=grey.convert("RGB"))  # PIL clips; the high byte is documented
put("one.png", base.crop((0, 0, 1, 1)))
put("column.png", scene(1, 10000))
put("row.png", scene(10000, 1))


def png16(path, samples, colour_type):
    """16-bit colour PNG, which PIL does not write."""
    import zlib
    h, w, _ = samples.shape
    raw = b"".join(b"\0" + samples[y].astype(">u2").tobytes() for y in range(h))
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", w, h, 16, colour_type, 0, 0, 0)),
                       (b"IDAT", zlib.compress(raw)), (b"IEND", b"")):
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    with open(path, "wb") as f:
        f.write(out)


noise16 = rng.integers(0, 65536, (11, 13, 4))
png16("decode/rgb16.png", noise16[:, :, :3], 2)
finish("decode/rgb16.png")
png16("decode/rgba16.png", noise16, 6)
finish("decode/rgba16.png")
png16("decode/grey_alpha16.png", noise16[:, :, :2], 4)
finish("decode/grey_alpha16.png")

# JPEG
big = scene(83, 61)
put("q444.jpg", big, quality=92, subsampling=0)
put("q422.jpg", big, quality=92, subsampling=1)
put("q420.jpg", big, quality=92, subsampling=2)
put("q420_even.jpg", big.crop((0, 0, 80, 48)), quality=85, subsampling=2)
put("q420_narrow.jpg", big.crop((0, 0, 4, 61)), quality=92, subsampling=2)
put("q420_one.jpg", big.crop((0, 0, 1, 1)), quality=92, subsampling=2)
put("progressive.jpg", big, quality=90, progressive=True)
put("grey.jpg", big.convert("L"), quality=90)
put("cmyk.jpg", big.convert("CMYK"), quality=95)

# BMP
put("rgb.bmp", base)
put("grey.bmp", grey)
put("bilevel.bmp", grey.convert("1"))
put("palette.bmp", base.quantize(16))
put("rgba.bmp", rgba)

# TIFF
for c in ("raw", "tiff_lzw", "tiff_deflate", "packbits"):
    put("rgb_%s.tif" % c, base, compression=None if c == "raw" else c)
put("grey.tif", grey)
put("bilevel_g4.tif", grey.convert("1"), compression="group4")
put("bilevel_g3.tif", grey.convert("1"), compression="group3")
put("bilevel_g4_white.tif", grey.convert("1"), compression="group4", tiffinfo={262: 0})
put("rgba.tif", rgba)
put("palette.tif", base.quantize(40))
put("grey16.tif", Image.fromarray(high), expect=grey.convert("RGB"))

# WebP
put("lossless.webp", base, lossless=True)
put("lossless_alpha.webp", rgba, lossless=True, exact=True)
put("lossy.webp", big, quality=90)
put("lossy_alpha.webp", Image.merge("RGBA", (*big.split(), big.split()[0])), quality=90, exact=True)

# EXIF orientation
small = scene(16, 24)
for n in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = n
    put("orient%d.jpg" % n, small, exif=exif, quality=95, subsampling=0)
exif = Image.Exif()
exif[0x0112] = 6
put("orient6.png", small, exif=exif)
put("orient6.webp", small, exif=exif, lossless=True)
put("orient6.tif", small, tiffinfo={274: 6}, expect=small.transpose(Image.Transpose.ROTATE_270))


# Memory
os.makedirs("large", exist_ok=True)
plain = Image.linear_gradient("L").resize((1200, 900))
wide = Image.merge("RGB", (plain, plain.rotate(180), plain))
wide.save("large/progressive444.jpg", quality=30, subsampling=0, progressive=True)
wide.save("large/progressive420.jpg", quality=30, subsampling=2, progressive=True)
wide.save("large/baseline.jpg", quality=30)
wide.convert("CMYK").save("large/cmyk_progressive.jpg", quality=20, progressive=True)
Image.merge("RGBA", (*wide.split(), plain)).save("large/lossless.webp", lossless=True, exact=True)
Image.merge("RGBA", (*wide.split(), plain)).save("large/alpha.webp", quality=20)
wide.save("large/lossy.webp", quality=20)
wide.save("large/strips.tif", compression="tiff_deflate")
TiffImagePlugin.STRIP_SIZE = 1 << 30
wide.save("large/one_strip.tif", compression="tiff_lzw")
wide.save("large/rgb.png", optimize=True)


def adam7(path, w, h):
    """Interlaced 16-bit RGBA PNG of zeros."""
    import zlib
    raw = 0
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        raw += (1 + 8 * ((w - x0 + dx - 1) // dx)) * ((h - y0 + dy - 1) // dy)
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", w, h, 16, 6, 0, 0, 1)),
                       (b"IDAT", zlib.compress(bytes(raw), 9)), (b"IEND", b"")):
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    with open(path, "wb") as f:
        f.write(out)


adam7("large/interlaced16.png", 1200, 900)


# Resize
def xorshift(n):
    """The noise that the Go test makes again: low byte of xorshift32 from seed 1, twice the same value at times 0 or 255."""
    out = np.empty(n, np.uint8)
    s = 1
    for i in range(n):
        s ^= s << 13 & 0xFFFFFFFF
        s ^= s >> 17
        s ^= s << 5 & 0xFFFFFFFF
        v = s & 0x3FF
        out[i] = 0 if v < 128 else 255 if v >= 896 else v & 255
    return out


pool = xorshift(3 * 640 * 480)
sizes = [(640, 480, 224, 224), (480, 640, 224, 224), (320, 240, 224, 224), (224, 224, 224, 224), (225, 223, 224, 224),
         (223, 225, 224, 224), (100, 75, 224, 224), (7, 5, 224, 224), (1, 1, 224, 224), (1, 1, 1, 1), (1, 300, 224, 224),
         (300, 1, 224, 224), (448, 448, 224, 224), (449, 447, 224, 224), (640, 3, 5, 7), (3, 640, 5, 7), (2, 2, 3, 3),
         (3, 3, 2, 2), (101, 67, 67, 101), (640, 480, 1, 1), (640, 480, 3, 479), (640, 480, 641, 481), (17, 31, 300, 2),
         (1, 90000, 224, 224), (90000, 1, 224, 224), (64, 64, 224, 64), (64, 64, 64, 224), (333, 222, 256, 380)]
with open("resize/cases.txt", "w") as f:
    for w, h, ow, oh in sizes:
        img = Image.fromarray(pool[:3 * w * h].reshape(h, w, 3), "RGB")
        for method, flag in (("bilinear", Image.BILINEAR), ("nearest", Image.NEAREST)):
            got = np.asarray(img.resize((ow, oh), flag)).tobytes()
            f.write("%s %d %d %d %d %s\n" % (method, w, h, ow, oh, hashlib.sha256(got).hexdigest()))
photo = scene(150, 110)
photo.save("resize/photo.png", optimize=True)
photo.resize((56, 64), Image.BILINEAR).save("resize/photo_56x64.png", optimize=True)

# Normalisation, as torchvision (ToTensor, Normalize) and guided-diffusion do it
import torch

x = torch.arange(256, dtype=torch.uint8)
with open("norm.txt", "w") as f:
    for m, s in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)):
        t = x.to(torch.float32).div(255).sub_(torch.as_tensor(m, dtype=torch.float32)).div_(torch.as_tensor(s, dtype=torch.float32))
        f.write(" ".join("%08x" % v for v in t.numpy().view(np.uint32)) + "\n")
    t = x.numpy().astype(np.float32) / 127.5 - 1
    f.write(" ".join("%08x" % v for v in t.astype(np.float32).view(np.uint32)) + "\n")
