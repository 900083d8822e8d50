"""The zoo's models compute what the same models in PyTorch do, with either one's weights: the cases,
in three parts of about the same time, and what a case checks."""

import json
import pathlib
import sys
import unittest

from programs import BIN, IntegrationTest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "reference"))
try:
    import safetensors_file
    import torch
    import zoo
except ImportError:
    torch = None

CLASSES = 7
# Student's name, its arguments beside the name's own, shape of an input.
CIFAR_RESNETS = [
    *((f"cifar_resnet{depth}", {"shortcut": "AB"[depth % 4 // 2]}, (3, 32, 32))
      for depth in (8, 14, 20, 32, 44, 56, 110)),
    ("cifar_resnet8x4", {}, (1, 28, 28)),
    ("cifar_resnet32x4", {}, (3, 33, 31)),
]
RESNETS = [
    ("resnet18", {}, (1, 28, 28)),
    ("resnet34", {}, (3, 32, 32)),
    ("resnet50", {"stem": "small"}, (3, 20, 20)),
    ("resnet101", {}, (3, 65, 80)),
    ("resnet152", {"stem": "imagenet"}, (3, 64, 64)),
]
OTHERS = [
    ("mlp_small", {"dropout": 0.5}, (1, 28, 28)),
    ("mlp_medium", {"hidden": []}, (6,)),
    ("mlp_large", {}, (3, 5, 4)),
    ("cnn_student", {"kind": "separable", "pool": 2}, (3, 32, 32)),
    ("cnn_teacher", {"hidden": 20, "dropout": 0.5}, (1, 28, 28)),
    ("mobilenet_v2", {}, (3, 97, 80)),
    ("mobilenet_v2", {"width": 1.4, "dropout": 0}, (3, 32, 32)),
    ("mobilenet_v2_050", {}, (1, 28, 28)),
    ("squeezenet1_0", {}, (3, 97, 80)),
    ("squeezenet1_0", {}, (1, 28, 28)),
    ("squeezenet1_1", {}, (3, 71, 66)),
    ("squeezenet1_1", {"dropout": 0}, (3, 32, 32)),
]
CASES = CIFAR_RESNETS + RESNETS + OTHERS


def difference(actual, expected):
    return ((actual.double() - expected.double()).norm() / expected.double().norm()).item()


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class ZooParity(IntegrationTest):
    def make_model(self, name, arguments, shape):
        """Fresh parameters from the C++ side."""
        folder = self.dir / f"model{len(list(self.dir.iterdir()))}"
        self.run_ok(BIN / "make_model", "--architecture", name, "--arguments",
                    json.dumps(arguments), "--input", ",".join(map(str, shape)), "--classes",
                    CLASSES, "--out", folder)
        return folder

    def forward(self, model, x, *more):
        safetensors_file.write(self.dir / "inputs", {"inputs": x})
        self.run_ok(BIN / "zoo_forward", "--model", model, "--inputs", self.dir / "inputs",
                    "--out", self.dir / "logits", *more)
        return safetensors_file.read(self.dir / "logits")

    def assert_equal_logits(self, model, reference, x, *more):
        logits = self.forward(model, x, *more)
        with torch.no_grad():
            expected = reference.double()(x)
        self.assertEqual(expected.shape, (len(x), CLASSES))
        self.assertGreater(expected.std().item(), 0)
        self.assertLess(difference(logits["f64"], expected), 1e-10)
        self.assertLess(difference(logits["f32"], expected), 1e-5)

    def check(self, name, arguments, shape):
        generator = torch.Generator().manual_seed(7)
        x = torch.randn(3, *shape, dtype=torch.float64, generator=generator)
        folder = self.make_model(name, arguments, shape)
        config = json.loads((folder / "config.json").read_text())
        reference = zoo.make(config["architecture"], config["arguments"]).eval()

        with self.subTest("C++ weights", model=name, arguments=arguments):
            state = safetensors_file.read(folder / "model.safetensors")
            reference.load_state_dict(state, strict=True)
            self.assert_equal_logits(folder, reference, x)

        with self.subTest("Python weights", model=name, arguments=arguments):
            for key, value in reference.state_dict().items():
                if key.endswith("running_var"):
                    value.uniform_(0.5, 1.5, generator=generator)
                elif key.endswith("running_mean") or key.endswith("bias"):
                    value.normal_(0, 0.1, generator=generator)
            reference.double()
            safetensors_file.write(folder / "model.safetensors", reference.state_dict())
            script = self.dir / "script.pt"
            self.assert_equal_logits(folder, reference, x, "--script", script)
            loaded = torch.jit.load(str(script))
            for count in (1, 2, 5):
                x = torch.randn(count, *shape, dtype=torch.float64, generator=generator)
                with torch.no_grad():
                    self.assertLess(difference(loaded(x.float()), reference(x)), 1e-5)

    def check_all(self, cases):
        for case in cases:
            self.check(*case)
            for file in self.dir.rglob("*.safetensors"):
                file.unlink()  # those of ResNet-152 are half a gigabyte
