"""Compares an epoch of distillation with simple implementations in Python, in tests/bench/peers.

(a) Teacher and student in one PyTorch process, one after the other, on two cores; our programs share
    the cores.
(b) A plain grpcio server of numpy bytes and a trainer that sends requests ahead: one core each, as
    for our programs.

All have the same models, data, order of work, loss, optimizer, transport (a Unix socket) and OpenMP
settings, and take turns. To show that (b) is a fair peer, its student is also timed alone: in
process on its core, on hard labels, while the other core idles.
"""

import collections
import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import tempfile

import bench_lib
import bench_epochs
from bench_epochs import Effort, Epochs, Pair

TARGETS = ["teacher_server", "student_trainer", "make_model"]
PEERS = pathlib.Path("tests/bench/peers")
PYTHON = pathlib.Path(".venv/bin/python")

# The students in the form that the peers take.
STUDENTS = {
    "mlp_medium": ["--architecture", "mlp", "--arguments",
                   json.dumps({"hidden": [800, 800], "classes": 10})],
    "cifar_resnet20": ["--architecture", "cifar_resnet", "--arguments",
                       json.dumps({"depth": 20, "shortcut": "A", "classes": 10})],
}
# On the two shared cores, the best choice for our programs. (a) has two threads.
SERVER_THREADS, TRAINER_THREADS = 2, 2


@dataclasses.dataclass(frozen=True)
class Case:
    student: str  # of a pair
    batch: int
    peer: str  # "grpcio" or "in process"
    goal: float

    @property
    def name(self) -> str:
        cores = "one core each" if self.peer == "grpcio" else "two shared cores"
        pair = next(pair for pair in bench_epochs.PAIRS if pair.student == self.student)
        return f"{pair.name}, batch {self.batch}, {cores}"


CASES = [
    Case("mlp_medium", 128, "grpcio", 1.10),
    Case("mlp_medium", 32, "grpcio", 1.10),
    Case("mlp_medium", 128, "in process", 0.97),
    Case("cifar_resnet20", 128, "grpcio", 1.0),
    Case("cifar_resnet20", 128, "in process", 0.97),
]


@dataclasses.dataclass(frozen=True)
class Round:
    ours: Epochs
    theirs: Epochs
    alone: Epochs | None  # the student of (b)


class Sides:
    """All that runs one pair: servers that stay up, and idle, between the rounds."""

    def __init__(self, pair: Pair, effort: Effort):
        self._pair, self._effort = pair, effort
        self._cores = bench_epochs.two_cores()
        self._model = bench_lib.make_model(pair.teacher)
        self._data = bench_epochs.make_data(pair, effort.samples(pair))

    @contextlib.contextmanager
    def serving(self):
        teacher_core, both = {self._cores[0]}, set(self._cores)
        grpcio = [PYTHON, "-B", PEERS / "grpc_teacher.py", "--model", self._model, "--threads", 1,
                  "--batch_size", bench_epochs.MAX_BATCH]
        with (tempfile.TemporaryDirectory() as folder,
              bench_epochs.serve(self._model, f"{folder}/pinned", 1, teacher_core) as self._pinned,
              bench_epochs.serve(self._model, f"{folder}/shared", SERVER_THREADS,
                                 both) as self._shared,
              bench_lib.serving(grpcio, [f"unix:{folder}/grpcio"], teacher_core,
                                "server_grpcio") as self._grpcio):
            yield

    def measure(self, case: Case) -> Round:
        if case.peer == "in process":
            both = set(self._cores)
            return Round(self._ours(case.batch, TRAINER_THREADS, both, self._shared),
                         self._peer("in_process", case.batch, 2, both, self._model), None)
        core = {self._cores[1]}
        return Round(self._ours(case.batch, 1, core, self._pinned),
                     self._peer("grpc_trainer", case.batch, 1, core,
                                self._grpcio.addresses["unix"], self._grpcio.pid),
                     self._peer("in_process", case.batch, 1, core))

    def _ours(self, batch: int, threads: int, cores: set[int], server) -> Epochs:
        return bench_epochs.train(self._pair, self._data, self._effort, batch, threads, cores,
                                  server)

    def _peer(self, program: str, batch: int, threads: int, cores: set[int], teacher=None,
              server_pid: int | None = None) -> Epochs:
        metrics = bench_epochs.run_folder()
        command = [PYTHON, "-B", PEERS / f"{program}.py", "--train", self._data,
                   *STUDENTS[self._pair.student], "--epochs", self._effort.epochs, "--batch_size",
                   batch, "--lr", bench_epochs.LEARNING_RATE, "--threads", threads, "--metrics",
                   metrics]
        command += ["--teacher", teacher] if teacher else []
        return bench_epochs.run_epochs(command, metrics, cores, server_pid)


