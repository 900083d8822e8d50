"""Teachers as people save them from Python: what they give, and in which type."""

import json
import pathlib
import unittest

from programs import CLASSES, IntegrationTest, SERVER, TRAINER, write_dataset

try:
    import torch
except ImportError:
    torch = None


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class TorchScriptTeacher(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")
        self.trained = self.train_teacher(self.data)
        self.config = json.loads((self.trained / "config.json").read_text())

    def write_teacher(self, name: str, last: "torch.nn.Module", **config) -> pathlib.Path:
        """The trained model with a layer behind it."""
        folder = self.dir / name
        folder.mkdir()
        model = torch.nn.Sequential(torch.jit.load(str(self.trained / "model.pt")), last).eval()
        torch.jit.script(model).save(str(folder / "model.pt"))
        kept = {key: self.config[key] for key in ("format", "inputs", "scale", "mean", "std", "class_names")}
        (folder / "config.json").write_text(json.dumps(kept | {"architecture": "torchscript"} | config))
        return folder

    def distil(self, run: str, address: str, *more: str, student: str = "mlp_small") -> list[str]:
        return self.train_arguments(self.data, run, "--teacher", address, "--epochs", "3",
                                    "--batch_size", "32", "--deterministic", *more, student=student)

    def student_of(self, run: str, folder: pathlib.Path, *more: str) -> float:
        server, address = self.serve(folder, self.unix_address(f"{run}.sock"))
        self.run_ok(*self.distil(run, address, *more))
        self.drain(server)
        return self.end(run)["test"]["loss"]

    def test_what_is_not_logits_is_refused_until_it_is_declared(self):
        logits = self.student_of("logits", self.write_teacher("plain", torch.nn.Identity()))
        for form, last in {"probabilities": torch.nn.Softmax(-1), "sigmoid": torch.nn.Sigmoid(),
                           "log_probabilities": torch.nn.LogSoftmax(-1)}.items():
            with self.subTest(form=form):
                server, address = self.serve(self.write_teacher(form, last), self.unix_address(f"{form}.sock"))
                self.assertIn(f'looks like {form} instead of logits', server.output)
                code, output = self.run_program(*self.distil(f"{form}_run", address))
                self.assertEqual(code, 1, output)
                self.assertIn(f"'{form}' instead of logits", output)
                self.assertIn("--allow_misaligned_teacher", output)
                self.assert_error_follows_grammar(output)
                output = self.run_ok(*self.distil(f"{form}_anyway", address, "--allow_misaligned_teacher"))
                self.assertIn(f"'{form}' instead of logits", output)
                declared = self.student_of(f"{form}_declared",
                                           self.write_teacher(f"{form}_told", last, output=form))
                self.assertAlmostEqual(declared, logits, delta=0.02 * logits + 0.01)

    def test_weights_of_another_type_are_converted(self):
        figures = self.dir / "figures.json"
        for dtype in (torch.half, torch.bfloat16, torch.double):
            with self.subTest(dtype=dtype):
                name = str(dtype).removeprefix("torch.")  # float16, bfloat16, float64
                folder = self.write_teacher(name, torch.nn.Identity())
                model = torch.jit.load(str(folder / "model.pt")).to(dtype)
                model.save(str(folder / "model.pt"))
                server, address = self.serve(folder, self.unix_address(f"{name}.sock"))
                self.assertIn("converted to float32", server.output)
                self.run_ok(*self.distil(f"{name}_run", address))
                self.run_ok(*self.distil(f"{name}_student", address, student=f"{folder}/"))
                output = self.run_ok(TRAINER, "evaluate", folder, self.trained, "--test", self.data, "--json", figures)
                self.assertIn("converted to float32", output)
                own, plain = json.loads(figures.read_text())
                self.assertLessEqual(abs(own["errors"] - plain["errors"]), 1)
        self.run_ok(TRAINER, "evaluate", self.dir / "float16", "--test", self.data, "--dtype", "f16")

    def test_a_trace_of_one_sample_names_the_option_for_it(self):
        class OneSample(torch.nn.Module):
            def forward(self, x):
                return x.reshape(1, -1)

        folder = self.write_teacher("one", OneSample())
        code, output = self.run_program(SERVER, "--model", folder, "--listen", self.unix_address())
        self.assertEqual(code, 1, output)
        self.assertIn("--max_batch_samples", output)
        self.assertEqual(len([line for line in output.splitlines() if " E " in line]), 1)
        _, address = self.serve(folder, self.unix_address(), "--max_batch_samples", "1")
        self.run_ok(*self.distil("run", address))

    def test_a_file_of_torch_save_is_told_from_torchscript(self):
        folder = self.write_teacher("pickled", torch.nn.Identity())
        torch.save(torch.nn.Linear(2, 2).state_dict(), folder / "model.pt")
        code, output = self.run_program(SERVER, "--model", folder, "--listen", self.unix_address())
        self.assertEqual(code, 1, output)
        self.assertIn("torch.jit.script(model).save", output)
        self.assertNotIn("corrupted", output)

    def test_a_teacher_with_more_classes_answers_about_those_of_the_data(self):
        class Background(torch.nn.Module):
            """A class before the others, which is the likeliest of every sample."""

            def forward(self, x):
                return torch.nn.functional.pad(x, [1, 0], value=50.0)

        names = ["background"] + self.config["class_names"]
        _, address = self.serve(self.write_teacher("more", Background(), class_names=names),
                                self.unix_address())
        code, output = self.run_program(*self.distil("refused", address))
        self.assertEqual(code, 1, output)
        self.assertIn("'background'", output)
        self.assertIn("--teacher_classes", output)
        equal = self.student_of("equal", self.write_teacher("plain", torch.nn.Identity()))
        indices = ",".join(str(1 + label) for label in range(CLASSES))
        for run, classes in [("by_name", "by_name"), ("listed", indices)]:
            self.run_ok(*self.distil(run, address, "--teacher_classes", classes))
            self.assertAlmostEqual(self.end(run)["test"]["loss"], equal, delta=0.02 * equal + 0.001)
        code, output = self.run_program(*self.distil("beyond", address, "--teacher_classes", "1,2,3,9"))
        self.assertEqual(code, 1, output)
        self.assertIn("class index is 9; must be 0 to 4", output)

    def test_probabilities_are_evaluated_as_what_they_are(self):
        plain = self.write_teacher("plain", torch.nn.Identity())
        told = self.write_teacher("told", torch.nn.Softmax(-1), output="probabilities")
        figures = self.dir / "figures.json"
        self.run_ok(TRAINER, "evaluate", plain, told, "--test", self.data, "--json", figures)
        first, second = json.loads(figures.read_text())
        self.assertEqual(first["errors"], second["errors"])
        self.assertAlmostEqual(first["loss"], second["loss"], places=4)


if __name__ == "__main__":
    unittest.main()
