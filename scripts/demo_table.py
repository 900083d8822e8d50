"""Prints the demo's table and what it means, and writes results.json.

    demo_table.py FOLDER                 the server has ended; its last line is in FOLDER/server.out
    demo_table.py FOLDER --metrics URL   the server still runs, and has its metrics at URL

Reads what the programs wrote into the folder: evaluation.json and each run's metrics.jsonl. Exits 1 if
the server and the trainers count differently.
"""

import argparse
import json
import pathlib
import re
import sys
import urllib.request

MODELS = ["teacher", "student_alone", "student_distilled", "student_soft_only"]
DISTILLED = ["student_distilled", "student_soft_only"]
LEARNED_FROM = {
    "teacher": "all labels",
    "student_alone": "3,000 labels",
    "student_distilled": "3,000 labels + soft targets",
    "student_soft_only": "soft targets alone",
}


def read_end(run: pathlib.Path) -> dict:
    """The record that a finished run writes last."""
    last = (run / "metrics.jsonl").read_text().splitlines()[-1]
    record = json.loads(last)
    if record["kind"] != "end":
        sys.exit(f"demo_table.py: {run} has not finished")
    return record


def read_samples_served(demo: pathlib.Path, metrics: str | None) -> int:
    if metrics:
        with urllib.request.urlopen(metrics, timeout=10) as response:
            text, pattern = response.read().decode(), r"^distill_samples_total\{.*\} (\d+)$"
    else:
        text, pattern = (demo / "server.out").read_text(), r"samples_served=(\d+)"
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        sys.exit("demo_table.py: the server did not say how many samples it answered")
    return int(found.group(1))


def mebibytes(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"


def print_models(results: dict) -> None:
    print(f"{'model':<18} {'learned from':<28} {'parameters':>10} {'size':>10} "
          f"{'test errors':>11} {'accuracy':>9} {'latency':>9} {'samples/s':>10}")
    for name in MODELS:
        r = results[name]
        print(f"{name.replace('_', ' '):<18} {LEARNED_FROM[name]:<28} {r['parameters']:>10,} "
              f"{r['bytes'] / 1024:>6.0f} KiB {r['errors']:>11,} {r['accuracy']:>9.2%} "
              f"{r['latency_ms']:>6.2f} ms {r['samples_per_s']:>10,.0f}")
    print("Test errors of 10,000 images. Latency: one image, one thread. All models chose their best epoch "
          "on the same\n5,000 labelled validation images, the student on soft targets alone, too: no "
          "label was in its training.")


def print_wire(ends: dict, served: int, consumed: int, may_differ: bool) -> None:
    for name in DISTILLED:
        e = ends[name]
        moved = e["bytes_sent"] + e["bytes_received"]
        print(f"{name.replace('_', ' '):<18} {e['samples_with_targets']:,} training and "
              f"{e['probe_samples']:,} probe samples distilled over the wire, {mebibytes(moved)} "
              f"({mebibytes(e['bytes_sent'])} images, {mebibytes(e['bytes_received'])} soft targets), "
              f"{e['seconds_waiting'] / e['seconds']:.0%} of the time spent waiting for the teacher")
    verdict = "the same" if served == consumed else "NOT THE SAME"
    if served != consumed and may_differ:
        verdict = "they differ once either side was restarted"
    print(f"The server answered {served:,} samples, the trainers accepted {consumed:,}: {verdict}.")


def print_meaning(results: dict) -> None:
    teacher, alone = results["teacher"], results["student_alone"]
    smaller = teacher["parameters"] / alone["parameters"]
    faster = alone["samples_per_s"] / teacher["samples_per_s"]
    print(f"The students have 1/{smaller:.0f} of the teacher's parameters and answer {faster:.1f} times as "
          "many samples per second.")
    for name in DISTILLED:
        gain = alone["errors"] - results[name]["errors"]
        what = f"The {name.replace('_', ' ')} makes {abs(gain):,}"
        if gain > 0:
            gap = alone["errors"] - teacher["errors"]
            closed = f", {gain / gap:.0%} of the way to the teacher" if gap > 0 else ""
            print(f"{what} errors fewer than the student alone{closed}.")
        elif gain < 0:
            print(f"{what} errors MORE than the student alone: distillation lost here.")
        else:
            print(f"The {name.replace('_', ' ')} makes as many errors as the student alone.")
    if all(results[name]["errors"] < alone["errors"] for name in DISTILLED):
        print("What this shows: the teacher's service stands in for the labels. Many images, few "
              "labels and access\nto a teacher give a small model that the labels alone would not.")
    print("What it does not show: that soft targets beat labels. With all labels on both sides, the gain on "
          "this data set\nis within the noise of seeds.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the demo's table.")
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--metrics", metavar="URL", help="of the server, while it runs")
    arguments = parser.parse_args()
    demo = arguments.demo
    evaluated = json.loads((demo / "evaluation.json").read_text())
    keys = ["parameters", "bytes", "errors", "accuracy", "latency_ms", "samples_per_s"]
    results = {name: {key: model[key] for key in keys} for name, model in zip(MODELS, evaluated)}
    ends = {name: read_end(demo / name) for name in MODELS}
    served = read_samples_served(demo, arguments.metrics)
    consumed = sum(ends[name]["samples_with_targets"] + ends[name]["probe_samples"]
                   for name in DISTILLED)

    print_models(results)
    print()
    restarts = arguments.metrics is not None  # a service may have restarted, and counts from its last start
    print_wire(ends, served, consumed, may_differ=restarts)
    print()
    print_meaning(results)
    results["samples_served"] = served
    results["samples_consumed"] = consumed
    (demo / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0 if served == consumed or restarts else 1


if __name__ == "__main__":
    sys.exit(main())
