"""Measures the cost of serving: samples per second through teacher_server, against the same model in
process.

Both sides compute with the same number of threads, half of the cores, so that gRPC and the client
have their own cores, and in batches of the same size. They take turns, the server first, and each
idles while the other runs; a ratio is the median of the ratios of the rounds.

Forming a batch is measured by itself, without a model (batching_bench): a batch of 256 samples, in
requests of 8, with 65,536 samples queued and with 256, in turns in one process.

The memory of a start is the most that the server has had when it listens, with a model of about
480 MiB: as TorchScript and of the zoo, of convolutions and of linear layers.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import tempfile

import bench_lib

TARGETS = ["teacher_server", "teacher_load", "model_in_process", "make_model", "batching_bench"]
THREADS = max(1, len(os.sched_getaffinity(0)) // 2)


@dataclasses.dataclass(frozen=True)
class Case:
    model: str
    batch: int  # in process; the server's largest
    goal: float | None = None
    transport: str = "unix"
    streams: int = 1
    request_samples: int | None = None  # None: a batch
    in_flight: int = 2  # requests per stream: one is computed while another waits

    @property
    def name(self) -> str:
        samples = self.request_samples or self.batch
        one_stream = self.streams == 1
        load = f"{samples} a request" if one_stream else f"{self.streams} streams of {samples}"
        transport = "Unix socket" if self.transport == "unix" else "TCP"
        return f"{self.model}, {load}, {transport}"


CASES = [
    Case("small", 256, goal=0.90, in_flight=8),
    Case("small", 256, transport="tcp", in_flight=8),
    Case("middle", 256, goal=0.97),
    Case("middle", 32, goal=0.90, streams=8, request_samples=4, in_flight=4),
    Case("heavy", 16, goal=0.97),
]
# A batch of the heavy model takes seconds on a small machine.
QUICK_CASES = CASES[:-1] + [dataclasses.replace(CASES[-1], batch=4)]


@dataclasses.dataclass(frozen=True)
class Effort:
    rounds: int
    seconds: float  # of a side in a round, at least
    warmup: float
    batches: int  # of a side in a round, at least

    def duration(self, batch_seconds: float) -> float:
        return round(max(self.seconds, self.batches * batch_seconds), 3)

    def warmup_of(self, batch_seconds: float) -> float:
        return round(max(self.warmup, batch_seconds), 3)


FULL = Effort(rounds=5, seconds=4, warmup=1, batches=8)
QUICK = Effort(rounds=2, seconds=1, warmup=0.3, batches=2)


def measure(case: Case, model, effort: Effort) -> tuple[list[dict], list[dict]]:
    """Returns the measurements of the server and of the model in process, per round."""
    served, alone = [], []
    with (bench_lib.in_process(model, case.batch, THREADS) as measure_alone,
          bench_lib.serve(model, "--threads", THREADS,
                          "--max_batch_samples", case.batch) as addresses):
        one_batch = measure_alone(0, 0.2)["batch_ms"] / 1e3
        warmup, duration = effort.warmup_of(one_batch), effort.duration(one_batch)
        for _ in range(effort.rounds):
            served.append(bench_lib.run_json(
                bench_lib.BIN / "teacher_load", "--target", addresses[case.transport],
                "--streams", case.streams, "--request_samples",
                case.request_samples or case.batch, "--in_flight", case.in_flight,
                "--warmup", f"{warmup}s", "--duration", f"{duration}s"))
            alone.append(measure_alone(warmup, duration))
    for round_ in served:
        if round_["errors"] or round_["unanswered"]:
            bench_lib.fail(f"{case.name}: errors {round_['errors']}, unanswered: "
                           f"{round_['unanswered']}")
    return served, alone


FORMING = "forming a batch, 65,536 samples queued against 256"
FORMING_GOAL = 1.5
FORMING_ROUNDS, FORMING_QUICK_ROUNDS = 15, 5


def measure_forming(quick: bool) -> list[bench_lib.Row]:
    rounds = FORMING_QUICK_ROUNDS if quick else FORMING_ROUNDS
    done = subprocess.run([bench_lib.BIN / "batching_bench", "--rounds", str(rounds)],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        bench_lib.fail(f"batching_bench exited with {done.returncode}")
    rows, table = [], []
    for kind in json.loads(done.stdout):
        name = FORMING if kind["streams"] else f"{FORMING}, a stream per request"
        ratios = [many / few for many, few in zip(kind["many_us"], kind["few_us"])]
        row = bench_lib.Row(name, round(statistics.median(kind["many_us"]), 2), "us",
                            round(statistics.median(ratios), 3), FORMING_GOAL, "lower")
        rows.append(row)
        table.append([name, f"{row.value:.2f}", f"{statistics.median(kind['few_us']):.2f}",
                      bench_lib.with_spread(ratios),
                      f"{FORMING_GOAL:.2f} {'met' if row.met() else 'MISSED'}"])
    print()
    bench_lib.print_table(["us per batch", "65,536", "256", "ratio (spread)", "goal"], table)
    return rows


MEMORY_MODELS = ["convolutions", "linear"]
MEMORY_GOALS = {"TorchScript": 2.2, "zoo": 1.6}


def measure_memory() -> list[bench_lib.Row]:
    """The most memory that a server has taken when it listens, in sizes of its weights."""
    rows, table = [], []
    for kind, goal in MEMORY_GOALS.items():
        for name in MEMORY_MODELS:
            model = bench_lib.make_model(name, torchscript=kind == "TorchScript")
            weights = sum(path.stat().st_size for path in model.iterdir()) / bench_lib.MIB
            with (tempfile.TemporaryDirectory() as folder,
                  bench_lib.serving([bench_lib.BIN / "teacher_server", "--model", model,
                                     "--max_batch_samples", 1],
                                    [f"unix:{folder}/teacher.sock"]) as server):
                peak = bench_lib.peak_memory(server.pid) / bench_lib.MIB
            row = bench_lib.Row(f"memory at start, {kind}, {name}", round(peak), "MiB",
                                round(peak / weights, 3), goal, "lower")
            rows.append(row)
            table.append([row.case, f"{row.value}", f"{weights:.0f}", f"{row.ratio:.2f}",
                          f"{goal:.2f} {'met' if row.met() else 'MISSED'}"])
    print()
    bench_lib.print_table(["MiB", "peak", "weights", "ratio", "goal"], table)
    return rows


def median(rounds: list[dict], *keys: str) -> float:
    values = []
    for round_ in rounds:
        for key in keys:
            round_ = round_[key]
        values.append(round_)
    return statistics.median(values)


def run(quick: bool) -> list[bench_lib.Row]:
    effort, cases = (QUICK, QUICK_CASES) if quick else (FULL, CASES)
    models = {name: bench_lib.make_model(name) for name in dict.fromkeys(c.model for c in cases)}
    print(f"{effort.rounds} rounds a case; threads of the model: {THREADS}")
    rows, table, limits = [], [], []
    for case in cases:
        print(f"measuring: {case.name}", flush=True)
        served, alone = measure(case, models[case.model], effort)
        ratios = [s["samples_per_s"] / a["samples_per_s"] for s, a in zip(served, alone)]
        row = bench_lib.Row(case.name, round(median(served, "samples_per_s"), 2), "samples/s",
                            round(statistics.median(ratios), 3), case.goal,
                            case.goal and "higher")
        rows.append(row)
        goal = "" if case.goal is None else f"{case.goal:.2f} {'met' if row.met() else 'MISSED'}"
        table.append([case.name, f"{row.value:.1f}", f"{median(alone, 'samples_per_s'):.1f}",
                      bench_lib.with_spread(ratios), goal])
        limits.append([case.name] + [f"{value:.2f}" for value in (
            median(served, "server_queue_ms", "p50"), median(served, "server_compute_ms", "p50"),
            median(alone, "batch_ms"), median(served, "latency_ms", "p50"),
            median(served, "latency_ms", "p99"))]
            + [f"{median(served, 'sent_mb_per_s'):.1f}"])
    print()
    bench_lib.print_table(["samples/s", "served", "in process", "ratio (spread)", "goal"], table)
    print("\nWhat limits it: medians of what the server reported of a request, beside a batch in\n"
          "process. Time in the queue, and compute as in process: the model is the limit.")
    bench_lib.print_table(["ms", "queue", "compute", "in process", "latency", "p99", "MB/s sent"],
                          limits)
    print(f"\nmeasuring: {FORMING}", flush=True)
    rows += measure_forming(quick)
    print("\nmeasuring: memory at start", flush=True)
    return rows + measure_memory()


if __name__ == "__main__":
    bench_lib.main("service", TARGETS, run)
