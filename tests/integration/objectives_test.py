"""The real trainer distils by every objective, and says what is wrong with one before it begins."""

import json
import re
import unittest

from programs import IntegrationTest, TRAINER, write_dataset


class Objectives(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def arguments(self, run, address, *options):
        return self.train_arguments(self.data, run, "--teacher", address, "--epochs", "6",
                                    "--batch_size", "32", "--optimizer", "adamw", *options,
                                    lr=0.003)

    def objectives(self):
        """All that there are, as the error for another one lists them."""
        _, output = self.run_program(*self.arguments("none", "localhost:1", "--objective", "none"))
        names = re.search(r"must be ([\w, ]+)", output).group(1)
        return re.split(", | or ", names)

    def test_students_learn_by_all_with_and_without_labels(self):
        _, address = self.serve(self.train_teacher(self.data), self.unix_address())
        for objective in self.objectives():
            for alpha in ("0.5", "1"):
                with self.subTest(objective=objective, alpha=alpha):
                    run = f"{objective}_{alpha}"
                    self.run_ok(*self.arguments(run, address, "--objective", objective, "--alpha",
                                                alpha))
                    accuracy = self.end(run)["test"]["accuracy"]
                    if objective == "label_smoothing" and alpha == "1":
                        self.assertLess(accuracy, 0.5)  # nothing to learn from
                    else:
                        self.assertGreater(accuracy, 0.5)  # of 4 classes

    def test_parameters_and_the_modifier_are_told_and_kept(self):
        _, address = self.serve(self.train_teacher(self.data), self.unix_address())
        self.run_ok(*self.arguments("run", address, "--objective", "dkd", "--objective_parameters",
                                    "beta=2,labels=0", "--standardize_logits"))
        config = json.loads((self.dir / "run" / "model" / "config.json").read_text())
        said = {"objective": "dkd", "objective_parameters": "beta=2,labels=0",
                "standardize_logits": True, "temperature": 4.0}
        self.assertLessEqual(said.items(), config["training"].items())
        # The resolved options repeat the run.
        self.run_ok(TRAINER, "train", "--config", self.dir / "run" / "config.toml", "--run_dir",
                    self.dir / "again")
        again = json.loads((self.dir / "again" / "model" / "config.json").read_text())
        self.assertEqual(config["training"], again["training"])

    def test_what_is_wrong_is_2_and_named(self):
        for options, says in [
                (["--objective", "dkdd"], "did you mean dkd?"),
                (["--objective", "dkd", "--objective_parameters", "bta=2"], "did you mean beta?"),
                (["--objective", "jsd", "--objective_parameters", "beta=1"],
                 "--objective_parameters: the objective jsd: the parameter is 'beta=1'; must be beta=VALUE"),
                (["--objective", "mlkd", "--temperature", "4"], "--temperature is 4; must be left out"),
                (["--objective", "hard_distillation", "--encoding", "sampled"], "f16, bf16, top_k"),
                (["--objective", "dkd", "--encoding", "top_k"], "dkd: it cannot be computed from"),
                (["--objective", "jsd", "--encoding", "sampled"], "jsd: it cannot be computed from"),
                (["--standardize_logits", "--encoding", "top_k"], "kd on standardised logits")]:
            with self.subTest(options=options):
                code, output = self.run_program(*self.arguments("bad", "unix:/nowhere", *options))
                self.assertEqual(code, 2, output)
                self.assertIn(says, output)
                self.assert_error_follows_grammar(output)
                self.assertFalse((self.dir / "bad").exists())


if __name__ == "__main__":
    unittest.main()
