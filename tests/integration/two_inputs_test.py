"""A TorchScript teacher that takes two inputs: a plain client sends each in a payload of its own."""

import json
import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from plain_client import field, open_message, request_message, Stream
from programs import IntegrationTest

try:
    import torch
except ImportError:
    torch = None

SAMPLES, CLASSES, WORDS = 6, 3, 11
PIXELS, LENGTH = (1, 4, 4), 5


def model():
    """Logits of an image and of tokens, added."""
    class Pair(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.image = torch.nn.Linear(16, CLASSES)
            self.words = torch.nn.Embedding(WORDS, CLASSES)

        def forward(self, image, tokens):
            return self.image(image.flatten(1)) + self.words(tokens).mean(1)

    torch.manual_seed(1)
    return Pair().eval()


@unittest.skipIf(torch is None, "the torch package is not in .venv: LibTorch is another one")
class TwoInputs(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.model = model()
        folder = self.dir / "pair"
        folder.mkdir()
        torch.jit.script(self.model).save(str(folder / "model.pt"))
        (folder / "config.json").write_text(json.dumps({
            "format": "distill/1", "architecture": "torchscript", "scale": 255,
            "inputs": [{"name": "image", "dtype": "uint8", "shape": PIXELS},
                       {"name": "tokens", "dtype": "int64", "shape": [LENGTH]}]}))
        _, address = self.serve(folder, self.unix_address())
        self.channel = grpc.insecure_channel(address)
        self.addCleanup(self.channel.close)
        rng = np.random.default_rng(2)
        self.images = rng.integers(0, 256, (SAMPLES, *PIXELS), np.uint8)
        self.tokens = rng.integers(0, WORDS, (SAMPLES, LENGTH), np.int64)
        with torch.no_grad():
            self.expected = self.model(torch.from_numpy(self.images) / 255,
                                       torch.from_numpy(self.tokens)).numpy()
        self.stream = Stream(self.channel)
        opened = self.stream.ask(open_message()).opened
        self.assertEqual([spec.name for spec in opened.model.inputs], ["image", "tokens"])

    def assert_right(self, answer):
        self.assertEqual(answer.WhichOneof("kind"), "targets", answer)
        logits = np.frombuffer(answer.payload[0], "<f4").reshape(SAMPLES, CLASSES)
        np.testing.assert_allclose(logits, self.expected, rtol=1e-4, atol=1e-4)

    def test_payloads_belong_to_the_tensors_in_order(self):
        self.assert_right(self.stream.ask(request_message(self.images, self.tokens)))

    def test_the_header_may_lie_before_between_and_behind_the_payloads(self):
        header = field(2, 2, request_message(self.images, self.tokens).request.SerializeToString())
        unknown = field(99, 2, b"from the future")
        image, tokens = field(15, 2, self.images.tobytes()), field(15, 2, self.tokens.tobytes())
        for parts in [(header, image, tokens), (image, header, unknown, tokens),
                      (image, unknown, tokens, header)]:
            self.assert_right(self.stream.ask(b"".join(parts)))

    def test_what_does_not_fit_is_named_and_the_stream_goes_on(self):
        for says, message in {
                "payload": pb.DistillRequest(
                    request=request_message(self.images, self.tokens).request,
                    payload=[self.images.tobytes()]),
                "2": request_message(self.images),
                "image": request_message(self.tokens, self.images),
                "tokens": request_message(self.images, self.tokens[:-1])}.items():
            answer = self.stream.ask(message)
            self.assertEqual(answer.WhichOneof("kind"), "error", says)
            self.assertEqual(answer.error.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
            self.assertIn(says, answer.error.message)
            self.assert_right(self.stream.ask(request_message(self.images, self.tokens)))


if __name__ == "__main__":
    unittest.main()
