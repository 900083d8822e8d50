"""Today's programs answer, ask, accept and compute what those did that tests/recordings is of."""

import dataclasses
import json
import os
import pathlib
import sys
import tomllib
import unittest

import grpc
from google.protobuf import text_format

from plain_client import GET_MODEL, Stream

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "recordings"))

import exchanges
import runs

HINT = "tests/recordings/README.md describes what is compared, and when to record again"


def described(message, method, sender):
    parsed = exchanges.MESSAGES[method, sender].FromString(message)
    return text_format.MessageToString(parsed, as_one_line=True)[:1000]


class Sessions(runs.RecordedRuns):
    def files(self, client):
        files = sorted(runs.SESSIONS.glob(f"{client}_*.txt"))
        self.assertEqual([file.stem for file in files],
                         sorted(f"{client}_{encoding}" for encoding in runs.ENCODINGS))
        return files

    def assert_same(self, now, recorded, where):
        """Both are exchanges, and equal except for what is masked."""
        new, old = exchanges.comparable(now), exchanges.comparable(recorded)
        if new != old:
            at = len(os.path.commonprefix([new, old]))
            kind = recorded.method, recorded.sender
            self.fail(f"{where}: the {recorded.sender}'s message was\n"
                      f"{described(recorded.message, *kind)}\nand is\n"
                      f"{described(now.message, *kind)}\nWithout what is masked they differ from "
                      f"byte {at} on: {old[at:at + 16].hex()}, {new[at:at + 16].hex()}. {HINT}")

    def ask_again(self, channel, call, where):
        """Sends what the client sent, one message at a time, and compares the answers."""
        by_sender = {sender: [e for e in call if e.sender == sender]
                     for sender in ("client", "server")}
        if call[0].method == "GetModel":
            answer = channel.unary_unary(GET_MODEL)(by_sender["client"][0].message)
            self.assert_same(exchanges.Exchange(call[0].call, "GetModel", "server", answer),
                             by_sender["server"][0], where)
            return
        opened, *answers = by_sender["server"]
        expected = {exchanges.answer_id(answer.message): answer for answer in answers}
        stream = Stream(channel, response_deserializer=None)
        for i, sent in enumerate(by_sender["client"]):
            raw = stream.ask(sent.message)
            recorded = expected[exchanges.request_id(sent.message)] if i > 0 else opened
            self.assert_same(exchanges.Exchange(sent.call, "Distill", "server", raw), recorded,
                             f"{where}, message {i}")
        stream.half_close()
        self.assertEqual(list(stream.responses), [], where)
        self.assertEqual(stream.responses.code(), grpc.StatusCode.OK, where)

    def test_recorded_requests_get_the_recorded_answers(self):
        _, address = self.serve_sessions(self.unix_address())
        with grpc.insecure_channel(address) as channel:
            for file in self.files("cpp") + self.files("python"):
                for call in exchanges.read(file):
                    with self.subTest(file=file.name, call=call[0].call):
                        self.ask_again(channel, call, f"{file.name}, call {call[0].call}")

    def test_the_trainer_sends_the_recorded_requests(self):
        for file in self.files("cpp"):
            encoding, calls = file.stem.removeprefix("cpp_"), exchanges.read(file)
            listen = self.unix_address(f"{encoding}.sock")
            teacher = exchanges.RecordedTeacher(listen, calls)
            self.addCleanup(teacher.stop)
            with self.subTest(encoding=encoding):
                code, output = self.run_program(
                    *runs.session_arguments(encoding, listen, self.dir / encoding))
                sent = list(teacher.received.values())
                recorded = [exchanges.messages(call, "client") for call in calls]
                for call, (now, then) in enumerate(zip(sent, recorded)):
                    for i, (new, old) in enumerate(zip(now, then)):
                        self.assert_same(exchanges.Exchange(call, "Distill", "client", new),
                                         exchanges.Exchange(call, "Distill", "client", old),
                                         f"{file.name}, call {call}, message {i}")
                self.assertEqual([len(call) for call in sent], [len(call) for call in recorded])
                self.assertEqual(code, 0, output)

    def test_a_changed_byte_of_a_recording_is_noticed_unless_it_is_masked(self):
        for file in self.files("cpp") + self.files("python"):
            for call in exchanges.read(file):
                for exchange in call[:4]:  # both openings, a request and its answer
                    self.assert_changes_are_noticed(exchange)

    def assert_changes_are_noticed(self, exchange):
        unchanged, unnoticed = exchanges.comparable(exchange), 0
        for i in range(len(exchange.message)):
            raw = bytearray(exchange.message)
            raw[i] ^= 1
            try:
                changed = dataclasses.replace(exchange, message=bytes(raw))
                unnoticed += exchanges.comparable(changed) == unchanged
            except (IndexError, KeyError, ValueError):
                pass  # it is no longer a message
        self.assertLessEqual(unnoticed, len(exchange.message) - len(unchanged))


