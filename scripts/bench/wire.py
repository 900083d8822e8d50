"""Measures the cost of the stream: GB/s of soft targets down and of images up, against the bytes alone.

A side is a server and a client in two processes on this machine: the stream as it is in production
(TeacherServer with its batcher over a teacher that answers immediately, TeacherClient), a plain gRPC
service with generated code and a `bytes` field, and blocking sockets. On each, 8 requests are in
flight, which the byte limit of a stream permits at 1 MiB, and a payload is copied once where it is
received. A round measures every side once, in turn; a ratio is the median of the ratios of the
rounds. All are compared with the sockets over TCP in the same direction, or with protobuf.

Each side of the sockets has one thread, gRPC has several: if other work fills the cores, gRPC gets
more of them, and the ratios favour it. They are most meaningful on an idle machine.
"""

import dataclasses
import statistics

import bench_lib

TARGETS = ["wire_bench"]
DIRECTIONS = {"down": "1 MiB of soft targets down", "up": "1 MiB of images up"}
LONG = {"long_down": DIRECTIONS["down"], "long_up": DIRECTIONS["up"], "line": "the line itself"}
TRANSPORTS = {"tcp": "TCP", "unix": "Unix socket", "long": "TCP with a round trip of 40 ms"}
SMALL = "1 KiB answers"
FULL, QUICK = 15, 3  # rounds; each takes some ten seconds


@dataclasses.dataclass(frozen=True)
class Case:
    exchange: str
    transport: str
    side: str
    against: str | None = None  # a side over TCP, in the same exchange
    goal: float | None = None

    @property
    def key(self) -> str:
        return f"{self.exchange}/{self.transport}/{self.side}"

    @property
    def reference(self) -> str | None:
        return self.against and f"{self.exchange}/tcp/{self.against}"

    @property
    def name(self) -> str:
        side = {"sockets": "sockets alone", "protobuf": "plain protobuf",
                "stream_ahead": "stream with --read_ahead on"}.get(self.side, self.side)
        against = " against plain protobuf" if self.against == "protobuf" else ""
        what = (DIRECTIONS | LONG).get(self.exchange, SMALL)
        return f"{what}, {side}, {TRANSPORTS[self.transport]}{against}"


CASES = [
    case for exchange in DIRECTIONS for case in (
        Case(exchange, "tcp", "stream", "sockets", goal=0.65),
        Case(exchange, "unix", "stream", "sockets", goal=0.85),
        Case(exchange, "tcp", "stream", "protobuf", goal=1.1),
        Case(exchange, "tcp", "protobuf", "sockets"),
        Case(exchange, "tcp", "sockets"),
        Case(exchange, "unix", "sockets", "sockets"),
    )
] + [Case("small", transport, side) for side in ("stream", "protobuf", "sockets")
     for transport in ("tcp", "unix")] + [
    Case("line", "long", "sockets"),
    Case("long_up", "long", "stream_ahead", goal=0.2),
    Case("long_up", "long", "protobuf"),
    Case("long_down", "long", "stream_ahead", goal=0.2),
    Case("long_down", "long", "protobuf"),
]
KEYS = {case.key for case in CASES}


def measure_round(log) -> dict[str, dict]:
    """Returns the results of Google Benchmark for every case, by key."""
    figures = bench_lib.google_benchmark("wire_bench", log,
                                         f"--benchmark_filter=^({'|'.join(sorted(KEYS))})/")
    # "down/tcp/stream/iterations:512/real_time"
    return {"/".join(name.split("/")[:3]): figure for name, figure in figures.items()}


def figure_of(case: Case, round_: dict[str, dict]) -> float:
    figure = round_[case.key]
    if case.exchange == "small":
        return figure["items_per_second"]
    return figure["bytes_per_second"] / 1e9


def row_of(case: Case, rounds: list[dict]) -> tuple[bench_lib.Row, list[str]]:
    values = [figure_of(case, round_) for round_ in rounds]
    ratios, unit = None, "messages/s" if case.exchange == "small" else "GB/s"
    if case.reference:
        ratios = [r[case.key]["items_per_second"] / r[case.reference]["items_per_second"]
                  for r in rounds]
    row = bench_lib.Row(case.name, round(statistics.median(values), 3), unit,
                        ratios and round(statistics.median(ratios), 3), case.goal,
                        case.goal and "higher")
    goal = "" if case.goal is None else f"{case.goal:.2f} {'met' if row.met() else 'MISSED'}"
    value = f"{row.value:.0f}" if case.exchange == "small" else f"{row.value:.3f}"
    return row, [case.name, value, unit, bench_lib.with_spread(ratios) if ratios else "", goal]


def run(quick: bool) -> list[bench_lib.Row]:
    count, rounds = QUICK if quick else FULL, []
    print(f"{count} rounds, 8 requests in flight; ratios are against the sockets alone over TCP, "
          "or as they say")
    with open(bench_lib.OUT / "wire.log", "w") as log:
        for i in range(count):
            rounds.append(measure_round(log))
            print(f"measured: round {i + 1}", flush=True)
    rows, table = zip(*(row_of(case, rounds) for case in CASES))
    print()
    bench_lib.print_table(["case", "median", "unit", "ratio (spread)", "goal"], list(table))
    return list(rows)


if __name__ == "__main__":
    bench_lib.main("wire", TARGETS, run)
