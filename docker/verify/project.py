"""The services of compose.yaml, as `docker compose config` resolves them, run in containers."""

import json
import pathlib
import re
import shutil
import subprocess
import time

from containers import Container, Network, Volume
from images import WORK, Image

COMPOSE = WORK / "venv/bin/docker-compose"
HANDLED = {"build", "cap_drop", "command", "depends_on", "entrypoint", "image", "init", "networks", "ports",
           "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "volumes"}
POLL_SECONDS = 0.5


def resolve(*files: str) -> dict:
    """Checked against the schema of compose files; CalledProcessError where it does not hold."""
    command = [COMPOSE, *(word for file in files for word in ("--file", file)), "config",
               "--format", "json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def seconds(duration: str) -> float:
    """'1m30s' is 90."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(value) * units[unit] for value, unit in re.findall(r"([\d.]+)([hms])", duration))


class Project:
    """Starts services in the order of their dependencies. Closing it stops all of them."""

    def __init__(self, file: str, replaced: dict[str, str]):
        """Runs other images instead of those that `replaced` names."""
        self.services = resolve(file)["services"]
        for name, service in self.services.items():
            service["image"] = replaced.get(service["image"], service["image"])
            if not (service.get("read_only") and service.get("tmpfs") == ["/tmp"]):
                raise ValueError(f"{name}: services have a read-only root and a tmpfs on /tmp")
            if unknown := set(service) - HANDLED:
                raise ValueError(f"{name}: {', '.join(sorted(unknown))} would not be verified")
        self.images = {name: Image(name) for name in
                       sorted({service["image"] for service in self.services.values()})}
        for folder in ("volumes", "logs"):
            shutil.rmtree(WORK / folder, ignore_errors=True)
            (WORK / folder).mkdir()
        self.network = Network(list(self.services), WORK)
        self.running: dict[str, Container] = {}

    def close(self) -> None:
        for container in self.running.values():
            if container.runs and container.stop(120) is None:
                container.process.kill()
        self.network.close()

    def volume(self, name: str) -> pathlib.Path:
        return WORK / "volumes" / name

    def words(self, name: str) -> list[str]:
        """Returns the words of the service's program and of its command line."""
        service, image = self.services[name], self.images[self.services[name]["image"]].config
        return [*(service["entrypoint"] or image.get("Entrypoint") or []),
                *(service["command"] or image.get("Cmd") or [])]

    def start(self, name: str, instead: list[str] | None = None, run_as: str = "",
              read_only: bool = True) -> Container:
        """Runs the service, or another command instead of it, whose log has its own name."""
        service = self.services[name]
        image = self.images[service["image"]]
        volumes = [Volume(WORK / "volumes" / volume["source"], volume["target"],
                          volume.get("read_only", False))
                   for volume in service.get("volumes", [])]
        volumes.sort(key=lambda volume: volume.target)
        key = run_as or name
        self.running[key] = Container(image, instead or self.words(name), volumes, self.network,
                                      WORK / "logs" / f"{key}.log", read_only)
        return self.running[key]

    def run(self, name: str, instead: list[str], read_only: bool = True) -> tuple[int | None, str]:
        """Runs a command instead of the service and returns its exit code and its output."""
        container = self.start(name, instead, f"{name}-asked", read_only)
        code = container.wait(300)
        return code, container.log.read_text()

    def up(self) -> None:
        """What `docker compose up` does; RuntimeError when a job fails."""
        waiting = dict(self.services)
        while waiting:
            for name in [name for name, service in waiting.items()
                         if all(map(self._is_met, service.get("depends_on", {}).items()))]:
                print(f"  starting {name}", flush=True)
                self.start(name)
                del waiting[name]
            time.sleep(POLL_SECONDS)

    def _is_met(self, dependency: tuple[str, dict]) -> bool:
        name, wanted = dependency
        if name not in self.running:
            return False
        container = self.running[name]
        code = container.process.poll()
        match wanted["condition"]:
            case "service_completed_successfully":
                if code:
                    raise RuntimeError(f"{name} ended with {code}; see {container.log}")
                return code == 0
            case "service_healthy":
                if code is not None:
                    raise RuntimeError(f"{name} ended with {code}; see {container.log}")
                return container.is_healthy()
            case condition:
                raise ValueError(f"{name}: condition {condition} is not known here")
