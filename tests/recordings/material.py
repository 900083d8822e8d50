"""Models and data that are the same bits on every machine, and models whose logits are, too.

A model sees (pixel/256 - 0.5)/0.25 = (pixel - 128)/64, and its weights are small whole numbers over
a power of two. So every product and every sum in it is a whole number below 2^24 over a power of
two, which float32 holds exactly: its logits depend neither on the CPU nor on the order of sums.
Random numbers are SHA-256 of a counter: they depend on no library's generator.
"""

import hashlib
import pathlib
import struct
import zlib

import numpy as np

from models import expected_logits, write_model, write_safetensors

HIDDEN = 16
MOST = 2  # the largest weight, before it is divided


def integers(seed, shape, bound):
    """Whole numbers from 0 to bound - 1, a function of `seed`, a text."""
    count = int(np.prod(shape))
    blocks = [hashlib.sha256(f"{seed} {i}".encode()).digest() for i in range(-(-count // 8))]
    return (np.frombuffer(b"".join(blocks), "<u4")[:count] % bound).reshape(shape)


def images(seed, count, shape):
    return integers(seed, (count, *shape), 256).astype(np.uint8)


def write_teacher(folder: pathlib.Path, shape, class_names, seed):
    """A model directory with logits of about ±5."""
    inputs = int(np.prod(shape))
    first_divisor = 2 ** round(np.log2(inputs) / 2)

    def weights(name, shape, divisor):
        return (integers(f"{seed} {name}", shape, 2 * MOST + 1).astype(np.int64) - MOST) / divisor

    bound = (inputs * 2 + 1) * MOST * 64 * MOST * HIDDEN + MOST * 64 * first_divisor
    assert bound < 1 << 24, "a sum of this model could be rounded"
    layers = [(weights("first", (HIDDEN, inputs), first_divisor),
               weights("first bias", HIDDEN, first_divisor)),
              (weights("last", (len(class_names), HIDDEN), 4),
               weights("last bias", len(class_names), 4))]
    return write_model(folder, layers, shape, scale=256, class_names=list(class_names))


def write_arrays(path: pathlib.Path, inputs, labels, class_names):
    """A data set of arrays, with the names of its classes beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "class_names.txt").write_text("\n".join(class_names) + "\n")
    return write_safetensors(path, {"inputs": inputs, "labels": labels.astype(np.int64)})


def labels_of(model, inputs):
    """The model's most likely classes: what data must have for a teacher to fit them."""
    return expected_logits(model, inputs).argmax(axis=1)


def write_png(path: pathlib.Path, image):
    """image: uint8 [3, height, width]."""
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))

    _, height, width = image.shape
    rows = np.ascontiguousarray(image.transpose(1, 2, 0)).reshape(height, 3 * width)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def write_image_folder(folder: pathlib.Path, model, inputs, class_names, per_class):
    """A folder of PNG files, one subfolder per class, by the model's most likely classes: the first
    `per_class` of each."""
    labels = labels_of(model, inputs)
    for label, name in enumerate(class_names):
        chosen = inputs[labels == label][:per_class]
        assert len(chosen) == per_class, f"only {len(chosen)} images are {name}"
        for i, image in enumerate(chosen):
            write_png(folder / name / f"{i:03}.png", image)
