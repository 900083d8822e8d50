"""A host with addresses of IPv4 and IPv6 is reached by the family that answers. In a network namespace,
where names and addresses are the test's own."""

import shutil
import subprocess
import unittest

from programs import IntegrationTest, SERVER, write_dataset

V4, V6 = "10.9.0.1", "fd00::1"  # of this machine
GONE_V4, GONE_V6, ALSO_GONE_V6 = "10.9.0.9", "fd00::8", "fd00::9"  # of none, and without a route


class TwoFamilies(IntegrationTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("ip"):
            self.skipTest("there is no ip (Debian's iproute2)")
        self.hosts = self.dir / "hosts"
        self.hosts.write_text("")
        self.keeper = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-ec",
             f"ip link set lo up; ip address add {V4}/32 dev lo; ip address add {V6}/128 dev lo nodad;"
             f" mount --bind {self.hosts} /etc/hosts; echo up; exec sleep infinity"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end_keeper)
        if self.keeper.stdout.readline() != "up\n":
            self.skipTest("no network namespace can be made here")
        self.data = write_dataset(self.dir / "data")
        self.teacher = self.train_teacher(self.data)

    def end_keeper(self):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()

    def start_inside(self, *words):
        return self.start("nsenter", f"--target={self.keeper.pid}", "--net", "--mount", "--wd=/", *words)

    def name(self, addresses: list[str]):
        # In place, since the namespace has a mount of this file.
        self.hosts.write_text("127.0.0.1 localhost\n" +
                              "".join(f"{address} gpu-node\n" for address in addresses))

    def assert_reached(self, addresses: list[str], listen: str):
        self.name(addresses)
        server = self.start_inside(SERVER, "--model", self.teacher, "--listen", listen,
                                   "--allow_insecure", "--threads", "1")
        port = server.wait_for_output(r"^listening on .*:(\d+)").group(1)
        run = f"run_{len(list(self.dir.iterdir()))}"
        trainer = self.start_inside(*self.train_arguments(
            self.data, run, "--epochs", "1", "--teacher", f"gpu-node:{port}"))
        self.assertEqual(trainer.wait(), 0, trainer.output)
        self.assertEqual(self.end(run)["samples_without_targets"], 0)
        server.kill()

    def test_a_server_on_ipv4_alone_is_reached(self):
        self.assert_reached([V6, V4], f"{V4}:0")
        self.assert_reached([ALSO_GONE_V6, GONE_V6, V4], f"{V4}:0")

    def test_a_server_on_ipv6_alone_is_reached(self):
        self.assert_reached([V6, V4], f"[{V6}]:0")
        self.assert_reached([V6, GONE_V4], f"[{V6}]:0")

    def test_where_there_is_no_server_the_addresses_of_both_families_are_named(self):
        self.name([V6, V4])
        trainer = self.start_inside(*self.train_arguments(
            self.data, "run", "--teacher", "gpu-node:50051", "--connect_timeout", "3s"))
        self.assertEqual(trainer.wait(), 1, trainer.output)
        for address in (V4, V6):
            self.assertIn(f"cannot reach a teacher at gpu-node:50051 ({address}): ", trainer.output)
        self.assert_error_follows_grammar(trainer.output)

    def test_a_server_on_both_is_reached(self):
        self.assert_reached([V4, V6], "[::]:0")


if __name__ == "__main__":
    unittest.main()
