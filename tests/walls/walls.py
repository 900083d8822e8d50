"""The walls between the layers, checked on what the compiler really read.

The facts come from the build itself: compile_commands.json says which object is made of which
source, `ninja -t deps` which headers went into it. Reading #include lines would miss what a header
brings along, and a compile alone proves nothing where some Torch lies in /usr/include.
"""
import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess


@dataclasses.dataclass(frozen=True)
class Rule:
    includes: frozenset  # the layers whose headers may be seen, directly or through another header
    torch: bool = False
    protobuf: bool = False


def rule(includes, **libraries):
    return Rule(frozenset(includes.split()), **libraries)


BASE = "common/base"
TENSOR = BASE + " common/tensor"
CONTRACT = TENSOR + " common/contract"
DIRECTORY = CONTRACT + " common/model_directory"
RPC = CONTRACT + " common/rpc proto/distill/v1"
TORCH = DIRECTORY + " common/torch common/zoo common/inference"
# The headers of common/rpc that a program needs, such as its addresses, show no protobuf: the
# column of protobuf guards the rest.
SERVER = CONTRACT + " common/rpc teacher_server/runner teacher_server/batching"
DATA = DIRECTORY + " student_trainer/views student_trainer/data"
PIPELINE = DATA + " common/client/session student_trainer/pipeline"
STEP = PIPELINE + " common/codec common/torch common/zoo student_trainer/loss student_trainer/step"
TRAINING_DATA = DATA + " student_trainer/data/training"
ALIGNMENT = (PIPELINE + " common/rpc common/codec common/torch common/client/pool"
             " student_trainer/loss student_trainer/data/training")
RUN = (ALIGNMENT + " common/zoo common/inference student_trainer/step student_trainer/alignment"
       " student_trainer/quality student_trainer/evaluation student_trainer/logs"
       " student_trainer/views/resample")

