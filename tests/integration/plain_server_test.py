"""The real trainer learns from a plain Python gRPC server, made from the .proto alone."""

import unittest

from plain_server import payload_first, plain, PlainServer, with_unknown_fields
from programs import IntegrationTest, write_dataset

EPOCHS, SAMPLES = 2, 360  # an epoch: without the validation part


def with_another_id(targets, payloads):
    targets.id += 1000
    return plain(targets, payloads)


def with_a_row_more(targets, payloads):
    targets.rows += 1
    return plain(targets, payloads)


def with_a_class_less(targets, payloads):
    targets.classes -= 1
    return plain(targets, payloads)


def with_bytes_missing(targets, payloads):
    return plain(targets, [payload[:-4] for payload in payloads])


def without_payload(targets, _):
    return plain(targets, [])


class PlainServerTest(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def serve_plain(self, listen, **how):
        server = PlainServer(listen, **how)
        self.addCleanup(server.stop)
        return server

    def arguments(self, run, server, encoding):
        return self.train_arguments(self.data, run, "--teacher", server.address, "--epochs", EPOCHS,
                                    "--batch_size", "32", "--alpha", "1", "--encoding", encoding)

    def train(self, run, server, encoding):
        """Trains, and holds the counts of both sides together."""
        self.run_ok(*self.arguments(run, server, encoding))
        end = self.end(run)
        self.assertEqual(end["samples_with_targets"], EPOCHS * SAMPLES)
        self.assertEqual(end["samples_without_targets"], 0)
        self.assertGreater(end["probe_samples"], 0)
        self.assertEqual(server.samples, end["samples_with_targets"] + end["probe_samples"])
        return [record["loss"] for record in self.epochs(run)]

    def test_every_layout_of_an_answer_trains_the_same(self):
        for encoding in ["f32", "f16"]:
            losses = {}
            for layout in [plain, payload_first, with_unknown_fields]:
                with self.subTest(encoding=encoding, layout=layout.__name__):
                    name = f"{encoding}_{layout.__name__}"
                    server = self.serve_plain(self.unix_address(f"{name}.sock"), layout=layout)
                    losses[layout] = self.train(name, server, encoding)
                    self.assertEqual(losses[layout], losses[plain])

    def test_answers_in_another_order_find_their_requests(self):
        straight = self.serve_plain("127.0.0.1:0")
        reverse = self.serve_plain("127.0.0.1:0", reverse=True)
        losses = self.train("straight", straight, "f32")
        self.assertEqual(self.train("reverse", reverse, "f32"), losses)
        self.assertEqual(straight.overtaken, 0)
        self.assertGreater(reverse.overtaken, EPOCHS * SAMPLES // 64)

    def test_a_breach_fails_the_run_and_is_named(self):
        for layout, says in [(with_another_id, "it is not in flight"),
                             (with_a_row_more, "17 rows instead of 16"),
                             (with_a_class_less, "3 classes instead of 4"),
                             (with_bytes_missing, "bytes"),
                             (without_payload, "payload")]:
            with self.subTest(breach=layout.__name__):
                name = layout.__name__
                server = self.serve_plain(self.unix_address(f"{name}.sock"), layout=layout)
                code, output = self.run_program(*self.arguments(name, server, "f32"))
                self.assertEqual(code, 1, output)
                self.assertIn("broke the contract", output)
                self.assertIn(says, output)
                self.assert_error_follows_grammar(output)
                self.assertIn(server.address, output)


if __name__ == "__main__":
    unittest.main()
