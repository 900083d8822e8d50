"""Writes pictures.json: a small image file of every kind that Pillow opens and that DecodeImage must
read, with the digest of Pillow's pixels; and what Pillow refuses.

    gcc -o /tmp/jpeg_of_sampling jpeg_of_sampling.c -ljpeg && python3 pictures.py /tmp/jpeg_of_sampling

Made with Pillow 13.0.0 and libjpeg-turbo 2.1.5. Pixels are those of
ImageOps.exif_transpose(Image.open(file)).convert("RGB").
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

WIDTH, HEIGHT = 38, 26


def picture():
    """Smooth, with some edges, so that chroma upsampling shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    image = np.stack([6 * x, 9 * y, 255 - 4 * x - 2 * y], -1)
    image[8:18, 10:24] = [250, 40, 10]
    image[12:22, 20:34, 2] = 220
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(image=None, **options):
    return saved(image or picture(), "JPEG", quality=90, **options)


def sampled(tool, factors, *options):
    return subprocess.run([tool, str(WIDTH), str(HEIGHT), factors, *options],
                          input=picture().tobytes(), stdout=subprocess.PIPE, check=True).stdout


def behind_app0(data, more):
    end = 4 + int.from_bytes(data[4:6], "big")
    return data[:end] + more + data[end:]


def with_jfif_version(data, major, minor):
    at = data.index(b"JFIF\0") + 5
    return data[:at] + bytes([major, minor]) + data[at + 2:]


def chunk(name, content=b""):
    return (struct.pack(">I", len(content)) + name + content +
            struct.pack(">I", zlib.crc32(name + content)))


def with_chunk(png, more, before=b"IDAT"):
    at = png.index(before) - 4
    return png[:at] + more + png[at:]


def spoilt(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def exif_chunk(turn, before=b""):
    exif = Image.Exif()
    exif[0x0112] = turn
    return chunk(b"eXIf", before + exif.tobytes().removeprefix(b"Exif\0\0"))


def with_chunk_in_image(png, more):
    """The image as two chunks with `more` between them. It must be in one chunk."""
    at = png.index(b"IDAT") - 4
    length = int.from_bytes(png[at:at + 4], "big")
    image = png[at + 8:at + 8 + length]
    return (png[:at] + chunk(b"IDAT", image[:50]) + more + chunk(b"IDAT", image[50:]) +
            png[at + 12 + length:])


def kinds(tool):
    image = picture()
    grey = image.convert("L")
    plain = jpeg()
    yield "jpeg", plain
    for factors in ("1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "2x2,1x1,1x1", "4x1,1x1,1x1",
                    "4x2,1x1,1x1", "1x4,1x1,1x1", "2x4,1x1,1x1", "3x1,1x1,1x1", "1x3,1x1,1x1",
                    "2x1,2x1,2x1", "1x2,1x2,1x2", "2x2,1x2,1x2", "2x2,2x1,2x1",
                    "2x1,1x1,2x1", "1x1,2x1,2x1", "2x2,2x1,1x1", "3x2,1x2,1x1", "1x2,1x1,1x2"):
        yield f"jpeg sampled {factors}", sampled(tool, factors)
    for option in ("progressive", "arithmetic", "restart"):
        yield f"jpeg {option}", sampled(tool, "2x2,1x1,1x1", option)
    yield "jpeg of rgb", sampled(tool, "1x1,1x1,1x1", "rgb")
    yield "jpeg grey", jpeg(grey)
    yield "jpeg cmyk", jpeg(image.convert("CMYK"))
    yield "jpeg of JFIF 0.00", with_jfif_version(plain, 0, 0)
    yield "jpeg of JFIF 1.03", with_jfif_version(plain, 1, 3)
    yield "jpeg of JFIF 2.00", with_jfif_version(plain, 2, 0)
    yield "jpeg with bytes before its end", plain[:-2] + b"\x7f" * 5 + plain[-2:]
    yield "jpeg with zeros before its end", plain[:-2] + b"\0" * 16 + plain[-2:]
    yield "jpeg with zeros between segments", behind_app0(plain, b"\0\0")
    yield "jpeg with fill bytes", plain[:-2] + b"\xff\xff" + plain[-2:]
    yield "jpeg with bytes behind its end", plain + b"\0" * 100
    yield "jpeg with an unknown Adobe transform", behind_app0(
        plain, b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x03")
    yield "jpeg without an end marker", plain[:-2]
    yield "jpeg cut", plain[:len(plain) * 6 // 10]
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        yield f"jpeg turned {turn}", jpeg(exif=exif)
        yield f"png turned {turn}", saved(image, "PNG", exif=exif)
    png = saved(image, "PNG")
    yield "png", png
    yield "png grey", saved(grey, "PNG")
    yield "png with alpha", saved(image.convert("RGBA"), "PNG")
    yield "png grey with alpha", saved(grey.convert("LA"), "PNG")
    yield "png of a palette", saved(image.quantize(20), "PNG")
    yield "png of a palette with transparency", saved(image.quantize(20), "PNG", transparency=3)
    yield "png of two values", saved(grey.point(lambda value: 255 * (value > 99)).convert("1"), "PNG")
    yield "png with text", saved(image, "PNG", pnginfo=text())
    yield "png with an empty eXIf", with_chunk(png, chunk(b"eXIf"))
    yield "png with two empty eXIf", with_chunk(png, 2 * chunk(b"eXIf"))
    yield "png with an empty eXIf behind the image", with_chunk(png, chunk(b"eXIf"), b"IEND")
    yield "png turned 6 behind the image", with_chunk(png, exif_chunk(6), b"IEND")
    yield "png turned 6, then 3", with_chunk(png, exif_chunk(6) + exif_chunk(3))
    yield "png turned 6, then 3 behind the image", with_chunk(
        with_chunk(png, exif_chunk(6)), exif_chunk(3), b"IEND")
    yield "png turned 6, then an empty eXIf", with_chunk(png, exif_chunk(6) + chunk(b"eXIf"))
    yield "png turned 6, with the header of JPEG in front", with_chunk(
        png, exif_chunk(6, b"Exif\0\0"))
    yield "png with two gAMA", with_chunk(png, 2 * chunk(b"gAMA", struct.pack(">I", 45455)))
    yield "png with a wrong checksum of its text", with_chunk(png, spoilt(chunk(b"tEXt", b"a\0b")))
    yield "png with a wrong checksum of a text behind the image", with_chunk(
        png, spoilt(chunk(b"tEXt", b"a\0b")), b"IEND")
    yield "png with a text within its image", with_chunk_in_image(png, chunk(b"tEXt", b"a\0b"))
    yield "png with its image in two chunks", with_chunk_in_image(png, b"")
    yield "png without an end chunk", png[:-12]
    yield "png cut in its end chunk", png[:-5]
    yield "png cut", png[:len(png) * 6 // 10]


def text():
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a picture")
    return info


def pixels(data):
    """Pillow's, or None if it refuses the file."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    except Exception:
        return None
    return image


def main():
    records = []
    for name, data in kinds(sys.argv[1]):
        image = pixels(data)
        records.append({
            "kind": name, "file": base64.b64encode(data).decode(),
            "width": image.width if image else None, "height": image.height if image else None,
            "rgb_sha256": hashlib.sha256(image.tobytes()).hexdigest() if image else None})
    out = pathlib.Path(__file__).with_suffix(".json")
    out.write_text(json.dumps(records, indent=1) + "\n")
    print(f"{len(records)} kinds, {sum(r['width'] is None for r in records)} refused: "
          f"{[r['kind'] for r in records if r['width'] is None]}; {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
