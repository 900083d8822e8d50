"""compose.yaml on a Docker engine, with the interface of images.Image, containers.Container and
project.Project."""

import json
import os
import pathlib
import signal
import subprocess
import time

from engine import docker
from images import COMPILERS, Described, WORK
from project import COMPOSE, resolve

NAME = "distill-verify"  # so that a user's own project and its volumes are left alone
POLL_SECONDS = 0.5
PATIENCE = 300


class Image(Described):
    def __init__(self, name: str):
        self.name = name
        described = json.loads(docker("image", "inspect", name).stdout)[0]
        self.config, self._bytes = described["Config"], described["Size"]

    def mebibytes(self) -> int:
        return self._bytes >> 20

    def compilers(self) -> list[str]:
        script = f"for name in {' '.join(COMPILERS)}; do command -v $name; done; true"
        return docker("run", "--rm", "--network", "none", "--entrypoint", "sh", self.name, "-c",
                      script).stdout.split()


class Log:
    """What a container has printed so far."""

    def __init__(self, container: str):
        self._container = container

    def read_text(self) -> str:
        return docker("logs", self._container).stdout

    def __str__(self):
        return f"docker logs {self._container}"


class Container:
    """A container of the engine, by its name."""

    def __init__(self, name: str):
        self.name, self.log = name, Log(name)

    def _inspect(self) -> dict:
        return json.loads(docker("container", "inspect", self.name).stdout)[0]

    @property
    def runs(self) -> bool:
        return self._inspect()["State"]["Running"]

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None if it still runs after so long."""
        deadline = time.monotonic() + seconds
        while (state := self._inspect()["State"])["Running"]:
            if time.monotonic() > deadline:
                return None
            time.sleep(POLL_SECONDS)
        return state["ExitCode"]

    def stop(self, seconds: float) -> int | None:
        """SIGTERM, and SIGKILL once its own grace period is over."""
        docker("stop", self.name)
        return self.wait(seconds)

    def crash(self) -> None:
        """Kills the program as a fault of its own would: the engine does not take it for a stop."""
        os.kill(self._inspect()["State"]["Pid"], signal.SIGKILL)

    def is_healthy(self) -> bool:
        state = self._inspect()["State"]
        return state["Running"] and state.get("Health", {}).get("Status") == "healthy"


class Project:
    """The services of a compose file. Closing it removes its containers and volumes."""

    def __init__(self, file: str, replaced: dict[str, str]):
        """Runs other images instead of those that `replaced` names."""
        self._config = resolve(file)
        self._config["name"] = NAME
        for kind in ("volumes", "networks"):
            for name, settings in self._config[kind].items():
                settings["name"] = f"{NAME}_{name}"
        self.services = self._config["services"]
        for service in self.services.values():
            service["image"] = replaced.get(service["image"], service["image"])
        self.images = {name: Image(name) for name in
                       sorted({service["image"] for service in self.services.values()})}
        self.running: dict[str, Container] = {}
        self._compose("down", "--volumes")

    def _compose(self, *arguments, services: dict | None = None,
                 check: bool = True) -> subprocess.CompletedProcess:
        file = WORK / "engine_compose.json"
        file.write_text(json.dumps(self._config | {"services": services or self.services}))
        done = subprocess.run([COMPOSE, "--project-name", NAME, "--file", file, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"docker compose {' '.join(arguments)}: {done.stderr}")
        return done

    def close(self) -> None:
        self._compose("down", "--volumes", "--remove-orphans")

    def leftovers(self) -> str:
        """The containers and volumes of the project that exist."""
        label = f"label=com.docker.compose.project={NAME}"
        return (docker("ps", "--all", "--quiet", "--filter", label).stdout +
                docker("volume", "ls", "--quiet", "--filter", label).stdout)

    def volume(self, name: str) -> pathlib.Path:
        return pathlib.Path(docker("volume", "inspect", "--format", "{{.Mountpoint}}",
                                   f"{NAME}_{name}").stdout.strip())

    def words(self, name: str) -> list[str]:
        """Returns the words of the service's program and of its command line."""
        service, image = self.services[name], self.images[self.services[name]["image"]].config
        return [*(service.get("entrypoint") or image.get("Entrypoint") or []),
                *(service.get("command") or image.get("Cmd") or [])]

    def start(self, name: str, instead: list[str] | None = None, run_as: str = "") -> Container:
        """Runs the service, or another command instead of it, whose container has its own name."""
        key = run_as or name
        if instead is None:
            self._compose("up", "--detach", "--no-deps", name)
            self.running[key] = Container(f"{NAME}-{name}-1")
        else:
            self._compose("run", "--detach", "--no-deps", "--name", f"{NAME}-{key}", "--entrypoint",
                          instead[0], name, *instead[1:])
            self.running[key] = Container(f"{NAME}-{key}")
        return self.running[key]

    def run(self, name: str, instead: list[str], read_only: bool = True) -> tuple[int | None, str]:
        """Runs a command instead of the service and returns its exit code and its output."""
        changed = self.services | {name: self.services[name] | {"read_only": read_only}}
        asked = Container(f"{NAME}-asked")
        # In the background: in the foreground Compose 2.40 exits with 0 on engine 20.10, whatever the
        # program exits with.
        self._compose("run", "--detach", "--no-deps", "--name", asked.name, "--entrypoint", instead[0],
                      name, *instead[1:], services=changed)
        code, output = asked.wait(PATIENCE), asked.log.read_text()
        docker("rm", "--force", asked.name)
        return code, output

    def up(self) -> None:
        """docker compose up --detach, which waits for what services depend on."""
        done = self._compose("up", "--detach", check=False)
        if done.returncode != 0:
            raise RuntimeError(f"docker compose up --detach: {done.stderr}")
        for name in self.services:
            self.running[name] = Container(f"{NAME}-{name}-1")
