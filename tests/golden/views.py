"""Golden values of the views' operations, by Pillow, Python's colorsys and a second implementation
of the draws.

    pip install pillow==13.0.0
    python3 tests/golden/views.py > tests/golden/views.json

Torchvision's operations on PIL images are Pillow's own, with its _get_inverse_affine_matrix before
them; that and the table of RandAugment's magnitudes are written here from its documentation. Images
are hexadecimal, channel after channel.
"""

import colorsys
import json
import math
import random

from PIL import Image, ImageEnhance, ImageOps

MASK = 2**64 - 1


def make_image(mode, width, height, seed):
    """Gradients with noise, over a part of the levels and with a flat corner."""
    draw = random.Random(seed)
    image = Image.new(mode, (width, height))
    for y in range(height):
        for x in range(width):
            flat = x < 4 and y < 3
            levels = [90, 90, 90] if flat else [
                30 + 9 * x + draw.randrange(25), 200 - 8 * y - draw.randrange(40),
                20 + draw.randrange(200)]
            image.putpixel((x, y), tuple(levels) if mode == "RGB" else levels[0] % 256)
    return image


IMAGES = {"colour": make_image("RGB", 19, 17, 1), "grey": make_image("L", 16, 18, 2),
          "large": make_image("L", 40, 40, 3)}
LARGE_TOO = {"equalize"}  # what many pixels a level change


def encode(image):
    return "".join(band.tobytes().hex() for band in image.split())


def adjust_hue(image, turn):
    if image.mode == "L":
        return image.copy()
    result = image.copy()
    for y in range(image.height):
        for x in range(image.width):
            h, s, v = colorsys.rgb_to_hsv(*(level / 255 for level in image.getpixel((x, y))))
            turned = colorsys.hsv_to_rgb((h + turn) % 1.0, s, v)
            result.putpixel((x, y), tuple(int(255 * level + 0.5) for level in turned))
    return result


def affine(image, translate=(0, 0), shear=(0.0, 0.0)):
    """Torchvision's affine about the upper left corner, without rotation; shear in degrees."""
    sx, sy = (math.radians(s) for s in shear)
    a = math.cos(-sy) / math.cos(sy)
    b = -math.cos(-sy) * math.tan(sx) / math.cos(sy)
    c = math.sin(-sy) / math.cos(sy)
    d = -math.sin(-sy) * math.tan(sx) / math.cos(sy) + 1
    matrix = [d, -b, 0.0, -c, a, 0.0]
    matrix[2] = matrix[0] * -translate[0] + matrix[1] * -translate[1]
    matrix[5] = matrix[3] * -translate[0] + matrix[4] * -translate[1]
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def shear(slope):
    return math.degrees(math.atan(slope))


OPERATIONS = {
    "brightness": lambda image, x: ImageEnhance.Brightness(image).enhance(x),
    "contrast": lambda image, x: ImageEnhance.Contrast(image).enhance(x),
    "saturation": lambda image, x: ImageEnhance.Color(image).enhance(x),
    "sharpness": lambda image, x: ImageEnhance.Sharpness(image).enhance(x),
    "hue": adjust_hue,
    "posterize": ImageOps.posterize,
    "solarize": ImageOps.solarize,
    "auto_contrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
    "shear_x": lambda image, x: affine(image, shear=(shear(x), 0.0)),
    "shear_y": lambda image, x: affine(image, shear=(0.0, shear(x))),
    "translate_x": lambda image, x: affine(image, translate=(x, 0)),
    "translate_y": lambda image, x: affine(image, translate=(0, x)),
    "rotate": lambda image, x: image.rotate(x, Image.Resampling.NEAREST),
}
ARGUMENTS = {
    "brightness": [0.0, 0.35, 1.7], "contrast": [0.0, 0.35, 1.7], "saturation": [0.0, 0.35, 1.7],
    "sharpness": [0.0, 0.35, 1.7], "hue": [-0.5, -0.1, 0.07, 0.3], "posterize": [1, 4, 7],
    "solarize": [0, 178.5, 255], "auto_contrast": [0], "equalize": [0], "shear_x": [0.09, -0.29],
    "shear_y": [0.09, -0.29], "translate_x": [3, -5, 40], "translate_y": [3, -5, 40],
    "rotate": [9, -28, 90],
}

