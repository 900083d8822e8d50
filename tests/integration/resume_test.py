"""A run whose trainer or teacher is killed resumes with the same bits as one without the kill."""

import hashlib
import os
import random
import shutil
import signal
import unittest

from programs import IntegrationTest, TRAINER, wait_until, write_dataset

KILLS = int(os.environ.get("DISTILL_KILLS", "3"))
EPOCHS, BATCHES = 8, 45  # of 8 samples, of 360


class Resume(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def arguments(self, run, *more, address=None, student="cifar_resnet8", **options):
        teacher = ["--teacher", address, "--alpha", "0.8"] if address else []
        options = {"train": self.data, "epochs": EPOCHS, "batch_size": 8, "checkpoint_every": 7,
                   "seed": 1} | options
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [TRAINER, "train", "--test", self.data, "--student", student, "--run_dir",
                self.dir / run, "--threads", "1", "--lr", "0.05", "--deterministic", "--pad", "1",
                "--flip", "--resume", *words, *teacher, *more]

    def newest(self, run) -> int:
        """Batches behind the newest checkpoint."""
        folder = self.dir / run / "checkpoints"
        return max([int(path.stem.removeprefix("step_")) for path in folder.glob("step_*.safetensors")],
                   default=0)

    def sha256(self, run) -> str:
        weights = self.dir / run / "model" / "model.safetensors"
        return hashlib.sha256(weights.read_bytes()).hexdigest()

    def lasting(self, run) -> list:
        """What its metrics say, without times."""
        return [{key: value for key, value in record.items()
                 if not key.startswith("seconds") and key not in TRANSPORT}
                for record in self.metrics(run)]

    def assert_same_run(self, run, expected):
        self.assertEqual(self.sha256(run), self.sha256(expected))
        self.assertEqual(self.lasting(run), self.lasting(expected))

    def test_a_refused_resume_changes_nothing(self):
        self.run_ok(*self.arguments("run"))
        files = ("config.toml", "report.json", "report.html", "metrics.jsonl", "samples.safetensors")
        before = {name: (self.dir / "run" / name).read_bytes() for name in files}
        code, output = self.run_program(*self.arguments("run", seed=2))
        self.assertEqual(code, 1, output)
        self.assertIn("this is not the run", output)
        self.assertEqual({name: (self.dir / "run" / name).read_bytes() for name in files}, before)

    def test_killed_at_random_trainer_and_teacher_it_ends_with_the_same_weights(self):
        teacher = self.train_teacher(self.data)
        server, address = self.serve(teacher, self.unix_address())
        self.run_ok(*self.arguments("whole", address=address))
        rng, resumed = random.Random(7), 0
        for kill in range(KILLS):
            target = self.newest("killed") + 7 * rng.randrange(1, max(2, 45 * EPOCHS // 7 // KILLS))
            trainer = self.start(*self.arguments("killed", address=address))
            wait_until(lambda: self.newest("killed") >= target or trainer.process.poll() is not None,
                       f"the run has a checkpoint after {target} batches")
            if kill % 2 == 0:
                server.kill()
                server, _ = self.serve(teacher, address)
            if trainer.process.poll() is None:
                trainer.kill()
                resumed += 1
            self.assertNotIn(trainer.process.returncode, (1, 2), trainer.output)
        self.run_ok(*self.arguments("killed", address=address))
        self.assertGreater(resumed, 0)
        self.assert_same_run("killed", "whole")

    def test_interrupted_it_says_so_and_goes_on_where_it_was(self):
        self.run_ok(*self.arguments("whole"))
        for number in (signal.SIGINT, signal.SIGTERM):
            before = self.newest("stopped")
            trainer = self.start(*self.arguments("stopped", checkpoint_every=1000))
            trainer.wait_for_output(r"go(es|ing) on|samples, ")
            wait_until(lambda: self.metrics_lines("stopped") > before // BATCHES + 1, "an epoch")
            trainer.signal(number)
            self.assertEqual(trainer.wait(), 130, trainer.output)
            self.assertIn("interrupted", trainer.output)
            self.assertGreater(self.newest("stopped"), before)
        self.run_ok(*self.arguments("stopped"))
        self.assert_same_run("stopped", "whole")

    def metrics_lines(self, run) -> int:
        path = self.dir / run / "metrics.jsonl"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def test_resuming_a_run_that_is_done_changes_nothing(self):
        self.run_ok(*self.arguments("run"))
        shutil.copytree(self.dir / "run", self.dir / "before")
        self.run_ok(*self.arguments("run"))
        self.assert_same_run("run", "before")

    def test_another_run_is_refused_unless_told_otherwise(self):
        self.run_ok(*self.arguments("run", epochs=1))
        other = write_dataset(self.dir / "other", train=404)
        for says, changed in {"data": {"train": other}, "seed": {"seed": 5},
                              "batch_size": {"batch_size": 16}}.items():
            code, output = self.run_program(*self.arguments("run", epochs=1, **changed))
            self.assertEqual(code, 1, output)
            self.assertIn(says, output)
            self.assertIn("--resume_anyway", output)
        self.run_ok(*self.arguments("run", "--resume_anyway", epochs=2))

    def test_epochs_of_another_length_go_on_at_their_own_place_of_the_schedule(self):
        for before, after in [(8, 32), (32, 8)]:
            run, whole = f"run_{before}", f"whole_{after}"
            self.run_ok(*self.arguments(whole, epochs=6, batch_size=after))
            self.run_ok(*self.arguments(run, epochs=2, batch_size=before))
            self.run_ok(*self.arguments(run, "--resume_anyway", epochs=4, batch_size=before))
            self.run_ok(*self.arguments(run, "--resume_anyway", epochs=6, batch_size=after))
            rates = [[record["lr"] for record in self.epochs(name)[4:]] for name in (run, whole)]
            self.assertEqual(*rates)

    def test_a_run_that_has_ended_reports_the_same_times_again(self):
        self.run_ok(*self.arguments("run", epochs=2))
        before = self.end("run")
        self.run_ok(*self.arguments("run", epochs=2))
        for key in ["seconds", "seconds_waiting_for_data"]:
            self.assertGreaterEqual(self.end("run")[key], before[key])

    def test_two_processes_cannot_train_in_one_folder(self):
        first = self.start(*self.arguments("run", epochs=1000))
        wait_until(lambda: self.newest("run") > 0, "the first trains")
        code, output = self.run_program(*self.arguments("run", epochs=1000))
        self.assertEqual(code, 1, output)
        self.assertIn("another process", output)
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 130)

    def test_without_resume_a_run_is_never_touched(self):
        self.run_ok(*self.arguments("run", epochs=1))
        arguments = [word for word in self.arguments("run") if word != "--resume"]
        before = self.sha256("run")
        code, output = self.run_program(*arguments)
        self.assertEqual(code, 1, output)
        self.assertIn("--resume", output)
        self.assertEqual(self.sha256("run"), before)


# Of the process that ended it, not of the run.
TRANSPORT = ("samples_answered", "bytes_sent", "bytes_received", "reconnects", "teachers",
             "probe_samples")

if __name__ == "__main__":
    unittest.main()
