#!/usr/bin/env python3
"""Writes the fuzzers' seeds, tests/fuzz/seeds/{frame,stream,answer}/, from readable messages.

Run it after a change of teacher.proto, with protoc and the packages of tests/requirements.txt:
.venv/bin/python tests/fuzz/make_seeds.py
"""
import importlib
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"


def load_messages():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={folder}",
                        "distill/v1/teacher.proto"], check=True)
        sys.path.insert(0, folder)
        return importlib.import_module("distill.v1.teacher_pb2")


pb = load_messages()


def open_stream(**fields):
    fields.setdefault("targets", pb.TargetSpec(encoding=pb.TARGET_ENCODING_DENSE_F32))
    return pb.DistillRequest(open=pb.Open(client="fuzz", **fields)).SerializeToString()


def request(id, tensors, payloads, **fields):
    fields.setdefault("temperature", 1.0)
    header = pb.Request(id=id, tensors=[pb.Tensor(dtype=dtype, shape=shape)
                                        for dtype, shape in tensors], **fields)
    return pb.DistillRequest(request=header, payload=payloads).SerializeToString()


def images(id, samples, **fields):
    return request(id, [(pb.DTYPE_UINT8, [samples, 2])], [b"\x07" * 2 * samples], **fields)


def sequences(id, samples, length):
    return request(id, [(pb.DTYPE_INT64, [samples, length]), (pb.DTYPE_FLOAT32, [samples, length])],
                   [b"\1\0\0\0\0\0\0\0" * samples * length, b"\0\0\x80\x3f" * samples * length])


def ragged(id, lengths, **fields):
    total = sum(lengths)
    header = pb.Request(id=id, temperature=1, tensors=[
        pb.Tensor(dtype=dtype, shape=[total], lengths=lengths)
        for dtype in (pb.DTYPE_INT64, pb.DTYPE_FLOAT32)], **fields)
    return pb.DistillRequest(request=header, payload=[
        b"\1\0\0\0\0\0\0\0" * total, b"\0\0\x80\x3f" * total]).SerializeToString()


# The steps of stream_fuzz.cc.
(MESSAGE, ANSWER, ANSWER_NEWEST, ANSWER_TOO_LARGE, FAIL, BEGIN_WRITE, END_WRITE, HALF_CLOSE, DRAIN,
 ABORT) = range(10)
WRITE = (BEGIN_WRITE, END_WRITE)
IMAGES, SEQUENCES = 0, 1  # the models


def stream(model, *steps):
    """Bytes are a message, numbers are steps."""
    data = bytes([model])
    for step in steps:
        if isinstance(step, bytes):
            data += bytes([MESSAGE]) + struct.pack("<H", len(step)) + step
        else:
            data += bytes([step])
    return data


# What was asked for, as answer_fuzz.cc reads it: the encoding's place in the enum, k - 1, draws - 1,
# classes - 1 (- 2 with head and draws), samples - 1.
def answer(encoding, k, draws, classes, samples, payloads, **fields):
    header = pb.Targets(**{"id": 1, "rows": samples, "classes": classes} | fields)
    least = 2 if k and draws else 1
    return (bytes([encoding, max(k - 1, 0), max(draws - 1, 0), classes - least, samples - 1])
            + pb.DistillResponse(targets=header, payload=payloads).SerializeToString())


