"""The models of the zoo that the peers train and serve, with the zoo's names of parameters."""

import json
import pathlib
import struct

import torch
from torch import nn
from torch.nn import functional

SAFETENSORS_TYPES = {"F32": torch.float32, "I64": torch.int64}


class Mlp(nn.Module):
    def __init__(self, inputs: int, hidden: list[int], classes: int):
        super().__init__()
        widths = [inputs, *hidden, classes]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x), inplace=True)
        return self.layers[-1](x)


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        self.stride, self.new = stride, outputs - inputs

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.new:  # option A: every second pixel, zeros for the new channels
            x = functional.pad(x[:, :, ::self.stride, ::self.stride],
                               (0, 0, 0, 0, self.new // 2, self.new - self.new // 2))
        return functional.relu(y + x, inplace=True)


class CifarResNet(nn.Module):
    def __init__(self, depth: int, channels: int, classes: int):
        super().__init__()
        self.conv1, self.bn1 = conv(channels, 16), nn.BatchNorm2d(16)
        inputs = 16
        for stage in range(3):
            outputs, blocks = 16 << stage, []
            for block in range((depth - 2) // 6):
                blocks.append(Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.layer3(self.layer2(self.layer1(y)))
        return self.fc(functional.adaptive_avg_pool2d(y, 1).flatten(1))


def make(architecture: str, arguments: dict, input_shape: list[int]) -> nn.Module:
    """`arguments` as a model directory's config.json has them."""
    classes = arguments["classes"]
    if architecture == "mlp":
        inputs = torch.Size(input_shape).numel()
        return Mlp(inputs, arguments["hidden"], classes)
    if architecture == "cifar_resnet" and arguments["shortcut"] == "A":
        return CifarResNet(arguments["depth"], input_shape[0], classes)
    raise SystemExit(f"there is no peer of {architecture} {arguments}")


def read_safetensors(path: pathlib.Path) -> dict[str, torch.Tensor]:
    contents = bytearray(path.read_bytes())
    (header_bytes,) = struct.unpack_from("<Q", contents)
    header = json.loads(contents[8:8 + header_bytes])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        data = torch.frombuffer(contents[8 + header_bytes + begin:8 + header_bytes + end],
                                dtype=SAFETENSORS_TYPES[entry["dtype"]])
        tensors[name] = data.reshape(entry["shape"])
    return tensors


class Teacher:
    """A model directory, frozen and optimised: uint8 samples [n, …] to logits [n, classes]."""

    def __init__(self, folder: str, batch_size: int):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.shape = config["inputs"][0]["shape"]
        self.scale = 1 / config["scale"]
        model = make(config["architecture"], config["arguments"], self.shape)
        model.load_state_dict(read_safetensors(folder / "model.safetensors"), strict=True)
        example = torch.zeros(batch_size, *self.shape)
        torch._C._jit_set_texpr_fuser_enabled(False)  # it compiles anew for each size of a batch
        with torch.inference_mode():
            traced = torch.jit.trace(model.eval(), example)
            self.model = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            for _ in range(3):
                self.model(example)

    def logits(self, samples: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return self.model(samples.float().mul_(self.scale))
