"""Processes in containers: a root that nothing can write to, its own /tmp, the user of the image, and a
network that they share with each other alone.

It does what a container engine would do with the options that compose.yaml uses, and nothing else: the
mounts, the user, the host names. Signals reach the program itself, as its process is never forked.
Unlike in an engine, no program is process 1, all names stand for one address, and /tmp may hold
programs.
"""

import os
import pathlib
import shlex
import subprocess

from images import Image

DEVICES = ["null", "zero", "full", "random", "urandom"]


class Network:
    """A network namespace with nothing but its loopback interface, where names stand for 127.0.0.1."""

    def __init__(self, names: list[str], work: pathlib.Path):
        self._keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        if self._keeper.stdout.readline() != "up\n":
            raise RuntimeError("cannot create a network namespace")
        self.namespace = f"/proc/{self._keeper.pid}/ns/net"
        self.hosts = work / "hosts"
        self.hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in ["localhost", *names]))

    def close(self) -> None:
        self._keeper.kill()
        self._keeper.wait()


class Volume:
    """A folder of the host, mounted at `target`. As with a container engine, a new folder gets the owner
    of the target in the first image that it is mounted in, and the target must exist in that image (an
    engine would create it, owned by root)."""

    def __init__(self, source: pathlib.Path, target: str, read_only: bool):
        self.source, self.target, self.read_only = source, target, read_only

    def mount_at(self, root: pathlib.Path) -> list[list]:
        place = f"{root}{self.target}"
        if not self.source.exists():
            owner = os.stat(place)
            self.source.mkdir()
            os.chown(self.source, owner.st_uid, owner.st_gid)
        lines = [["mount", "--bind", self.source, place]]
        if self.read_only:
            lines.append(["mount", "-o", "remount,bind,ro", place])
        return lines


class Container:
    """A program that runs in an image; its output goes to the file `log`. The command holds the image's
    entrypoint, if that is wanted. Unless `read_only`, the root is as its owners and modes leave it."""

    def __init__(self, image: Image, command: list[str], volumes: list[Volume], network: Network,
                 log: pathlib.Path, read_only: bool = True):
        self.log, self._image = log, image
        script = "\n".join(shlex.join(str(word) for word in line)
                           for line in self._lines(image, command, volumes, network, read_only))
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                ["nsenter", f"--net={network.namespace}", "unshare", "--mount", "sh", "-euc", script],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    @staticmethod
    def _lines(image: Image, command: list[str], volumes: list[Volume], network: Network,
               read_only: bool):
        root = image.root
        yield ["mount", "--bind", root, root]  # a mount of its own, to be made read-only
        if read_only:
            yield ["mount", "-o", "remount,bind,ro", root]
        yield ["mount", "-t", "proc", "proc", root / "proc"]
        yield ["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev"]
        for device in DEVICES:
            yield ["touch", root / "dev" / device]
            yield ["mount", "--bind", f"/dev/{device}", root / "dev" / device]
        yield ["mount", "--bind", network.hosts, root / "etc/hosts"]
        yield ["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp"]
        for volume in volumes:
            yield from volume.mount_at(root)
        yield ["cd", "/"]
        yield ["exec", "setpriv", "--no-new-privs", "chroot", f"--userspec={image.user}", root,
               "/usr/bin/env", "-i", *image.config["Env"], *command]

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def crash(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None if it still runs after so long."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds: float) -> int | None:
        """SIGTERM, and then as wait."""
        self.process.terminate()
        return self.wait(seconds)

    def execute(self, command: list[str]) -> subprocess.CompletedProcess:
        """Runs another program in the same container, as docker exec does."""
        uid, gid = self._image.user.split(":")
        return subprocess.run(
            ["nsenter", f"--target={self.process.pid}", "--mount", "--net", "--root", "--wd=/",
             f"--setuid={uid}", f"--setgid={gid}", "/usr/bin/env", "-i", *self._image.config["Env"],
             *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def is_healthy(self) -> bool:
        return self.execute(self._image.health_command).returncode == 0
