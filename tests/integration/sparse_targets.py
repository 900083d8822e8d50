"""The sparse encodings of soft targets in numpy, made from the words of the .proto alone."""

import dataclasses

import numpy as np
from distill.v1 import teacher_pb2 as pb

HAVE_K = [pb.TARGET_ENCODING_TOP_K, pb.TARGET_ENCODING_HEAD_SAMPLED]
HAVE_DRAWS = [pb.TARGET_ENCODING_SAMPLED, pb.TARGET_ENCODING_HEAD_SAMPLED]
NO_TAIL = -65504


def bits_for(largest):
    """How many bits a packed value takes."""
    return max(1, int(largest).bit_length())


def pack(values, bits):
    """values: integers [rows, n]. The bytes of all rows."""
    places = values[:, :, None] >> np.arange(bits) & 1  # [rows, n, bits], the lowest first
    flat = places.astype(np.uint8).reshape(len(values), -1)
    return np.packbits(flat, axis=1, bitorder="little").tobytes()


def unpack(raw, rows, n, bits):
    """The inverse: int64 [rows, n]. What is left of a row's last byte must be 0."""
    packed = np.frombuffer(raw, np.uint8).reshape(rows, (n * bits + 7) // 8)
    flat = np.unpackbits(packed, axis=1, bitorder="little")
    assert not flat[:, n * bits:].any(), "bits behind the last value"
    return flat[:, :n * bits].reshape(rows, n, bits).astype(np.int64) @ (1 << np.arange(bits))


def log_softmax(logits):
    below = logits - logits.max(axis=1, keepdims=True)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def to_half(logarithms):
    return np.clip(logarithms, NO_TAIL, 0).astype("<f2").tobytes()


def encode(logits, spec, temperature, rng):
    """logits [rows, classes] → the payloads of an answer."""
    log_p = log_softmax(np.asarray(logits, np.float64) / temperature)
    rows, classes = log_p.shape
    k = spec.k
    head = np.sort(np.argsort(-log_p, axis=1, kind="stable")[:, :k], axis=1)  # [rows, k]
    others = np.exp(log_p)
    np.put_along_axis(others, head, 0, axis=1)
    tail = others.sum(axis=1)
    ids, counts = np.zeros((2, rows, spec.draws), np.int64)
    for row in range(rows if spec.draws else 0):
        drawn = rng.multinomial(spec.draws, others[row] / tail[row])
        used = np.flatnonzero(drawn)
        ids[row, :len(used)], counts[row, :len(used)] = used, drawn[used]
    payloads = [pack(np.concatenate([head, ids], axis=1), bits_for(classes - 1))]
    if spec.encoding in HAVE_K:
        log_tail = np.log(tail, where=tail > 0, out=np.full(rows, float(NO_TAIL)))
        payloads += [to_half(np.take_along_axis(log_p, head, axis=1)), to_half(log_tail)]
    if spec.encoding in HAVE_DRAWS:
        payloads.append(pack(counts, bits_for(spec.draws)))
    return payloads


@dataclasses.dataclass
class Sparse:
    """What sparse payloads say; an encoding without a part has it with no column."""

    head: np.ndarray  # ids of the most likely: int64 [rows, k]
    log_probabilities: np.ndarray  # float64 [rows, k]
    log_tail: np.ndarray  # float64 [rows], or None
    drawn: np.ndarray  # ids: int64 [rows, draws]
    counts: np.ndarray  # int64 [rows, draws]

    def tally(self, classes):
        """How often each class was drawn: [rows, classes]."""
        total = np.zeros((len(self.drawn), classes), np.int64)
        np.add.at(total, (np.arange(len(self.drawn))[:, None], self.drawn), self.counts)
        return total


def decode(payloads, spec, rows, classes):
    """Also asserts what the .proto says about order and unused places."""
    payloads = list(payloads)
    ids = unpack(payloads.pop(0), rows, spec.k + spec.draws, bits_for(classes - 1))
    log_probabilities, log_tail = np.zeros((rows, 0)), None
    counts = np.zeros((rows, 0), np.int64)
    if spec.encoding in HAVE_K:
        halves = np.frombuffer(payloads.pop(0), "<f2").reshape(rows, spec.k)
        log_probabilities = halves.astype(np.float64)
        log_tail = np.frombuffer(payloads.pop(0), "<f2").astype(np.float64)
        assert log_tail.shape == (rows,)
    if spec.encoding in HAVE_DRAWS:
        counts = unpack(payloads.pop(0), rows, spec.draws, bits_for(spec.draws))
    assert not payloads, "payloads that the encoding does not have"
    head, drawn = ids[:, :spec.k], ids[:, spec.k:]
    assert (ids < classes).all()
    assert (np.diff(head, axis=1) > 0).all(), "the head's ids do not ascend"
    assert (drawn[counts == 0] == 0).all(), "an id in an unused place"
    # The places in use come first, and their ids ascend.
    used = counts > 0
    assert (used[:, :-1] | ~used[:, 1:]).all(), "an unused place before a used one"
    assert (np.diff(drawn, axis=1) > 0)[used[:, 1:]].all(), "the drawn ids do not ascend"
    return Sparse(head, log_probabilities, log_tail, drawn, counts)