# A new folder gets a line here, or the test fails.
LAYERS = {
    "proto/distill/v1": rule("", protobuf=True),
    "proto/grpc/health/v1": rule("", protobuf=True),
    "common/base": rule(""),
    "common/config_file": rule(BASE),
    "common/tensor": rule(BASE),
    "common/contract": rule(TENSOR),
    "common/model_directory": rule(CONTRACT),
    "common/rpc": rule(CONTRACT + " proto/distill/v1", protobuf=True),
    "common/client/stream": rule(RPC, protobuf=True),
    "common/client/session": rule(RPC + " common/client/stream", protobuf=True),
    "common/client/pool": rule(RPC + " common/client/session", protobuf=True),
    "common/torch": rule(DIRECTORY, torch=True),
    "common/codec": rule(CONTRACT + " common/torch", torch=True),
    "common/zoo": rule(DIRECTORY + " common/torch", torch=True),
    "common/zoo/image": rule(DIRECTORY + " common/zoo", torch=True),
    "common/inference": rule(DIRECTORY + " common/torch common/zoo", torch=True),
    "teacher_server/runner": rule(TORCH + " common/codec", torch=True),
    "teacher_server/batching": rule(CONTRACT + " teacher_server/runner"),
    "teacher_server/admission": rule(BASE + " common/rpc"),
    "teacher_server/metrics": rule(SERVER + " teacher_server/admission"),
    "teacher_server/stream": rule(SERVER + " proto/distill/v1 teacher_server/admission"
                                  " teacher_server/metrics", protobuf=True),
    "teacher_server/server": rule(SERVER + " proto/distill/v1 proto/grpc/health/v1"
                                  " teacher_server/admission"
                                  " teacher_server/metrics teacher_server/stream", protobuf=True),
    "teacher_server": rule(SERVER + " common/model_directory teacher_server/admission"
                           " teacher_server/metrics teacher_server/server"),
    "student_trainer/views": rule(TENSOR),
    "student_trainer/views/resample": rule(CONTRACT + " common/torch student_trainer/views",
                                           torch=True),
    "student_trainer/data": rule(DIRECTORY + " student_trainer/views"),
    "student_trainer/data/images": rule(TENSOR + " student_trainer/views"),
    "student_trainer/data/formats": rule(DATA + " student_trainer/data/images"),
    "student_trainer/pipeline": rule(DATA + " common/rpc common/client/session"),
    "student_trainer/loss": rule(CONTRACT + " common/codec", torch=True),
    "student_trainer/step": rule(PIPELINE + " common/codec common/torch common/zoo common/inference"
                                 " student_trainer/loss", torch=True),
    "student_trainer/data/training": rule(DATA + " student_trainer/views/resample"
                                          " student_trainer/data/formats", torch=True),
    "student_trainer/students": rule(TRAINING_DATA + " common/torch common/zoo common/inference",
                                     torch=True),
    "student_trainer/alignment": rule(ALIGNMENT + " student_trainer/quality", torch=True),
    "student_trainer/quality": rule(BASE),
    "student_trainer/evaluation": rule(DATA + " common/torch common/zoo common/inference"
                                       " student_trainer/views/resample student_trainer/quality",
                                       torch=True),
    "student_trainer/logs": rule(BASE, protobuf=True),
    "student_trainer/report": rule(DIRECTORY + " student_trainer/quality"),
    "student_trainer/run": rule(RUN, torch=True),
    "student_trainer/commands": rule(RUN + " student_trainer/data/formats student_trainer/students"
                                     " student_trainer/report student_trainer/run", torch=True),
    # The headers of options, which main.cc sees through the commands, show no Torch.
    "student_trainer": rule(PIPELINE + " common/config_file common/rpc student_trainer/loss"
                            " student_trainer/step student_trainer/students student_trainer/run"
                            " student_trainer/alignment student_trainer/data/training"
                            " student_trainer/logs student_trainer/commands"),
    # Fakes and the tests of whole programs may use any layer on their side of the Torch wall.
    "tests/testing": rule(BASE),
    "tests/testing/fake_teacher": rule(RPC + " tests/testing", protobuf=True),
    "tests/teacher_server/testing": rule(CONTRACT + " teacher_server/runner"),
    "tests/student_trainer/testing": rule(DATA + " common/torch common/zoo common/inference"
                                          " tests/testing", torch=True),
    # The benchmarks' tools: teacher_load is a client, model_in_process and make_model hold a model,
    # wire_bench is a client and a server, gradient_angle has a loss.
    "tests/bench": rule(RPC + " common/model_directory common/torch common/zoo common/inference"
                        " common/codec common/client/stream common/client/session"
                        " student_trainer/loss teacher_server/runner teacher_server/batching"
                        " teacher_server/admission teacher_server/metrics teacher_server/stream"
                        " teacher_server/server tests/testing", torch=True, protobuf=True),
}
PRODUCTION = ("common", "teacher_server", "student_trainer")