def packed(values, bits):
    number = sum(value << (bits * place) for place, value in enumerate(values))
    return number.to_bytes((len(values) * bits + 7) // 8, "little")


def halves(*values):
    return struct.pack(f"<{len(values)}e", *values)


def frame(slice_size, message):
    return bytes([slice_size]) + message


OPENED = (open_stream(), *WRITE)
NESTED = b"\x0a\x06\x1a\x04\x0a\x02\x08\x01"  # messages within messages, where Open has others
SEEDS = {
    "frame/open": frame(0, open_stream(model="fuzzed", fingerprint="f" * 64,
                                       batch_independent=True)),
    "frame/open_with_names": frame(1, open_stream(class_names=["cat", "bee", "ant"])),
    "frame/request": frame(7, images(1, 4, seed=2**63 + 1, timeout_us=1500)),
    "frame/request_of_two": frame(0, sequences(300, 2, 3)),
    "frame/request_ragged": frame(0, ragged(300, [2, 1], row_mask=b"\x05")),
    "frame/payload_first": frame(3, b"\x7a\x02ab" + images(2, 1)),
    "frame/targets": frame(5, pb.DistillResponse(
        targets=pb.Targets(id=1, rows=2, classes=3, queue_us=10, compute_us=20),
        payload=[b"\0" * 24, b""]).SerializeToString()),
    "frame/error": frame(0, pb.DistillResponse(error=pb.Error(
        id=1, code=14, message="draining", reason=pb.REASON_DRAINING)).SerializeToString()),
    "frame/nested": frame(2, NESTED),
    "frame/group": frame(0, b"\x13\x08\x01\x14"),
    "frame/unknown_fields": frame(0, b"\x28\x01\x31" + b"8" * 8 + b"\x3d" + b"4" * 4),
    "frame/truncated": frame(0, images(1, 4)[:-3]),
    "frame/garbage": frame(4, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    "stream/one_request": stream(IMAGES, *OPENED, images(1, 4), ANSWER, *WRITE, HALF_CLOSE),
    "stream/names": stream(IMAGES, open_stream(class_names=["cat", "bee", "ant"]), *WRITE,
                           images(1, 2), FAIL, *WRITE),
    "stream/sequences": stream(SEQUENCES, *OPENED, sequences(1, 2, 3), sequences(2, 1, 5),
                               ANSWER_NEWEST, ANSWER, *WRITE, *WRITE),
    "stream/ragged": stream(SEQUENCES, open_stream(ragged=True, max_rows_per_sample=9), *WRITE,
                            ragged(1, [2, 3]), ragged(2, [1, 9], row_mask=b"\xff\x03"),
                            ragged(3, [4, 1], row_mask=b"\x12"), ANSWER, ANSWER, *WRITE, *WRITE),
    "stream/ragged_refused": stream(SEQUENCES, open_stream(ragged=True), *WRITE,
                                    ragged(1, [2, 0]),
                                    ragged(3, [2, 2], row_mask=b"\x03"),
                                    ragged(4, [2, 2], row_mask=b"\x0f\x00"), sequences(5, 2, 3),
                                    *WRITE),
    "stream/credits": stream(IMAGES, *OPENED, images(1, 64), images(2, 64), images(3, 1), ANSWER,
                             *WRITE, images(4, 30)),
    "stream/id_again": stream(IMAGES, *OPENED, images(1, 1), ANSWER, BEGIN_WRITE, images(1, 2),
                              END_WRITE, images(1, 3)),
    "stream/refused": stream(IMAGES, *OPENED, images(1, 65), images(2, 1, temperature=-1.0),
                             images(3, 1, timeout_us=-1), sequences(4, 1, 1),
                             request(5, [(pb.DTYPE_UINT8, [2**62, 2**62])], [b"x"]), *WRITE),
    "stream/too_large": stream(IMAGES, *OPENED, images(1, 1), ANSWER_TOO_LARGE, *WRITE),
    "stream/drain": stream(IMAGES, *OPENED, images(1, 1), DRAIN, images(2, 1), *WRITE, ANSWER,
                           *WRITE, *WRITE),
    "stream/second_open": stream(IMAGES, *OPENED, images(1, 1), open_stream(), ANSWER),
    "stream/no_open": stream(IMAGES, images(1, 1)),
    "stream/no_such_model": stream(IMAGES, open_stream(model="other")),
    "stream/abort": stream(IMAGES, *OPENED, images(1, 1), ABORT, ANSWER, *WRITE),
    "stream/nested": stream(IMAGES, NESTED),
    "answer/f32": answer(0, 0, 0, 3, 2, [struct.pack("<6f", *range(6))]),
    "answer/f32_nan": answer(0, 0, 0, 2, 1, [b"\0" * 4 + b"\xff" * 4]),
    "answer/f16": answer(1, 0, 0, 3, 1, [halves(0, -1, -2), struct.pack("<f", 7)]),
    "answer/bf16": answer(2, 0, 0, 2, 1, [b"\0\0\x80\xbf", struct.pack("<f", 7)]),
    "answer/top_k": answer(3, 2, 0, 10, 1, [packed([3, 8], 4), halves(-1, -1), halves(-1.328)]),
    "answer/top_k_sum": answer(3, 2, 0, 10, 1, [packed([3, 8], 4), halves(0, -1), halves(-1)]),
    "answer/sampled": answer(4, 0, 3, 10, 2, [packed([3, 8, 0], 4) * 2, packed([1, 2, 0], 2) * 2]),
    "answer/sampled_more": answer(4, 0, 3, 10, 1, [packed([3, 8, 9], 4), packed([1, 2, 1], 2)]),
    "answer/head_sampled": answer(5, 2, 3, 10, 1, [packed([3, 8, 1, 9, 0], 4), halves(-1, -1),
                                                   halves(-1.328), packed([2, 1, 0], 2)]),
    "answer/rows": answer(0, 0, 0, 3, 2, [b"\0" * 36], rows=3),
    "answer/opened": bytes([3, 1, 0, 9, 0]) + pb.DistillResponse(opened=pb.Opened(
        model=pb.ModelInfo(name="m", fingerprint="f" * 64, architecture="a", classes=10,
                           inputs=[pb.InputSpec(name="x", dtype=pb.DTYPE_UINT8, shape=[4])]),
        targets=pb.TargetSpec(encoding=pb.TARGET_ENCODING_TOP_K, k=2),
        limits=pb.Limits(credits=64, max_request_samples=64, max_message_bytes=1 << 20))
    ).SerializeToString(),
    "stream/garbage": stream(IMAGES, *OPENED, b"\xff\xff\xff"),
}

for name, data in SEEDS.items():
    path = HERE / "seeds" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
