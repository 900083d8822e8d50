"""Measures the cost of the target encodings in bytes and time, and their effect on a student's gradient.

It measures bytes per row, and rows written and read per second on one thread; then the angle between
the exact gradient of a linear student head and the one under each encoding
(tests/bench/gradient_angle.cc), for one draw and for the mean over many, which shows the bias.
"""

import json
import math
import subprocess

import bench_lib

TARGETS = ["encodings_bench", "gradient_angle"]
# Payload bytes per row at 128,000 classes, 12 entries.
GOAL_BYTES = {"sampled": 36, "head_sampled": 46, "top_k": 52}
PEAKED, FLAT = 1.5, 5.5  # nats at 16,000 classes
BETWEEN = (2.5, 3.5, 4.5)
AVERAGED = 64
# If the head holds this much of the mass, head_sampled 6+6 must beat sampled 12. With less it
# loses, since it has half the draws.
HEAD_MASS = 0.35


def costs(quick: bool, log) -> tuple[list[bench_lib.Row], list[list[str]]]:
    figures = bench_lib.google_benchmark("encodings_bench", log,
                                         f"--benchmark_min_time={0.1 if quick else 1}")
    rows, table = [], []
    for name, figure in figures.items():
        what, classes, encoding = name.split("/")
        if what != "encode":
            continue
        size = figure["bytes_per_row"]
        goal = GOAL_BYTES.get(encoding) if classes == "128000" else None
        case = f"{encoding}, {int(classes):,} classes"
        row = bench_lib.Row(f"{case}, payload", size, "bytes per row", None, goal, goal and "lower")
        rows.append(row)
        speeds = [figures[f"{side}/{classes}/{encoding}"]["items_per_second"]
                  for side in ("encode", "decode")]
        rows += [bench_lib.Row(f"{case}, {side}", round(speed), "rows/s")
                 for side, speed in zip(("encode", "decode"), speeds)]
        table.append([case, f"{size:,.0f}", verdict(row)] + [f"{s:,.0f}" for s in speeds])
    return rows, table


def verdict(row: bench_lib.Row) -> str:
    return "" if row.goal is None else f"{row.goal:g} {'met' if row.met() else 'MISSED'}"


def angles(log, *arguments) -> list[dict]:
    command = [bench_lib.BIN / "gradient_angle", *arguments]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=log,
                          text=True)
    if done.returncode != 0:
        bench_lib.fail(f"gradient_angle exited with {done.returncode}; see {log.name}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_teacher(lines: list[dict]) -> dict[float, tuple[float, dict[str, dict]]]:
    """Entropy of the teacher → the mass of its six likeliest classes, and what was measured."""
    teachers = {}
    for line in lines:
        if "mass_of_6" in line:
            teachers[line["entropy"]] = (line["mass_of_6"], {})
        else:
            teachers[line["entropy"]][1][line["encoding"]] = line
    return teachers


def gradient_rows(lines: list[dict]) -> tuple[list[bench_lib.Row], list[list[str]]]:
    rows, table = [], []
    for entropy, (_, measured) in by_teacher(lines).items():
        for encoding, line in measured.items():
            case = f"{encoding}, entropy {entropy}"
            rows.append(bench_lib.Row(f"{case}, one draw", round(line["degrees"], 3), "degrees"))
            mean = line.get("degrees_of_mean")
            if mean is not None:
                rows.append(bench_lib.Row(f"{case}, mean over {AVERAGED}", round(mean, 3),
                                          "degrees"))
            table.append([case, str(line["bytes_per_row"]), f"{line['degrees']:.2f}",
                          "" if mean is None else f"{mean:.2f}"])
    return rows, table


def falls(lines: list[dict]) -> tuple[list[bench_lib.Row], list[list[str]]]:
    """With n times the draws the error is 1/sqrt(n) times as large if there is no bias. The error is
    perpendicular to the exact gradient, so the tangent of the angle decreases at this rate."""
    rows, table = [], []

    def add(what: str, few: float, many: float, root: int):
        ratio = math.tan(math.radians(few)) / math.tan(math.radians(many))
        row = bench_lib.Row(what, round(few, 3), "degrees", round(ratio, 3), 0.9 * root, "higher")
        rows.append(row)
        table.append([what, f"{ratio:.2f}", f"{root}", verdict(row)])

    for entropy, (_, measured) in by_teacher(lines).items():
        for few, many in (("sampled 12", "sampled 48"), ("head_sampled 6+6", "head_sampled 6+24")):
            add(f"{few} against {many}, entropy {entropy}", measured[few]["degrees"],
                measured[many]["degrees"], 2)
            add(f"{few}, one draw against the mean over {AVERAGED}, entropy {entropy}",
                measured[few]["degrees"], measured[few]["degrees_of_mean"], math.isqrt(AVERAGED))
    return rows, table


def heads(lines: list[dict]) -> tuple[list[bench_lib.Row], list[list[str]]]:
    rows, table = [], []
    for entropy, (mass, measured) in sorted(by_teacher(lines).items()):
        angle = measured["head_sampled 6+6"]["degrees"]
        ratio = angle / measured["sampled 12"]["degrees"]
        goal = 1.0 if mass >= HEAD_MASS else None
        row = bench_lib.Row(f"head_sampled 6+6 against sampled 12, head mass {mass:.2f}",
                            round(angle, 3), "degrees", round(ratio, 3), goal, goal and "lower")
        rows.append(row)
        note = verdict(row) or ("draws half as often, and loses" if ratio > 1 else "")
        table.append([f"entropy {entropy}, head mass {mass:.2f}", f"{ratio:.2f}", note])
    return rows, table


def run(quick: bool) -> list[bench_lib.Row]:
    with open(bench_lib.OUT / "encodings.log", "w") as log:
        print("measuring: rows per second, on one thread", flush=True)
        cost_rows, cost_table = costs(quick, log)
        print("measuring: angles", flush=True)
        lines = angles(log, "--entropy", PEAKED, FLAT, "--averaged", AVERAGED)
        between = angles(log, "--entropy", *BETWEEN, "--averaged", 0, "--sampled_alone")
    angle_rows, angle_table = gradient_rows(lines)
    fall_rows, fall_table = falls(lines)
    head_rows, head_table = heads(lines + between)
    print()
    bench_lib.print_table(
        ["12 entries (6+6)", "bytes per row", "goal", "rows/s encoded", "decoded"], cost_table)
    print("\nThe angle between the exact gradient and the one under an encoding: a linear head of\n"
          "width 64, 16,000 classes, a batch of 2,048 rows.")
    bench_lib.print_table(["degrees", "bytes per row", "one draw", f"mean over {AVERAGED}"],
                          angle_table)
    print("\nMore draws, by the angles' tangents:")
    bench_lib.print_table(["", "ratio", "1/sqrt", "goal"], fall_table)
    print("\nhead_sampled 6+6 against sampled 12:")
    bench_lib.print_table(["angle", "ratio", "goal"], head_table)
    return cost_rows + angle_rows + fall_rows + head_rows


if __name__ == "__main__":
    bench_lib.main("encodings", TARGETS, run)