def measure(effort: Effort) -> dict[Case, list[Round]]:
    rounds = collections.defaultdict(list)
    for pair in bench_epochs.PAIRS:
        cases = [case for case in CASES if case.student == pair.student]
        sides = Sides(pair, effort)
        with sides.serving():
            for number in range(effort.rounds(pair)):
                for case in cases:
                    print(f"round {number + 1} of {effort.rounds(pair)}: {case.name}", flush=True)
                    rounds[case].append(sides.measure(case))
    return rounds


def check_python() -> None:
    done = subprocess.run([PYTHON, "-c", "import grpc, numpy, torch"], stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        bench_lib.fail("the peers take the torch package in .venv; where LibTorch is another one, "
                       f"put it there with pip:\n{done.stderr}")


def median(rounds: list[Round], value) -> float:
    return statistics.median(value(round_) for round_ in rounds)


def run(quick: bool) -> list[bench_lib.Row]:
    check_python()
    bench_epochs.prepare_environment()
    rounds_of = measure(bench_epochs.QUICK if quick else bench_epochs.FULL)
    rates, cpu, fair = [], [], []  # rows
    rate_table, cpu_table, fair_table = [], [], []
    for case, rounds in rounds_of.items():
        name = f"{case.name}, to {case.peer}"
        ratios = [r.ours.samples_per_s / r.theirs.samples_per_s for r in rounds]
        row = bench_lib.Row(name, round(median(rounds, lambda r: r.ours.samples_per_s), 1),
                            "samples/s", round(statistics.median(ratios), 3), case.goal, "higher")
        rates.append(row)
        rate_table.append([name, f"{row.value:.1f}",
                           f"{median(rounds, lambda r: r.theirs.samples_per_s):.1f}",
                           bench_lib.with_spread(ratios),
                           f"{case.goal:.2f} {'met' if row.met() else 'MISSED'}"])

        seen = [r for r in rounds
                if r.ours.cpu_seconds_per_1000 and r.theirs.cpu_seconds_per_1000]
        if seen:
            ratios = [r.ours.cpu_seconds_per_1000 / r.theirs.cpu_seconds_per_1000 for r in seen]
            cpu.append(bench_lib.Row(f"{name}, CPU time",
                                     round(median(seen, lambda r: r.ours.cpu_seconds_per_1000), 4),
                                     "CPU s / 1000 samples", round(statistics.median(ratios), 3)))
            cpu_table.append([name, f"{cpu[-1].value:.3f}",
                              f"{median(seen, lambda r: r.theirs.cpu_seconds_per_1000):.3f}",
                              bench_lib.with_spread(ratios)])
        if rounds[0].alone is None:
            continue
        ratios = [r.theirs.samples_per_s / r.alone.samples_per_s for r in rounds]
        alone = median(rounds, lambda r: r.alone.samples_per_s)
        fair.append(bench_lib.Row(f"{case.name}, grpcio to its student alone",
                                  round(median(rounds, lambda r: r.theirs.samples_per_s), 1),
                                  "samples/s", round(statistics.median(ratios), 3)))
        fair_table.append([case.name, f"{fair[-1].value:.1f}", f"{alone:.1f}",
                           bench_lib.with_spread(ratios)])
    print()
    bench_lib.print_table(["samples/s", "ours", "theirs", "ratio (spread)", "goal"], rate_table)
    print("\nCPU time of server and trainer together.")
    bench_lib.print_table(["CPU s / 1000 samples", "ours", "theirs", "ratio (spread)"], cpu_table)
    print("\nWhether grpcio is a fair peer: what it makes of its student's rate without a teacher.")
    bench_lib.print_table(["samples/s", "grpcio", "student alone", "ratio (spread)"], fair_table)
    return rates + cpu + fair


if __name__ == "__main__":
    bench_lib.main("peers", TARGETS, run)
