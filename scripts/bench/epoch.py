"""Compares the time of an epoch of distillation with the time of student and teacher, each alone.

With one core each, the epoch is compared with the longer of the two, both timed at once on the same
cores, as they share the memory bandwidth. With shared cores, it is compared with their sum, each timed
with both cores. The student alone trains on hard labels, without a client of the teacher; the teacher
alone is the model in process, without a server, in batches of the size of requests. No program can be
faster than that, so the ratio includes all costs of serving, transport and the loss of soft targets.
"""

import dataclasses
import statistics
import tempfile

import bench_lib
import bench_epochs
from bench_epochs import Effort, Pair

TARGETS = ["teacher_server", "student_trainer", "model_in_process", "make_model"]
BATCH = 128
GOAL = 1.05
TEACHER_SECONDS = 0.2  # of one measurement of the teacher alone, or a batch


@dataclasses.dataclass(frozen=True)
class Round:
    """The seconds of an epoch."""
    distilled: float
    student: float
    teacher: float


def beside_each_other(pair: Pair, data, effort: Effort, model, pins: tuple[int, int],
                      ) -> tuple[float, float]:
    """Times the student and the teacher while the other runs at the same time, unconnected."""
    measured = []  # (epochs that had ended when it began, what the teacher did)
    with bench_lib.in_process(model, BATCH, 1, {pins[0]}) as measure_teacher:
        student = bench_epochs.train(
            pair, data, effort, BATCH, 1, {pins[1]},
            meanwhile=lambda ended: measured.append((ended, measure_teacher(0, TEACHER_SECONDS))))
    # Not the last one, which may reach beyond the student's end, unless they are too few: in a
    # quick run on a busy machine.
    counted = ([teacher for ended, teacher in measured[:-1] if ended > 0]
               or [teacher for _, teacher in measured])
    seconds = sum(teacher["seconds"] for teacher in counted)
    samples = sum(teacher["batches"] * teacher["batch"] for teacher in counted)
    return student.epoch_seconds, seconds / samples * effort.samples(pair)


def one_core_each(pair: Pair, data, effort: Effort, model, pins, server) -> Round:
    distilled = bench_epochs.train(pair, data, effort, BATCH, 1, {pins[1]}, server)
    return Round(distilled.epoch_seconds,
                 *beside_each_other(pair, data, effort, model, pins))


def shared_cores(pair: Pair, data, effort: Effort, model, pins, server) -> Round:
    distilled = bench_epochs.train(pair, data, effort, BATCH, 2, set(pins), server)
    student = bench_epochs.train(pair, data, effort, BATCH, 2, set(pins))
    with bench_lib.in_process(model, BATCH, 2, set(pins)) as measure_teacher:
        rate = measure_teacher(TEACHER_SECONDS, 1 if effort.quick else 4)["samples_per_s"]
    return Round(distilled.epoch_seconds, student.epoch_seconds, effort.samples(pair) / rate)


def measure(pair: Pair, effort: Effort, pins) -> tuple[list[Round], list[Round]]:
    model = bench_lib.make_model(pair.teacher)
    data = bench_epochs.make_data(pair, effort.samples(pair))
    pinned, shared = [], []
    with (tempfile.TemporaryDirectory() as folder,
          bench_epochs.serve(model, f"{folder}/pinned", 1, {pins[0]}) as pinned_server,
          bench_epochs.serve(model, f"{folder}/shared", 2, set(pins)) as shared_server):
        for number in range(effort.rounds(pair)):
            print(f"measuring: {pair.name}, round {number + 1} of {effort.rounds(pair)}", flush=True)
            pinned.append(one_core_each(pair, data, effort, model, pins, pinned_server))
            shared.append(shared_cores(pair, data, effort, model, pins, shared_server))
    return pinned, shared


def run(quick: bool) -> list[bench_lib.Row]:
    bench_epochs.prepare_environment()
    effort = bench_epochs.QUICK if quick else bench_epochs.FULL
    pins = bench_epochs.two_cores()
    rows, table = [], []
    for pair in bench_epochs.PAIRS:
        pinned, shared = measure(pair, effort, pins)
        for where, rounds, bound in [
                ("one core each", pinned, lambda r: max(r.student, r.teacher)),
                ("two shared cores", shared, lambda r: r.student + r.teacher)]:
            ratios = [round_.distilled / bound(round_) for round_ in rounds]
            row = bench_lib.Row(f"{pair.name}, {where}",
                                round(statistics.median(r.distilled for r in rounds), 3), "s",
                                round(statistics.median(ratios), 3), GOAL, "lower")
            rows.append(row)
            medians = [statistics.median(getattr(r, side) for r in rounds)
                       for side in ("distilled", "student", "teacher")]
            table.append([row.case, *(f"{seconds:.2f}" for seconds in medians),
                          "longer" if where == "one core each" else "sum",
                          bench_lib.with_spread(ratios),
                          f"{GOAL:.2f} {'met' if row.met() else 'MISSED'}"])
    print(f"\nSeconds of an epoch in batches of {BATCH}; medians.")
    bench_lib.print_table(["pair, cores", "distilled", "student", "teacher", "against",
                           "ratio (spread)", "goal"], table)
    return rows


if __name__ == "__main__":
    bench_lib.main("epoch", TARGETS, run)
