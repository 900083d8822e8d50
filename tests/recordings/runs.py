"""The runs that were recorded: how their data are made, and how the programs are started."""

import hashlib
import json
import os
import pathlib
import re

import grpc
import numpy as np

from distill.v1 import teacher_pb2 as pb

from material import images, labels_of, write_arrays, write_image_folder, write_png, write_teacher
from models import read_tensors
from plain_client import GET_MODEL
from programs import IntegrationTest, TRAINER

HERE = pathlib.Path(__file__).resolve().parent
SESSIONS, CONFIGS, DIGESTS = HERE / "sessions", HERE / "configs", HERE / "digests.json"

# ---------------------------------------------------------------------------------------- sessions

TEACHER = SESSIONS / "teacher"
SHAPE = (1, 6, 6)
CLASS_NAMES = [f"class {i}" for i in range(20)]
DATA_NAMES = CLASS_NAMES[::-1]  # the data have the classes in another order than the model
SERVER_OPTIONS = ["--device", "cpu", "--max_batch_samples", "32"]

# --encoding, and the other options of the C++ client's session with it.
ENCODINGS = {"f32": [], "f16": [], "bf16": ["--deterministic"], "top_k": ["--k", 3],
             "sampled": ["--draws", 6, "--deterministic"],
             "head_sampled": ["--k", 2, "--draws", 5]}


def session_arguments(encoding, address, run_dir):
    return [TRAINER, "train", "--train", SESSIONS / "data" / "train.safetensors", "--val_count", 8,
            "--student", "mlp_small", "--student_arguments", '{"hidden": [8]}',
            "--teacher", address, "--encoding", encoding, *ENCODINGS[encoding], "--epochs", 2,
            "--batch_size", 8, "--seed", 7, "--threads", 1, "--run_dir", run_dir]


# ----------------------------------------------------------------------------------------- configs

COLOURS = ["blue", "green", "grey", "red"]


def write_config_data(folder: pathlib.Path):
    """All that the recorded config.toml files name, by paths relative to `folder`."""
    shape = (3, 16, 16)
    model = write_teacher(folder / "teacher", shape, COLOURS, "colours 4")
    for name, per_class in [("photos", 12), ("photos_val", 3), ("photos_test", 3)]:
        write_image_folder(folder / name, model, images(name, 200, shape), COLOURS, per_class)
    for i, image in enumerate(images("photos_unlabelled", 12, shape)):
        write_png(folder / "photos_unlabelled" / f"{i}.png", image)
    for name, count in [("arrays", 80), ("arrays_test", 16)]:
        inputs = images(name, count, shape)
        write_arrays(folder / name / "data.safetensors", inputs, labels_of(model, inputs), COLOURS)
    (folder / "names.txt").write_text("\n".join(COLOURS) + "\n")
    (folder / "token").write_text("a-token-of-the-recorded-runs\n")
    return model


# ----------------------------------------------------------------------------------------- digests

STEPS, BATCH = 30, 8
DIGITS = [f"digit {i}" for i in range(10)]
# The rate of ResNet-20 is low, so that other roundings do not grow until the weights are others.
DIGEST_STUDENTS = {"mlp": ["--student", "mlp_small", "--lr", 0.1],
                   "resnet20": ["--student", "cifar_resnet20", "--lr", 0.003]}

# The code paths that every x86-64 CPU has, in ATen, MKL, oneDNN, OpenBLAS and libm, on one thread.
PORTABLE = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE",
            "ONEDNN_MAX_CPU_ISA": "SSE41", "DNNL_MAX_CPU_ISA": "SSE41",
            "OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F"}


def portable_environment():
    return os.environ | PORTABLE


def write_digest_data(folder: pathlib.Path):
    shape = (3, 16, 16)
    model = write_teacher(folder / "teacher", shape, DIGITS, "digits 6")
    inputs = images("digits", STEPS * BATCH + 16, shape)
    write_arrays(folder / "data" / "train.safetensors", inputs, labels_of(model, inputs), DIGITS)
    return model


def digest_arguments(student, folder, address, run_dir):
    """One epoch of STEPS batches: the best epoch's weights, which the run keeps, are the last."""
    return [TRAINER, "train", "--train", folder / "data" / "train.safetensors", "--val_count", 16,
            *DIGEST_STUDENTS[student], "--teacher", address, "--encoding", "f16", "--alpha", 0.7,
            "--epochs", 1, "--batch_size", BATCH, "--pad", 1, "--flip", "--seed", 3, "--threads", 1,
            "--deterministic", "--run_dir", run_dir]


def digest(model: pathlib.Path):
    """SHA-256 of a model's tensors: their names, types, shapes and bytes, not the file's layout."""
    total = hashlib.sha256()
    for name, tensor in sorted(read_tensors(model / "model.safetensors").items()):
        total.update(f"{name} {tensor.dtype.str} {list(tensor.shape)}\n".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def sketch(model: pathlib.Path):
    """Two numbers of each tensor, which tell weights that differ by roundings alone from others:
    the norm, and the product with a fixed unit vector."""
    numbers = {}
    for name, tensor in read_tensors(model / "model.safetensors").items():
        flat = tensor.astype(np.float64).ravel()
        direction = np.cos(0.7 * np.arange(len(flat)))
        product = flat @ direction / np.linalg.norm(direction)
        numbers[name] = f"{np.linalg.norm(flat):.6g} {product:.6g}"
    return numbers


def cpu_model():
    """As /proc/cpuinfo names it: what the vendor calls it, and family, model and stepping."""
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    return "{} {} (family {}, model {}, stepping {})".format(*(
        fields.get(name, "?") for name in ["vendor_id", "model name", "cpu family", "model",
                                           "stepping"]))


def libtorch(address):
    """The LibTorch that the programs compute with, as the server at the address says."""
    with grpc.insecure_channel(address) as channel:
        answer = channel.unary_unary(GET_MODEL)(b"")
    numerics = pb.GetModelResponse.FromString(answer).numerics
    return f"{numerics.libtorch_version} ({numerics.blas})"


def read_digests():
    return json.loads(DIGESTS.read_text())


def write_digests(records):
    DIGESTS.write_text(json.dumps(records, indent=1) + "\n")


class RecordedRuns(IntegrationTest):
    """What the test and record.py do with the programs."""

    def serve_sessions(self, listen):
        return self.serve(TEACHER, listen, *SERVER_OPTIONS)

    def run_config(self, config, folder):
        """Runs as a user with the file would: in the folder that its paths are relative to."""
        return self.run_program(TRAINER, "train", "--config", config, cwd=folder)

    def option_names(self):
        """The options that `student_trainer train` says it has."""
        help_text = self.run_ok(TRAINER, "train", "--help")
        return sorted(set(re.findall(r"^ +(?:-\w,)?--(\w+)", help_text, re.MULTILINE)))

    def digest_run(self, student, folder, address, run):
        self.run_ok(*digest_arguments(student, folder, address, self.dir / run),
                    env=portable_environment())
        return self.dir / run / "model"
