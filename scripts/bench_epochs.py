"""Shared by the benchmarks of training: pairs of a teacher and a student, their data, epochs.

The time of an epoch is the one that trainers write to metrics.jsonl, one line per epoch. The first
epoch of a run is not counted, since processes warm up and queues fill; nor is the last, since queues
run empty.
"""

import dataclasses
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import time
from collections.abc import Callable

import bench_lib

RUNS = bench_lib.OUT / "runs"
# Random weights teach badly: a small rate keeps the loss finite.
LEARNING_RATE = 0.01
# The server's largest batch. On a CPU larger ones are no faster.
MAX_BATCH = 128
POLL_SECONDS = 0.05


@dataclasses.dataclass(frozen=True)
class Pair:
    name: str
    teacher: str  # of bench_lib.MODELS
    student: str  # of the zoo
    shape: tuple[int, ...]  # of a sample, as IDX files have it
    samples: int  # of an epoch
    quick_samples: int
    # A machine's speed drifts from one second to the next, so the sides take turns often.
    rounds: int
    quick_rounds: int


PAIRS = [
    Pair("MLP", "mlp_large", "mlp_medium", (28, 28), 20480, 6144, rounds=7, quick_rounds=4),
    Pair("ResNet-56 to 20", "resnet56", "cifar_resnet20", (3, 32, 32), 1536, 384, rounds=3,
         quick_rounds=2),
]


@dataclasses.dataclass(frozen=True)
class Effort:
    epochs: int  # of a run
    quick: bool

    def rounds(self, pair: Pair) -> int:
        return pair.quick_rounds if self.quick else pair.rounds

    def samples(self, pair: Pair) -> int:
        return pair.quick_samples if self.quick else pair.samples


FULL = Effort(epochs=5, quick=False)
QUICK = Effort(epochs=3, quick=True)


@dataclasses.dataclass(frozen=True)
class Epochs:
    """The counted epochs of a run."""
    samples_per_s: float
    epoch_seconds: float  # their mean
    # CPU time of the trainer in these epochs, and of the server for everything it answered, since
    # it works ahead of the trainer. None if the end of an epoch was missed because of other work.
    cpu_seconds_per_1000: float | None


def prepare_environment() -> None:
    """Sets the same environment for all sides; student_trainer and teacher_server set it anyway."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def two_cores() -> tuple[int, int]:
    """Returns two CPUs that do not share a core of the hardware, if possible."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        bench_lib.fail("this benchmark takes two cores, and there is one")
    topology = pathlib.Path(f"/sys/devices/system/cpu/cpu{cores[0]}/topology/thread_siblings")
    siblings = int(topology.read_text().replace(",", ""), 16) if topology.exists() else 0
    return cores[0], next((core for core in cores[1:] if not siblings >> core & 1), cores[1])


def write_idx(path: pathlib.Path, shape: tuple[int, ...], data: bytes) -> None:
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    path.write_bytes(header + data)


def make_data(pair: Pair, samples: int) -> pathlib.Path:
    """Makes a folder of random images with random labels, which take the same time as real ones."""
    folder = bench_lib.OUT / "data" / pair.teacher
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(0)
    write_idx(folder / "train-images-idx3-ubyte", (samples, *pair.shape),
              generator.randbytes(samples * math.prod(pair.shape)))
    write_idx(folder / "train-labels-idx1-ubyte", (samples,),
              bytes(byte % 10 for byte in generator.randbytes(samples)))
    return folder


def run_folder() -> pathlib.Path:
    """Returns a new folder; those of earlier runs are removed."""
    shutil.rmtree(RUNS, ignore_errors=True)
    RUNS.mkdir(parents=True)
    return RUNS / "run"


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def records(metrics: pathlib.Path) -> list[dict]:
    """Returns the records that a run has written so far."""
    text = metrics.read_text() if metrics.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def epochs_of(run: list[dict]) -> list[dict]:
    return [record for record in run if record["kind"] == "epoch"]


def run_epochs(command: list, metrics: pathlib.Path, cores: set[int], server_pid: int | None = None,
               meanwhile: Callable[[int], None] = lambda ended: time.sleep(POLL_SECONDS)) -> Epochs:
    """Runs a trainer to its end, and counts its CPU time and that of the server.

    `meanwhile` is called repeatedly while it runs, with the number of epochs that have ended.
    """
    trainer_at = {}  # CPU seconds so far, by the epochs that ended
    server_before = cpu_seconds(server_pid) if server_pid else 0
    with (open(bench_lib.OUT / "trainer.log", "w") as log,
          bench_lib.started(command, cores, stdout=log, stderr=subprocess.STDOUT) as process):
        while process.poll() is None:
            ended = len(epochs_of(records(metrics)))
            if ended not in trainer_at:
                trainer_at[ended] = cpu_seconds(process.pid)
            meanwhile(ended)
        if process.returncode != 0:
            bench_lib.fail(f"{command[0]} exited with {process.returncode}; see {log.name}")
    server = cpu_seconds(server_pid) - server_before if server_pid else 0

    run = records(metrics)
    epochs = epochs_of(run)
    counted = epochs[1:-1]
    seconds = counted[-1]["seconds"] - epochs[0]["seconds"]
    samples = sum(epoch["samples"] for epoch in counted)
    served = sum(epoch["samples"] for epoch in epochs) + run[-1].get("probe_samples", 0)
    cpu = None
    if 1 in trainer_at and len(epochs) - 1 in trainer_at:
        trainer = trainer_at[len(epochs) - 1] - trainer_at[1]
        cpu = 1000 * (trainer / samples + server / served)
    return Epochs(samples_per_s=samples / seconds, epoch_seconds=seconds / len(counted),
                  cpu_seconds_per_1000=cpu)


def train(pair: Pair, data: pathlib.Path, effort: Effort, batch: int, threads: int,
          cores: set[int], server: bench_lib.Server | None = None, **options) -> Epochs:
    """Runs student_trainer; on hard labels if there is no server."""
    run = run_folder()
    command = [bench_lib.BIN / "student_trainer", "train", "--train", data, "--val_count", 0,
               "--validate_every", effort.epochs, "--student", pair.student, "--epochs",
               effort.epochs, "--batch_size", batch, "--lr", LEARNING_RATE, "--threads", threads,
               "--run_dir", run]
    if server is not None:
        command += ["--teacher", server.addresses["unix"], "--allow_misaligned_teacher"]
    return run_epochs(command, run / "metrics.jsonl", cores, server and server.pid, **options)


def serve(model: pathlib.Path, socket: str, threads: int, cores: set[int]):
    """Runs a teacher_server on a Unix socket during a block, and gives a Server."""
    return bench_lib.serving(
        [bench_lib.BIN / "teacher_server", "--model", model, "--threads", threads,
         "--max_batch_samples", MAX_BATCH], [f"unix:{socket}"], cores,
        log_name=f"server_{pathlib.Path(socket).name}")
