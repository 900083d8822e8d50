"""How a server ends: it drains on the first signal, and stops at once on the second."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from http2 import ACK, Http2, PING
from plain_client import open_message, request_message, Stream
from programs import IntegrationTest, make_images, PATIENCE, SERVER, SIDE, write_dataset


class ServerLife(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.model = self.train_teacher(write_dataset(self.dir / "data"))
        self.images = np.frombuffer(make_images(8, 3)[0], np.uint8).reshape(8, 1, SIDE, SIDE)

    def connect(self, address):
        channel = grpc.insecure_channel(address)
        self.addCleanup(channel.close)
        return channel

    def test_sigterm_and_sigint_drain_and_exit_0_without_a_client(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            server, _ = self.serve(self.model, self.unix_address())
            server.signal(number)
            self.assertEqual(server.wait(), 0, server.output)
            self.assertFalse((self.dir / "teacher.sock").exists())

    def test_a_drain_answers_what_it_took_refuses_what_is_new_and_ends_the_stream(self):
        server, address = self.serve(self.model, self.unix_address(), "--batch_delay", "10s")
        stream = Stream(self.connect(address))
        stream.ask(open_message())
        stream.send(request_message(self.images, request_id=1))
        # A request that is refused shows, by its answer, that the server has read what came before it.
        bad = request_message(self.images, request_id=2)
        bad.request.temperature = -1
        self.assertEqual(stream.ask(bad).error.id, 2)
        server.signal(signal.SIGTERM)
        kinds = {}
        for response in stream.responses:
            kind = response.WhichOneof("kind")
            kinds[kind] = response
            if kind == "draining":
                stream.send(request_message(self.images, request_id=3))
        self.assertEqual(kinds["targets"].targets.id, 1)
        self.assertIn("draining", kinds)
        if "error" in kinds:  # the server may end before it has read the third
            self.assertEqual(kinds["error"].error.reason, pb.REASON_DRAINING)
        stream.half_close()
        self.assertEqual(server.wait(), 0, server.output)
        self.assertIn("samples_served=8", server.output)

    def test_a_drained_server_closes_a_connection_when_its_client_has_read_everything(self):
        for listen in [self.unix_address(), "127.0.0.1:0"]:
            with self.subTest(listen=listen):
                server, address = self.serve(self.model, listen)
                with Http2(address) as client:
                    client.read_frames(1)
                    client.answers_pings = False
                    server.signal(signal.SIGTERM)
                    while not client.pings:
                        self.assertTrue(client.read_frames(PATIENCE), "nothing came")
                    self.assertTrue(client.going_away)
                    with self.assertRaises(subprocess.TimeoutExpired):
                        server.process.wait(0.5)
                    for ping in client.pings:
                        client.send_frame(PING, ACK, 0, ping)
                    self.assertEqual(server.wait(), 0, server.output)

    def test_a_drained_server_does_not_wait_long_for_a_client_that_does_not_read(self):
        server, address = self.serve(self.model, self.unix_address(), "--drain_timeout", "100ms")
        with Http2(address) as client:
            client.read_frames(1)
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0, server.output)

    def start_slowly(self, name):
        """A server whose model's file does not end before `finish` is called: it reads zeros meanwhile."""
        folder = self.dir / name
        shutil.copytree(self.model, folder)
        weights = folder / "model.safetensors"
        size = weights.stat().st_size
        os.truncate(weights, 1 << 40)
        address = self.unix_address(f"{name}.sock")
        server = self.start(SERVER, "--model", folder, "--listen", address, "--threads", "1")
        server.wait_for_output("wait until the models are loaded")
        return server, address, lambda: os.truncate(weights, size)

    def test_a_server_that_starts_is_waited_for(self):
        server, address, finish = self.start_slowly("slow")
        code, output = self.run_program(SERVER, "--check_health", address)
        self.assertEqual(code, 1)
        self.assertIn("NOT_SERVING", output)
        code, output = self.run_program(SERVER, "--model", self.model, "--listen", address)
        self.assertEqual(code, 1, output)
        self.assertIn("slow.sock", output)
        trainer = self.start(*self.train_arguments(self.dir / "data", "run", "--teacher", address, "--epochs", "1"))
        trainer.wait_for_output("is starting: waiting for it")
        finish()
        server.wait_for_output("^listening on")
        self.assertEqual(trainer.wait(), 0, trainer.output)
        self.assertEqual(self.run_program(SERVER, "--check_health", address)[0], 0)

    def test_a_signal_ends_a_server_that_starts_and_its_socket_is_gone(self):
        server, _, _ = self.start_slowly("slow")
        self.assertTrue((self.dir / "slow.sock").exists())
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0, server.output)
        self.assertFalse((self.dir / "slow.sock").exists())

    def test_a_second_signal_ends_a_drain_that_hangs(self):
        # A large model and more work than it does in the time that a test has.
        self.run_ok(*self.train_arguments(self.dir / "data", "large", "--epochs", "1",
                                          "--label_count", "32", student="mlp_large"))
        server, address = self.serve(self.dir / "large" / "model", self.unix_address(), "--credits",
                                     "10000000", "--drain_timeout", "600s")
        stream = Stream(self.connect(address))
        stream.ask(open_message())
        many = np.zeros((1024, 1, SIDE, SIDE), np.uint8)
        for i in range(2000):
            stream.send(request_message(many, request_id=i))
        for _ in range(20):
            next(stream.responses)
        server.signal(signal.SIGTERM)
        server.wait_for_output("draining")
        with self.assertRaises(subprocess.TimeoutExpired):
            server.process.wait(1)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 130, server.output)
        stream.half_close()

    def test_a_client_that_was_killed_is_logged_as_cancelled_and_one_that_ended_as_ok(self):
        for listen in [self.unix_address(), "127.0.0.1:0"]:
            with self.subTest(listen=listen):
                server, address = self.serve(self.model, listen)
                name = f"run_{listen[:4]}"
                self.run_ok(*self.train_arguments(self.dir / "data", name, "--teacher", address, "--epochs", "1"))
                server.wait_for_output("stream ended .*client=student_trainer .*code=OK")
                trainer = self.start(*self.train_arguments(
                    self.dir / "data", f"{name}_killed", "--teacher", address, "--epochs", "100000"))
                trainer.wait_for_output("^epoch 2/")
                trainer.kill()
                server.wait_for_output("stream ended .*client=student_trainer .*code=CANCELLED")
                self.assertEqual(server.output.count("code=OK"), 1, server.output)

    def test_types_are_compared_only_where_that_is_asked_for(self):
        for options, compares in [([], False), (["--compare_dtypes"], True)]:
            server, _ = self.serve(self.model, self.unix_address(), *options)
            self.assertEqual("f32 computes" in server.output, compares, server.output)
            self.drain(server)

    def test_health_is_serving(self):
        _, address = self.serve(self.model, self.unix_address())
        check = self.connect(address).unary_unary(
            "/grpc.health.v1.Health/Check", request_serializer=lambda raw: raw,
            response_deserializer=lambda raw: raw)
        self.assertEqual(check(b""), b"\x08\x01")  # status: SERVING

    def test_reflection_has_the_descriptor_of_every_service_that_it_lists(self):
        _, address = self.serve(self.model, self.unix_address())
        reflect = self.connect(address).stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda raw: raw, response_deserializer=lambda raw: raw)

        def ask(field_number, text):  # ServerReflectionRequest{FIELD: text}
            raw = bytes([field_number << 3 | 2, len(text)]) + text.encode()
            return next(iter(reflect(iter([raw]))))

        # ServerReflectionResponse{list_services_response = 6 {service = 1 {name = 1}}}
        names = re.findall(rb"\x0a[^\n]\x0a.([a-z][a-zA-Z0-9.]+)", ask(7, ""), re.DOTALL)
        services = sorted({name.decode() for name in names})
        self.assertIn("distill.v1.Teacher", services)
        self.assertIn("grpc.health.v1.Health", services)
        for service in services:
            # file_containing_symbol = 4; file_descriptor_response = 4 {file_descriptor_proto = 1}
            answer = ask(4, service)
            self.assertNotIn(b"not found", answer, service)
            self.assertIn(service.rpartition(".")[0].encode(), answer)

    def test_a_socket_left_by_a_killed_server_is_taken_over(self):
        server, address = self.serve(self.model, self.unix_address())
        server.kill()
        self.assertTrue((self.dir / "teacher.sock").exists())
        server, _ = self.serve(self.model, self.unix_address())
        Stream(self.connect(address)).ask(open_message())


if __name__ == "__main__":
    unittest.main()
