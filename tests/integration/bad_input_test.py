"""Bad input: a clear line, the right exit code, nothing half-written."""

import gzip
import json
import os
import shutil
import signal
import socket
import struct
import unittest

from programs import IntegrationTest, NAMES, SERVER, SIDE, TRAINER, write_dataset, write_idx


class BadInput(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.dir / "data")

    def assert_fails(self, code, says, *arguments):
        actual, output = self.run_program(*arguments)
        self.assertEqual(actual, code, output)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, output)
        self.assert_error_follows_grammar(output)
        self.assertNotIn("terminate called", output)

    def assert_train_fails(self, code, says, *options, data=None):
        """Training fails, and leaves no run directory."""
        data = data or self.data
        self.assert_fails(code, says, *self.train_arguments(data, "bad_run", *options))
        self.assertFalse((self.dir / "bad_run").exists())

    def test_a_wrong_command_line_of_the_trainer_is_2_and_names_the_option(self):
        for options, says in [
                (["--no_such_option", "1"], "--no_such_option"),
                (["--alpha", "1.5", "--teacher", "localhost:1"], "--alpha is 1.5; must be 0 to 1"),
                (["--alpha", "-0.1", "--teacher", "localhost:1"], "--alpha is -0.1; must be"),
                (["--alpha", "nan", "--teacher", "localhost:1"], "--alpha is nan; must be"),
                (["--alpha", "0.5"], "--alpha is 0.5; must be 0 where there is no --teacher"),
                (["--temperature", "0", "--teacher", "localhost:1"],
                 "--temperature is 0; must be more than 0"),
                (["--temperature", "-1", "--teacher", "localhost:1"], "--temperature is -1; must be"),
                (["--epochs", "0"], "--epochs is 0; must be 1 or more"),
                (["--epochs", "many"], "--epochs is 'many'; must be a whole number"),
                (["--epochs", "1.5"], "--epochs is '1.5'; must be a whole number"),
                (["--lr", "0,1"], "--lr is '0,1'; must be a number"),
                (["--seed", "-1"], "--seed: it is -1; give a whole number of 0 or more"),
                (["--split_seed", "x"], "--split_seed is 'x'; must be a whole number"),
                (["--batch_size", "0"], "--batch_size is 0; must be 2 or more"),
                (["--val_count", "5", "--val_fraction", "0.1"], "--val_fraction"),
                (["--label_count", "5", "--label_fraction", "0.1"], "--label_fraction"),
                (["--val", self.data, "--val_count", "5"], ["--val: ", "--val_count"]),
                (["--val_fraction", "1.5"], "--val_fraction is 1.5; must be"),
                (["--encoding", "morse"], ["--encoding", "morse", "f16"]),
                (["--on_teacher_loss", "cry"], ["--on_teacher_loss", "cry", "hard_labels"]),
                (["--teacher", "nowhere"], ["--teacher", "nowhere", "host:port"]),
                (["--teacher", "host:99999"], "--teacher: address 'host:99999'"),
                (["--teacher", "unix:"], "--teacher: address 'unix:': the path is empty"),
                (["--teacher", "unix://x"], "--teacher: the address is 'unix://x'; must be unix:/path"),
                (["--teacher", "[fe80::1]:50"], "--teacher: address '[fe80::1]:50': a link-local address needs"),
                (["--teacher", "[fe80::1%nope0]:50"], "is 'nope0'; must be a network interface of this machine"),
                (["--teacher", "http://user:secret@host:50"], "--teacher: address 'http://host:50': it is a URL"),
                (["--views", "wild"], "--views is 'wild'; must be none, light, standard or strong"),
                (["--token_file", "token"], ["--token_file", "--teacher"]),
        ]:
            with self.subTest(options=options):
                self.assert_train_fails(2, says, *options)

    def test_a_student_that_is_not_in_the_zoo_is_2_with_the_zoo(self):
        self.assert_fails(2, ["--student is 'resnet9000'; must be", "mlp_small"], TRAINER, "train", "--train",
                          self.data, "--student", "resnet9000", "--run_dir", self.dir / "run")

    def test_a_missing_subcommand_or_required_option_is_2(self):
        self.assert_fails(2, "subcommand", TRAINER)
        self.assert_fails(2, "--student", TRAINER, "train", "--train", self.data, "--run_dir", "x")
        self.assert_fails(2, "--test", TRAINER, "evaluate", self.data)

    def test_a_config_file_that_is_missing_is_1_and_an_unknown_key_in_it_2(self):
        self.assert_fails(1, "missing.toml", TRAINER, "train", "--config", self.dir / "missing.toml")
        (self.dir / "typo.toml").write_text("[train]\nepohcs = 3\n")
        self.assert_fails(2, "epohcs", *self.train_arguments(self.data, "run", "--config",
                                                             self.dir / "typo.toml"))

    def test_malformed_data_is_1_and_names_the_file(self):
        images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"

        def replace(name, content):
            def spoil(folder):
                (folder / f"{name}.gz").unlink()
                (folder / name).write_bytes(content)
            return spoil

        def header(magic, *dims):
            return struct.pack(f">{1 + len(dims)}I", magic, *dims)

        def cut_gzip(folder):
            whole = (folder / f"{images}.gz").read_bytes()
            (folder / f"{images}.gz").write_bytes(whole[:len(whole) // 2])

        def many_labels(folder):
            (folder / f"{labels}.gz").unlink()
            write_idx(folder / f"{labels}.gz", 0x801, [500], bytes(500))

        def label_out_of_range(folder):
            (folder / f"{labels}.gz").unlink()
            write_idx(folder / f"{labels}.gz", 0x801, [400], bytes([7] + [0] * 399))

        for what, spoil, says in [
                ("magic", replace(images, header(0x999, 1, SIDE, SIDE) + bytes(64)), images),
                ("length", replace(images, header(0x803, 9, SIDE, SIDE) + bytes(64)), images),
                ("empty", replace(images, b""), images),
                ("no samples", replace(images, header(0x803, 0, SIDE, SIDE)), images),
                ("absurd size", replace(images, header(0x803, *[0xFFFFFFFF] * 3)), images),
                ("cut", cut_gzip, images),
                ("count of labels", many_labels, labels),
                ("label out of range", label_out_of_range, [labels, "7"]),
        ]:
            with self.subTest(what=what):
                folder = self.dir / "spoiled"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(self.data, folder)
                spoil(folder)
                self.assert_train_fails(1, says, data=folder)
        self.assert_train_fails(1, "nowhere", data=self.dir / "nowhere")

    def test_more_labels_or_validation_than_there_are_is_1(self):
        self.assert_train_fails(1, "361", "--label_count", "361")
        self.assert_train_fails(1, "500", "--val_count", "500")
        self.assert_train_fails(1, "it leaves 0 samples", "--label_count", "0")

    def test_a_run_directory_that_holds_anything_is_left_alone(self):
        (self.dir / "run").mkdir()
        (self.dir / "run" / "mine").write_text("x")
        self.assert_fails(1, ["--run_dir", "never written over; set --resume"], *self.train_arguments(self.data, "run"))
        self.assertEqual([p.name for p in (self.dir / "run").iterdir()], ["mine"])

    def test_an_address_without_a_teacher_is_1_and_named(self):
        self.assert_train_fails(1, "gone.sock", "--teacher", self.unix_address("gone.sock"),
                                "--connect_timeout", "1s")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            self.assert_train_fails(1, address, "--teacher", address, "--connect_timeout", "1s")

    def test_a_wrong_command_line_of_the_server_is_2_and_names_the_option(self):
        for options, says in [
                ([], "--model"),
                (["--model", "m"], "--listen"),
                (["--model", "m", "--listen", "nowhere"], ["--listen", "nowhere"]),
                (["--model", "m", "--listen", "localhost:0", "--batch_delay", "5"], "--batch_delay"),
                (["--model", "m", "--listen", "localhost:0", "--max_batch_samples", "0"],
                 "--max_batch_samples is 0; must be 1 to"),
                (["--model", "m", "--listen", "localhost:0", "--max_message_size", "lots"],
                 "--max_message_size"),
                (["--model", "m", "--listen", "localhost:0", "--what"], "--what"),
        ]:
            with self.subTest(options=options):
                self.assert_fails(2, says, SERVER, *options)

    def test_a_model_directory_that_cannot_be_served_is_1_and_named(self):
        good = self.train_teacher(self.data)

        def change_config(**changes):
            def spoil(folder):
                config = json.loads((folder / "config.json").read_text())
                (folder / "config.json").write_text(json.dumps({**config, **changes}))
            return spoil

        def truncate(folder):
            weights = folder / "model.safetensors"
            weights.write_bytes(weights.read_bytes()[:-10])

        def overlap(folder):
            weights = folder / "model.safetensors"
            raw = weights.read_bytes()
            size = struct.unpack("<Q", raw[:8])[0]
            head = json.loads(raw[8:8 + size])
            first, second = [name for name in head if name != "__metadata__"][:2]
            head[second]["data_offsets"] = head[first]["data_offsets"]
            text = json.dumps(head).encode()
            weights.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size:])

        def no_torchscript(folder):
            change_config(architecture="torchscript", arguments={})(folder)
            (folder / "model.pt").write_bytes(b"not a zip file")

        for what, spoil, says in [
                ("no config", lambda f: (f / "config.json").unlink(), "config.json"),
                ("no weights", lambda f: (f / "model.safetensors").unlink(), "model.safetensors"),
                ("config not JSON", lambda f: (f / "config.json").write_text("{"), "config.json"),
                ("format", change_config(format="distill/99"), "distill/99"),
                ("architecture", change_config(architecture="perceptron"), "perceptron"),
                ("arguments", change_config(arguments={"input_shape": [1, 8, 8], "hidden": [0],
                                                       "classes": 4}), "'hidden' is [0]; must be"),
                ("truncated", truncate, "model.safetensors"),
                ("overlapping", overlap, "model.safetensors"),
                ("class names", change_config(class_names=["a", "b"]), "2"),
                ("torchscript", no_torchscript, "model.pt"),
        ]:
            with self.subTest(what=what):
                folder = self.dir / "spoiled_model"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(good, folder)
                spoil(folder)
                sock = self.dir / "s.sock"
                self.assert_fails(1, ["spoiled_model", says], SERVER, "--model", folder, "--listen",
                                  f"unix:{sock}")
                self.assertFalse(sock.exists())
        self.assert_fails(1, "nothing_here", SERVER, "--model", self.dir / "nothing_here",
                          "--listen", self.unix_address())

    def test_a_path_that_is_no_utf_8_is_as_good_as_any(self):
        model = self.dir / os.fsdecode(b"m\xff")
        shutil.copytree(self.train_teacher(self.data), model)
        table = self.dir / "table.json"
        self.run_ok(TRAINER, "evaluate", model, "--test", self.data, "--threads", "1", "--json", table)
        self.assertIn("m\ufffd", json.loads(table.read_text())[0]["model"])
        self.run_ok(*self.train_arguments(self.data, "run", "--epochs", "1", student=model))

    def test_an_address_in_use_is_1_and_the_first_server_goes_on(self):
        model = self.train_teacher(self.data)
        for listen in [self.unix_address(), "127.0.0.1:0"]:
            with self.subTest(listen=listen):
                server, address = self.serve(model, listen)
                self.assert_fails(1, address, SERVER, "--model", model, "--listen", address)
                self.run_ok(*self.train_arguments(self.data, f"run_{listen[:4]}", "--teacher",
                                                  address, "--epochs", "1"))
                server.kill()

    def test_a_teacher_that_does_not_fit_the_data_is_1_with_both_sides(self):
        _, address = self.serve(self.train_teacher(self.data), self.unix_address())
        other_names = write_dataset(self.dir / "other_names", names=["a", "b", "c", "d"])
        self.assert_train_fails(1, NAMES + ["'a', 'b', 'c', 'd'"], "--teacher", address, data=other_names)

        wider = write_dataset(self.dir / "wider")
        for role, count in [("train", 400), ("t10k", 100)]:
            path = wider / f"{role}-images-idx3-ubyte.gz"
            raw = gzip.decompress(path.read_bytes())[16:]
            path.unlink()
            write_idx(path, 0x803, [count // 2, SIDE, 2 * SIDE], raw)
            labels = wider / f"{role}-labels-idx1-ubyte.gz"
            raw = gzip.decompress(labels.read_bytes())[8:]
            write_idx(labels, 0x801, [count // 2], raw[:count // 2])
        self.assert_train_fails(1, ["[1, 8, 8]", "[1, 8, 16]"], "--teacher", address, data=wider)

    def test_a_teacher_of_other_classes_without_names_is_caught_by_the_probe(self):
        unnamed = write_dataset(self.dir / "unnamed", names=None)
        _, address = self.serve(self.train_teacher(unnamed), self.unix_address())
        shifted = self.dir / "shifted"
        shutil.copytree(unnamed, shifted)
        for role in ["train", "t10k"]:
            path = shifted / f"{role}-labels-idx1-ubyte.gz"
            raw = gzip.decompress(path.read_bytes())
            path.write_bytes(gzip.compress(raw[:8] + bytes((b + 1) % 4 for b in raw[8:])))
        self.assert_train_fails(1, ["parity probe", "; set --class_names to the teacher's order of the classes, "
                                    "or --allow_misaligned_teacher"], "--teacher", address, data=shifted)
        output = self.run_ok(*self.train_arguments(shifted, "allowed", "--teacher", address, "--epochs",
                                                   "1", "--allow_misaligned_teacher"))
        self.assertIn("knows classes by another order: class 0 is answered as class 3", output)

    def test_a_proxy_is_named_and_never_used_for_this_machine(self):
        proxy = os.environ | {"http_proxy": "http://127.0.0.1:9"}
        _, address = self.serve(self.train_teacher(self.data), "127.0.0.1:0")
        self.run_ok(*self.train_arguments(self.data, "run", "--teacher", address, "--epochs", "1"),
                    env=proxy)
        self.run_ok(SERVER, "--check_health", address, env=proxy)
        options = ["--teacher", "gpu.example.test:50051", "--connect_timeout", "300ms"]
        train = self.train_arguments(self.data, "away", *options)
        health = [SERVER, "--check_health", "gpu.example.test:50051"]
        for variables, names, hides in [
                ({}, ["through the proxy of http_proxy=http://127.0.0.1:9: "], "is not used"),
                ({"http_proxy": "http://user:secret@127.0.0.1:9"},
                 ["through the proxy of http_proxy=http://127.0.0.1:9: "], "secret"),
                ({"http_proxy": "socks5://user:secret@127.0.0.1:9"},
                 ["; http_proxy=socks5://127.0.0.1:9 is not used"], "secret"),
                ({"http_proxy": "127.0.0.1:9"}, ["; http_proxy=127.0.0.1:9 is not used"], "through the proxy"),
                ({"no_proxy": "localhost,.example.test"}, [], "proxy"),
                ({"no_proxy": "*.example.test"}, [], "proxy"),
                ({"no_proxy": "gpu.example.test:50051"}, [], "proxy"),
                ({"no_proxy": "ample.test"}, [], "proxy"),
        ]:
            for program in (train, health):
                with self.subTest(variables=variables, program=program[0]):
                    code, output = self.run_program(*program, env=proxy | variables)
                    self.assertEqual(code, 1, output)
                    for text in names:
                        self.assertIn(text, output)
                    self.assertNotIn(hides, output)
                    self.assert_error_follows_grammar(output)

    def test_a_folder_with_an_equals_sign_is_told_from_a_name(self):
        shutil.copytree(self.train_teacher(self.data), self.dir / "runs=x/lr=0.1/model")
        self.dir.joinpath("plain").symlink_to(self.dir / "runs=x")
        for text, name in [(self.dir / "runs=x/lr=0.1/model", "model"), ("./runs=x/lr=0.1/model", "model"),
                           ("plain/lr=0.1/model", "model"), ("t=runs=x/lr=0.1/model", "t")]:
            with self.subTest(text=text):
                server, _ = self.serve(text, self.unix_address(), cwd=self.dir)
                self.assertIn(f"model '{name}': mlp", server.output)
                server.kill()
        code, output = self.run_program(SERVER, "--model", "runs=x/lr=0.1/model", "--listen", self.unix_address(),
                                        cwd=self.dir)
        self.assertEqual(code, 1, output)
        self.assertIn("; --model runs=x/lr=0.1/model was read as NAME=DIR: for a folder of that path, write "
                      "./runs=x/lr=0.1/model", output)
        self.assert_error_follows_grammar(output)

    def test_interrupted_training_is_130(self):
        trainer = self.start(*self.train_arguments(self.data, "run", "--epochs", "100000"))
        trainer.wait_for_output("epoch 1/100000")
        trainer.signal(signal.SIGTERM)
        self.assertEqual(trainer.wait(), 130, trainer.output)


if __name__ == "__main__":
    unittest.main()
