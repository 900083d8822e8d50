"""What operators see: Prometheus metrics, log lines, health; and several models in one server."""

import pathlib
import re
import tempfile
import unittest
import urllib.request

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from models import expected_logits, write_mlp
from plain_client import (GET_MODEL, HEALTH, open_message, request_message, SERVING, Stream,
                          WithToken)
from programs import IntegrationTest, make_images, SIDE, wait_until

TOKENS = "ann annas-token-0123456789\nben bens-token-0123456789\n"


def series(name, **labels) -> str:
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


class MetricsOfTwoModels(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.models = {name: write_mlp(pathlib.Path(folder.name) / name, seed=seed)
                      for seed, name in enumerate(["first", "second"])}
        raw, _ = make_images(24, seed=3)
        cls.images = np.frombuffer(raw, np.uint8).reshape(24, 1, SIDE, SIDE)

    def setUp(self):
        super().setUp()
        (self.dir / "tokens").write_text(TOKENS)
        self.server, self.address = self.serve(
            f"first={self.models['first']}", "127.0.0.1:0", "--model",
            f"other={self.models['second']}", "--token_file", self.dir / "tokens", "--listen",
            self.unix_address(), "--metrics_listen", "127.0.0.1:0",
            # A batch is full with all images; a request of less stays in flight.
            "--max_batch_samples", "24", "--batch_delay", "10s")
        self.url = self.server.wait_for_output(r"^metrics on (http://\S+/metrics)$").group(1)
        self.channel = grpc.insecure_channel(self.address)
        self.addCleanup(self.channel.close)

    def scrape(self) -> dict:
        """Values by series, which is written as in the text: name{label="value",...}."""
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line and not line.startswith("#")]
        self.assertEqual(len(pairs), len(dict(pairs)), "a series is there twice")
        return {series: float(value) for series, value in pairs}

    def wait_for_series(self, expected):
        def wrong():
            now = self.scrape()
            return {key: (now.get(key), value) for key, value in expected.items()
                    if now.get(key) != value}

        wait_until(lambda: not wrong(), f"the metrics are as expected; (is, should be): {wrong()}")

    def open(self, token="annas-token-0123456789", **fields):
        stream = Stream(WithToken(self.channel, token))
        self.addCleanup(stream.half_close)
        self.assertEqual(stream.ask(open_message(**fields)).WhichOneof("kind"), "opened")
        return stream

    def end(self, stream):
        stream.half_close()
        self.assertEqual(list(stream.responses), [])

    def assert_refused(self, code, says, stream, message):
        with self.assertRaises(grpc.RpcError) as raised:
            stream.ask(message)
        stream.half_close()
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        for text in says:
            self.assertIn(text, raised.exception.details())

    def test_known_traffic_is_counted_by_model_outcome_and_token(self):
        for token, model, requests in [("annas", "first", 3), ("annas", "first", 1),
                                       ("bens", "other", 2)]:
            stream = self.open(f"{token}-token-0123456789", model=model)
            for i in range(requests):
                answer = stream.ask(request_message(self.images, request_id=i))
                self.assertEqual(answer.targets.rows, 24)
            bad = request_message(self.images)
            bad.request.temperature = 0
            self.assertEqual(stream.ask(bad).WhichOneof("kind"), "error")
            self.end(stream)
        self.assert_refused(grpc.StatusCode.UNAUTHENTICATED, [],
                            Stream(WithToken(self.channel, "x" * 30)), open_message())
        self.assert_refused(grpc.StatusCode.NOT_FOUND, ["'none'", "'first'", "'other'"],
                            Stream(WithToken(self.channel, "bens-token-0123456789")),
                            open_message(model="none"))

        expected = {"distill_in_flight_bytes": 0, "distill_in_flight_samples": 0,
                    "distill_draining": 0,
                    series("distill_rejected_total", model="", reason="unauthenticated"): 1,
                    series("distill_rejected_total", model="", reason="not_found"): 1}
        for model, token, streams, ok in [("first", "ann", 2, 4), ("other", "ben", 1, 2)]:
            expected |= {
                series("distill_samples_total", model=model): 24 * ok,
                series("distill_requests_total", model=model, outcome="ok"): ok,
                series("distill_requests_total", model=model, outcome="failed"): streams,
                series("distill_requests_total", model=model, outcome="dropped"): 0,
                series("distill_rejected_total", model=model, reason="bad_request"): streams,
                series("distill_streams_total", model=model, token=token): streams,
                series("distill_streams_open", model=model): 0,
                series("distill_queue_samples", model=model): 0,
                series("distill_queue_requests", model=model): 0,
                # Each request was answered before the next was sent, so each was a batch.
                series("distill_batch_samples_count", model=model): ok,
                series("distill_batch_samples_sum", model=model): 24 * ok,
                series("distill_batch_samples_bucket", model=model, le="16"): 0,
                series("distill_batch_samples_bucket", model=model, le="32"): ok,
                series("distill_queue_seconds_count", model=model): ok,
                series("distill_compute_seconds_count", model=model): ok,
            }
        self.wait_for_series(expected)
        self.assertEqual(self.drain(self.server), 24 * 6)

    def test_what_is_in_flight_shows_and_is_dropped_with_its_stream(self):
        stream = self.open(model="other")
        stream.send(request_message(self.images[:1]))
        self.wait_for_series({series("distill_streams_open", model="other"): 1,
                              series("distill_queue_samples", model="other"): 1,
                              series("distill_queue_requests", model="other"): 1,
                              series("distill_queue_samples", model="first"): 0,
                              "distill_in_flight_samples": 1})
        self.assertGreater(self.scrape()["distill_in_flight_bytes"], SIDE * SIDE)
        stream.responses.cancel()
        self.wait_for_series({series("distill_streams_open", model="other"): 0,
                              series("distill_queue_samples", model="other"): 0,
                              series("distill_requests_total", model="other", outcome="dropped"): 1,
                              "distill_in_flight_samples": 0, "distill_in_flight_bytes": 0})

    def test_a_client_name_cannot_forge_a_line_of_the_log(self):
        forged = 'eve"\n00:00:00 I stream ended stream=1 client=honest samples=999\r\x1b[2K'
        stream = self.open(model="other", client=forged)
        stream.ask(request_message(self.images))
        self.end(stream)
        self.server.wait_for_output(r"^\S+ I stream ended ")
        lines = re.findall(r"^\S+ I stream ended .*", self.server.output, re.MULTILINE)
        self.assertEqual(len(lines), 1, self.server.output)
        self.assertRegex(lines[0], r' stream=\d+ client="eve\\"\\n00:00:00 .*" token=ann code=OK ')
        self.assertRegex(lines[0], " requests_ok=1 requests_failed=0 .*dropped=0 samples=24 ")
        self.assertNotIn("\x1b", self.server.output)
        self.assertNotIn("eve", "".join(self.scrape()))

    def test_each_model_is_reached_by_its_name_and_the_first_without_one(self):
        get_model = grpc.insecure_channel(self.unix_address()).unary_unary(
            GET_MODEL, request_serializer=pb.GetModelRequest.SerializeToString,
            response_deserializer=pb.GetModelResponse.FromString)
        info = {name: get_model(pb.GetModelRequest(model=name)) for name in ["", "first", "other"]}
        self.assertEqual(list(info["other"].served), ["first", "other"])
        self.assertEqual(info[""], info["first"])
        self.assertEqual(info["other"].model.name, "other")
        self.assertNotEqual(info["first"].model.fingerprint, info["other"].model.fingerprint)
        for name, model in [("", "first"), ("first", "first"), ("other", "second")]:
            with self.subTest(name=name):
                stream = self.open(model=name, fingerprint=info[name].model.fingerprint)
                answer = stream.ask(request_message(self.images))
                logits = np.frombuffer(answer.payload[0], "<f4").reshape(24, 4)
                np.testing.assert_allclose(logits, expected_logits(self.models[model], self.images),
                                           rtol=1e-4, atol=1e-4)
        with self.assertRaises(grpc.RpcError) as raised:
            get_model(pb.GetModelRequest(model="none"))
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertIn("'first', 'other'", raised.exception.details())

    def test_health_is_told_by_model(self):
        check = self.channel.unary_unary(HEALTH, request_serializer=lambda raw: raw,
                                         response_deserializer=lambda raw: raw)

        def of(service):
            return check(b"\x0a" + bytes([len(service)]) + service.encode())

        for service in ["", *(f"distill.v1.Teacher{end}" for end in ["", "/first", "/other"])]:
            self.assertEqual(of(service), SERVING, service)
        with self.assertRaises(grpc.RpcError) as raised:
            of("distill.v1.Teacher/none")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)


if __name__ == "__main__":
    unittest.main()
