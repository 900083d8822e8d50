"""What a teacher must answer, computed in float64, and whether float32 is sure to give the same.

Recorded answers must not depend on the CPU. Logits of material.py's models are exact, and so are
the dense encodings. The sparse ones take exponentials and logarithms, whose last bits differ from
one library or CPU to the next: what is recorded keeps a distance to all roundings and comparisons
that could then fall the other way.
"""

import numpy as np
from distill.v1 import teacher_pb2 as pb

from models import expected_logits
from sparse_targets import bits_for, HAVE_DRAWS, HAVE_K, log_softmax, NO_TAIL, pack

ERROR = 2.0**-20  # of a float32 result, relative and absolute: eight times what it should be
SURELY_0 = 2.0**-26  # 1 + x is 1 in float32
M = (1 << 64) - 1


class Unsure(Exception):
    """Another CPU could give other bytes."""


def half(logs):
    """float64 → float16 as the server rounds, wherever float32 is in its error."""
    logs = np.clip(logs, NO_TAIL, 0)
    error = ERROR * np.maximum(1, -logs)
    low, high = np.clip(logs - error, NO_TAIL, 0), np.clip(logs + error, NO_TAIL, 0)
    exact_0 = -logs < SURELY_0
    if ((low.astype("<f2") != high.astype("<f2")) & ~exact_0).any():
        raise Unsure("a logarithm is near the middle between two of float16")
    return np.where(exact_0, 0, logs).astype("<f2")


def bfloat16(values):
    bits = values.astype("<f4").view("<u4")
    return (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype("<u2")


def mix(*parts):
    """MixSeed of common/base/random.h."""
    mixed = 0
    for part in parts:
        z = ((mixed ^ part) + 0x9E3779B97F4A7C15) & M
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
        z = (z ^ z >> 27) * 0x94D049BB133111EB & M
        mixed = z ^ z >> 31
    return mixed


def draw(p, draws, seed):
    """p [rows, classes], each row summing to 1 → ids and counts [rows, draws]."""
    ids, counts = np.zeros((2, len(p), draws), np.int64)
    for row, cumulative in enumerate(p.cumsum(axis=1)):
        uniform = np.array([(mix(seed, row, j) >> 11) * 2.0**-53 for j in range(draws)])
        if (np.abs(cumulative[:, None] - uniform) < ERROR).any():
            raise Unsure("a draw is near the border of two classes")
        drawn, often = np.unique((cumulative[:, None] < uniform).sum(axis=0), return_counts=True)
        ids[row, :len(drawn)], counts[row, :len(drawn)] = drawn, often
    return ids, counts


def sparse_payloads(logits, spec, temperature, seed):
    classes, k = logits.shape[1], spec.k
    log_p = log_softmax(logits / np.float64(np.float32(temperature)))
    order = np.argsort(-log_p, axis=1, kind="stable")
    ordered = np.take_along_axis(logits, order[:, :k + 1], axis=1)
    if (np.diff(ordered, axis=1) == 0).any():
        raise Unsure("two of the most likely classes are equally likely")
    head = np.sort(order[:, :k], axis=1)
    # From the largest on, as a tail can be below what float64 holds.
    rest = np.take_along_axis(log_p, order[:, k:], axis=1)
    log_tail = rest[:, 0] + np.log(np.exp(rest - rest[:, :1]).sum(axis=1))
    ids, counts = head, None
    if spec.encoding in HAVE_DRAWS:
        others = np.exp(log_p - log_tail[:, None])
        np.put_along_axis(others, head, 0, axis=1)
        drawn, counts = draw(others, spec.draws, seed)
        ids = np.concatenate([head, drawn], axis=1)
    payloads = [pack(ids, bits_for(classes - 1))]
    if spec.encoding in HAVE_K:
        payloads += [half(np.take_along_axis(log_p, head, axis=1)).tobytes(),
                     half(log_tail).tobytes()]
    if counts is not None:
        payloads.append(pack(counts, bits_for(spec.draws)))
    return payloads


def payloads(logits, spec, temperature, seed):
    """logits: float64 [rows, classes], exact in float32. Raises Unsure."""
    maximum = logits.max(axis=1)
    below = logits - maximum[:, None]
    dense = {pb.TARGET_ENCODING_DENSE_F16: lambda: below.astype("<f2"),
             pb.TARGET_ENCODING_DENSE_BF16: lambda: bfloat16(below)}
    if spec.encoding == pb.TARGET_ENCODING_DENSE_F32:
        return [logits.astype("<f4").tobytes()]
    if spec.encoding in dense:
        return [dense[spec.encoding]().tobytes(), maximum.astype("<f4").tobytes()]
    return sparse_payloads(logits, spec, temperature, seed)


def check(model, class_names, calls):
    """Whether each recorded answer is the expected one, which no CPU can change. Returns their
    number."""
    answers_checked = 0
    for call in calls:
        if call[0].method != "Distill":
            continue
        client = [pb.DistillRequest.FromString(e.message) for e in call if e.sender == "client"]
        server = [pb.DistillResponse.FromString(e.message) for e in call if e.sender == "server"]
        opening = client[0].open
        order = [class_names.index(name) for name in opening.class_names or class_names]
        answers = {answer.targets.id: answer for answer in server[1:]}
        for message in client[1:]:
            request = message.request
            shape = request.tensors[0].shape
            pixels = np.frombuffer(message.payload[0], np.uint8).reshape(shape)
            logits = expected_logits(model, pixels)[:, order]
            expected = payloads(logits, opening.targets, request.temperature, request.seed)
            assert list(answers[request.id].payload) == expected, f"request {request.id}"
            answers_checked += 1
    return answers_checked
