"""The real trainer learns from a plain Python server's sparse targets, and refuses bad ones."""

import unittest

import numpy as np
from distill.v1 import teacher_pb2 as pb

from plain_server import plain, PlainServer
from programs import IntegrationTest, NAMES, write_dataset
from sparse_targets import pack, unpack

EPOCHS, SAMPLES = 4, 360  # an epoch: without the validation part
FIVE = [*NAMES, "none"]  # ids of five classes take three bits, which hold 7, too
K, DRAWS = 3, 6
OPTIONS = {"f32": [], "top_k": ["--k", K], "sampled": ["--draws", DRAWS],
           "head_sampled": ["--k", K, "--draws", DRAWS]}


def spoilt(part, change):
    """A layout whose payload `part` is change(payload, rows)."""
    def layout(targets, payloads):
        payloads[part] = change(payloads[part], targets.rows)
        return plain(targets, payloads)
    return layout


def packed(n, bits, change):
    """Changes the values [n] of the last row in place."""
    def change_payload(raw, rows):
        values = unpack(raw, rows, n, bits)
        change(values[-1])
        return pack(values, bits)
    return change_payload


def halves(*values):
    """The float16 [len(values)] of every row are these."""
    return lambda raw, rows: np.tile(np.array(values, "<f2"), rows).tobytes()


def nan_logit(raw, _):
    return raw[:-4] + np.array(np.nan, "<f4").tobytes()


def shorter(raw, _):
    return raw[:-1]


def longer(raw, _):
    return raw + b"\0"


def put(*values):
    """The first values of a row are these."""
    def change(row):
        row[:len(values)] = values
    return change


def drawn(*values):
    """The places of the draws are these, behind the head's."""
    def change(row):
        row[K:] = values
    return change


def without_the_last(targets, payloads):
    return plain(targets, payloads[:-1])


def with_one_more(targets, payloads):
    return plain(targets, payloads + [b"more"])


def head(change):
    return spoilt(0, packed(K, 3, change))


def counts(*values):
    return spoilt(-1, packed(DRAWS, 3, put(*values)))


def draw_from_the_head(row):
    row[K:] = [row[0]] + [0] * (DRAWS - 1)


def drawn_from_the_head(targets, payloads):
    payloads[0] = packed(K + DRAWS, 3, draw_from_the_head)(payloads[0], targets.rows)
    payloads[-1] = packed(DRAWS, 3, put(DRAWS, *[0] * (DRAWS - 1)))(payloads[-1], targets.rows)
    return plain(targets, payloads)


# Of an answer: its encoding, how it is laid out, and what the trainer reports.
BREACHES = {
    "id_too_large": ("top_k", head(put(0, 1, 5)), "ids of row"),
    "ids_descend": ("top_k", head(put(2, 1, 3)), "ids of row"),
    "id_twice": ("top_k", head(put(1, 1, 3)), "ids of row"),
    "drawn_id_too_large": ("sampled", spoilt(0, packed(DRAWS, 3, put(7))), "ids of row"),
    "id_in_an_unused_place": ("head_sampled", spoilt(0, packed(K + DRAWS, 3, drawn(*range(6)))),
                              "ids of row"),
    "drawn_from_the_head": ("head_sampled", drawn_from_the_head, "is in the head, and drawn"),
    "sum_above_1": ("top_k", spoilt(1, halves(*[np.log(0.4)] * K)), "log_probabilities of row"),
    "sum_below_1": ("top_k", spoilt(1, halves(-9, -9, -9)), "log_probabilities of row"),
    "positive_logarithm": ("head_sampled", spoilt(1, halves(-9, 0.5, -9)),
                           "log_probabilities of row"),
    "nan_logarithm": ("top_k", spoilt(1, halves(-9, np.nan, -9)), "log_probabilities of row"),
    "infinite_logarithm": ("top_k", spoilt(1, halves(-1, -1, -np.inf)),
                           "log_probabilities of row"),
    "positive_tail": ("top_k", spoilt(2, halves(0.5)), "tail of row"),
    "nan_logit": ("f32", spoilt(0, nan_logit), "logits: an element is NaN"),
    "more_draws": ("sampled", counts(7, 0, 0, 0, 0, 0), "counts of row 15: 7 draws, where 6"),
    "fewer_draws": ("sampled", counts(5, 0, 0, 0, 0, 0), "counts of row 15: 5 draws, where 6"),
    "more_draws_of_the_tail": ("head_sampled", counts(5, 2, 0, 0, 0, 0), "counts of row"),
    "a_gap_in_the_counts": ("sampled", counts(0, 6, 0, 0, 0, 0), "counts of row"),
    "short_ids": ("sampled", spoilt(0, shorter), "targets as sampled: ids"),
    "long_ids": ("top_k", spoilt(0, longer), "targets as top_k: ids"),
    "short_tail": ("top_k", spoilt(2, shorter), "targets as top_k: tail"),
    "long_counts": ("head_sampled", spoilt(3, longer), "targets as head_sampled: counts"),
    "no_counts": ("head_sampled", without_the_last, "is 3; must be 4 with the encoding head_sampled"),
    "one_part_more": ("top_k", with_one_more, "is 4; must be 3 with the encoding top_k"),
}


