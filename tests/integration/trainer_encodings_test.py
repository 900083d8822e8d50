"""The real trainer learns from the real server in every target encoding."""

import unittest

from models import write_mlp
from programs import IntegrationTest, write_dataset


class TrainerEncodings(IntegrationTest):
    # Options, and the bytes of a row of 4 classes: 2 bits an id, 2 bits a count of 3.
    RUNS = {"f32": ([], 16), "f16": ([], 12), "bf16": ([], 12), "top_k": (["--k", "2"], 1 + 4 + 2),
            "sampled": (["--draws", "3"], 1 + 1),
            "head_sampled": (["--k", "2", "--draws", "3"], 2 + 4 + 2 + 1)}
    EPOCHS, TRAINED, BATCH = 6, 360, 32

    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def arguments(self, data, run, address, encoding, *options):
        return self.train_arguments(data, run, "--teacher", address, "--encoding", encoding,
                                    "--epochs", self.EPOCHS, "--batch_size", self.BATCH,
                                    "--alpha", "1", *options)

    def train(self, data, model, run, encoding, *options):
        """Trains at a server of its own, and holds the counts of both sides together."""
        server, address = self.serve(model, self.unix_address(f"{run}.sock"))
        self.run_ok(*self.arguments(data, run, address, encoding, *options))
        end = self.end(run)
        self.assertGreater(end["test"]["accuracy"], 0.9)
        self.assertEqual(end["samples_with_targets"], self.EPOCHS * self.TRAINED)
        self.assertEqual(end["samples_without_targets"], 0)
        self.assertEqual(end["samples_answered"],
                         end["samples_with_targets"] + end["probe_samples"])
        self.assertEqual(self.drain(server), end["samples_answered"])
        return end

    def test_a_student_learns_from_every_encoding_in_the_bytes_that_it_says(self):
        model = self.train_teacher(self.data)
        for encoding, (options, row_bytes) in self.RUNS.items():
            with self.subTest(encoding=encoding):
                end = self.train(self.data, model, encoding, encoding, *options)
                beside = end["bytes_received"] - row_bytes * end["samples_answered"]
                # Answers: one per training batch, and a few of the probe, each with a header.
                answers = self.EPOCHS * -(-self.TRAINED // self.BATCH)
                self.assertGreater(beside, answers * 5)
                self.assertLess(beside, (answers + 3) * 40)

    def test_without_k_and_draws_there_are_some_that_fit_the_classes(self):
        model = self.train_teacher(self.data)
        nameless = write_dataset(self.dir / "nameless_data", names=None)
        for encoding in ["top_k", "sampled", "head_sampled"]:
            with self.subTest(encoding=encoding):
                self.train(self.data, model, encoding, encoding)
        self.train(nameless, model, "nameless", "head_sampled")

    def test_a_wrong_option_is_2_and_named(self):
        for options, says in [(["--k", "3", "--encoding", "f16"], "--k is 3; must be 0"),
                              (["--draws", "3", "--encoding", "top_k"], "--draws is 3; must be 0"),
                              (["--draws", "0", "--encoding", "sampled"], "--draws is 0; must be 1"),
                              (["--draws", "5000", "--encoding", "sampled"], "--draws is 5000; must be 1"),
                              (["--draws", "some", "--encoding", "sampled"], "--draws"),
                              (["--k", "0", "--encoding", "top_k"], "--k is 0; must be 1"),
                              (["--objective", "nonsense"], "--objective is 'nonsense'; must be"),
                              (["--encoding", "morse"], "--encoding: the target encoding is 'morse'; must be")]:
            with self.subTest(options=options):
                code, output = self.run_program(*self.train_arguments(
                    self.data, "bad", "--teacher", "localhost:1", *options))
                self.assertEqual(code, 2, output)
                self.assertIn(says, output)
                self.assert_error_follows_grammar(output)
                self.assertFalse((self.dir / "bad").exists())

    def test_a_k_beyond_the_teachers_classes_fails_in_the_servers_words(self):
        _, address = self.serve(write_mlp(self.dir / "model"), self.unix_address())
        code, output = self.run_program(
            *self.arguments(self.data, "run", address, "top_k", "--k", "5"))
        self.assertEqual(code, 1, output)
        self.assertIn("--k is 5; must be 1 to 4 with the encoding top_k", output)


if __name__ == "__main__":
    unittest.main()
