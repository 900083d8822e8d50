"""Images built with buildah, in a storage of their own."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

WORK = pathlib.Path("build/docker").resolve()
BASE = "docker.io/library/debian:trixie-slim"
SUITE = "trixie"
COMPILERS = ["as", "c++", "cc", "clang", "cmake", "g++", "gcc", "ld", "make", "ninja"]


def buildah(*arguments, output=subprocess.PIPE) -> str:
    """Returns what it printed; with `output`, a file, both of its outputs go there."""
    command = ["buildah", "--root", WORK / "storage", "--runroot", WORK / "run", *arguments]
    errors = None if output is subprocess.PIPE else subprocess.STDOUT
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                          stderr=errors, text=True, check=True)
    return (done.stdout or "").strip()


@contextlib.contextmanager
def make_system():
    """An archive of Debian's minimal system, until the end of the block."""
    system, archive = WORK / "base", WORK / "base.tar"
    with open(WORK / "debootstrap.log", "w") as log:
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, system], stdout=log,
                       stderr=subprocess.STDOUT, check=True)
    subprocess.run(["tar", "-C", system, "--exclude=./dev/*", "-cf", archive, "."], check=True)
    shutil.rmtree(system)
    yield archive
    archive.unlink()


def make_base() -> None:
    """Debian's minimal system under the name that the Dockerfiles begin from."""
    if buildah("images", "--quiet", "--filter", f"reference={BASE}"):
        return
    with make_system() as archive:
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, archive, "/")
        buildah("commit", "--quiet", "--rm", container, BASE)


def build(dockerfile: str, target: str, name: str,
          files: dict[pathlib.Path, pathlib.Path] | None = None) -> None:
    """docker build --file dockerfile --target target --tag name, with `files` of this machine by their
    places in the build; what it printed goes to a log, which is named if it fails."""
    options = [f"--volume={source}:{place}:ro" for place, source in (files or {}).items()]
    log = WORK / f"build_{name}.log"
    try:
        with open(log, "w") as output:
            # The default format of images has no HEALTHCHECK.
            buildah("bud", "--format", "docker", "--isolation", "chroot", "--network", "host",
                    "--ulimit", "nofile=20000:20000", "--layers", "--pull-never", "--file",
                    dockerfile, "--target", target, "--tag", name, *options, ".", output=output)
    except subprocess.CalledProcessError:
        sys.exit(f"verify: FAILED: {name} is not built; see {log}")


def pip_settings() -> dict[pathlib.Path, pathlib.Path]:
    """Files of this machine by where a build needs them, so that its pip has the index and the
    certificates of this machine's."""
    lines = ["[global]"]
    files = {pathlib.Path("/etc/pip.conf"): WORK / "pip.conf"}
    for setting in ("index-url", "cert"):
        value = os.environ.get(f"PIP_{setting.upper().replace('-', '_')}") or subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"global.{setting}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
        if value and setting == "cert":
            files[pathlib.Path("/etc/pip_cert.crt")] = pathlib.Path(value)
            value = "/etc/pip_cert.crt"
        if value:
            lines.append(f"{setting} = {value}")
    (WORK / "pip.conf").write_text("\n".join(lines) + "\n")
    return files


class Described:
    """What an image is described by: `config`, as in the format of Docker's images."""

    config: dict

    @property
    def user(self) -> str:
        return self.config.get("User", "")

    @property
    def health_command(self) -> list[str]:
        test = (self.config.get("Healthcheck") or {}).get("Test") or ["NONE"]
        return test[1:] if test[0] == "CMD" else []


class Image(Described):
    """An image, and one container of it for all that is run from it: roots are read-only."""

    def __init__(self, name: str):
        self.name = name
        container = buildah("from", "--pull-never", name)
        described = json.loads(buildah("inspect", container))
        self.config = described["Docker"]["config"]
        self.root = pathlib.Path(buildah("mount", container))
        (self.root / "etc/hosts").touch()  # something to mount on

    def mebibytes(self) -> int:
        kibibytes = subprocess.run(["du", "--summarize", "--one-file-system", self.root], check=True,
                                   stdout=subprocess.PIPE, text=True).stdout.split()[0]
        return int(kibibytes) // 1024

    def compilers(self) -> list[str]:
        places = [self.root / folder for folder in ("usr/bin", "usr/local/bin", "usr/sbin")]
        return [name for name in COMPILERS if any((place / name).exists() for place in places)]
