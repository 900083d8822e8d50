"""Multi-layer perceptrons as model directories: written by hand, and computed in float64."""

import json
import pathlib
import struct

import numpy as np

from programs import NAMES, SIDE


def write_mlp(folder: pathlib.Path, shape=(1, SIDE, SIDE), classes=4, dtype="uint8", seed=1):
    """A model directory with random weights: a teacher that need not be trained."""
    folder.mkdir(parents=True)
    rng, inputs = np.random.default_rng(seed), int(np.prod(shape))
    tensors, head, end = {}, {}, 0
    for i, (rows, columns) in enumerate([(8, inputs), (classes, 8)]):
        weight = rng.normal(0, columns ** -0.5, (rows, columns))
        tensors |= {f"layers.{i}.weight": weight, f"layers.{i}.bias": rng.normal(0, 1, rows)}
    for name, tensor in tensors.items():
        begin, end = end, end + 4 * tensor.size
        head[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [begin, end]}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(tensor.astype("<f4").tobytes() for tensor in tensors.values())
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    config = {"format": "distill/1", "architecture": "mlp", "scale": 255 if dtype == "uint8" else 1,
              "arguments": {"input_shape": shape, "hidden": [8], "classes": classes},
              "inputs": [{"name": "image", "dtype": dtype, "shape": shape}], "mean": [0.5],
              "std": [0.25], "class_names": NAMES if classes == 4 else []}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def read_safetensors(path):
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32"
            data = np.frombuffer(raw[8 + size + begin:8 + size + end], dtype="<f4")
            tensors[name] = data.reshape(entry["shape"]).astype(np.float64)
    return tensors


def expected_logits(model, images):
    """The multi-layer perceptron's forward pass in float64."""
    config = json.loads((model / "config.json").read_text())
    x = images.reshape(len(images), -1) / config["scale"]
    x = (x - config["mean"][0]) / config["std"][0]
    tensors = read_safetensors(model / "model.safetensors")
    weights = [name for name in tensors if name.endswith(".weight")]
    for i, name in enumerate(sorted(weights)):
        x = x @ tensors[name].T + tensors[name.replace(".weight", ".bias")]
        if i + 1 < len(weights):
            x = np.maximum(x, 0)
    return x