def granting(**fields):
    """A grant that differs from what was asked for."""
    def grant(asked):
        granted = pb.TargetSpec()
        granted.CopyFrom(asked)
        for name, value in fields.items():
            setattr(granted, name, value)
        return granted
    return grant


class SparseServer(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data", names=FIVE)

    def serve_plain(self, name, **how):
        server = PlainServer(self.unix_address(f"{name}.sock"), names=FIVE, **how)
        self.addCleanup(server.stop)
        return server

    def arguments(self, run, server, encoding):
        return self.train_arguments(self.data, run, "--teacher", server.address, "--epochs", EPOCHS,
                                    "--batch_size", "32", "--alpha", "1", "--encoding", encoding,
                                    *OPTIONS[encoding])

    def assert_breach(self, name, encoding, says, **how):
        server = self.serve_plain(name, **how)
        code, output = self.run_program(*self.arguments(name, server, encoding))
        self.assertEqual(code, 1, output)
        self.assertIn("broke the contract", output)
        self.assertIn(says, output)
        self.assert_error_follows_grammar(output)
        self.assertIn(server.address, output)

    def test_a_student_learns_from_every_sparse_encoding(self):
        for encoding in ["top_k", "sampled", "head_sampled"]:
            with self.subTest(encoding=encoding):
                server = self.serve_plain(encoding)
                self.run_ok(*self.arguments(encoding, server, encoding))
                end = self.end(encoding)
                self.assertGreater(end["test"]["accuracy"], 0.9)
                self.assertEqual(end["samples_with_targets"], EPOCHS * SAMPLES)
                self.assertEqual(end["samples_without_targets"], 0)
                self.assertEqual(server.samples,
                                 end["samples_with_targets"] + end["probe_samples"])
                # No draws are made twice.
                self.assertEqual(len(set(server.seeds)), len(server.seeds))

    def test_a_bad_answer_fails_the_run_and_its_part_is_named(self):
        for name, (encoding, layout, says) in BREACHES.items():
            with self.subTest(breach=name):
                self.assert_breach(name, encoding, says, layout=layout)

    def test_a_grant_of_something_else_fails_the_run(self):
        for name, encoding, granted in [
                ("other_encoding", "top_k", {"encoding": pb.TARGET_ENCODING_DENSE_F16, "k": 0}),
                ("other_k", "top_k", {"k": K + 1}),
                ("other_draws", "head_sampled", {"draws": DRAWS - 1}),
                ("no_encoding", "sampled", {"encoding": pb.TARGET_ENCODING_UNSPECIFIED})]:
            with self.subTest(granted=granted):
                self.assert_breach(name, encoding, "Opened.targets", grant=granting(**granted))


if __name__ == "__main__":
    unittest.main()
