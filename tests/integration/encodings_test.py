"""Every target encoding of the real server, as a plain Python client reads it."""

import unittest

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from error_grammar import follows_grammar
from models import expected_logits, write_mlp
from plain_client import open_message, request_message, Stream
from programs import IntegrationTest, make_images, SIDE
from sparse_targets import decode, log_softmax

CLASSES = 300
F32 = 1e-4  # how far the server's float32 may be from float64, logits being below 10
DENSE = {"f32": pb.TARGET_ENCODING_DENSE_F32, "f16": pb.TARGET_ENCODING_DENSE_F16,
         "bf16": pb.TARGET_ENCODING_DENSE_BF16}
TOP_K, SAMPLED = pb.TARGET_ENCODING_TOP_K, pb.TARGET_ENCODING_SAMPLED
HEAD_SAMPLED = pb.TARGET_ENCODING_HEAD_SAMPLED


def spec_of(encoding, k=0, draws=0):
    return pb.TargetSpec(encoding=encoding, k=k, draws=draws)


class Encodings(IntegrationTest):
    def setUp(self):
        super().setUp()
        model = write_mlp(self.dir / "model", classes=CLASSES)
        _, address = self.serve(model, self.unix_address())
        self.channel = grpc.insecure_channel(address)
        self.addCleanup(self.channel.close)
        raw, _ = make_images(24, seed=3)
        self.images = np.frombuffer(raw, np.uint8).reshape(24, 1, SIDE, SIDE)
        self.logits = expected_logits(model, self.images)

    def open(self, spec):
        stream = Stream(self.channel)
        message = open_message(spec.encoding, spec.k, spec.draws, batch_independent=True)
        self.assertEqual(stream.ask(message).opened.targets, spec)
        self.addCleanup(stream.half_close)
        return stream

    def payloads(self, stream, images, **fields):
        answer = stream.ask(request_message(images, **fields))
        self.assertEqual(answer.WhichOneof("kind"), "targets", answer)
        self.assertEqual(answer.targets.rows, len(images))
        self.assertEqual(answer.targets.classes, CLASSES)
        return answer.payload

    def sparse(self, stream, spec, images, **fields):
        return decode(self.payloads(stream, images, **fields), spec, len(images), CLASSES)

    def assert_head_is_exact(self, sparse, logits, temperature):
        k = sparse.head.shape[1]
        # An id is right if its logit is among the k largest, as far as float32 can tell.
        least = np.sort(logits, axis=1)[:, -k]
        chosen = np.take_along_axis(logits, sparse.head, axis=1)
        self.assertTrue((chosen > least[:, None] - F32).all())
        log_p = log_softmax(logits / temperature)
        others = np.exp(log_p)
        np.put_along_axis(others, sparse.head, 0, axis=1)
        expected = np.take_along_axis(log_p, sparse.head, axis=1)
        # float16 is coarser than 2^-10 of a value only below 2^-14.
        np.testing.assert_allclose(sparse.log_probabilities, expected, rtol=2**-10, atol=1e-5)
        np.testing.assert_allclose(sparse.log_tail, np.log(others.sum(axis=1)), rtol=2**-10,
                                   atol=1e-5)

    def assert_drawn_from(self, counts, p):
        """Of counts [classes], five sigma on either side: Pearson's test against the probabilities
        p, which draws that repeat each other fail, too; and the mean log-probability of what was
        drawn, which a wrong temperature shifts."""
        total = counts.sum()
        self.assertEqual(counts[p == 0].sum(), 0)
        log_p = np.log(p, where=p > 0, out=np.zeros(len(p)))
        mean = p @ log_p
        deviation = np.sqrt(p @ (log_p - mean) ** 2 / total)
        self.assertLess(abs(counts @ log_p / total - mean), 5 * deviation)
        expected = p * total
        often = expected >= 5
        observed = np.append(counts[often], counts[~often].sum())
        expected = np.append(expected[often], expected[~often].sum())
        if expected[-1] < 5:
            observed, expected = observed[:-1], expected[:-1]
        degrees = len(expected) - 1
        self.assertGreater(degrees, 20)
        chi_square = ((observed - expected) ** 2 / expected).sum()
        self.assertLess(abs(chi_square - degrees), 5 * np.sqrt(2 * degrees))

    def test_dense_logits_are_right_to_their_stated_errors(self):
        maximum = self.logits.max(axis=1, keepdims=True)
        for name, error in [("f32", 0), ("f16", 2**-11), ("bf16", 2**-8)]:
            with self.subTest(encoding=name):
                payloads = self.payloads(self.open(spec_of(DENSE[name])), self.images)
                if name == "f32":
                    below, rest = np.frombuffer(payloads[0], "<f4"), payloads[1:]
                    self.assertFalse(rest)
                    below = below.reshape(self.logits.shape) - maximum
                else:
                    half = payloads[0]
                    if name == "bf16":  # the upper half of a float32
                        below = (np.frombuffer(half, "<u2").astype("<u4") << 16).view("<f4")
                    else:
                        below = np.frombuffer(half, "<f2").astype(np.float64)
                    below = below.reshape(self.logits.shape)
                    self.assertTrue((below.max(axis=1) == 0).all())
                    np.testing.assert_allclose(np.frombuffer(payloads[1], "<f4")[:, None], maximum,
                                               atol=F32, rtol=0)
                np.testing.assert_allclose(below, self.logits - maximum, rtol=error, atol=F32)

    def test_top_k_are_the_k_most_likely_at_the_requests_temperature(self):
        for k in [1, 12, CLASSES - 1]:
            spec = spec_of(TOP_K, k=k)
            stream = self.open(spec)
            for temperature in [1, 4]:
                with self.subTest(k=k, temperature=temperature):
                    sparse = self.sparse(stream, spec, self.images, temperature=temperature)
                    self.assert_head_is_exact(sparse, self.logits, temperature)

    def test_top_k_of_all_classes_leaves_no_tail(self):
        spec = spec_of(TOP_K, k=CLASSES)
        sparse = self.sparse(self.open(spec), spec, self.images)
        self.assertTrue((sparse.head == np.arange(CLASSES)).all())
        self.assertTrue((sparse.log_tail == -65504).all())
        np.testing.assert_allclose(sparse.log_probabilities, log_softmax(self.logits / 2),
                                   rtol=2**-10, atol=1e-5)

    def test_draws_follow_the_distribution_and_the_seed(self):
        images, logits = np.repeat(self.images[:4], 50, axis=0), self.logits[:4]
        for spec in [spec_of(SAMPLED, draws=12), spec_of(HEAD_SAMPLED, k=6, draws=12)]:
            with self.subTest(spec=spec):
                stream, total = self.open(spec), np.zeros((4, CLASSES))
                head = None
                for seed in range(20):
                    sparse = self.sparse(stream, spec, images, seed=seed)
                    self.assertTrue((sparse.counts.sum(axis=1) == spec.draws).all())
                    if spec.k:
                        self.assert_head_is_exact(sparse, np.repeat(logits, 50, axis=0), 2)
                        head = sparse.head[::50]
                    total += sparse.tally(CLASSES).reshape(4, 50, CLASSES).sum(axis=1)
                p = np.exp(log_softmax(logits / 2))
                if head is not None:
                    np.put_along_axis(p, head, 0, axis=1)
                for row in range(4):
                    self.assert_drawn_from(total[row], p[row] / p[row].sum())
                again = [self.payloads(stream, images, seed=seed) for seed in [7, 7, 8]]
                self.assertEqual(again[0], again[1])
                self.assertNotEqual(again[0][-1], again[2][-1])

    def test_as_many_draws_as_can_be_agreed_are_drawn(self):
        spec = spec_of(HEAD_SAMPLED, k=CLASSES - 1, draws=4096)
        sparse = self.sparse(self.open(spec), spec, self.images)
        # One class is left to draw from.
        left = [set(range(CLASSES)) - set(head) for head in sparse.head]
        self.assertEqual([{id_} for id_ in sparse.drawn[:, 0]], left)
        self.assertTrue((sparse.counts[:, 0] == 4096).all())

    def test_a_parameter_that_does_not_fit_is_refused_by_name(self):
        for spec, says in [(spec_of(TOP_K), "`k` is 0; must be 1 to 300"),
                           (spec_of(TOP_K, k=-1), "`k` is -1; must be 1 to 300"),
                           (spec_of(TOP_K, k=301), "`k` is 301; must be 1 to 300"),
                           (spec_of(TOP_K, k=5, draws=1), "`draws` is 1; must be 0"),
                           (spec_of(SAMPLED), "`draws` is 0; must be 1 to 4096"),
                           (spec_of(SAMPLED, draws=4097), "`draws` is 4097; must be 1 to 4096"),
                           (spec_of(SAMPLED, k=1, draws=5), "`k` is 1; must be 0"),
                           (spec_of(HEAD_SAMPLED, k=300, draws=5), "`k` is 300; must be 1 to 299"),
                           (spec_of(HEAD_SAMPLED, k=5), "`draws` is 0; must be 1 to 4096"),
                           (spec_of(DENSE["f16"], k=1), "`k` is 1; must be 0"),
                           (spec_of(DENSE["f32"], draws=1), "`draws` is 1; must be 0")]:
            with self.subTest(spec=spec):
                stream = Stream(self.channel)
                with self.assertRaises(grpc.RpcError) as raised:
                    stream.ask(open_message(spec.encoding, spec.k, spec.draws))
                self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
                self.assertIn(says, raised.exception.details())
                self.assertTrue(follows_grammar(raised.exception.details()))
                stream.half_close()


if __name__ == "__main__":
    unittest.main()
