"""A teacher that raises an error for some requests answers the others, and its server lives on."""

import json
import os
import random
import re
import threading
import time
import unittest

import grpc
import numpy as np

from plain_client import open_message, request_message, Stream
from programs import CLASSES, IntegrationTest, SIDE, TRAINER, write_dataset

try:
    import torch
except ImportError:
    torch = None

SECONDS = float(os.environ.get("DISTILL_RAISE_SECONDS", "3"))
STARTS = int(os.environ.get("DISTILL_RAISE_STARTS", "3"))
STREAMS = 4
INTERNAL = 13
MARK = 255  # the first pixel of a sample that the model raises for


def make_model():
    class Checked(torch.nn.Module):
        """Calls methods of its own, which freezing removes."""

        def __init__(self):
            super().__init__()
            self.convolution = torch.nn.Conv2d(1, 8, 3, padding=1)
            self.norm = torch.nn.BatchNorm2d(8)
            self.head = torch.nn.Linear(8, CLASSES)

        def check(self, x):
            if bool((x[:, 0, 0, 0] > 0.999).any()):
                raise ValueError("the sample is not one of this model's")
            return x

        def features(self, x):
            return torch.relu(self.norm(self.convolution(self.check(x)))).mean([2, 3])

        def forward(self, x):
            return self.head(self.features(x))

    return Checked().eval()


def make_images(marked: bool) -> np.ndarray:
    images = np.random.randint(0, 200, (random.randint(1, 8), 1, SIDE, SIDE), np.uint8)
    if marked:
        images[-1, 0, 0, 0] = MARK
    return images


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class RaisingTeacher(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.model = make_model()
        self.folder = self.dir / "raising"
        self.folder.mkdir()
        torch.jit.script(self.model).save(str(self.folder / "model.pt"))
        (self.folder / "config.json").write_text(json.dumps({
            "format": "distill/1", "architecture": "torchscript", "scale": 255,
            "inputs": [{"name": "image", "dtype": "uint8", "shape": [1, SIDE, SIDE]}]}))

    def expected(self, images):
        with torch.no_grad():
            return self.model(torch.from_numpy(images).float() / 255).numpy()

    def ask(self, address, until, counts):
        """Random requests, a third of them marked; `counts` gathers how many were right."""
        with grpc.insecure_channel(address) as channel:
            stream = Stream(channel)
            stream.ask(open_message())
            asked = 0
            while time.monotonic() < until or asked < 20:
                marked = random.random() < 1 / 3
                images = make_images(marked)
                answer = stream.ask(request_message(images, request_id=asked))
                asked += 1
                if marked:
                    right = answer.WhichOneof("kind") == "error" and answer.error.code == INTERNAL
                else:
                    right = answer.WhichOneof("kind") == "targets" and np.allclose(
                        np.frombuffer(answer.payload[0], "<f4").reshape(-1, CLASSES),
                        self.expected(images), atol=1e-4)
                counts.append((marked, right))
            stream.half_close()

    def test_errors_are_of_the_request_alone_however_often_they_come(self):
        server, address = self.serve(self.folder, self.unix_address())
        counts, until = [], time.monotonic() + SECONDS
        threads = [threading.Thread(target=self.ask, args=(address, until, counts))
                   for _ in range(STREAMS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wrong = [count for count in counts if not count[1]]
        self.assertGreaterEqual(len(counts), STREAMS * 20)
        self.assertEqual(wrong, [], server.output)
        self.assertGreater(self.drain(server), 0)
        failed = int(re.search(r"^samples_served=.*requests_failed=(\d+)", server.output, re.M)[1])
        self.assertEqual(failed, sum(marked for marked, _ in counts))

    def test_each_start_survives_its_first_error(self):
        for start in range(STARTS):
            server, address = self.serve(self.folder, self.unix_address(f"{start}.sock"))
            with grpc.insecure_channel(address) as channel:
                stream = Stream(channel)
                stream.ask(open_message())
                self.assertEqual(stream.ask(request_message(make_images(True))).error.code, INTERNAL)
                self.assertEqual(stream.ask(request_message(make_images(False))).WhichOneof("kind"),
                                 "targets")
                stream.half_close()
            self.drain(server)

    def test_evaluate_reports_the_error_and_ends_with_1(self):
        data = write_dataset(self.dir / "data")
        code, output = self.run_program(TRAINER, "evaluate", self.folder, "--test", data)
        self.assertEqual(code, 1, output)
        self.assertIn("the sample is not one of this model's", output)
        self.assertNotIn("Traceback", output)
        _, output = self.run_program(TRAINER, "evaluate", self.folder, "--test", data, "--verbose")
        self.assertRegex(output, r" D .*\n(.*\n)*.*Traceback of TorchScript")


if __name__ == "__main__":
    unittest.main()
