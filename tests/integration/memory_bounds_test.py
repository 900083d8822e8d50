"""Whatever clients do, the server's memory stays within its idle size + --max_bytes + 64 MiB."""

import pathlib
import struct
import tempfile
import time
import unittest
import zlib

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from http2 import Http2
from models import expected_logits, write_mlp
from plain_client import DISTILL, field, GET_MODEL, HEALTH, open_message, request_message, Stream
from programs import IntegrationTest, wait_until

MIB = 1 << 20
SLACK = 64 * MIB
MAX_MESSAGE = 4 * MIB
LARGE = (1, 64, 64)  # 255 of these in uint8 are 1 MiB, and their answers of 4,096 classes 4 MiB
TINY = (1, 2, 2)


def memory(server, key: str) -> int:
    """Bytes of a line of /proc/PID/status: VmRSS is now, VmHWM the peak so far."""
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0]) * 1024


class Flood:
    """Offers requests as fast as they are taken; reads nothing before read_all()."""

    def __init__(self, channel, model, images, count, temperature=2.0, **targets):
        self.sent = 0
        tensor = pb.Tensor(dtype=pb.DTYPE_UINT8, shape=images.shape)
        payload = field(15, 2, images.tobytes())

        def messages():
            yield open_message(model=model, **targets).SerializeToString()
            for i in range(count):
                request = pb.Request(id=i, tensors=[tensor], temperature=temperature)
                yield field(2, 2, request.SerializeToString()) + payload
                self.sent += 1

        self.responses = channel.stream_stream(
            DISTILL, request_serializer=lambda raw: raw,
            response_deserializer=pb.DistillResponse.FromString)(messages())

    def read_all(self):
        """The ids that were answered, by kind."""
        ids = {"targets": [], "error": []}
        for response in self.responses:
            kind = response.WhichOneof("kind")
            if kind != "opened":
                ids[kind].append(getattr(response, kind).id)
        return ids


