"""The trainer reports what prevents a run, and nothing that was trained is lost."""

import contextlib
import subprocess
import unittest

from programs import IntegrationTest, wait_until, write_dataset


class Trouble(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def arguments(self, run_dir, *more, epochs=6, lr=0.05, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return self.train_arguments(self.data, run_dir, "--batch_size", "32", "--epochs", epochs,
                                    *words, *more, lr=lr)

    @contextlib.contextmanager
    def small_disk(self, size):
        folder = self.dir / "disk"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", folder], check=True)

    def test_a_full_disk_ends_the_run_and_it_goes_on_when_there_is_room(self):
        with self.small_disk("400k") as disk:
            filler = disk / "filler"
            filler.write_bytes(bytes(250 << 10))
            arguments = self.arguments(disk / "run", "--resume", keep_checkpoints=1)
            code, output = self.run_program(*arguments)
            self.assertEqual(code, 1, output)
            self.assertIn("No space left on device", output)
            self.assertIn(str(disk / "run"), output)
            filler.unlink()
            subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
            self.run_ok(*arguments)
            self.run_ok(*self.arguments(self.dir / "whole"))
            self.assertEqual((disk / "run" / "model" / "model.safetensors").read_bytes(),
                             (self.dir / "whole" / "model" / "model.safetensors").read_bytes())

    def test_a_folder_that_cannot_be_written_is_named_before_training(self):
        with self.small_disk("4m") as disk:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            code, output = self.run_program(*self.arguments(disk / "run"))
            self.assertEqual(code, 1, output)
            self.assertIn("Read-only file system", output)
            self.assertIn(str(disk / "run"), output)
            self.assertNotIn("epoch", output)

    def test_a_loss_that_is_not_finite_names_the_step_and_keeps_the_last_checkpoint(self):
        run = self.dir / "run"
        self.run_ok(*self.arguments(run, "--resume", epochs=1))
        kept = sorted((run / "checkpoints").iterdir())
        code, output = self.run_program(
            *self.arguments(run, "--resume", "--resume_anyway", epochs=50, lr=1e30))
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"step \d+")
        self.assertEqual(sorted((run / "checkpoints").iterdir())[-1:], kept[-1:])

    def test_a_teacher_that_is_not_there_is_said_and_no_folder_is_made(self):
        run = self.dir / "run"
        code, output = self.run_program(
            *self.arguments(run, "--teacher", self.unix_address(), connect_timeout="1s"))
        self.assertEqual(code, 1, output)
        self.assertIn(self.unix_address(), output)
        self.assertIn("; start it, or set --connect_timeout to wait longer for it", output)
        self.assertFalse(run.exists())

    def test_a_policy_to_fail_keeps_what_was_trained(self):
        teacher = self.train_teacher(self.data)
        server, address = self.serve(teacher, self.unix_address(), "--batch_delay", "20ms")
        run = self.dir / "run"
        arguments = self.arguments(run, "--teacher", address, "--resume", epochs=40,
                                   on_teacher_loss="fail")
        trainer = self.start(*arguments)
        wait_until(lambda: (run / "metrics.jsonl").exists()
                   and len((run / "metrics.jsonl").read_text().splitlines()) > 2, "three epochs")
        server.kill()
        self.assertEqual(trainer.wait(), 1, trainer.output)
        self.assertTrue(list((run / "checkpoints").iterdir()))
        self.serve(teacher, address)
        output = self.run_ok(*arguments)
        self.assertRegex(output, r"resuming the run in .* after \d\d+ batches")
        self.assertEqual([epoch["epoch"] for epoch in self.epochs("run")], list(range(1, 41)))


if __name__ == "__main__":
    unittest.main()
