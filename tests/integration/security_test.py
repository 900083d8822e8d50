"""Access control: TLS, client certificates, tokens, the socket's mode, the models' allow-list."""

import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import signal
import stat
import tempfile
import threading
import unittest

# Read when grpc is imported: else each handshake that fails as it should prints a line.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import numpy as np

from certificates import make_certificates
from models import write_mlp
from plain_client import (GET_MODEL, HEALTH, open_message, request_message, SERVING, Stream,
                          WithToken)
from programs import IntegrationTest, make_images, SERVER, SIDE, wait_until, write_dataset

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
TCP = "127.0.0.1:0"
ANN, BEN, CAT = (f"{name}-token-0123456789" for name in ["anns", "bens", "cats"])
IMAGES = np.frombuffer(make_images(8, 3)[0], np.uint8).reshape(8, 1, SIDE, SIDE)


class SecurityTest(IntegrationTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shared = pathlib.Path(folder.name)
        cls.model = write_mlp(cls.shared / "model")
        cls.pem = make_certificates(cls.shared / "pem")

    def tls(self, cert="server", key=None, **more):
        """Options for a certificate and its key, and further files by option."""
        files = {"tls_cert": f"{cert}_cert", "tls_key": f"{key or cert}_key", **more}
        return [text for name, file in files.items() for text in (f"--{name}", self.pem[file])]

    def connect(self, address, ca=None, client=None, token=None):
        """A connection of its own, over TLS if there is a CA."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        if ca is None:
            channel = grpc.insecure_channel(address, options)
        else:
            own = [self.pem[f"{client}_{part}"] for part in ["key", "cert"]] if client else []
            credentials = grpc.ssl_channel_credentials(*[f.read_bytes() for f in [ca, *own]])
            channel = grpc.secure_channel(address, credentials, options)
        self.addCleanup(channel.close)
        return WithToken(channel, token) if token else channel

    def open(self, *arguments, **options):
        stream = Stream(self.connect(*arguments, **options))
        self.addCleanup(stream.half_close)
        stream.ask(open_message())
        return stream

    def assert_answers(self, stream):
        self.assertEqual(stream.ask(request_message(IMAGES)).targets.rows, 8)

    def assert_serves(self, *arguments, **options):
        stream = self.open(*arguments, **options)
        self.assert_answers(stream)
        stream.half_close()
        self.assertEqual(list(stream.responses), [])

    def assert_refuses(self, code, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as raised:
            self.open(*arguments, **options)
        self.assertEqual(raised.exception.code(), code, raised.exception.details())

    def comes_to_serve(self, *arguments, **options):
        def serves():
            try:
                self.assert_serves(*arguments, **options)
            except grpc.RpcError:
                return False
            return True

        wait_until(serves, "it is served")


class Tls(SecurityTest):
    def test_a_client_that_knows_the_authority_is_served_and_no_other(self):
        _, address = self.serve(self.model, TCP, *self.tls())
        self.assert_serves(address, self.pem["ca"])
        self.assert_refuses(UNAVAILABLE, address)
        self.assert_refuses(UNAVAILABLE, address, self.pem["foreign_ca"])
        self.assert_serves(address, self.pem["ca"])

    def test_with_a_client_authority_only_its_certificates_enter(self):
        _, address = self.serve(self.model, TCP, *self.tls(tls_client_ca="ca"))
        self.assert_serves(address, self.pem["ca"], "client")
        for client in [None, "foreign", "expired"]:
            with self.subTest(client=client):
                self.assert_refuses(UNAVAILABLE, address, self.pem["ca"], client)
        self.assert_serves(address, self.pem["ca"], "client")

    def test_certificates_are_replaced_under_load_without_an_error(self):
        live = {option: self.dir / option for option in ["tls_cert", "tls_key"]}
        new = make_certificates(self.dir / "new")
        for option, path in live.items():
            shutil.copy(self.pem[option.replace("tls", "server")], path)
        _, address = self.serve(self.model, TCP, *[f"--{o}={path}" for o, path in live.items()])
        stream = self.open(address, self.pem["ca"])
        enough = threading.Event()

        def keep_asking():
            while not enough.is_set():
                self.assert_answers(stream)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            load = pool.submit(keep_asking)
            try:
                for option, path in live.items():
                    staged = self.dir / "staged"
                    shutil.copy(new[option.replace("tls", "server")], staged)
                    os.rename(staged, path)
                self.comes_to_serve(address, new["ca"])
                self.assert_refuses(UNAVAILABLE, address, self.pem["ca"])
            finally:
                enough.set()
            load.result()
        self.assert_answers(stream)

    def test_certificates_that_cannot_work_are_1_with_the_file_and_leave_no_socket(self):
        broken = self.shared / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n")
        self.pem |= {"broken_cert": broken, "broken": broken, "no_key": self.dir / "no.key"}
        for what, options, file in [
                ("no certificate", self.tls(cert="broken", key="server"), "broken_cert"),
                ("another's key", self.tls(key="foreign"), "foreign_key"),
                ("no such key", self.tls(key="no"), "no_key"),
                ("expired", self.tls(cert="expired"), "expired_cert"),
                ("client authority", self.tls(tls_client_ca="broken"), "broken"),
        ]:
            with self.subTest(what=what):
                code, output = self.run_program(SERVER, "--model", self.model, "--listen",
                                                self.unix_address(), "--listen", TCP, *options)
                self.assertEqual(code, 1, output)
                self.assertIn(str(self.pem[file]), output)
                self.assertEqual(len(output.splitlines()), 1, output)
                self.assertEqual(list(self.dir.glob("teacher.sock*")), [])

    def test_an_open_address_needs_tls_or_a_word(self):
        code, output = self.run_program(SERVER, "--model", self.model, "--listen", "0.0.0.0:0")
        self.assertEqual(code, 2, output)
        self.assertIn("--allow_insecure", output)
        for options, ca in [(["--allow_insecure"], None), (self.tls(), self.pem["ca"])]:
            _, address = self.serve(self.model, "0.0.0.0:0", *options)
            self.assert_serves(address.replace("0.0.0.0", "127.0.0.1"), ca)


class BearerTokens(SecurityTest):
    def serve_with_tokens(self, text, *options):
        self.tokens = self.dir / "tokens"
        self.tokens.write_text(text)
        return self.serve(self.model, TCP, "--token_file", self.tokens, *options)

    def test_on_tcp_a_known_token_is_needed_and_on_a_unix_socket_none(self):
        _, address = self.serve_with_tokens(f"ann {ANN}\n", "--listen", self.unix_address())
        self.assert_serves(address, token=ANN)
        self.assert_refuses(UNAUTHENTICATED, address)
        self.assert_refuses(UNAUTHENTICATED, address, token=BEN)
        self.assert_refuses(UNAUTHENTICATED, address, token=ANN[:-1])
        self.assert_serves(self.unix_address())
        get_model = self.connect(address).unary_unary(GET_MODEL)
        with self.assertRaises(grpc.RpcError) as raised:
            get_model(b"")
        self.assertEqual(raised.exception.code(), UNAUTHENTICATED)

    def test_health_needs_no_token(self):
        _, address = self.serve_with_tokens(f"ann {ANN}\n", *self.tls())
        self.assert_refuses(UNAUTHENTICATED, address, self.pem["ca"])
        self.assertEqual(self.connect(address, self.pem["ca"]).unary_unary(HEALTH)(b""), SERVING)

    def test_a_token_has_its_streams_and_a_place_is_free_again_after_one_ended(self):
        _, address = self.serve_with_tokens(f"ann {ANN} 1\nben {BEN}\n", "--streams_per_token", "2")
        for token, streams in [(ANN, 1), (BEN, 2)]:
            held = [self.open(address, token=token) for _ in range(streams)]
            self.assert_refuses(grpc.StatusCode.RESOURCE_EXHAUSTED, address, token=token)
            held[0].half_close()
            self.assertEqual(list(held[0].responses), [])
            self.comes_to_serve(address, token=token)

    def test_a_replaced_token_file_is_followed(self):
        _, address = self.serve_with_tokens(f"ann {ANN}\n")
        old = self.open(address, token=ANN)
        for text, token in [(f"ben {BEN}\n", BEN), ("not a token\n", BEN), (f"cat {CAT}\n", CAT)]:
            (self.dir / "staged").write_text(text)
            os.rename(self.dir / "staged", self.tokens)
            self.comes_to_serve(address, token=token)
        self.assert_refuses(UNAUTHENTICATED, address, token=BEN)
        self.assert_answers(old)

    def test_the_trainer_sends_no_token_in_the_clear_over_a_network(self):
        (self.dir / "token").write_text(ANN)
        data = write_dataset(self.dir / "data")
        code, output = self.run_program(*self.train_arguments(
            data, "run", "--teacher", "teacher.example:1", "--token_file", self.dir / "token"))
        self.assertEqual(code, 2, output)
        self.assertIn("--token_file", output)
        self.assertFalse((self.dir / "run").exists())

    def test_a_trainer_with_certificate_and_token_is_served_and_counted(self):
        (self.dir / "token").write_text(ANN + "\n")
        server, address = self.serve_with_tokens(f"ann {ANN}\n", *self.tls(tls_client_ca="ca"))
        self.run_ok(*self.train_arguments(
            write_dataset(self.dir / "data"), "run", "--teacher", address, "--epochs", "1",
            "--token_file", self.dir / "token", "--allow_misaligned_teacher",
            *self.tls(cert="client", tls_ca="ca")))
        end = self.end("run")
        self.assertEqual(end["samples_with_targets"], 360)
        self.assertEqual(self.drain(server), 360 + end["probe_samples"])


class Operations(SecurityTest):
    def check_health(self, address, *options):
        return self.run_program(SERVER, f"--check_health={address}", *options)

    def test_check_health_says_by_its_exit_code_whether_a_server_serves(self):
        server, address = self.serve(self.model, self.unix_address())
        self.assertEqual(self.check_health(address)[0], 0)
        self.drain(server)
        code, output = self.check_health(address)
        self.assertEqual(code, 1, output)
        self.assertIn(address, output)
        _, address = self.serve(self.model, TCP, *self.tls(tls_client_ca="ca"))
        self.assertEqual(self.check_health(address, *self.tls(cert="client", tls_ca="ca"))[0], 0)
        for options, says in [
                ([], "a server that wants TLS closes connections without it: set --tls_ca, or --tls "),
                (["--tls_ca", self.pem["ca"]], "set --tls_cert and --tls_key"),
                (self.tls(cert="client", tls_ca="foreign_ca"), "; set --tls_ca to the authority"),
                (self.tls(cert="client", tls_ca="ca") + ["--tls_server_name", "other.test"],
                 "set --tls_server_name to it; the certificate is for localhost, 127.0.0.1")]:
            with self.subTest(options=options):
                code, output = self.check_health(address, *options)
                self.assertEqual(code, 1, output)
                self.assertIn(says, output)
                self.assert_error_follows_grammar(output)

    def test_a_draining_server_is_not_healthy(self):
        # Its answers are larger than what the system buffers, and this client reads none of them.
        wide = write_mlp(self.dir / "wide", classes=4096)
        server, address = self.serve(wide, self.unix_address())
        stream = self.open(address)
        for i in range(4):
            stream.send(request_message(np.repeat(IMAGES, 30, axis=0), request_id=i))
        self.assertEqual(self.check_health(address)[0], 0)
        server.signal(signal.SIGTERM)
        wait_until(lambda: "NOT_SERVING" in self.check_health(address)[1], "it is not healthy")
        self.assertIsNone(server.process.poll())
        self.assertEqual(self.check_health(address)[0], 1)
        stream.half_close()
        rows = [answer.targets.rows for answer in stream.responses if answer.HasField("targets")]
        self.assertEqual(rows, [240] * 4)
        self.assertEqual(server.wait(), 0, server.output)

    def test_weights_that_are_not_on_the_list_are_not_served(self):
        weights = self.model / "model.safetensors"
        total = hashlib.sha256(weights.read_bytes()).hexdigest()
        listed = self.dir / "listed"
        listed.write_text(f"# ours\n{'0' * 64}  other\n{total}  {weights}\n")
        _, address = self.serve(self.model, self.unix_address(), "--allowed_models", listed)
        self.assert_serves(address)
        listed.write_text(f"{'0' * 64}  {weights}\n")
        code, output = self.run_program(SERVER, "--model", self.model, "--listen",
                                        self.unix_address("other.sock"), "--allowed_models", listed)
        self.assertEqual(code, 1, output)
        self.assertIn(total, output)
        self.assertFalse((self.dir / "other.sock").exists())

    def test_a_unix_socket_is_its_owners_unless_said_otherwise(self):
        for name, options, mode in [("a.sock", [], 0o600),
                                    ("b.sock", ["--socket_mode", "660"], 0o660)]:
            self.serve(self.model, self.unix_address(name), *options)
            status = (self.dir / name).stat()
            self.assertEqual(stat.S_IMODE(status.st_mode), mode)
            self.assert_serves(self.unix_address(name))


if __name__ == "__main__":
    unittest.main()
