"""Shared by the benchmarks in scripts/bench/: models, a server, the model in process, results.

Runs from the root of the repository, with the programs of build/release. Standard library only.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile

BIN = pathlib.Path("build/release/bin")
OUT = pathlib.Path("build/bench")
MIB = 1 << 20

# Teachers with random weights, by what one sample costs in multiply-adds.
MODELS = {
    # 0.10 M: 784·128 + 128·10
    "small": ["--architecture", "mlp_small", "--input", "1,28,28"],
    # 40.6 M
    "middle": ["--architecture", "cifar_resnet20", "--input", "3,32,32"],
    # 4.05 G: the 253 M of 110 layers on 32x32 pixels, times 16. The family's widths are fixed; its
    # depth and the image are not. (ResNet-50 on 224x224 pixels has 4.1 G.)
    "heavy": ["--architecture", "cifar_resnet110", "--input", "3,128,128"],
    # 2.4 M: 784-1200-1200-10
    "mlp_large": ["--architecture", "mlp_large", "--input", "1,28,28"],
    # About 480 MiB of weights in few layers.
    "convolutions": ["--architecture", "cnn_teacher", "--input", "3,8,8", "--arguments",
                     json.dumps({"stages": [[1024] * 14], "pool": 1, "hidden": 0})],
    "linear": ["--architecture", "mlp_large", "--input", "3,32,32", "--arguments",
               json.dumps({"hidden": [8192, 8192, 4096]})],
    # 125 M
    "resnet56": ["--architecture", "cifar_resnet56", "--input", "3,32,32"],
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the results. `goal` refers to `ratio`, or to `value` if there is no ratio."""
    case: str
    value: float
    unit: str
    ratio: float | None = None
    goal: float | None = None
    better: str | None = None  # "higher" or "lower", where there is a goal

    def as_json(self) -> dict:
        row = {"case": self.case, "value": self.value, "unit": self.unit, "ratio": self.ratio}
        if self.goal is not None:
            row |= {"goal": self.goal, "better": self.better}
        return row

    def met(self) -> bool:
        figure = self.value if self.ratio is None else self.ratio
        return figure >= self.goal if self.better == "higher" else figure <= self.goal


def fail(message: str):
    sys.exit(f"bench: {message}")


def run_json(*command) -> dict:
    """Runs a program that takes --json FILE, and returns what it wrote there."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "result.json")
        done = subprocess.run([str(word) for word in (*command, "--json", path)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            fail(f"{command[0]} exited with {done.returncode}:\n{done.stdout}")
        return json.loads(path.read_text())


def google_benchmark(program: str, log, *arguments) -> dict[str, dict]:
    """Runs a Google Benchmark, and returns what it measured, by name."""
    done = subprocess.run([BIN / program, "--benchmark_format=json", *arguments],
                          stdout=subprocess.PIPE, stderr=log, text=True)
    if done.returncode != 0:
        fail(f"{program} exited with {done.returncode}; see {log.name}")
    figures = {}
    for figure in json.loads(done.stdout)["benchmarks"]:
        if figure.get("error_occurred"):
            fail(f"{figure['name']}: {figure['error_message']}")
        figures[figure["name"]] = figure
    return figures


def make_model(name: str, torchscript: bool = False) -> pathlib.Path:
    folder = OUT / "models" / (f"{name}_torchscript" if torchscript else name)
    options = ["--torchscript"] if torchscript else []
    subprocess.run([BIN / "make_model", *MODELS[name], *options, "--out", folder], check=True)
    return folder


def peak_memory(pid: int) -> int:
    """Bytes: the most that the process has had in memory so far."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", text)[1]) * 1024


def stop(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        pass
    finally:  # also where the wait was interrupted
        process.kill()
        process.wait()


@contextlib.contextmanager
def started(command: list, cores: set[int] | None = None, **options):
    """Runs a process on these cores (None: on all) until the end of the block."""
    pin = cores and (lambda: os.sched_setaffinity(0, cores))
    process = subprocess.Popen([str(word) for word in command], text=True, preexec_fn=pin,
                               **options)
    try:
        yield process
    finally:
        stop(process)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe:
                    pipe.close()


@dataclasses.dataclass(frozen=True)
class Server:
    pid: int
    addresses: dict[str, str]  # "unix" and "tcp", where it listens there


@contextlib.contextmanager
def serving(command: list, listen: list[str], cores: set[int] | None = None,
            log_name: str = "server"):
    """Runs a server that prints 'listening on ADDRESS' for each address; gives a Server."""
    command = [*command, *(word for address in listen for word in ("--listen", address))]
    with (open(OUT / f"{log_name}.log", "w") as log,
          started(command, cores, stdout=subprocess.PIPE, stderr=log) as process):
        addresses = {}
        while len(addresses) < len(listen):
            line = process.stdout.readline()
            if not line:
                fail(f"{command[0]} did not start; see {log.name}")
            if found := re.match(r"listening on (\S+)", line):
                kind = "unix" if found[1].startswith("unix:") else "tcp"
                addresses[kind] = found[1]
        yield Server(process.pid, addresses)


@contextlib.contextmanager
def serve(model: pathlib.Path, *options):
    """Runs a teacher_server on a Unix socket and on loopback; gives both addresses, "unix" and "tcp"."""
    # The path of a Unix socket must be short, so it is not below this folder, which may be deep.
    with (tempfile.TemporaryDirectory() as folder,
          serving([BIN / "teacher_server", "--model", model, *options],
                  [f"unix:{folder}/teacher.sock", "127.0.0.1:0"]) as server):
        yield server.addresses


@contextlib.contextmanager
def in_process(model: pathlib.Path, batch: int, threads: int, cores: set[int] | None = None):
    """Runs a model without a server, in a process that keeps running and idles between measurements.

    Gives a function (warm-up, duration: seconds) that measures, and returns the program's output.
    """
    command = [BIN / "model_in_process", "--model", model, "--batch", batch, "--threads", threads,
               "--on_line"]
    with (open(OUT / "model_in_process.log", "w") as log,
          started(command, cores, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                  stderr=log) as process):

        def measure(warmup: float, duration: float) -> dict:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(f"{warmup}s {duration}s\n")
                process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                fail(f"model_in_process ended; see {log.name}")
            return json.loads(line)

        yield measure


def machine() -> dict:
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*: (.*)", text)
    return {"cpu": found[1] if found else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.release()}",
            "load_before": round(os.getloadavg()[0], 2)}


def with_spread(values: list[float]) -> str:
    """Returns '0.972 (0.958-0.981)': the median, the minimum and the maximum."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def print_table(header: list[str], lines: list[list[str]]) -> None:
    """Aligns the first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    for line in [header, *lines]:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def main(name: str, targets: list[str], run) -> None:
    """The command line of a benchmark. `run(quick)` measures, prints, and returns the rows."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench/{name}.py")
    parser.add_argument("--targets", action="store_true", help="print what is to be built")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.targets:
        print("\n".join(targets))
        return
    OUT.mkdir(parents=True, exist_ok=True)
    where = machine()
    # Raises an exception, so that the blocks that stop processes are exited.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        rows = run(arguments.quick)
    except KeyboardInterrupt:
        sys.exit(130)
    results = {"rows": [row.as_json() for row in rows], "machine": where}
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nOn {where['cores']} cores of {where['cpu']}; load before: {where['load_before']}. "
          f"Written to {path}.")
