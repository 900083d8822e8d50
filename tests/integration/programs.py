"""Runs the real programs for the integration tests: small data, a server, trainers."""

import gzip
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from error_grammar import error_in, follows_grammar

BIN = pathlib.Path(os.environ["DISTILL_BIN"])
SERVER = BIN / "teacher_server"
TRAINER = BIN / "student_trainer"

CLASSES = 4
SIDE = 8
NAMES = ["north", "east", "south", "west"]
PATIENCE = 60  # seconds until a condition that should come true counts as failed


def wait_until(condition, what: str):
    """Polls until `condition()` gives something true, and returns it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"timed out waiting until {what}")


def write_idx(path: pathlib.Path, magic: int, dims: list[int], data: bytes) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wb") as file:
        file.write(struct.pack(f">{1 + len(dims)}I", magic, *dims) + data)


def make_images(count: int, seed: int) -> tuple[bytes, bytes]:
    """Noise, with a bright bar at the side that the label says."""
    rng = random.Random(seed)
    images, labels = bytearray(), bytearray()
    for i in range(count):
        label = i % CLASSES
        image = [[rng.randrange(90) for _ in range(SIDE)] for _ in range(SIDE)]
        for k in range(SIDE):
            row, column = [(0, k), (k, SIDE - 1), (SIDE - 1, k), (k, 0)][label]
            image[row][column] = 255
        images += bytes(pixel for row in image for pixel in row)
        labels.append(label)
    return bytes(images), bytes(labels)


def write_dataset(folder: pathlib.Path, train: int = 400, test: int = 100,
                  names: list[str] | None = NAMES) -> pathlib.Path:
    folder.mkdir(parents=True)
    for role, count, seed in [("train", train, 1), ("t10k", test, 2)]:
        images, labels = make_images(count, seed)
        write_idx(folder / f"{role}-images-idx3-ubyte.gz", 0x803, [count, SIDE, SIDE], images)
        write_idx(folder / f"{role}-labels-idx1-ubyte.gz", 0x801, [count], labels)
    if names:
        (folder / "class_names.txt").write_text("\n".join(names) + "\n")
    return folder


class Program:
    """A running program, whose output is gathered as it comes; `where`: its folder and environment,
    as Popen takes them."""

    def __init__(self, *arguments, **where):
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        errors="replace", **where)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def wait_for_output(self, pattern: str) -> re.Match:
        def look():
            found = re.search(pattern, self.output, re.MULTILINE)
            if not found and self.process.poll() is not None:
                self._reader.join()
                found = re.search(pattern, self.output, re.MULTILINE)
                if not found:
                    raise AssertionError(f"ended without '{pattern}':\n{self.output}")
            return found

        return wait_until(look, f"the output has '{pattern}'; it has:\n{self.output}")

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join()
        self.process.stdout.close()
        return code

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()


class IntegrationTest(unittest.TestCase):
    """A temporary folder a test; every program that a test starts ends with it."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.dir = pathlib.Path(self._folder.name)

    def start(self, *arguments, **where) -> Program:
        program = Program(*arguments, **where)
        self.addCleanup(program.kill)
        return program

    def run_program(self, *arguments, **where) -> tuple[int, str]:
        program = self.start(*arguments, **where)
        return program.wait(), program.output

    def run_ok(self, *arguments, **where) -> str:
        code, output = self.run_program(*arguments, **where)
        self.assertEqual(code, 0, output)
        return output

    def assert_error_follows_grammar(self, output: str) -> None:
        self.assertTrue(follows_grammar(error_in(output)),
                        f"not of the form of common/base/status.h: '{error_in(output)}'\n{output}")

    def train_arguments(self, data: pathlib.Path, run_dir: str, *more,
                        student: str = "mlp_small", lr: float = 0.05) -> list:
        return [TRAINER, "train", "--train", data, "--test", data, "--student", student,
                "--run_dir", self.dir / run_dir, "--threads", "1", "--lr", lr, *more]

    def train_teacher(self, data: pathlib.Path, name: str = "teacher") -> pathlib.Path:
        self.run_ok(*self.train_arguments(data, name, "--epochs", "5", "--batch_size", "32"))
        return self.dir / name / "model"

    def serve(self, model: pathlib.Path, listen: str, *more, **where) -> tuple[Program, str]:
        """The server and the address that it printed."""
        server = self.start(SERVER, "--model", model, "--listen", listen, "--threads", "1", *more,
                            **where)
        return server, server.wait_for_output(r"^listening on (\S+)").group(1)

    def unix_address(self, name: str = "teacher.sock") -> str:
        return f"unix:{self.dir / name}"

    def metrics(self, run_dir: str) -> list[dict]:
        text = (self.dir / run_dir / "metrics.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def epochs(self, run_dir: str) -> list[dict]:
        return [record for record in self.metrics(run_dir) if record["kind"] == "epoch"]

    def end(self, run_dir: str) -> dict:
        last = self.metrics(run_dir)[-1]
        self.assertEqual(last["kind"], "end")
        return last

    def drain(self, server: Program) -> int:
        """Ends the server and returns the samples that it says it answered."""
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0, server.output)
        return int(re.search(r"samples_served=(\d+)", server.output).group(1))
