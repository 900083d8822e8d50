"""The rules of walls.py hold in this build, and wrong includes planted in real sources break them.
"""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

from walls import Compiled, Walls, forced_includes, read_build, read_commands, sources_of


def compile_with(source, *flags):
    """What `source` would be made of if it were compiled with `flags` added."""
    path = os.path.join(ARGS.source, source)
    command = next(c for c in COMMANDS if path in sources_of(c))
    words = [path if word == command["file"] else word for word in shlex.split(command["command"])]
    del words[words.index("-o"):words.index("-o") + 2]
    words += ["-M", *flags]
    rule_text = subprocess.run(words, cwd=command["directory"], check=True, text=True,
                               stdout=subprocess.PIPE).stdout
    paths = rule_text.split(":", 1)[1].replace("\\\n", " ").split()
    return Compiled(path, "planted", tuple(paths) + forced_includes(" ".join(words)))


def torch_folder():
    """The option that finds Torch's headers; none for Debian's, which every file could see."""
    return [] if ARGS.torch_root == "/usr" else [f"-isystem{ARGS.torch_root}/include"]


class TheBuild(unittest.TestCase):
    def test_every_object_has_a_record_of_its_headers(self):
        self.assertFalse(MISSING, "not built; run after a full build:\n" + "\n".join(MISSING))

    def test_no_layer_sees_what_it_may_not(self):
        lines = WALLS.check_all(OBJECTS)
        self.assertFalse(lines, "\n" + "\n".join(lines))

    def test_torch_and_protobuf_are_recognised_where_they_are_used(self):
        for layer, kind in (("common/zoo", "Torch"), ("student_trainer/loss", "Torch"),
                            ("common/rpc", "protobuf"), ("teacher_server/stream", "protobuf")):
            of_layer = [o for o in OBJECTS if layer in WALLS.kinds(o.source)]
            self.assertTrue(any(kind in WALLS.kinds(path) for o in of_layer for path in o.files),
                            f"{layer} is built on {kind}")


class APlantedInclude(unittest.TestCase):
    """Compiles real sources with one wrong include each: the check must see it."""
    BASE, TENSOR = "common/base/sha256.cc", "common/tensor/host_tensor.cc"

    def assert_reported(self, source, kind, *flags):
        self.assertEqual(WALLS.check(compile_with(source)), [], "must be clean without the include")
        lines = WALLS.check(compile_with(source, *flags))
        self.assertTrue(any(f"may not see {kind} (" in line for line in lines), lines)

    def test_of_torch_is_reported(self):
        self.assert_reported(self.BASE, "Torch", *torch_folder(), "-include", "c10/macros/Macros.h")

    def test_of_a_torch_that_lies_elsewhere_is_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder, "include/torch/torch.h")
            header.parent.mkdir(parents=True)
            header.touch()
            self.assert_reported(self.TENSOR, "Torch", "-include", str(header))

    def test_of_the_precompiled_torch_is_reported(self):
        with_torch = next(c["command"] for c in COMMANDS if "cmake_pch.hxx " in c["command"])
        folders = re.findall(r"-isystem|(?<=-isystem )\S+", with_torch)
        self.assert_reported(self.BASE, "Torch", *folders, "-include",
                             forced_includes(with_torch)[0])

    def test_of_protobuf_is_reported(self):
        self.assert_reported(self.BASE, "protobuf", "-include", "google/protobuf/message_lite.h")

    def test_of_grpc_is_reported(self):
        self.assert_reported(self.TENSOR, "protobuf", "-include", "grpcpp/support/status.h")

    def test_of_a_higher_layer_is_reported(self):
        self.assert_reported(self.BASE, "common/tensor", "-include", "common/tensor/host_tensor.h")

    def test_of_a_higher_layer_through_its_neighbour_is_reported(self):
        self.assert_reported(self.BASE, "common/tensor", "-include", "common/model_directory/safetensors.h")

    def test_of_a_test_is_reported(self):
        header = sorted(pathlib.Path(ARGS.source, "tests/testing").glob("*.h"))[0]
        self.assert_reported(self.BASE, "tests/testing", "-include", str(header))

    def test_of_the_generated_service_is_reported(self):
        self.assert_reported(self.TENSOR, "proto/distill/v1", f"-I{ARGS.build}/generated",
                             "-include", "distill/v1/teacher.pb.h")

    def test_of_the_other_program_is_reported(self):
        header = sorted(pathlib.Path(ARGS.source, "student_trainer/data").glob("*.h"))[0]
        self.assert_reported("teacher_server/main.cc", "student_trainer/data", "-include",
                             str(header))

    def test_of_torch_in_a_main_is_reported(self):
        for main in ("teacher_server/main.cc", "student_trainer/main.cc"):
            self.assert_reported(main, "Torch", *torch_folder(), "-include", "c10/macros/Macros.h")


class TheChecker(unittest.TestCase):
    def test_reports_a_target_that_sees_torch_in_one_file_and_protobuf_in_another(self):
        source = f"{ARGS.source}/tests/integration/a_test.cc"
        one, other = (Compiled(source, "planted", (header,)) for header in
                      ("/usr/include/ATen/Tensor.h", "/usr/include/google/protobuf/message.h"))
        expected = "target planted sees both Torch and protobuf"
        self.assertNotIn(expected, WALLS.check_all([one]))
        self.assertIn(expected, WALLS.check_all([one, other]))

    def test_reports_a_folder_without_a_rule(self):
        for source in ("common/new/a.cc", "common/base/inner/a.cc", "tests/new/a_test.cc", "a.cc"):
            lines = WALLS.check(Compiled(f"{ARGS.source}/{source}", "new", ()))
            self.assertEqual(len(lines), 1, source)
            self.assertIn("not a known layer", lines[0])

    def test_reports_a_header_in_a_folder_without_a_rule(self):
        lines = WALLS.check(Compiled(f"{ARGS.source}/common/base/a.cc", "new",
                                     (f"{ARGS.source}/common/new/a.h",)))
        self.assertIn("may not see common/new", "".join(lines))

    def test_reports_a_source_that_was_not_built(self):
        left = [o for o in OBJECTS if o.source != f"{ARGS.source}/common/base/sha256.cc"]
        self.assertIn(f"{ARGS.source}/common/base/sha256.cc: not built; run after a full build",
                      WALLS.check_all(left))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("source", "build", "ninja", "torch_root"):
        parser.add_argument("--" + name, required=True)
    ARGS, rest = parser.parse_known_args()
    COMMANDS = read_commands(ARGS.build)
    WALLS = Walls(ARGS.source, ARGS.build, ARGS.torch_root)
    OBJECTS, MISSING = read_build(ARGS.build, ARGS.ninja)
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)
