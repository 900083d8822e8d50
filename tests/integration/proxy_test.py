"""Debian's nginx between trainer and teacher: as it is set up by default, and late, reloaded, impatient."""

import pathlib
import signal
import socket
import subprocess
import unittest

from error_grammar import error_in
from programs import CLASSES, IntegrationTest, SIDE, make_images, write_dataset, write_idx

NGINX = pathlib.Path(__file__).parents[2] / ".venv/nginx/usr/sbin/nginx"  # of scripts/setup.sh
LARGE = 64  # pixels; 256 samples in one request take 1 MiB


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")
        self.teacher = self.train_teacher(self.data)
        self.port, self.backend = free_port(), free_port()

    def start_nginx(self, settings: str = "client_max_body_size 0;"):
        """Listens on self.port for what listens on self.backend."""
        folder = self.dir / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "nginx.conf").write_text(f"""
            daemon off; master_process on; user root; worker_processes 1; pid {folder}/pid;
            error_log stderr notice; worker_shutdown_timeout 1s;
            events {{}}
            http {{
                access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
                server {{
                    listen 127.0.0.1:{self.port} http2; {settings}
                    location / {{ grpc_pass grpc://127.0.0.1:{self.backend}; }}
                }}
            }}""")
        nginx = self.start(NGINX, "-e", "stderr", "-c", folder / "nginx.conf")
        self.addCleanup(self.stop, nginx)
        nginx.wait_for_output("start worker process ")
        return nginx

    @staticmethod
    def stop(nginx):
        """Its workers, too, which a kill of it would leave."""
        nginx.signal(signal.SIGTERM)
        nginx.wait()

    def start_teacher(self, model=None):
        return self.serve(model or self.teacher, f"127.0.0.1:{self.backend}")[0]

    def arguments(self, run, *more, data=None):
        return self.train_arguments(data or self.data, run, "--teacher", f"127.0.0.1:{self.port}",
                                    "--connect_timeout", "60s", *more)

    def test_a_teacher_that_comes_after_its_proxy_is_waited_for(self):
        nginx = self.start_nginx()
        trainer = self.start(*self.arguments("run", "--epochs", "2"))
        nginx.wait_for_output("Connection refused")  # the trainer has tried
        self.start_teacher()
        self.assertEqual(trainer.wait(), 0, trainer.output)

    def test_a_proxy_that_is_reloaded_costs_no_sample(self):
        self.start_nginx()
        self.start_teacher()
        trainer = self.start(*self.arguments("run", "--epochs", "100000", "--batch_size", "8"))
        trainer.wait_for_output("^epoch 3/")
        for reloads in (1, 2):
            subprocess.run([NGINX, "-e", "stderr", "-c", self.dir / "nginx/nginx.conf", "-s", "reload"],
                           check=True, capture_output=True)
            # The old worker keeps its streams for a second.
            trainer.wait_for_output(rf"(?s)(connected again.*){{{reloads}}}")
        trainer.signal(signal.SIGTERM)
        self.assertEqual(trainer.wait(), 130, trainer.output)
        for epoch in self.epochs("run"):
            self.assertEqual(epoch["samples_without_targets"], 0)

    def test_a_stream_that_a_proxy_ends_when_it_is_idle_is_opened_again(self):
        self.start_nginx("client_max_body_size 0; grpc_read_timeout 1s; grpc_send_timeout 1s;")
        server = self.start_teacher()
        trainer = self.start(*self.arguments("run", "--epochs", "30", "--batch_size", "8"))
        trainer.wait_for_output("^epoch 5/30")
        server.signal(signal.SIGSTOP)  # no answer for longer than the proxy waits
        trainer.wait_for_output("lost")
        server.signal(signal.SIGCONT)
        self.assertEqual(trainer.wait(), 0, trainer.output)
        self.assertEqual(sum(epoch["samples_without_targets"] for epoch in self.epochs("run")), 0)

    def arguments_beyond_the_default_limit(self, run, policy):
        """Of a trainer whose probe takes more than nginx lets through by default."""
        large = self.dir / "large"
        large.mkdir()
        count = 1024
        pixels = (make_images(count, 1)[0] * (LARGE * LARGE // SIDE // SIDE))
        labels = bytes(i % CLASSES for i in range(count))
        for role in ("train", "t10k"):
            write_idx(large / f"{role}-images-idx3-ubyte.gz", 0x803, [count, LARGE, LARGE], pixels)
            write_idx(large / f"{role}-labels-idx1-ubyte.gz", 0x801, [count], labels)
        self.run_ok(*self.train_arguments(large, "large_teacher", "--epochs", "1"))
        self.start_nginx("")
        self.start_teacher(self.dir / "large_teacher/model")
        return self.arguments(run, "--epochs", "5", "--allow_misaligned_teacher", "--on_teacher_loss", policy,
                              data=large)

    def test_the_default_limit_of_a_body_is_named_again_while_the_trainer_waits(self):
        trainer = self.start(*self.arguments_beyond_the_default_limit("run", "wait"))
        for losses in (5, 10):
            trainer.wait_for_output(f"lost {losses} times in a row without one answer.*client_max_body_size")

    def test_the_default_limit_of_a_body_ends_a_run_whose_policy_is_to_fail(self):
        code, output = self.run_program(*self.arguments_beyond_the_default_limit("run", "fail"))
        self.assertEqual(code, 1, output)
        self.assertRegex(error_in(output), "lost 5 times in a row without one answer.*client_max_body_size")
        self.assert_error_follows_grammar(output)
        self.assertFalse((self.dir / "run").exists())

    def test_behind_the_default_limit_of_a_body_hard_labels_go_on_and_are_counted(self):
        output = self.run_ok(*self.arguments_beyond_the_default_limit("run", "hard_labels"))
        self.assertIn("continuing without the parity probe", output)
        end = self.end("run")
        self.assertGreater(end["samples_without_targets"], 0)
        self.assertEqual(end["samples_with_targets"] + end["samples_without_targets"], end["samples"])
        self.assertEqual(len(self.epochs("run")), 5)


if __name__ == "__main__":
    unittest.main()
