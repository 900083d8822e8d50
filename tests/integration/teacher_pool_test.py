"""Several teachers: what happens to one of them in the middle of an epoch changes no training."""

import json
import signal
import unittest

from programs import IntegrationTest, wait_until, write_dataset

EPOCHS = 40
# A student that takes its time: a server is to come back before the run is over.
STUDENT = ["--student_arguments", '{"hidden": [1500, 1500]}']
SAMPLES = EPOCHS * 360


class TeacherPool(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")
        self.model = self.train_teacher(self.data)

    def serve_slowly(self, listen, model=None):
        # A delay makes answers slow enough for a server to have some outstanding when it ends.
        return self.serve(model or self.model, listen, "--batch_delay", "20ms")

    def serve_two(self):
        first, first_address = self.serve_slowly(self.unix_address("first.sock"))
        second, second_address = self.serve_slowly("127.0.0.1:0")
        return [first, second], [first_address, second_address]

    def start_training(self, run, addresses, *options, epochs=EPOCHS):
        teachers = [argument for address in addresses for argument in ["--teacher", address]]
        return self.start(*self.train_arguments(
            self.data, run, *teachers, "--label_count", "40", "--epochs", epochs,
            "--batch_size", "32", *STUDENT, *options))

    def wait_for_epochs(self, run, count):
        path = self.dir / run / "metrics.jsonl"
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) >= count,
                   f"{run} has trained {count} epochs")

    def assert_trained_on_all(self, trainer, run):
        self.assertEqual(trainer.wait(), 0, trainer.output)
        end = self.end(run)
        self.assertEqual(end["samples_with_targets"], SAMPLES)
        self.assertEqual(end["samples_without_targets"], 0)
        self.assertEqual(sum(end["teachers"].values()), SAMPLES + end["probe_samples"])
        return end

    def assert_same_samples(self, run, other):
        keys = ["epoch", "samples", "samples_with_targets", "ids_hash"]
        self.assertEqual(*[[[record[key] for key in keys] for record in self.epochs(name)]
                           for name in [run, other]])

    def test_of_two_teachers_one_is_killed_and_the_other_goes_on(self):
        servers, addresses = self.serve_two()
        undisturbed = self.start_training("undisturbed", addresses)
        self.assert_trained_on_all(undisturbed, "undisturbed")
        disturbed = self.start_training("disturbed", addresses, "--on_teacher_loss", "fail")
        self.wait_for_epochs("disturbed", 4)
        servers[1].kill()
        end = self.assert_trained_on_all(disturbed, "disturbed")
        self.assertEqual(sorted(end["teachers"]), sorted(addresses))
        self.assertGreater(end["teachers"][addresses[1]], 0)
        self.assertGreater(end["teachers"][addresses[0]], end["teachers"][addresses[1]])
        self.assertIn(f"the teacher at {addresses[1]} is lost", disturbed.output)
        for address in addresses:
            self.assertIn(f"{address} {end['teachers'][address]}", disturbed.output)
        self.assert_same_samples("disturbed", "undisturbed")

    def test_each_of_two_teachers_is_drained_and_comes_back(self):
        servers, addresses = self.serve_two()
        trainer = self.start_training("run", addresses, "--on_teacher_loss", "fail")
        answered = 0
        for i, epochs in [(0, 4), (1, 20)]:
            self.wait_for_epochs("run", epochs)
            answered += self.drain(servers[i])
            servers[i], _ = self.serve_slowly(addresses[i])
            trainer.wait_for_output(f"connected again to the teacher at {addresses[i]}")
        end = self.assert_trained_on_all(trainer, "run")
        answered += sum(self.drain(server) for server in servers)
        self.assertEqual(answered, SAMPLES + end["probe_samples"])
        self.assertGreater(min(end["teachers"].values()), 0)
        self.assertEqual(end["reconnects"], 2)

    def test_another_model_is_named_and_never_asked(self):
        self.run_ok(*self.train_arguments(self.data, "other", "--epochs", "1", "--seed", "9"))
        first, first_address = self.serve_slowly(self.unix_address("first.sock"))
        other, other_address = self.serve_slowly(self.unix_address("other.sock"),
                                                 self.dir / "other" / "model")
        trainer = self.start_training("run", [first_address, other_address], epochs=3)
        self.assertEqual(trainer.wait(), 0, trainer.output)
        self.assertEqual(self.end("run")["teachers"][other_address], 0)
        self.assertEqual(self.drain(other), 0)
        warning = trainer.wait_for_output(r"the teacher at (\S+) is dropped for this run, as it is not "
                                          r"the one at (\S+): the fingerprint is (\w+); must be (\w+)")
        self.assertEqual(warning.group(1, 2), (other_address, first_address))
        config = json.loads((self.dir / "run" / "model" / "config.json").read_text())
        self.assertEqual(warning.group(4), config["training"]["teacher_fingerprint"])
        self.assertNotEqual(warning.group(3), warning.group(4))

    def test_one_that_is_not_there_yet_joins_and_the_run_can_be_repeated_from_its_config(self):
        first, first_address = self.serve_slowly(self.unix_address("first.sock"))
        late_address = self.unix_address("late.sock")
        trainer = self.start_training("run", [first_address, late_address])
        trainer.wait_for_output(f"cannot reach a teacher at {late_address}.*continuing without it")
        self.serve_slowly(late_address)
        end = self.assert_trained_on_all(trainer, "run")
        self.assertGreater(min(end["teachers"].values()), 0)
        config = self.dir / "run" / "config.toml"
        self.run_ok(trainer.process.args[0], "--config", config, "train", "--run_dir",
                    self.dir / "again", "--epochs", "1")
        self.assertEqual(sorted(self.end("again")["teachers"]), [first_address, late_address])

    def test_an_interrupted_trainer_that_has_lost_both_ends_with_130(self):
        servers, addresses = self.serve_two()
        trainer = self.start_training("run", addresses)
        self.wait_for_epochs("run", 2)
        for server in servers:
            server.kill()
        trainer.wait_for_output(f"the teacher at {addresses[1]} is lost")
        trainer.signal(signal.SIGINT)
        self.assertEqual(trainer.wait(), 130, trainer.output)


if __name__ == "__main__":
    unittest.main()
