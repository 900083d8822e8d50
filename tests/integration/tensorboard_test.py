"""TensorBoard's own reader finds in a run's events what metrics.jsonl says, also after a kill -9."""

import math
import signal
import struct
import unittest

from programs import IntegrationTest, write_dataset
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def scalars_of(record: dict, prefix: str = "") -> dict[str, float]:
    found = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found |= scalars_of(value, f"{prefix}{key}/")
        elif isinstance(value, (int, float)) and key not in ("epoch", "step") and math.isfinite(value):
            found[prefix + key] = value
    return found


def as_float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


class TensorBoard(IntegrationTest):
    def assert_events_are_those_of_the_metrics(self, run: str):
        wanted: dict[str, list] = {}
        records = [(record["step"], record) for record in self.epochs(run)]
        end = self.end(run)
        records.append((end["steps"], {"test": end.pop("test"), "end": end}))
        for step, record in records:
            for tag, value in scalars_of(record).items():
                wanted.setdefault(tag, []).append((step, as_float32(value)))
        events = EventAccumulator(str(self.dir / run))
        events.Reload()
        found = {tag: [(event.step, event.value) for event in events.Scalars(tag)]
                 for tag in events.Tags()["scalars"]}
        self.assertEqual(found, wanted)
        for tag in ("loss", "validation/accuracy", "test/errors", "end/best_epoch"):
            self.assertIn(tag, found)

    def test_a_run_with_a_teacher(self):
        data = write_dataset(self.dir / "data")
        _, address = self.serve(self.train_teacher(data), self.unix_address())
        self.run_ok(*self.train_arguments(data, "run", "--epochs", "3", "--teacher", address))
        self.assert_events_are_those_of_the_metrics("run")

    def test_a_reader_that_was_left_open_sees_the_epochs_that_are_added(self):
        data = write_dataset(self.dir / "data")
        arguments = self.train_arguments(data, "run", "--batch_size", "32", "--resume")
        self.run_ok(*arguments, "--epochs", "3")
        events = EventAccumulator(str(self.dir / "run"))
        events.Reload()
        self.assertEqual(len(events.Scalars("loss")), 3)
        for epochs in ("6", "8"):
            self.run_ok(*arguments, "--epochs", epochs, "--resume_anyway")
            events.Reload()
            self.assertEqual([event.step for event in events.Scalars("loss")],
                             [record["step"] for record in self.epochs("run")])
            self.assertEqual(len(events.Scalars("loss")), int(epochs))
            self.assertEqual(len(events.Scalars("test/errors")), 1)
        self.run_ok(*arguments, "--epochs", "8")  # nothing is left to train
        self.assert_events_are_those_of_the_metrics("run")

    def test_a_run_that_was_killed_and_gone_on_with(self):
        data = write_dataset(self.dir / "data", train=2000)
        arguments = self.train_arguments(data, "run", "--epochs", "6", "--batch_size", "4",
                                         "--checkpoint_every", "7", "--resume")
        trainer = self.start(*arguments)
        trainer.wait_for_output(r"^epoch 2/6")
        trainer.signal(signal.SIGKILL)
        trainer.wait()
        self.run_ok(*arguments)
        self.assert_events_are_those_of_the_metrics("run")


if __name__ == "__main__":
    unittest.main()
