"""Multi-layer perceptrons as model directories: written by hand, and computed in float64."""

import json
import pathlib
import struct

import numpy as np

from programs import NAMES, SIDE


def write_safetensors(path: pathlib.Path, tensors, offsets=None):
    """`offsets`: other places in the file than where the tensors of these names lie."""
    head, data = {}, b""
    for name, array in tensors.items():
        dtype = {"uint8": "U8", "int64": "I64", "float32": "F32"}[array.dtype.name]
        head[name] = {"dtype": dtype, "shape": array.shape,
                      "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    for name, where in (offsets or {}).items():
        head[name]["data_offsets"] = where
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def write_model(folder: pathlib.Path, weights, shape, scale, dtype="uint8", class_names=()):
    """A model directory of the layers `weights`: pairs [outputs, inputs], [outputs]."""
    folder.mkdir(parents=True)
    tensors = {}
    for i, (weight, bias) in enumerate(weights):
        tensors |= {f"layers.{i}.weight": weight.astype("<f4"),
                    f"layers.{i}.bias": bias.astype("<f4")}
    write_safetensors(folder / "model.safetensors", tensors)
    arguments = {"input_shape": shape, "hidden": [len(bias) for _, bias in weights[:-1]],
                 "classes": len(weights[-1][1])}
    channels = shape[0] if len(shape) == 3 else 1
    config = {"format": "distill/1", "architecture": "mlp", "scale": scale, "arguments": arguments,
              "inputs": [{"name": "image", "dtype": dtype, "shape": shape}],
              "mean": [0.5] * channels, "std": [0.25] * channels, "class_names": class_names}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_mlp(folder: pathlib.Path, shape=(1, SIDE, SIDE), classes=4, dtype="uint8", seed=1):
    """A model directory with random weights: a teacher that need not be trained."""
    rng, inputs = np.random.default_rng(seed), int(np.prod(shape))
    weights = [(rng.normal(0, columns ** -0.5, (rows, columns)), rng.normal(0, 1, rows))
               for rows, columns in [(8, inputs), (classes, 8)]]
    return write_model(folder, weights, shape, scale=255 if dtype == "uint8" else 1, dtype=dtype,
                       class_names=NAMES if classes == 4 else [])


def read_tensors(path):
    """The arrays of a safetensors file, in their own types."""
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    types = {"F32": "<f4", "I64": "<i8", "U8": "|u1"}
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            data = np.frombuffer(raw[8 + size + begin:8 + size + end], types[entry["dtype"]])
            tensors[name] = data.reshape(entry["shape"])
    return tensors


def read_safetensors(path):
    return {name: tensor.astype(np.float64) for name, tensor in read_tensors(path).items()}


def layers_of(model, images):
    """What each layer of the multi-layer perceptron gives, in float64."""
    config = json.loads((model / "config.json").read_text())
    x = images.reshape(len(images), -1) / config["scale"]
    x = (x - config["mean"][0]) / config["std"][0]
    tensors = read_safetensors(model / "model.safetensors")
    weights = [name for name in tensors if name.endswith(".weight")]
    layers = []
    for i, name in enumerate(sorted(weights)):
        x = x @ tensors[name].T + tensors[name.replace(".weight", ".bias")]
        if i + 1 < len(weights):
            x = np.maximum(x, 0)
        layers.append(x)
    return layers


def expected_logits(model, images):
    return layers_of(model, images)[-1]


def hidden_layer(model, images):
    """The last before the logits: the features of the zoo's perceptron."""
    return layers_of(model, images)[-2]
