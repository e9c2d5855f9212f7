#!/usr/bin/python3
"""Writes image files that lie about themselves. No randomness.

    cd testdata/attacks/images && /usr/bin/python3 gen.py
"""
import io
import struct
import zlib

from PIL import Image


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(w, h, depth, colour, idat, interlace=0):
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


bomb = png(30000, 30000, 8, 2, b"")
write("30000.png", png(30000, 30000, 8, 2, zlib.compress(bytes(2000)).ljust(433 - len(bomb), b"\0")))
write("wide.png", png(1677721600, 1, 8, 0, zlib.compress(b"\0")))
write("overflow.png", png(0x7fffffff, 0x7fffffff, 8, 0, zlib.compress(b"\0")))
write("empty_8000.png", png(8000, 8000, 8, 2, zlib.compress(bytes(1000))))
write("truncated.png", png(40, 40, 8, 2, zlib.compress(bytes(40 * 121)))[:-30])


def sof(kind, w, h, n):
    body = struct.pack(">BHHB", 8, h, w, n) + b"".join(bytes((i + 1, 0x11, 0)) for i in range(n))
    return b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body


def sos(ids, lo, hi):
    body = bytes([len(ids)]) + b"".join(bytes((i, 0)) for i in ids) + bytes((lo, hi, 0))
    return b"\xff\xda" + struct.pack(">H", len(body) + 2) + body


write("huge_sof.jpg", b"\xff\xd8" + sof(0xc0, 65500, 65500, 3) + sos((1, 2, 3), 0, 63) + b"\xff\xd9")
write("empty_8000.jpg", b"\xff\xd8" + sof(0xc2, 8000, 8000, 3) + sos((1, 2, 3), 0, 0) + b"\xff\xd9")
write("scans.jpg", b"\xff\xd8" + sof(0xc2, 16, 16, 1) + (sos((1,), 1, 5) + b"\0") * 2000 + b"\xff\xd9")
whole = io.BytesIO()
Image.new("RGB", (64, 64), (10, 200, 30)).save(whole, "JPEG")
write("truncated.jpg", whole.getvalue()[:-60])


def tiff(tags):
    tags = sorted(tags)
    out = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, kind, count, value in tags:
        out += struct.pack("<HHII", tag, kind, count, value)
    return out + bytes(4)


def rgbless(w, h, compression, extra):
    return tiff([(256, 4, 1, w), (257, 4, 1, h), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1)] + extra)


write("huge.tif", rgbless(0x40000000, 0x40000000, 1, [(273, 4, 1, 8), (279, 4, 1, 0xffffffff)]))
write("strips.tif", rgbless(8000, 8000, 1, [(273, 4, 0x0fffffff, 8), (278, 4, 1, 1), (279, 4, 0x0fffffff, 8)]))
write("deflate_8000.tif", rgbless(8000, 8000, 8, [(273, 4, 1, 8), (279, 4, 1, 64)]))
write("tile.tif", rgbless(64, 64, 8, [(322, 4, 1, 0x7fffffff), (323, 4, 1, 0x7fffffff), (324, 4, 1, 8), (325, 4, 1, 64)]))
write("one_row.tif", rgbless(100, 200000, 8, [(273, 3, 200000, 8), (278, 4, 1, 1), (279, 3, 200000, 8)]) + bytes(20000))
write("ccitt.tif", tiff([(256, 4, 1, 60000), (257, 4, 1, 1000), (258, 3, 1, 1), (259, 3, 1, 4), (262, 3, 1, 0),
                         (273, 4, 1, 8), (279, 4, 1, 64)]))


def bmp(w, h):
    info = struct.pack("<IiiHHIIiiII", 40, w, h, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


write("huge.bmp", bmp(30000, 30000))
write("empty_8000.bmp", bmp(8000, 8000))
write("negative.bmp", bmp(-5, 5))

vp8x = b"\x10\0\0\0" + struct.pack("<I", 16383)[:3] + struct.pack("<I", 16383)[:3]
write("huge.webp", b"RIFF" + struct.pack("<I", 4 + 18) + b"WEBPVP8X" + struct.pack("<I", 10) + vp8x)
vp8l = b"\x2f" + struct.pack("<I", 16383 | 16383 << 14)
write("lossless.webp", b"RIFF" + struct.pack("<I", 4 + 8 + 6) + b"WEBPVP8L" + struct.pack("<I", 5) + vp8l + b"\0")

frames = io.BytesIO()
Image.new("P", (8, 8)).save(frames, "GIF", save_all=True, append_images=[Image.new("P", (8, 8), i) for i in range(9)])
write("frames.gif", frames.getvalue())
moving = io.BytesIO()
Image.new("RGB", (8, 8)).save(moving, "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8), (250, 0, 0))])
write("moving.webp", moving.getvalue())
write("text.png", b"not a picture at all")
write("empty.png", b"")
