"""What a run leaves is loaded without this program: model.pt and model.safetensors, in Python."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import unittest

import numpy as np

from programs import BIN, CLASSES, IntegrationTest, SIDE, TRAINER, write_dataset

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reference"))
try:
    import safetensors_file
    import torch
    import zoo
except ImportError:
    torch = None


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class ShippedModel(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def arguments(self, run, *more, student="cifar_resnet8", lr=0.05):
        return self.train_arguments(self.data, run, "--epochs", "2", "--batch_size", "32", *more,
                                    student=student, lr=lr)

    def train(self, run, *more, **options):
        self.run_ok(*self.arguments(run, *more, **options))
        return self.dir / run / "model"

    def logits(self, folder, samples):
        """From model.pt, and from model.safetensors in an implementation of its own."""
        config = json.loads((folder / "config.json").read_text())
        mean, std = (torch.tensor(config[key]).view(-1, 1, 1) for key in ("mean", "std"))
        x = (torch.from_numpy(samples) / config["scale"] - mean) / std
        own = zoo.make(config["architecture"], config["arguments"])
        own.load_state_dict(safetensors_file.read(folder / "model.safetensors"), strict=True)
        with torch.no_grad():
            return torch.jit.load(str(folder / "model.pt"))(x), own.eval()(x)

    def assert_loads(self, folder):
        rng = np.random.default_rng(1)
        for count in (1, 7):
            samples = rng.integers(0, 256, (count, 1, SIDE, SIDE), np.uint8)
            script, own = self.logits(folder, samples)
            self.assertEqual(script.shape, (count, CLASSES))
            torch.testing.assert_close(script, own, rtol=1e-4, atol=1e-4)

    def test_both_files_give_the_same_logits(self):
        self.assert_loads(self.train("resnet"))
        self.assert_loads(self.train("mlp", student="mlp_small"))
        self.assert_loads(self.train("average", "--ema_decay", "0.9", "--optimizer", "adamw",
                                     student="mlp_small", lr=0.001))

    def test_the_script_is_what_torchs_tools_expect(self):
        folder = self.train("resnet")
        x = torch.rand(3, 1, SIDE, SIDE)
        script = torch.jit.load(str(folder / "model.pt"))
        self.assertEqual({module.training for module in script.modules()}, {False})
        with torch.no_grad():
            expected = script(x)
            for name, tool in {"freeze": torch.jit.freeze,
                               "optimise": lambda m: torch.jit.optimize_for_inference(m),
                               "copy": lambda m: m.__copy__(),
                               "half and back": lambda m: m.half().float()}.items():
                with self.subTest(name):
                    same = tool(torch.jit.load(str(folder / "model.pt")))(x)
                    torch.testing.assert_close(same, expected, rtol=1e-2, atol=1e-2)
        # Fine-tuned: every parameter gets a gradient.
        tuned = torch.jit.load(str(folder / "model.pt"))
        torch.nn.functional.cross_entropy(tuned(x), torch.tensor([0, 1, 2])).backward()
        self.assertTrue(all(p.grad is not None for p in tuned.parameters()))

    def test_the_lines_of_the_documents_write_onnx(self):
        import onnxruntime
        import onnxruntime.quantization
        text = (pathlib.Path(__file__).parents[2] / "docs/model_directory.md").read_text()
        lines = re.search(r"^To ONNX .*?\n\n((?:    .*\n)+)", text, re.M)[1]
        self.assertIn("zeros(1, 3, 32, 32)", lines)
        script = textwrap.dedent(lines).replace("1, 3, 32, 32", f"1, 1, {SIDE}, {SIDE}")
        torch.manual_seed(1)
        for student in ("cifar_resnet8", "mobilenet_v2_050", "mlp_small"):
            with self.subTest(student=student):
                folder = self.dir / student
                model = torch.jit.load(str(self.train(f"{student}/runs/first", student=student) / "model.pt"))
                done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=folder,
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                session = onnxruntime.InferenceSession(folder / "model.onnx")
                for count in (1, 2, 5):
                    x = torch.randn(count, 1, SIDE, SIDE)
                    expected = model(x).detach().numpy()
                    np.testing.assert_allclose(session.run(None, {"x": x.numpy()})[0], expected,
                                               rtol=1e-4, atol=1e-4)
                onnxruntime.quantization.quantize_dynamic(
                    folder / "model.onnx", folder / "int8.onnx",
                    weight_type=onnxruntime.quantization.QuantType.QUInt8)
                quantised = onnxruntime.InferenceSession(folder / "int8.onnx")
                np.testing.assert_allclose(quantised.run(None, {"x": x.numpy()})[0], expected,
                                           atol=0.1 * np.abs(expected).max())

    def test_a_checkpoint_and_a_model_directory_are_exported_alike(self):
        model = self.train("run", "--ema_decay", "0.9", "--val_fraction", "0")
        newest = max((self.dir / "run" / "checkpoints").glob("*.safetensors"))
        for source, name in [(model, "from_model"), (newest, "from_checkpoint")]:
            self.run_ok(TRAINER, "export", source, "--out", self.dir / name)
            self.assert_loads(self.dir / name)
            for file in ("config.json", "model.safetensors"):
                self.assertEqual((self.dir / name / file).read_bytes(),
                                 (model / file).read_bytes(), f"{name}/{file}")
        code, output = self.run_program(TRAINER, "export", model, "--out", self.dir / "run")
        self.assertEqual(code, 1, output)
        self.assertIn("not empty", output)

    def test_a_head_for_other_classes_is_replaced_only_when_told(self):
        seven = self.dir / "seven"
        self.run_ok(BIN / "make_model", "--architecture", "mlp_small", "--input",
                    f"1,{SIDE},{SIDE}", "--classes", "7", "--out", seven)
        code, output = self.run_program(*self.arguments("other", student=f"{seven}/"))
        self.assertEqual(code, 1, output)
        for part in (f"{seven}/", "[1, 7]", f"{CLASSES} classes", "--init_from"):
            self.assertIn(part, output)
        output = self.run_ok(*self.arguments("told", "--init_from", seven, student="mlp_small"))
        self.assertIn("took over 2 of 4 tensors; fresh are layers.1.bias, layers.1.weight", output)

    def test_what_ships_can_be_trained_on_and_served(self):
        model = self.train("first", student="mlp_small")
        second = self.train("second", "--warmup_epochs", "0", student=str(model), lr=0.0001)
        self.assertLessEqual(self.end("second")["test"]["errors"],
                             self.end("first")["test"]["errors"] + 10)
        self.train("third", "--init_from", model, student="mlp_small")
        code, output = self.run_program(*self.arguments("other", "--init_from", model))
        self.assertEqual(code, 1, output)
        self.assertIn("--init_from", output)

        # A resumed run normalises as it did, whatever has become of the source.
        mean = json.loads((self.dir / "third/model/config.json").read_text())["mean"]
        source = json.loads((model / "config.json").read_text())
        self.assertEqual(mean, source["mean"])
        (model / "config.json").write_text(json.dumps(source | {"mean": [0.25]}))
        self.run_ok(*self.arguments("third", "--init_from", model, "--epochs", "4", "--resume_anyway",
                                    student="mlp_small"))
        self.assertEqual(json.loads((self.dir / "third/model/config.json").read_text())["mean"], mean)
        (model / "config.json").write_text(json.dumps(source))

        own = self.dir / "own"  # the user's own architecture, trained in place
        own.mkdir()
        shutil.copy(second / "model.pt", own / "model.pt")
        config = json.loads((second / "config.json").read_text())
        config = {key: config[key] for key in ("format", "inputs", "scale", "mean", "std",
                                               "class_names")}
        (own / "config.json").write_text(json.dumps(config | {"architecture": "torchscript"}))
        _, address = self.serve(own, self.unix_address())
        trained = self.train("scripted", "--teacher", address, student=str(own))
        script = torch.jit.load(str(trained / "model.pt"))
        self.assertFalse(torch.equal(next(script.parameters()),
                                     next(torch.jit.load(str(own / "model.pt")).parameters())))
        _, address = self.serve(trained, self.unix_address("second.sock"))


if __name__ == "__main__":
    unittest.main()
