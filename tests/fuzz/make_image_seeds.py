#!/usr/bin/env python3
"""Writes the seeds of image_fuzz.cc, tests/fuzz/seeds/image/: small files of each kind.

It takes python3 alone.
"""
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent

# Orientation 6 alone, big-endian.
TIFF = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)

GREY, RGB, INDEXED, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # PNG's colour types


def chunk(name, data):
    return (struct.pack(">I", len(data)) + name + data
            + struct.pack(">I", zlib.crc32(name + data)))


def png(width, height, colour, depth, rows, *chunks, interlaced=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    lines = b"".join(bytes([i % 5]) + row for i, row in enumerate(rows))  # every filter
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)
            + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def segment(marker, data):
    return bytes([0xff, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(components, *segments):
    """8 x 8 pixels, all of the mean: a DC and an AC table of one code of one bit each."""
    ids = range(1, components + 1)
    frame = struct.pack(">BHHB", 8, 8, 8, components) + b"".join(bytes([i, 0x11, 0]) for i in ids)
    scan = bytes([components]) + b"".join(bytes([i, 0]) for i in ids) + b"\0\x3f\0"
    one_code = b"\x01" + b"\0" * 15 + b"\0"
    bits = "00" * components
    data = int(bits.ljust(8, "1"), 2).to_bytes(1, "big")  # a block takes two bits
    return (b"\xff\xd8" + b"".join(segments) + segment(0xdb, b"\0" + b"\1" * 64)
            + segment(0xc0, frame) + segment(0xc4, b"\0" + one_code)
            + segment(0xc4, b"\x10" + one_code) + segment(0xda, scan) + data + b"\xff\xd9")


PALETTE = chunk(b"PLTE", bytes(range(12)))
SEEDS = {
    "png_grey": png(3, 2, GREY, 8, [b"abc", b"def"]),
    "png_bits": png(9, 2, GREY, 1, [b"\xa5\x80", b"\x5a\0"]),
    "png_16": png(2, 5, RGB, 16, [b"abcdefghijkl"] * 5),
    "png_palette": png(4, 2, INDEXED, 2, [b"\x1b", b"\0"], PALETTE, chunk(b"tRNS", b"\0\x80")),
    "png_interlaced": png(1, 2, RGB_ALPHA, 8, [b"abcd", b"efgh"], interlaced=1),
    "png_exif": png(2, 1, GREY_ALPHA, 8, [b"abcd"], chunk(b"eXIf", TIFF),
                    chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"text"))),
    "jpeg_grey": jpeg(1),
    "jpeg_exif": jpeg(3, segment(0xe1, b"Exif\0\0" + TIFF)),
    "jpeg_cmyk": jpeg(4, segment(0xee, b"Adobe\0\x64\0\0\0\0\0")),
    "jpeg_truncated": jpeg(3)[:-3],
    "garbage": b"GIF89a",
}

for name, data in SEEDS.items():
    path = HERE / "seeds" / "image" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