class Configs(runs.RecordedRuns):
    maxDiff = None

    def options_of(self, path):
        """Lists as texts: not all versions write those that were not given as lists. Numbers beyond
        TOML's are written as texts now."""
        def plain(value):
            if isinstance(value, list):
                return json.dumps(value, separators=",:")
            return int(value) if isinstance(value, str) and value.isdecimal() else value

        return {name: plain(value)
                for name, value in tomllib.loads(path.read_text())["train"].items()}

    def state(self, run):
        """The files of a run that make up its result."""
        names = ["config.toml", "model/config.json", "model/model.safetensors"]
        checkpoints = sorted((run / "checkpoints").glob("*.safetensors"))
        return {path: path.read_bytes()
                for path in [*(run / name for name in names), *checkpoints]}

    def test_recorded_config_files_repeat_their_runs(self):
        runs.write_config_data(self.dir)
        self.serve(self.dir / "teacher", self.unix_address(), "--max_batch_samples", "32")
        known = set((runs.CONFIGS / "options.txt").read_text().split())
        files = sorted(runs.CONFIGS.glob("*.toml"))
        self.assertEqual(len(files), 3)
        for file in files:
            with self.subTest(config=file.name):
                code, output = self.run_config(file, self.dir)
                self.assertEqual(code, 0, output)
                recorded, run = self.options_of(file), self.dir / "runs" / file.stem
                written = self.options_of(run / "config.toml")
                # An option that the recorded programs did not have may appear.
                written = {name: value for name, value in written.items()
                           if name in recorded or name in known}
                self.assertEqual(written, recorded, HINT)
                before = self.state(run)
                code, output = self.run_config(file, self.dir)
                self.assertEqual(code, 0 if recorded.get("resume") else 1, output)
                self.assertEqual(self.state(run), before)

    def test_every_recorded_option_is_still_there(self):
        known = set((runs.CONFIGS / "options.txt").read_text().split())
        self.assertGreater(len(known), 70)
        self.assertEqual(known - set(self.option_names()), set(), HINT)


class Digests(runs.RecordedRuns):
    # Parts of a tensor's norm, well above what other roundings make of the weights in 30 steps
    # (1.4e-7 and 0.03 between the portable code paths and those of AVX2).
    TOLERANCE = {"mlp": 1e-3, "resnet20": 0.25}

    def setUp(self):
        super().setUp()
        model = runs.write_digest_data(self.dir)
        _, self.address = self.serve(model, self.unix_address(), "--max_batch_samples", "32")
        self.here = {"libtorch": runs.libtorch(self.address), "cpu": runs.cpu_model()}
        records = runs.read_digests()
        self.same_library = [r for r in records if r["libtorch"] == self.here["libtorch"]]
        self.same_machine = [r for r in self.same_library if r["cpu"] == self.here["cpu"]]

    def say(self, *lines):
        """What must be seen though the test passes."""
        for line in lines:
            print(f"NOT VERIFIED to the bit: {line}", file=sys.stderr)

    def assert_near(self, student, model):
        """Not far from the recorded weights, as those of another algorithm would be."""
        sketch, recorded = runs.sketch(model), self.same_library[0]["sketches"][student]
        self.assertEqual(sketch.keys(), recorded.keys(), HINT)
        for name in sketch:
            (norm, product), (old_norm, old_product) = (
                map(float, numbers[name].split()) for numbers in (sketch, recorded))
            difference = max(abs(norm - old_norm), abs(product - old_product))
            self.assertLessEqual(difference, self.TOLERANCE[student] * max(old_norm, 1e-3),
                                 f"{student}: {name} is far from the recorded one; {HINT}")

    def check(self, student):
        model = self.digest_run(student, self.dir, self.address, student)
        now = runs.digest(model)
        if now in [record["digests"][student] for record in self.same_library]:
            return
        if self.same_machine:
            self.fail(f"{student}: the weights after {runs.STEPS} steps have the digest\n  {now}\n"
                      f"and had, on this CPU with this LibTorch,\n"
                      f"  {self.same_machine[0]['digests'][student]}\n{HINT}")
        why = "CPU" if self.same_library else "LibTorch"
        self.say(f"{student} has the digest {now}, and none is recorded for this {why}:",
                 f"LibTorch {self.here['libtorch']} on {self.here['cpu']}.",
                 "`tests/recordings/record.py digests` records one, of a build known to be right.")
        if self.same_library:
            self.assert_near(student, model)
        again = self.digest_run(student, self.dir, self.address, f"{student}_again")
        self.assertEqual(runs.digest(again), now, f"{student}: two runs differ on one machine")

    def test_deterministic_runs_of_30_steps_have_the_recorded_weights(self):
        for student in runs.DIGEST_STUDENTS:
            with self.subTest(student=student):
                self.check(student)


if __name__ == "__main__":
    unittest.main()
