"""Makes new recordings with the programs in $DISTILL_BIN:

    DISTILL_BIN=build/release/bin PYTHONPATH=build/release/tests/integration/generated \
      .venv/bin/python -B tests/recordings/record.py sessions|configs|digests

That is seldom right: see README.md.
"""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

import exchanges
import margins
import runs
from material import images, labels_of, write_arrays, write_teacher
from models import expected_logits
from plain_client import GET_MODEL, open_message, request_message, Stream

NAMES = {"f32": pb.TARGET_ENCODING_DENSE_F32, "f16": pb.TARGET_ENCODING_DENSE_F16,
         "bf16": pb.TARGET_ENCODING_DENSE_BF16, "top_k": pb.TARGET_ENCODING_TOP_K,
         "sampled": pb.TARGET_ENCODING_SAMPLED, "head_sampled": pb.TARGET_ENCODING_HEAD_SAMPLED}
PARAMETERS = {"top_k": {"k": 3}, "sampled": {"draws": 6}, "head_sampled": {"k": 2, "draws": 5}}
TEMPERATURES = [0.01, 1, 2, 4]  # 0.01 is the C++ client's, when it compares the teacher with labels


def sure_images(model, count):
    """Images to which no CPU can answer with other bytes, in any encoding that is recorded, except
    for draws, which depend on the place in a request."""
    candidates = images("sessions", 8 * count, runs.SHAPE)
    sure = []
    for image, logits in zip(candidates, expected_logits(model, candidates)):
        try:
            for temperature in TEMPERATURES:
                for k in (2, 3):
                    spec = pb.TargetSpec(encoding=NAMES["top_k"], k=k)
                    margins.payloads(logits[None], spec, temperature, 0)
            sure.append(image)
        except margins.Unsure:
            pass
    assert len(sure) >= count, f"{len(sure)} of {len(candidates)} images are sure"
    print(f"{len(sure)} of {len(candidates)} images are sure; kept {count}")
    return np.stack(sure[:count])


def python_session(channel, encoding, fingerprint, inputs):
    """A client of plain protobuf messages: the model, and two streams."""
    get_model = channel.unary_unary(GET_MODEL)
    for name in ("", runs.TEACHER.name):
        get_model(pb.GetModelRequest(model=name).SerializeToString())
    openings = [{}, {"model": runs.TEACHER.name, "client": "python", "fingerprint": fingerprint,
                     "class_names": sorted(runs.CLASS_NAMES), "batch_independent": True}]
    seed = 1
    for opening in openings:
        stream = Stream(channel)
        stream.ask(open_message(NAMES[encoding], **PARAMETERS.get(encoding, {}), **opening))
        for i, (samples, temperature) in enumerate([(1, 1), (5, 2), (8, 4)]):
            answer = stream.ask(request_message(inputs[i:i + samples], request_id=2**40 * i + 1,
                                                temperature=temperature, seed=seed))
            assert answer.WhichOneof("kind") == "targets", answer
            seed = seed * 0x9E3779B97F4A7C15 % 2**64
        stream.half_close()
        assert list(stream.responses) == []


def record_sessions(recording):
    shutil.rmtree(runs.SESSIONS, ignore_errors=True)
    write_teacher(runs.TEACHER, runs.SHAPE, runs.CLASS_NAMES, "sessions")
    inputs = sure_images(runs.TEACHER, 40)
    order = [runs.DATA_NAMES.index(name) for name in runs.CLASS_NAMES]
    labels = np.array(order)[labels_of(runs.TEACHER, inputs)]
    write_arrays(runs.SESSIONS / "data" / "train.safetensors", inputs, labels, runs.DATA_NAMES)
    _, address = recording.serve_sessions(recording.unix_address())
    for encoding in runs.ENCODINGS:
        for client in ("cpp", "python"):
            listen = recording.unix_address(f"{client}_{encoding}.sock")
            recorder = exchanges.Recorder(listen, address)
            if client == "cpp":
                recording.run_ok(*runs.session_arguments(encoding, listen,
                                                         recording.dir / encoding))
            else:
                with grpc.insecure_channel(listen) as channel:
                    info = pb.GetModelResponse.FromString(
                        grpc.insecure_channel(address).unary_unary(GET_MODEL)(b"")).model
                    python_session(channel, encoding, info.fingerprint, inputs)
            recorder.stop()
            path = runs.SESSIONS / f"{client}_{encoding}.txt"
            exchanges.write(path, recorder.exchanges)
            checked = margins.check(runs.TEACHER, runs.CLASS_NAMES, exchanges.read(path))
            print(f"{path.name}: {len(recorder.exchanges)} messages, {checked} answers checked")


def record_configs(recording):
    """From the command lines in command_lines.json, each a list of what follows `train`."""
    command_lines = json.loads((runs.CONFIGS / "command_lines.json").read_text())
    runs.write_config_data(recording.dir)
    _, address = recording.serve(recording.dir / "teacher", recording.unix_address(),
                                 "--max_batch_samples", "32")
    for name, arguments in command_lines.items():
        recording.run_ok(runs.TRAINER, "train", *arguments, cwd=recording.dir)
        written = recording.dir / "runs" / name / "config.toml"
        shutil.copy(written, runs.CONFIGS / f"{name}.toml")
        print(f"{name}.toml: {len(written.read_text().splitlines())} lines")
    (runs.CONFIGS / "options.txt").write_text("\n".join(recording.option_names()) + "\n")


def record_digests(recording):
    """Adds those of this machine's CPU and LibTorch."""
    model = runs.write_digest_data(recording.dir)
    _, address = recording.serve(model, recording.unix_address(), "--max_batch_samples", "32")
    records = runs.read_digests() if runs.DIGESTS.exists() else []
    record = {"libtorch": runs.libtorch(address), "cpu": runs.cpu_model(), "digests": {},
              "sketches": {}}
    for student in runs.DIGEST_STUDENTS:
        first, second = (recording.digest_run(student, recording.dir, address, f"{student}_{i}")
                         for i in range(2))
        assert runs.digest(first) == runs.digest(second), f"{student}: two runs differ"
        record["digests"][student] = runs.digest(first)
        record["sketches"][student] = runs.sketch(first)
    same = lambda other: all(other[key] == record[key] for key in ("libtorch", "cpu"))
    records = [other for other in records if not same(other)] + [record]
    runs.write_digests(records)
    print(json.dumps({key: record[key] for key in ("libtorch", "cpu", "digests")}, indent=2))


RECORDERS = {"sessions": record_sessions, "configs": record_configs, "digests": record_digests}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RECORDERS:
        sys.exit(__doc__)
    recording = runs.RecordedRuns()
    recording.setUp()
    try:
        RECORDERS[sys.argv[1]](recording)
    finally:
        recording.doCleanups()
