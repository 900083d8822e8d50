"""A teacher that is lost in the middle of an epoch: nothing is trained twice, nothing left out."""

import signal
import unittest

from programs import IntegrationTest, wait_until, write_dataset

EPOCHS = 200


class LostTeacher(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")
        self.model = self.train_teacher(self.data)
        # A delay makes batches slow enough for the server to be killed in the middle of an epoch.
        self.server_options = ["--batch_delay", "20ms"]

    def serve_slowly(self, listen):
        return self.serve(self.model, listen, *self.server_options)

    def start_training(self, run, address, *options):
        return self.start(*self.train_arguments(
            self.data, run, "--teacher", address, "--label_count", "40", "--epochs", EPOCHS,
            "--batch_size", "32", *options))

    def wait_for_epochs(self, run, count):
        path = self.dir / run / "metrics.jsonl"
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count,
                   f"{run} has trained {count} epochs")

    def test_a_killed_server_that_comes_back_changes_nothing_but_the_time(self):
        for listen in [self.unix_address(), "127.0.0.1:0"]:
            with self.subTest(listen=listen):
                kind = listen[:4]
                server, address = self.serve_slowly(listen)
                undisturbed = self.start_training(f"{kind}_undisturbed", address)
                self.assertEqual(undisturbed.wait(), 0, undisturbed.output)
                disturbed = self.start_training(f"{kind}_disturbed", address)
                for kills in range(1, 4):
                    self.wait_for_epochs(f"{kind}_disturbed", 4 * kills)
                    server.kill()
                    server, _ = self.serve_slowly(address)
                self.assertEqual(disturbed.wait(), 0, disturbed.output)
                end = self.end(f"{kind}_disturbed")
                self.assertGreaterEqual(end["reconnects"], 3)
                self.assertEqual(end["samples_with_targets"], EPOCHS * 360)
                self.assertEqual(end["samples_without_targets"], 0)
                keys = ["epoch", "samples", "samples_with_targets", "ids_hash"]
                self.assertEqual(
                    [[record[key] for key in keys] for record in self.epochs(f"{kind}_disturbed")],
                    [[record[key] for key in keys] for record in self.epochs(f"{kind}_undisturbed")])
                server.kill()

    def test_a_draining_server_finishes_what_it_took_and_the_trainer_goes_on_with_the_next(self):
        server, address = self.serve_slowly(self.unix_address())
        trainer = self.start_training("run", address)
        self.wait_for_epochs("run", 3)
        answered = self.drain(server)
        server, _ = self.serve_slowly(address)
        self.assertEqual(trainer.wait(), 0, trainer.output)
        answered += self.drain(server)
        end = self.end("run")
        self.assertEqual(end["samples_with_targets"], EPOCHS * 360)
        self.assertEqual(answered, end["samples_with_targets"] + end["probe_samples"])

    def test_fail_ends_the_run_with_exit_code_1_and_names_the_teacher(self):
        server, address = self.serve_slowly(self.unix_address())
        trainer = self.start_training("run", address, "--on_teacher_loss", "fail")
        self.wait_for_epochs("run", 3)
        server.kill()
        self.assertEqual(trainer.wait(), 1, trainer.output)
        self.assertIn(address, trainer.output)

    def test_hard_labels_goes_on_without_the_teacher_and_counts_it(self):
        server, address = self.serve_slowly(self.unix_address())
        trainer = self.start_training("run", address, "--on_teacher_loss", "hard_labels")
        self.wait_for_epochs("run", 3)
        server.kill()
        self.assertEqual(trainer.wait(), 0, trainer.output)
        end = self.end("run")
        self.assertGreater(end["samples_without_targets"], 0)
        self.assertEqual(end["samples_with_targets"] + end["samples_without_targets"], EPOCHS * 360)
        self.assertIn("had no soft targets", trainer.output)

    def test_another_teacher_at_the_same_address_is_refused(self):
        self.run_ok(*self.train_arguments(self.data, "other", "--epochs", "1", "--seed", "9"))
        server, address = self.serve_slowly(self.unix_address())
        trainer = self.start_training("run", address)
        self.wait_for_epochs("run", 3)
        server.kill()
        self.serve(self.dir / "other" / "model", address)
        self.assertEqual(trainer.wait(), 1, trainer.output)
        self.assertIn("fingerprint", trainer.output)

    def test_an_interrupted_trainer_that_waits_for_its_teacher_ends_with_130(self):
        server, address = self.serve_slowly(self.unix_address())
        trainer = self.start_training("run", address)
        self.wait_for_epochs("run", 2)
        server.kill()
        trainer.signal(signal.SIGINT)
        self.assertEqual(trainer.wait(), 130, trainer.output)


if __name__ == "__main__":
    unittest.main()