# RandAugment's operations in order: torchvision's name for the operation, and its argument at a
# signed magnitude of 31 bins.
RAND_AUGMENT = [
    (None, None),
    ("shear_x", lambda m, size: 0.3 * m / 30),
    ("shear_y", lambda m, size: 0.3 * m / 30),
    ("translate_x", lambda m, size: int(150 / 331 * size[0] * m / 30)),
    ("translate_y", lambda m, size: int(150 / 331 * size[1] * m / 30)),
    ("rotate", lambda m, size: m),
    ("brightness", lambda m, size: 1 + 0.9 * m / 30),
    ("saturation", lambda m, size: 1 + 0.9 * m / 30),
    ("contrast", lambda m, size: 1 + 0.9 * m / 30),
    ("sharpness", lambda m, size: 1 + 0.9 * m / 30),
    ("posterize", lambda m, size: 8 - round(abs(m) / 7.5)),
    ("solarize", lambda m, size: 255 - 255 * abs(m) / 30),
    ("auto_contrast", lambda m, size: 0),
    ("equalize", lambda m, size: 0),
]


def rand_augment(image, index, magnitude):
    name, argument = RAND_AUGMENT[index]
    if name is None:
        return image
    return OPERATIONS[name](image, argument(magnitude, image.size))


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        while True:
            number = self.next()
            if number >= (2**64 - bound) % bound:
                return number % bound

    def uniform(self, low, high):
        return low + (high - low) * ((self.next() >> 11) / 2**53)


def view_random(key, choice):
    mixed = 0
    for part in (*key, int.from_bytes(choice, "big")):
        mixed = SplitMix64(mixed ^ part).next()
    return SplitMix64(mixed)


def crop_box(scale, key, height, width):
    """RandomResizedCrop.get_params of torchvision."""
    draw = view_random(key, b"crop")
    for _ in range(10):
        area = height * width * draw.uniform(scale, 1)
        aspect = math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top = draw.below(height - h + 1)
            return [top, draw.below(width - w + 1), h, w]
    h, w = height, width
    if width / height < 3 / 4:
        h = round(width / (3 / 4))
    elif width / height > 4 / 3:
        w = round(height * (4 / 3))
    return [(height - h) // 2, (width - w) // 2, h, w]


CROPS = [(scale, (seed, epoch, sample), height, width)
         for scale, height, width in [(0.08, 32, 32), (0.08, 375, 500), (0.5, 40, 30), (1.0, 64, 64),
                                      (0.9, 10, 200), (0.9, 200, 10), (0.08, 1, 1), (0.3, 1, 9)]
         for seed, epoch, sample in [(0, 0, 0), (7, 3, 59999), (2**63 + 5, 1, 12)]]

# image, box (top, left, height, width), size (height, width)
RESIZES = [("colour", (0, 0, 17, 19), (8, 8)), ("colour", (2, 3, 11, 13), (16, 24)),
           ("colour", (5, 1, 12, 7), (5, 9)), ("grey", (0, 0, 18, 16), (7, 5)),
           ("grey", (17, 3, 1, 4), (3, 8)), ("grey", (4, 4, 9, 9), (1, 1)),
           ("colour", (1, 2, 6, 5), (6, 5))]


def resize(name, box, size):
    top, left, height, width = box
    part = IMAGES[name].crop((left, top, left + width, top + height))
    return encode(part.resize((size[1], size[0]), Image.Resampling.BILINEAR))


def main():
    print(json.dumps({
        "images": {name: {"shape": [len(image.getbands()), image.height, image.width],
                          "pixels": encode(image)} for name, image in IMAGES.items()},
        "operations": {operation: [
            {"image": name, "argument": x, "expected": encode(OPERATIONS[operation](image, x))}
            for x in arguments for name, image in IMAGES.items()
            if name != "large" or operation in LARGE_TOO]
            for operation, arguments in ARGUMENTS.items()},
        "rand_augment": [
            {"image": name, "operation": index, "magnitude": magnitude,
             "expected": encode(rand_augment(IMAGES[name], index, magnitude))}
            for index in range(len(RAND_AUGMENT))
            for name, magnitude in [("colour", 9), ("colour", -17), ("grey", 30)]],
        "crops": [{"scale": scale, "key": [str(part) for part in key], "height": height,
                   "width": width, "box": crop_box(scale, key, height, width)}
                  for scale, key, height, width in CROPS],
        "resizes": [{"image": name, "box": box, "size": size, "expected": resize(name, box, size)}
                    for name, box, size in RESIZES],
    }).replace("}, {", "},\n{").replace('], "', '],\n"'))


if __name__ == "__main__":
    main()