class MemoryBounds(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.large = write_mlp(pathlib.Path(folder.name) / "large", LARGE, 4096)
        cls.tiny = write_mlp(pathlib.Path(folder.name) / "tiny", TINY, 4)

    def start_server(self, listen, streams, messages=2):
        """`messages`: that each stream may have. 2 is the least; from 5 on, requests may arrive before they are read."""
        self.max_bytes = messages * streams * MAX_MESSAGE
        server, address = self.serve(self.large, listen, "--model", self.tiny, "--max_bytes",
                                     self.max_bytes, "--max_streams", streams, "--max_message_size",
                                     MAX_MESSAGE, "--batch_delay", "0s", "--read_ahead",
                                     "on" if messages >= 5 else "off")
        self.idle = memory(server, "VmRSS")
        return server, address

    def connect(self, address):
        """A connection of its own, so that a client that reads nothing holds up itself alone."""
        channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1),
                                                  ("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        return channel

    def assert_bounded(self, server, what):
        peak, bound = memory(server, "VmHWM"), self.idle + self.max_bytes + SLACK
        print(f"{what}: idle {self.idle / MIB:.0f} MiB, peak {peak / MIB:.0f} MiB, "
              f"bound {bound / MIB:.0f} MiB", flush=True)
        self.assertLessEqual(peak, bound, what)

    def assert_answers_honestly(self, address, count):
        """Requests of one stream are answered correctly, one after the other."""
        rng = np.random.default_rng(1)
        stream = Stream(self.connect(address))
        stream.ask(open_message(model="large"))
        for i in range(count):
            images = rng.integers(0, 256, (4, *LARGE), np.uint8)
            answer = stream.ask(request_message(images, request_id=i))
            self.assertEqual(answer.targets.id, i)
            logits = np.frombuffer(answer.payload[0], "<f4").reshape(4, 4096)
            np.testing.assert_allclose(logits, expected_logits(self.large, images), rtol=1e-3,
                                       atol=1e-3)
        stream.half_close()
        self.assertEqual(list(stream.responses), [])

    def wait_until_stalled(self, floods):
        """Until none of them could send anything for a second."""
        seen, since = None, time.monotonic()

        def stalled():
            nonlocal seen, since
            now = [flood.sent for flood in floods]
            if now != seen:
                seen, since = now, time.monotonic()
            return time.monotonic() - since > 1

        wait_until(stalled, "the server reads no more of clients that do not read")

    def flood(self, listen, messages):
        server, address = self.start_server(listen, 64, messages)
        large = np.zeros((255, *LARGE), np.uint8)
        tiny = np.zeros((1, *TINY), np.uint8)
        floods = [Flood(self.connect(address), "large", large, 10_000) for _ in range(61)]
        small = Flood(self.connect(address), "tiny", tiny, 10_000)
        refused = Flood(self.connect(address), "tiny", tiny, 10_000, temperature=-1)
        self.assert_answers_honestly(address, 25)
        self.wait_until_stalled(floods)
        self.assert_answers_honestly(address, 25)
        sent = (f"{sum(flood.sent for flood in floods)} large, {small.sent} tiny, {refused.sent} "
                f"wrong requests")
        # A client that starts to read gets every answer.
        self.assertEqual(sorted(small.read_all()["targets"]), list(range(10_000)))
        self.assertEqual(sorted(refused.read_all()["error"]), list(range(10_000)))
        for flood in floods:
            flood.responses.cancel()
        self.assert_answers_honestly(address, 5)
        self.assert_bounded(server, f"{messages} messages per stream: {sent} from clients that did not "
                            "read")

    def test_clients_that_read_nothing_are_bounded_over_tcp(self):
        for messages in (2, 5):
            self.flood("127.0.0.1:0", messages)

    def test_clients_that_read_nothing_are_bounded_over_a_unix_socket(self):
        self.flood(self.unix_address(), 5)

    def test_encodings_that_take_far_more_memory_than_they_send_are_bounded(self):
        server, address = self.start_server(self.unix_address(), 32)
        large = np.zeros((255, *LARGE), np.uint8)
        for encoding, k, draws in [(pb.TARGET_ENCODING_SAMPLED, 0, 4096),
                                   (pb.TARGET_ENCODING_HEAD_SAMPLED, 4000, 4096),
                                   (pb.TARGET_ENCODING_TOP_K, 4096, 0)]:
            floods = [Flood(self.connect(address), "large", large, 100, encoding=encoding, k=k,
                            draws=draws) for _ in range(10)]
            wait_until(lambda: all(flood.sent > 1 for flood in floods), "each sent a request")
            self.assert_answers_honestly(address, 5)
            self.wait_until_stalled(floods)
            for flood in floods:
                flood.responses.cancel()
            self.assert_answers_honestly(address, 1)
            self.assert_bounded(server, f"{pb.TargetEncoding.Name(encoding)}, k {k}, {draws} draws")

    def test_a_compressed_message_is_not_unpacked_beyond_the_limit(self):
        server, address = self.start_server("127.0.0.1:0", 8)
        packer, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(MIB)
        packed = b"".join(packer.compress(zeros) for _ in range(512)) + packer.flush()
        with Http2(address) as client:
            call = client.start_call(DISTILL, grpc_encoding="gzip")
            client.send_data([call], struct.pack(">BI", 1, len(packed)) + packed)
            wait_until(lambda: (client.read_frames(1), call in client.ended)[1], "the call ended")
        self.assert_answers_honestly(address, 1)
        self.assert_bounded(server, f"{len(packed) / MIB:.1f} MiB that unpack to 512 MiB")

    def test_a_message_that_says_it_is_huge_is_bounded_before_its_end(self):
        huge = struct.pack(">BI", 0, 1 << 30) + bytes(4 * SLACK)
        for path in [DISTILL, GET_MODEL, HEALTH]:
            server, address = self.start_server("127.0.0.1:0", 8)
            with self.subTest(path=path), Http2(address) as client:
                client.send_data([client.start_call(path)], huge)
                self.assert_answers_honestly(address, 1)
                self.assert_bounded(server, f"a message of 1 GiB to {path}")
            server.kill()

    def test_calls_whose_messages_never_end_are_bounded(self):
        part = struct.pack(">BI", 0, MAX_MESSAGE - 64) + bytes(MAX_MESSAGE - 128)
        for path, calls in [(DISTILL, 7), (GET_MODEL, 64), (HEALTH, 64)]:
            server, address = self.start_server("127.0.0.1:0", 8)
            with self.subTest(path=path), Http2(address) as client:
                client.send_data([client.start_call(path) for _ in range(calls)], part)
                self.assert_answers_honestly(address, 1)
                self.assert_bounded(server, f"{calls} calls of {path} with messages of 4 MiB")
            server.kill()


if __name__ == "__main__":
    unittest.main()
