"""Training on folders of JPEG and PNG files, and on arrays: good ones, and everything that can be
wrong with them."""

import json
import struct
import unittest

import numpy as np
from PIL import Image

from models import write_safetensors
from programs import IntegrationTest, make_images, NAMES, SIDE, TRAINER


def bars(count, seed):
    """RGB images [n, side, side, 3] of make_images, enlarged so that JPEG keeps their bars."""
    raw, labels = make_images(count, seed)
    grey = np.frombuffer(raw, np.uint8).reshape(count, SIDE, SIDE).repeat(2, 1).repeat(2, 2)
    return np.stack([grey] * 3, -1), np.frombuffer(labels, np.uint8)


def write_folder(folder, count, seed, suffix="jpg"):
    images, labels = bars(count, seed)
    for i, (image, label) in enumerate(zip(images, labels)):
        (folder / NAMES[label]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / NAMES[label] / f"{i:04}.{suffix}", quality=95)
    return folder


class ImageFolders(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.train = write_folder(self.dir / "train", 200, 1)
        self.test = write_folder(self.dir / "test", 60, 2)

    def arguments(self, *more, train=None, test=None, run="run", epochs=6, batch_size=16):
        return [TRAINER, "train", "--train", train or self.train, "--test", test or self.test,
                "--student", "cnn_student", "--run_dir", self.dir / run, "--threads", "1", "--lr",
                "0.05", "--epochs", epochs, "--batch_size", batch_size, *more]

    def assert_fails(self, says, *arguments, code=1):
        actual, output = self.run_program(*arguments)
        self.assertEqual(actual, code, output)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, output)
        self.assert_error_follows_grammar(output)
        self.assertNotIn("terminate called", output)

    def test_a_student_learns_from_a_folder_of_jpegs_and_is_evaluated_on_one_of_pngs(self):
        self.run_ok(*self.arguments("--views", "light", "--flip=false"))
        config = json.loads((self.dir / "run" / "model" / "config.json").read_text())
        self.assertEqual(config["class_names"], sorted(NAMES))
        self.assertEqual(config["inputs"][0]["shape"], [3, 2 * SIDE, 2 * SIDE])
        self.assertLess(self.end("run")["test"]["errors"], 20)
        pngs = write_folder(self.dir / "pngs", 60, 2, "png")
        self.run_ok(TRAINER, "evaluate", self.dir / "run" / "model", "--test", pngs, "--json",
                    self.dir / "figures.json")
        figures = json.loads((self.dir / "figures.json").read_text())[0]
        self.assertEqual(figures["samples"], 60)
        self.assertLess(figures["errors"], 20)

    def test_the_same_views_come_from_any_number_of_loader_threads(self):
        weights = []
        for threads in (1, 3):
            self.run_ok(*self.arguments("--views", "strong", "--loader_threads", threads,
                                        run=f"run{threads}", epochs=2))
            model = self.dir / f"run{threads}" / "model" / "model.safetensors"
            weights.append(model.read_bytes())
        self.assertEqual(weights[0], weights[1])

    def test_files_that_are_no_good_are_named_and_skipped_up_to_a_limit(self):
        north = self.train / "north"
        (north / "a_empty.jpg").write_bytes(b"")
        whole = next(north.glob("0*.jpg")).read_bytes()
        (north / "b_cut.jpg").write_bytes(whole[:len(whole) // 2])
        (north / "c_text.png").write_text("not an image")
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(
            ">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
        (north / "d_huge.png").write_bytes(png + b"\0" * 8)
        self.assert_fails(["north/", "--max_corrupt"], *self.arguments("--val_fraction", "0"))
        self.assert_fails("--max_corrupt", *self.arguments("--max_corrupt", "3", run="three",
                                                           *["--val_fraction", "0"]))
        output = self.run_ok(*self.arguments("--max_corrupt", "4", "--val_fraction", "0",
                                             run="four"))
        for name in ("a_empty.jpg", "b_cut.jpg", "c_text.png", "d_huge.png"):
            self.assertEqual(output.count(name), 1, output)
        self.assertEqual(self.end("four")["corrupt_samples"], 4)
        self.assertEqual([epoch["samples"] for epoch in self.epochs("four")], [200] * 6)

    def test_images_of_every_kind_are_read(self):
        images, _ = bars(8, 5)
        for i, (name, options) in enumerate({"grey": "L", "alpha": "RGBA", "palette": "P",
                                             "grey_alpha": "LA"}.items()):
            path = self.train / "north" / f"kind_{name}.png"
            Image.fromarray(images[0]).convert(options).save(path)
        Image.fromarray(images[0]).convert("L").save(self.train / "north" / "grey.jpg")
        Image.fromarray(images[0]).convert("CMYK").save(self.train / "north" / "cmyk.jpg")
        deep = Image.fromarray((images[0][..., 0].astype(np.uint16) * 257))
        deep.save(self.train / "north" / "deep.png")
        Image.fromarray(images[0]).resize((50, 31)).save(self.train / "north" / "other_size.jpg")
        self.run_ok(*self.arguments("--image_size", "16", epochs=1))

    def test_folders_that_do_not_fit_are_told_apart_in_words(self):
        (self.test / "up").mkdir()
        Image.new("RGB", (16, 16)).save(self.test / "up" / "a.png")
        (self.test / "north").rename(self.test / "polar")
        self.assert_fails(["--test", "north", "polar", "up"], *self.arguments())
        empty = self.dir / "empty"
        empty.mkdir()
        self.assert_fails("empty", *self.arguments(train=empty))
        self.assert_fails("nothing_here", *self.arguments(train=self.dir / "nothing_here"))
        for name in ("train", "test"):
            write_folder(self.dir / "both" / name, 8, 3)
        self.assert_fails("would be taken for classes", *self.arguments(train=self.dir / "both"))

    def test_a_flat_folder_is_a_transfer_set(self):
        flat = self.dir / "flat"
        flat.mkdir()
        for i, image in enumerate(bars(80, 9)[0]):
            Image.fromarray(image).save(flat / f"{i}.jpg")
        self.assert_fails("label", *self.arguments(train=flat))
        self.run_ok(*self.arguments(run="teacher"))
        _, address = self.serve(self.dir / "teacher" / "model", self.unix_address())
        self.run_ok(*self.arguments("--teacher", address, train=flat, run="soft"))
        config = json.loads((self.dir / "soft" / "model" / "config.json").read_text())
        self.assertEqual(config["training"]["alpha"], 1)
        self.assert_fails("--final_alpha is 0", *self.arguments("--teacher", address, "--final_alpha",
                                                             "0", train=flat, run="faded"))
        self.assertEqual(self.end("soft")["samples_with_targets"], 80 * 6)
        self.assert_fails(["--alpha", "0.5"],
                          *self.arguments("--teacher", address, "--alpha", "0.5", train=flat,
                                          run="half"))
        self.run_ok(*self.arguments("--teacher", address, "--unlabelled", flat, run="both"))
        self.assertEqual(self.end("both")["samples_with_targets"], (180 + 80) * 6)

    def test_a_student_of_lower_resolution_sees_the_teachers_view_downsampled(self):
        self.run_ok(*self.arguments(run="teacher"))
        teacher = self.dir / "teacher" / "model"
        _, address = self.serve(teacher, self.unix_address())
        self.run_ok(*self.arguments("--teacher", address, "--student_resolution", "8", run="small"))
        small = self.dir / "small" / "model"
        config = json.loads((small / "config.json").read_text())
        self.assertEqual(config["inputs"][0]["shape"], [3, 8, 8])
        self.run_ok(TRAINER, "evaluate", small, teacher, "--test", self.test, "--json",
                    self.dir / "figures.json")
        figures = json.loads((self.dir / "figures.json").read_text())
        self.assertEqual(figures[0]["errors"], self.end("small")["test"]["errors"])
        self.assertLess(figures[0]["errors"], 25)
        self.assert_fails(["--student_resolution", "20"],
                          *self.arguments("--student_resolution", "20", run="large"))

    def test_arrays_are_trained_on_and_bad_ones_named(self):
        images, labels = bars(200, 1)
        good = {"inputs": np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
                "labels": labels.astype(np.int64)}
        data = write_safetensors(self.dir / "good.safetensors", good)
        self.run_ok(*self.arguments(train=data, test=data))
        self.assertLess(self.end("run")["test"]["errors"], 60)
        size = good["inputs"].nbytes
        for name, tensors, offsets, says in [
                ("overlap", good, {"labels": [size - 8, size - 8 + 1600]}, "overlap"),
                ("outside", good, {"labels": [size, size + 16000]}, "labels"),
                ("fewer", good | {"labels": good["labels"][:-1]}, {}, "199"),
                ("range", good | {"labels": good["labels"] - 2}, {}, "sample 0 is -2"),
                ("no_inputs", {"labels": good["labels"]}, {}, "inputs")]:
            bad = write_safetensors(self.dir / f"{name}.safetensors", tensors, offsets)
            self.assert_fails([bad.name, says], *self.arguments(train=bad, test=data, run=name))

    def test_a_batch_larger_than_the_data_is_all_of_them(self):
        output = self.run_ok(*self.arguments(batch_size=1000, epochs=2))
        self.assertIn("1 step per epoch, in batches of 180", output)
        self.assertIn("the run has only 2 steps", output)
        self.assertEqual([epoch["samples"] for epoch in self.epochs("run")], [180] * 2)


if __name__ == "__main__":
    unittest.main()