def rule_of(layer):
    """A test sees what its layer sees, the layer itself, the helpers of their tests, the fakes."""
    if layer in LAYERS or not layer.startswith("tests/"):
        return LAYERS.get(layer)
    name = layer.removeprefix("tests/")
    if name not in LAYERS:
        return None
    below = LAYERS[name].includes | {name}
    fakes = {"tests/testing", "tests/testing/fake_teacher", f"tests/{name.split('/')[0]}/testing"}
    return dataclasses.replace(LAYERS[name],
                               includes=below | {"tests/" + layer for layer in below} | fakes)


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A source, its CMake target and every file that went into its object.

    Sources that are compiled together (DISTILL_UNITY) share one object. All are of one folder, so
    what one of them may see, all may see.
    """
    source: str
    target: str
    files: tuple


class Walls:
    def __init__(self, source, build, torch_root):
        self.source, self.build = source, build
        self.torch_include = os.path.join(torch_root, "include") + "/"
        if torch_root == "/usr":  # shared with everything else: known by its folders alone
            self.torch_include = None

    @functools.lru_cache(maxsize=None)
    def kinds(self, path):
        """What a file is: names of layers, 'Torch', 'protobuf'; nothing for any other library."""
        path = os.path.normpath(os.path.join(self.build, path))
        kinds = set()
        if re.search(r"/include/(.*/)?(google/protobuf|grpc|grpcpp|grpc\+\+)/|\.pb\.(h|cc)$", path):
            kinds.add("protobuf")
        if (os.path.basename(path).startswith("cmake_pch.hxx")
                or (self.torch_include and path.startswith(self.torch_include))
                or re.search(r"/include/(.*/)?(torch|ATen|c10|caffe2)/", path)):
            return kinds | {"Torch"}
        if path.startswith(self.build + "/generated/"):
            folder = os.path.dirname(path[len(self.build + "/generated/"):])
            return kinds | {folder if folder in LAYERS else "proto/" + folder}
        if path.startswith(self.source + "/") and not path.startswith(self.source + "/.venv/"):
            kinds.add(os.path.dirname(path[len(self.source) + 1:]))
        return kinds

    def check(self, compiled):
        """The violations of one object, as lines."""
        own = self.kinds(compiled.source) - {"Torch", "protobuf"}
        layer = next(iter(own), os.path.dirname(compiled.source))
        allowed = rule_of(layer)
        if allowed is None:
            return [f"{compiled.source}: its folder {layer} is not a known layer; give it a rule"]
        found = {}
        for path in compiled.files:
            for kind in self.kinds(path):
                if kind not in allowed.includes | {layer}:
                    found.setdefault(kind, path)
        if allowed.torch:
            found.pop("Torch", None)
        if allowed.protobuf:
            found.pop("protobuf", None)
        return [f"{compiled.source}: {layer} may not see {kind} ({path})"
                for kind, path in sorted(found.items())]

    def check_all(self, objects):
        """The violations of a whole build."""
        lines = [line for compiled in objects for line in self.check(compiled)]
        libraries = {}
        for compiled in objects:
            for path in compiled.files:
                libraries.setdefault(compiled.target, set()).update(self.kinds(path))
        lines += [f"target {target} sees both Torch and protobuf"
                  for target, kinds in sorted(libraries.items()) if {"Torch", "protobuf"} <= kinds]
        present = {str(path) for folder in PRODUCTION
                   for path in pathlib.Path(self.source, folder).rglob("*.cc")}
        return lines + [f"{path}: not built; run after a full build"
                        for path in sorted(present - {compiled.source for compiled in objects})]


def read_commands(build):
    return json.loads(pathlib.Path(build, "compile_commands.json").read_text())


def sources_of(command):
    """The source of a command, or those that a unity file includes."""
    if os.path.basename(os.path.dirname(command["file"])) != "Unity":
        return [command["file"]]
    return re.findall(r'#include "(.+)"', pathlib.Path(command["file"]).read_text())


def forced_includes(command):
    """The headers that a command names itself: g++ keeps a precompiled one out of its records."""
    return tuple(re.findall(r"-include(?:-pch)?\s+(?:-Xclang\s+)?(\S+)", command))


def read_build(build, ninja):
    """Returns the objects of the build, and those without an up-to-date record of their headers."""
    listing = subprocess.run([ninja, "-C", build, "-t", "deps"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    files = {}
    for block in listing.split("\n\n"):
        head, *paths = block.splitlines() or [""]
        if head.endswith("(VALID)"):
            files[head.split(": #deps")[0]] = tuple(path.strip() for path in paths)
    objects, missing = [], []
    for command in read_commands(build):
        output = re.search(r" -o (\S+)", command["command"])[1]
        target = re.search(r"CMakeFiles/(.+?)\.dir/", output)[1]
        if re.fullmatch("distill_torch(_test)?_pch", target):  # only builds a precompiled header
            continue
        if output in files:
            read = tuple(path for path in files[output]
                         if os.path.abspath(os.path.join(build, path)) != command["file"])
            read += forced_includes(command["command"])
            objects += [Compiled(source, target, read) for source in sources_of(command)]
        else:
            missing.append(output)
    return objects, missing
