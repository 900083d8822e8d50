"""The pair at work: a teacher is trained, served, and learned from by two trainers at once."""

import gzip
import json
import unittest

from programs import CLASSES, IntegrationTest, NAMES, TRAINER, write_dataset

# SplitMix64, Fisher-Yates and FNV-1a once more, so that the trainer's own sampler is not its judge.
MASK = (1 << 64) - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)


def fnv1a(ids):
    value = 0xCBF29CE484222325
    for sample in ids:
        for byte in sample.to_bytes(8, "little"):
            value = ((value ^ byte) * 0x100000001B3) & MASK
    return f"{value:016x}"


def epoch_order(count, seed, epoch):
    mixed = 0
    for part in [seed, epoch, int.from_bytes(b"order", "big")]:
        mixed = SplitMix64(mixed ^ part).next()
    rng, order = SplitMix64(mixed), list(range(count))
    for i in range(count, 1, -1):
        number = rng.next()
        while number < (-i & MASK) % i:
            number = rng.next()
        order[i - 1], order[number % i] = order[number % i], order[i - 1]
    return order


class EndToEnd(IntegrationTest):
    def test_two_trainers_learn_at_once_and_both_sides_count_the_same(self):
        data = write_dataset(self.dir / "data")
        model = self.train_teacher(data)
        for listen in [self.unix_address(), "127.0.0.1:0"]:
            with self.subTest(listen=listen):
                name = "unix" if listen.startswith("unix:") else "tcp"
                server, address = self.serve(model, listen)
                runs = {
                    f"{name}_distilled": ["--label_count", "40", "--epochs", "6", "--encoding", "f32"],
                    f"{name}_soft_only": ["--alpha", "1", "--epochs", "6", "--label_count", "0"],
                }
                trainers = [
                    self.start(*self.train_arguments(data, run, "--teacher", address, "--batch_size",
                                                     "32", *options))
                    for run, options in runs.items()]
                for trainer in trainers:
                    self.assertEqual(trainer.wait(), 0, trainer.output)
                accepted = 0
                for run in runs:
                    end = self.end(run)
                    self.assertEqual(end["samples_with_targets"], 6 * 360)
                    self.assertEqual(end["samples_without_targets"], 0)
                    self.assertGreater(end["test"]["accuracy"], 0.9)
                    accepted += end["samples_with_targets"] + end["probe_samples"]
                self.assertEqual(self.drain(server), accepted)

    def test_every_sample_is_trained_once_an_epoch_in_the_samplers_order(self):
        data = write_dataset(self.dir / "data", train=101)
        self.run_ok(*self.train_arguments(data, "run", "--val_fraction", "0", "--epochs", "3",
                                          "--batch_size", "20", "--seed", "5"))
        expected = [fnv1a(epoch_order(101, seed=5, epoch=epoch)) for epoch in range(3)]
        self.assertEqual([record["ids_hash"] for record in self.epochs("run")], expected)
        self.assertEqual([record["samples"] for record in self.epochs("run")], [101] * 3)

    def test_the_same_seed_gives_the_same_run_on_hard_labels(self):
        data = write_dataset(self.dir / "data")
        for run in ["a", "b"]:
            self.run_ok(*self.train_arguments(data, run, "--epochs", "2"))
        keys = ["ids_hash", "loss", "validation"]
        self.assertEqual([[r[k] for k in keys] for r in self.epochs("a")],
                         [[r[k] for k in keys] for r in self.epochs("b")])

    def test_a_permutation_of_class_names_is_undone_by_the_server(self):
        data = write_dataset(self.dir / "data")
        model = self.train_teacher(data)
        # The same images with the classes numbered otherwise: label i is now CLASSES-1-i.
        other = self.dir / "other"
        write_dataset(other, names=None)
        renumber_labels(other)
        names = (data / "class_names.txt").read_text().split()
        (other / "class_names.txt").write_text("\n".join(reversed(names)) + "\n")
        _, address = self.serve(model, self.unix_address())
        self.run_ok(*self.train_arguments(other, "run", "--teacher", address, "--alpha", "1",
                                          "--epochs", "6", "--batch_size", "32"))
        self.assertGreater(self.end("run")["test"]["accuracy"], 0.9)

    def test_config_toml_of_a_run_trains_the_same_again(self):
        data = write_dataset(self.dir / "data")
        self.run_ok(*self.train_arguments(data, "first", "--epochs", "2", "--seed", "3"))
        self.run_ok(TRAINER, "train", "--config", self.dir / "first" / "config.toml",
                    "--run_dir", self.dir / "second")
        self.assertEqual(self.epochs("first")[-1]["loss"], self.epochs("second")[-1]["loss"])

    def test_evaluate_measures_every_model_and_writes_json(self):
        data = write_dataset(self.dir / "data")
        model = self.train_teacher(data)
        output = self.run_ok(TRAINER, "evaluate", model, model, "--test", data, "--json",
                             self.dir / "figures.json", "--threads", "1")
        self.assertIn("accuracy", output)
        figures = json.loads((self.dir / "figures.json").read_text())
        self.assertEqual(len(figures), 2)
        self.assertEqual(figures[0]["errors"], self.end("teacher")["test"]["errors"])
        self.assertEqual(figures[0]["bytes"], (model / "model.safetensors").stat().st_size)
        self.assertGreater(figures[0]["latency_ms"], 0)
        self.assertGreaterEqual(figures[0]["latency_p99_ms"], figures[0]["latency_ms"])
        self.assertGreater(figures[0]["samples_per_s"], 0)
        self.assertEqual(figures[1]["against_first"]["quality_kept"], 1)
        self.assertEqual(figures[1]["against_first"]["times_smaller"], 1)
        self.assertEqual(sum(entry["correct"] for entry in figures[0]["classes"]),
                         figures[0]["samples"] - figures[0]["errors"])

    def test_evaluate_says_how_often_models_answer_as_the_teacher(self):
        """The student's classes lie in another order: compared by name."""
        data = write_dataset(self.dir / "data")
        model = self.train_teacher(data)
        _, address = self.serve(model, self.unix_address())
        self.run_ok(*self.train_arguments(data, "untrained", "--epochs", "1", lr=1e-6))
        renumbered = write_dataset(self.dir / "renumbered", names=NAMES[::-1])
        renumber_labels(renumbered)
        self.run_ok(TRAINER, "evaluate", model, self.dir / "untrained/model", "--test", renumbered,
                    "--teacher", address, "--json", self.dir / "figures.json", "--batch_size", "8")
        itself, untrained = json.loads((self.dir / "figures.json").read_text())
        self.assertEqual(itself["teacher_agreement"], 1)
        self.assertLess(untrained["teacher_agreement"], 0.9)
        self.assertEqual(itself["batch_size"], 8)

    def test_evaluate_needs_the_teacher_that_it_is_to_ask(self):
        data = write_dataset(self.dir / "data")
        code, output = self.run_program(TRAINER, "evaluate", self.train_teacher(data), "--test", data,
                                        "--teacher", self.unix_address("none"), "--connect_timeout",
                                        "200ms")
        self.assertEqual(code, 1)
        self.assertIn("none", output)


def renumber_labels(folder):
    for role in ["train", "t10k"]:
        path = folder / f"{role}-labels-idx1-ubyte.gz"
        raw = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(raw[:8] + bytes(CLASSES - 1 - b for b in raw[8:])))


if __name__ == "__main__":
    unittest.main()
