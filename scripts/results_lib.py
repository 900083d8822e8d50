"""Shared by the tables of scripts/results: data, runs of the programs, evaluation, the table."""

import argparse
import contextlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

BIN = pathlib.Path("build/release/bin")
PLACES = [pathlib.Path("data"), pathlib.Path("../shared/data")]
AT_ONCE = 2  # runs, with a thread each


def fail(message: str):
    sys.exit(f"results: {message}")


def parse_arguments(description: str, add_more=lambda parser: None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    add_more(parser)
    parser.add_argument("--quick", action="store_true", help="one seed and few epochs")
    parser.add_argument("--data", type=pathlib.Path, help="folder with the data")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.out = arguments.out.with_name(f"{arguments.out.name}-quick")
    return arguments


def make_folder(out: pathlib.Path, quick: bool) -> None:
    """Makes the folder. A quick run removes an old one; a full run resumes what is there."""
    if quick:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)


def find_data(given: pathlib.Path | None, name: str, what: str) -> pathlib.Path:
    places = [given] if given else PLACES
    for place in places:
        if (place / name).exists():
            return place / name
    fail(f"there is no {name} in {' or '.join(map(str, places))}: put {what} there, or name the "
         "folder that holds it with --data")


class Runs:
    """Runs of student_trainer below `out`, by a folder of recipes."""

    def __init__(self, out: pathlib.Path, recipes: str, quick_epochs: int | None):
        self.out, self._recipes, self._quick_epochs = out, pathlib.Path("recipes") / recipes, quick_epochs

    def train(self, name: str, recipe: str, *options, threads: int = 1) -> pathlib.Path:
        """Returns the run's folder."""
        run = self.out / name
        command = [BIN / "student_trainer", "train", "--config", self._recipes / f"{recipe}.toml",
                   "--run_dir", run, "--threads", threads, "--resume", *options]
        if self._quick_epochs:
            command += ["--epochs", self._quick_epochs]
        began = time.monotonic()
        with open(self.out / f"{name}.log", "w") as log:
            done = subprocess.run([str(word) for word in command], stdout=log,
                                  stderr=subprocess.STDOUT)
        if done.returncode != 0:
            # Exits immediately, since others still run.
            print(f"results: {name} failed; see {log.name}", file=sys.stderr, flush=True)
            sys.exit(1)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        return run

    def train_all(self, jobs: list[tuple]) -> None:
        """Runs jobs, which are arguments of train, AT_ONCE at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            futures = [pool.submit(self.train, *job) for job in jobs]
            try:
                for future in as_completed(futures):
                    future.result()
            finally:
                pool.shutdown(cancel_futures=True)  # no new run starts after a failure

    @contextlib.contextmanager
    def serve(self, model: pathlib.Path):
        """Runs a teacher_server during the block; gives its address."""
        with tempfile.TemporaryDirectory() as sockets, open(self.out / "server.log", "w") as log:
            process = subprocess.Popen([BIN / "teacher_server", "--model", f"teacher={model}",
                                        "--listen", f"unix:{sockets}/socket", "--threads", "1"],
                                       stdout=subprocess.PIPE, stderr=log, text=True)
            try:
                line = process.stdout.readline()
                if not line.startswith("listening on "):
                    fail(f"the server did not start; see {log.name}")
                yield line.split()[-1]
            finally:
                process.terminate()
                process.communicate()

    def evaluate(self, models: list[pathlib.Path], test: pathlib.Path, *options) -> list[dict]:
        """Returns the result of `student_trainer evaluate` for each."""
        result = self.out / "evaluation.json"
        command = [BIN / "student_trainer", "evaluate", *models, "--test", test, "--threads", 1,
                   "--json", result, *options]
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            fail(f"evaluation failed:\n{done.stdout}")
        return json.loads(result.read_text())


def epochs_of(run: pathlib.Path) -> tuple[int, float]:
    """Returns the number of epochs of a run, and the seconds of all."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    epochs = [record for record in records if record["kind"] == "epoch"]
    return len(epochs), epochs[-1]["seconds"]


def spread(values: list[float]) -> str:
    """Returns '74.3 (73, 74, 76)', or the value if there is only one."""
    if len(values) == 1:
        return f"{values[0]:g}"
    return f"{statistics.mean(values):.1f} ({', '.join(f'{value:g}' for value in values)})"


def write_table(out: pathlib.Path, header: list[str], lines: list[list[str]], notes: list[str],
                results: dict) -> None:
    """Prints the table, and writes table.md and results.json."""
    text = "\n".join(["| " + " | ".join(header) + " |", "|---" * len(header) + "|",
                      *("| " + " | ".join(line) + " |" for line in lines), "", *notes])
    print(f"\n{text}\n")
    (out / "table.md").write_text(text + "\n")
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(f"Written to {out}: table.md, results.json, the runs and their logs.")
