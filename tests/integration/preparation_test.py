"""Whatever shows a model a test set prepares it by the model's own description, so train, evaluate,
the report and Python's reading of model.pt count the same errors."""

import json
import random
import unittest

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from programs import IntegrationTest, TRAINER

try:
    import torch
except ImportError:
    torch = None

SIZES = [(64, 64), (96, 64), (64, 96), (128, 64), (80, 60), (41, 57)]
TURNED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
          4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
          6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
          8: Image.Transpose.ROTATE_270}


def photo(kind, width, height, rng):
    """A disc, or an ellipse of twice its width, which an image out of proportion would confuse."""
    image = Image.new("RGB", (width, height), tuple(rng.randrange(90) for _ in range(3)))
    side = min(width, height)
    radius = side * rng.uniform(0.14, 0.2)
    wide = 2.0 if kind == "wide" else 1.0
    x = width / 2 + side * rng.uniform(-0.06, 0.06)
    y = height / 2 + side * rng.uniform(-0.06, 0.06)
    colour = tuple(rng.randrange(120, 256) for _ in range(3))
    ImageDraw.Draw(image).ellipse([x - wide * radius, y - radius, x + wide * radius, y + radius],
                                  fill=colour)
    return image


def save(image, path, rng):
    """As one of the kinds that come from cameras, scanners and editors."""
    kind = rng.choice(["rgb", "grey", "cmyk", "alpha", "turned"])
    if kind == "alpha":
        image.convert("RGBA").save(path.with_suffix(".png"))
    elif kind == "turned":
        turn = rng.randrange(1, 9)
        exif = Image.Exif()
        exif[0x0112] = turn
        stored = image if TURNED[turn] is None else image.transpose(TURNED[turn])
        stored.save(path.with_suffix(".jpg"), quality=92, exif=exif)
    else:
        mode = {"rgb": "RGB", "grey": "L", "cmyk": "CMYK"}[kind]
        image.convert(mode).save(path.with_suffix(".jpg"), quality=92)


def write_photos(folder, each, seed):
    rng = random.Random(seed)
    for kind in ("disc", "wide"):
        (folder / kind).mkdir(parents=True)
        for i in range(each):
            save(photo(kind, *rng.choice(SIZES), rng), folder / kind / f"{i:03}", rng)
    return folder


def prepared(path, shape):
    """Pillow's preparation: upright, the centre of the model's proportions, resized to its size."""
    channels, height, width = shape
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    if channels == 1:
        image = image.convert("L")
    box_width, box_height = image.width, image.height
    if box_height * width > box_width * height:
        box_height = max(1, round(box_width * height / width))
    else:
        box_width = max(1, round(box_height * width / height))
    left, top = (image.width - box_width) // 2, (image.height - box_height) // 2
    image = image.crop((left, top, left + box_width, top + box_height))
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, channels).transpose(2, 0, 1)


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class Preparation(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.train = write_photos(self.dir / "train", 60, 1)
        self.test = write_photos(self.dir / "test", 40, 2)

    def train_run(self, name, *more, student="cnn_student", epochs=6):
        output = self.run_ok(TRAINER, "train", "--train", self.train, "--test", self.test,
                             "--student", student, "--run_dir", self.dir / name, "--threads", "1",
                             "--epochs", epochs, "--batch_size", "16", "--lr", "0.05", *more)
        return self.dir / name / "model", output

    def evaluate(self, *arguments):
        file = self.dir / "figures.json"
        output = self.run_ok(TRAINER, "evaluate", *arguments, "--test", self.test, "--json", file)
        return json.loads(file.read_text()), output

    def errors_in_python(self, model):
        config = json.loads((model / "config.json").read_text())
        script = torch.jit.load(str(model / "model.pt")).eval()
        shape = config["inputs"][0]["shape"]
        mean, std = (torch.tensor(config[key]).reshape(-1, 1, 1) for key in ("mean", "std"))
        errors = 0
        for label, name in enumerate(config["class_names"]):
            for path in sorted((self.test / name).iterdir()):
                pixels = torch.from_numpy(prepared(path, shape).astype(np.float32))
                x = (pixels / config["scale"] - mean) / std
                errors += script(x[None]).argmax().item() != label
        return errors

    def report_errors(self, run):
        report = json.loads((self.dir / run / "report.json").read_text())
        self.assertEqual(report["quality"]["on"], "test")
        return report["quality"]["errors"]

    def test_train_evaluate_report_and_python_count_the_same_errors(self):
        models, errors = [], []
        for name, options in {"square": ["--image_size", "32"],
                              "flat": ["--image_size", "24x40"],
                              "grey": ["--image_size", "32", "--image_channels", "1"],
                              "small": ["--image_size", "32", "--student_resolution", "20"],
                              "first": []}.items():
            model, _ = self.train_run(name, *options)
            models.append(model)
            errors.append(self.end(name)["test"]["errors"])
            with self.subTest(name):
                self.assertEqual(self.report_errors(name), errors[-1])
                # Pillow's resizing differs by up to one level.
                self.assertLessEqual(abs(self.errors_in_python(model) - errors[-1]), 1)
        figures, _ = self.evaluate(*models)
        self.assertEqual([each["errors"] for each in figures], errors)
        self.assertLess(min(errors), 30)  # of 80: the photos can be told apart

    def test_the_first_file_does_not_decide_how_a_test_set_is_prepared(self):
        model, _ = self.train_run("run", "--image_size", "32")
        Image.new("RGB", (300, 100)).save(self.test / "disc" / "000_first.png")
        figures, _ = self.evaluate(model)
        more = figures[0]["errors"] - self.end("run")["test"]["errors"]
        self.assertIn(more, (0, 1))
        self.assertEqual(figures[0]["samples"], 81)

    def test_a_directory_to_start_from_and_a_teacher_set_the_size(self):
        teacher, _ = self.train_run("teacher", "--image_size", "24x40")
        again, output = self.train_run("again", student=teacher)
        self.assertIn("images are made [3, 24, 40]", output)
        _, address = self.serve(teacher, self.unix_address())
        _, output = self.train_run("student", "--teacher", address, epochs=2)
        self.assertIn("images are made [3, 24, 40]", output)
        config = json.loads((self.dir / "student" / "model" / "config.json").read_text())
        self.assertEqual(config["inputs"][0]["shape"], [3, 24, 40])
        small, _ = self.train_run("small", "--image_size", "16")
        figures, _ = self.evaluate(teacher, small, "--teacher", address)
        self.assertEqual(figures[0]["teacher_agreement"], 1)
        self.assertEqual([each["errors"] for each in figures],
                         [self.end(run)["test"]["errors"] for run in ("teacher", "small")])

    def test_without_a_size_it_is_told_and_photos_are_refused(self):
        _, output = self.train_run("run")
        self.assertRegex(output, r"images are made \d+x\d+ \(height x width\), the size of the first")
        Image.new("RGB", (1200, 1000)).save(self.train / "disc" / "000.png")
        for file in (self.train / "disc").glob("000.jpg"):
            file.unlink()
        code, output = self.run_program(TRAINER, "train", "--train", self.train, "--student",
                                        "cnn_student", "--run_dir", self.dir / "photos")
        self.assertEqual(code, 1, output)
        self.assertIn("--image_size is not given, and the first image of --train is 1000x1200", output)
        self.assert_error_follows_grammar(output)
        self.assertFalse((self.dir / "photos").exists())


if __name__ == "__main__":
    unittest.main()
