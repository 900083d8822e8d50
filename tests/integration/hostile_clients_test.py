"""Clients that break the contract, or the connection: the server answers as teacher.proto says, and
serves the next stream correctly."""

import contextlib
import os
import pathlib
import resource
import struct
import tempfile
import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from error_grammar import follows_grammar
from http2 import connect_socket, Http2, PREFACE
from models import expected_logits, write_mlp
from plain_client import DISTILL, open_message, request_message, Stream
from programs import IntegrationTest, make_images, SIDE, wait_until

INTERNAL = grpc.StatusCode.INTERNAL.value[0]
INVALID = grpc.StatusCode.INVALID_ARGUMENT.value[0]


class HostileClients(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.model = write_mlp(pathlib.Path(folder.name) / "pixels")
        cls.floats = write_mlp(pathlib.Path(folder.name) / "floats", dtype="float32")
        raw, _ = make_images(8, seed=3)
        cls.images = np.frombuffer(raw, np.uint8).reshape(8, 1, SIDE, SIDE)

    def setUp(self):
        super().setUp()
        # A batch is full with what assert_serves sends; a lone request of less stays in flight.
        self.server, self.tcp = self.serve(
            self.model, "127.0.0.1:0", "--listen", self.unix_address(), "--model", self.floats,
            "--max_batch_samples", "8", "--batch_delay", "10s", "--max_message_size", "1MiB")
        self.unix = self.server.wait_for_output(r"^listening on (unix:\S+)").group(1)

    def connect(self, address):
        channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        return channel

    def assert_answers(self, stream, model, request):
        answer = stream.ask(request)
        self.assertEqual(answer.WhichOneof("kind"), "targets", answer)
        dtype = {pb.DTYPE_UINT8: "u1", pb.DTYPE_FLOAT32: "<f4"}[request.request.tensors[0].dtype]
        inputs = np.frombuffer(request.payload[0], dtype).reshape(self.images.shape)
        logits = np.frombuffer(answer.payload[0], "<f4").reshape(8, 4)
        np.testing.assert_allclose(logits, expected_logits(model, inputs), rtol=1e-4, atol=1e-4)

    def assert_serves(self):
        for address in [self.tcp, self.unix]:
            stream = Stream(self.connect(address))
            stream.ask(open_message())
            self.assert_answers(stream, self.model, request_message(self.images))
            stream.half_close()
            self.assertEqual(list(stream.responses), [])

    def assert_refuses(self, model, good, bad):
        """After each bad request is answered INVALID_ARGUMENT, the stream answers the good one."""
        stream = Stream(self.connect(self.tcp))
        stream.ask(open_message(model=model.name))
        for what, request in bad.items():
            with self.subTest(what=what):
                request.request.id = 99
                answer = stream.ask(request)
                self.assertEqual((answer.error.id, answer.error.code), (99, INVALID), answer)
                self.assertNotIn(str(model.parent), answer.error.message)
                self.assertTrue(follows_grammar(answer.error.message), answer.error.message)
                self.assert_answers(stream, model, good)
        self.assert_serves()

    def test_a_shape_or_temperature_that_cannot_be_is_answered_and_the_stream_goes_on(self):
        def request(shape=None, payload=None, temperature=2.0):
            message = request_message(self.images)
            message.request.temperature = temperature
            message.request.tensors[0].shape[:] = shape or self.images.shape
            message.payload[0] = message.payload[0] if payload is None else payload
            return message

        # The third has as many elements as there are bytes, modulo 2^64.
        shapes = [[1 << 62, 1, SIDE, SIDE], [-1, -1, SIDE, SIDE], [8 + (1 << 58), 1, SIDE, SIDE],
                  [1 << 32] * 4, [8, 1, -(1 << 63), SIDE], [0, 1, SIDE, SIDE], [8, 1, SIDE],
                  [8, SIDE, SIDE, 1]]
        whole = self.images.tobytes()
        self.assert_refuses(
            self.model, request(),
            {f"shape {shape}": request(shape) for shape in shapes} |
            {f"{len(payload)} bytes": request(payload=payload)
             for payload in [b"", whole[:-1], whole + b"x", bytes(1 << 19)]} |
            {f"temperature {t}": request(temperature=t)
             for t in [0, -0.0, -1, float("nan"), float("inf"), float("-inf")]})

    def test_inputs_that_are_not_finite_are_answered_and_the_stream_goes_on(self):
        def request(last, dtype=np.float32):
            images = (self.images / 255).astype(dtype)
            images[-1, -1, -1, -1] = last
            return request_message(images)

        self.assert_refuses(
            self.floats, request(0.5),
            {str(value): request(value) for value in [np.nan, np.inf, -np.inf]} |
            {"float64": request(0.5, np.float64), "uint8": request_message(self.images)})

    def test_logits_that_are_not_finite_are_the_teachers_own_fault(self):
        stream = Stream(self.connect(self.tcp))
        stream.ask(open_message(model=self.floats.name))
        huge = np.full((8, 1, SIDE, SIDE), 3e38, "<f4")  # finite, and too large to compute with
        tensor = pb.Tensor(dtype=pb.DTYPE_FLOAT32, shape=huge.shape)
        answer = stream.ask(pb.DistillRequest(
            request=pb.Request(id=7, tensors=[tensor], temperature=1), payload=[huge.tobytes()]))
        self.assertEqual((answer.error.id, answer.error.code), (7, INTERNAL), answer)
        self.assertEqual(answer.error.message, "the teacher: it failed to compute this request")
        self.server.wait_for_output("NaN or infinite")
        self.assert_serves()

    def test_what_ends_a_stream_says_why_and_the_next_is_served(self):
        one = request_message(self.images[:1], request_id=5)
        for what, messages, code, says in [
                ("encoding", [open_message(99)], grpc.StatusCode.INVALID_ARGUMENT, "99"),
                ("id in flight", [open_message(), one, one], grpc.StatusCode.INVALID_ARGUMENT, "5"),
                ("over the limit", [open_message(), bytes((1 << 20) + 1)],
                 grpc.StatusCode.RESOURCE_EXHAUSTED, ""),
        ]:
            with self.subTest(what=what):
                stream = Stream(self.connect(self.tcp))
                for message in messages:
                    stream.send(message)
                with self.assertRaises(grpc.RpcError) as raised:
                    list(stream.responses)
                self.assertEqual(raised.exception.code(), code, raised.exception.details())
                self.assertIn(says, raised.exception.details())
                stream.half_close()
                self.assert_serves()

    def test_bytes_that_are_no_http2_harm_nobody(self):
        for garbage in [os.urandom(100_000), b"GET / HTTP/1.1\r\n\r\n", PREFACE[:12], PREFACE,
                        PREFACE + b"\xff" * 9, PREFACE + bytes(100_000)]:
            for address in [self.tcp, self.unix]:
                with self.subTest(garbage=garbage[:30]), connect_socket(address) as client:
                    with contextlib.suppress(ConnectionError):  # it may close before all is sent
                        client.sendall(garbage)
                    self.assert_serves()
        self.assert_serves()

    def test_clients_killed_in_the_middle_of_a_message_leave_nothing_behind(self):
        message = struct.pack(">BI", 0, 1 << 20) + bytes(60_000)
        for number, address in enumerate([self.tcp, self.unix], 1):
            with Http2(address) as client:
                opened = open_message(client=f"killed_{number}").SerializeToString()
                stream = client.start_call(DISTILL)
                client.send_data([stream], struct.pack(">BI", 0, len(opened)) + opened + message)
                self.server.wait_for_output(f"stream opened .*killed_{number}")
            self.server.wait_for_output(f"stream ended .*killed_{number}")
            self.assert_serves()

    def test_a_thousand_connections_that_say_nothing_do_not_keep_others_out(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        files = pathlib.Path(f"/proc/{self.server.process.pid}/fd")
        with contextlib.ExitStack() as silent:
            for _ in range(1000):
                silent.enter_context(connect_socket(self.tcp))
            wait_until(lambda: len(list(files.iterdir())) > 1000, "all of them are accepted")
            self.assert_serves()
        wait_until(lambda: len(list(files.iterdir())) < 100, "the server has let go of them")
        self.assert_serves()


if __name__ == "__main__":
    unittest.main()
