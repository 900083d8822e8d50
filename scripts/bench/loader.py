"""Measures whether the loader keeps a student busy: decoded and augmented images/s, waiting times.

A ResNet-20 trains on 32x32 JPEGs with one thread on one core, and one loader thread on the other core,
on hard labels: a teacher that answers immediately would not delay it either. The loader alone is the
same program with a student that costs almost nothing and always waits for the loader.
"""

import json
import pathlib
import statistics
import subprocess
import tempfile

import bench_lib
import bench_epochs

TARGETS = ["student_trainer"]
PYTHON = pathlib.Path(".venv/bin/python")
VIEWS = ["none", "light", "standard", "strong"]
SAMPLES, ROUNDS = 20_000, 5
QUICK_SAMPLES, QUICK_ROUNDS = 4_000, 2
GOAL = 0.98

# Approximates the spectrum of photographs: sums noise of several sizes; one colour per class.
MAKE_IMAGES = """
import pathlib, sys
import numpy as np
from PIL import Image
folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
for i in range(count):
    image = np.full((32, 32, 3), 128.0)
    for size in (2, 4, 8, 16, 32):
        noise = rng.normal(0, 60 / size ** 0.5, (size, size, 3))
        image += noise.repeat(32 // size, 0).repeat(32 // size, 1)
    image[..., i % 3] += 40 * (i % 10) / 10
    target = folder / "jpeg" / f"class{i % 10}"
    target.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(target / f"{i}.jpg", quality=90)
"""


def make_data(folder: pathlib.Path, samples: int) -> pathlib.Path:
    subprocess.run([PYTHON, "-c", MAKE_IMAGES, folder, str(samples)], check=True)
    return folder / "jpeg"


def train(folder: pathlib.Path, data, student: str, views: str, cores: set[int],
          name: str) -> dict:
    """The last record of a run's metrics."""
    run = folder / name
    command = [bench_lib.BIN / "student_trainer", "train", "--train", data, "--student", student,
               "--run_dir", run, "--threads", 1, "--loader_threads", 1, "--views", views,
               "--val_fraction", 0, "--epochs", 1, "--batch_size", 128]
    with (open(bench_lib.OUT / "loader.log", "w") as log,
          bench_lib.started(command, cores, stdout=log, stderr=subprocess.STDOUT) as process):
        if process.wait() != 0:
            bench_lib.fail(f"student_trainer failed; see {log.name}")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1])


def rate(end: dict) -> float:
    return end["samples"] / end["seconds"]


def busy(end: dict) -> float:
    """The part of the time in which the student did not wait for data."""
    return 1 - end["seconds_waiting_for_data"] / end["seconds"]


def run(quick: bool) -> list[bench_lib.Row]:
    bench_epochs.prepare_environment()
    cores = set(bench_epochs.two_cores())
    samples, rounds = (QUICK_SAMPLES, QUICK_ROUNDS) if quick else (SAMPLES, ROUNDS)
    loaded, trained, shares = ({views: [] for views in VIEWS} for _ in range(3))
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        data = make_data(folder, samples)
        for number in range(rounds):
            for views in VIEWS:
                print(f"measuring: {views}, round {number + 1} of {rounds}", flush=True)
                end = train(folder, data, "mlp_small", views, cores, f"load_{views}_{number}")
                loaded[views].append(rate(end))
                end = train(folder, data, "cifar_resnet20", views, cores, f"{views}_{number}")
                trained[views].append(rate(end))
                shares[views].append(busy(end))
    rows, table = [], []
    for views in VIEWS:
        ratios = [a / b for a, b in zip(loaded[views], trained[views])]
        rows.append(bench_lib.Row(f"loader, views {views}", round(statistics.median(loaded[views])),
                                  "images/s", round(statistics.median(ratios), 2)))
        row = bench_lib.Row(f"student busy, views {views}",
                            round(statistics.median(shares[views]), 4), "of the time", None, GOAL,
                            "higher")
        rows.append(row)
        table.append([views, f"{statistics.median(loaded[views]):.0f}",
                      f"{statistics.median(trained[views]):.0f}", bench_lib.with_spread(ratios),
                      f"{row.value:.4f}", f"{GOAL} {'met' if row.met() else 'MISSED'}"])
    print("\n32x32 JPEGs, one loader thread beside a ResNet-20 of one thread; images/s.")
    bench_lib.print_table(["views", "loaded and augmented", "trained", "ratio (spread)",
                           "student busy", "goal"], table)
    return rows


if __name__ == "__main__":
    bench_lib.main("loader", TARGETS, run)
