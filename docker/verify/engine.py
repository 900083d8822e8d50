"""A Docker engine: the one that answers, or one that is started for as long as it is needed."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from images import BASE, WORK, make_system

# Debian's own; another that comes first in the path may lack the plugin that its builds need.
CLI = "/usr/bin/docker" if pathlib.Path("/usr/bin/docker").exists() else shutil.which("docker")
PATIENCE = 60  # seconds


def docker(*arguments, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Runs the client; its outputs are captured unless `options` say otherwise."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT,
               "text": True} | options
    done = subprocess.run([CLI, *(str(word) for word in arguments)], **options)
    if check and done.returncode != 0:
        sys.exit(f"verify: FAILED: docker {' '.join(map(str, arguments))}: {done.stdout}")
    return done


def answers() -> bool:
    return docker("info", check=False).returncode == 0


@contextlib.contextmanager
def engine():
    """An engine that answers until the end of the block."""
    if answers():
        print("the engine that answers is used", flush=True)
        yield
        return
    data = WORK / "engine"
    data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open(WORK / "dockerd.log", "w") as log:
        os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
        process = subprocess.Popen(
            ["dockerd", "--data-root", data, "--exec-root", f"{folder}/exec", "--pidfile",
             f"{folder}/pid", "--host", os.environ["DOCKER_HOST"], "--oom-score-adjust", "0"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"verify: FAILED: no engine starts; see {log.name}")
                time.sleep(0.2)
            print("an engine of its own is started", flush=True)
            yield
        finally:
            process.terminate()
            process.wait()
            del os.environ["DOCKER_HOST"]


def make_base() -> None:
    """Debian's minimal system under the name that the Dockerfiles begin from; pulls nothing."""
    if docker("image", "inspect", BASE, check=False).returncode == 0:
        return
    with make_system() as archive:
        docker("import", archive, BASE)


def build(dockerfile: str, target: str, name: str,
          files: dict[pathlib.Path, pathlib.Path] | None = None) -> None:
    """As images.build. The Dockerfiles name the files that they take as secrets, by their names."""
    options = [word for place, source in (files or {}).items()
               for word in ("--secret", f"id={place.name},src={source}")]
    log = WORK / f"build_{name}.log"
    with open(log, "w") as output:
        done = docker("build", "--network", "host", "--progress", "plain", "--file", dockerfile,
                      "--target", target, "--tag", name, *options, ".", check=False, stdout=output,
                      env=os.environ | {"DOCKER_BUILDKIT": "1"})
    if done.returncode != 0:
        sys.exit(f"verify: FAILED: {name} is not built; see {log}")
