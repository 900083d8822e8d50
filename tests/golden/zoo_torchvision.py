"""Golden values of torchvision's models, for the families of the zoo with the same names.

    pip install torch torchvision
    python3 tests/golden/zoo_torchvision.py > tests/golden/zoo_torchvision.json

For each model they hold the number of parameters and of multiply-adds of a 224x224 image, a digest of
the names and shapes of its state, and its logits in float64 for an image of 64x64 and weights from a
formula, which the C++ test computes as well.
"""

import hashlib
import json
import math

import torch

# Disables its own operators, which these models do not use; it then loads with any build of torch.
LIBRARY = torch.library.Library("torchvision", "DEF")
for _operator in ("nms", "qnms"):
    LIBRARY.define(f"{_operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision import models  # noqa: E402

CASES = {
    "resnet18": ("resnet", {"depth": 18}, models.ResNet18_Weights.DEFAULT),
    "resnet34": ("resnet", {"depth": 34}, models.ResNet34_Weights.DEFAULT),
    "resnet50": ("resnet", {"depth": 50}, models.ResNet50_Weights.DEFAULT),
    "resnet101": ("resnet", {"depth": 101}, models.ResNet101_Weights.DEFAULT),
    "resnet152": ("resnet", {"depth": 152}, models.ResNet152_Weights.DEFAULT),
    "mobilenet_v2": ("mobilenet_v2", {}, models.MobileNet_V2_Weights.DEFAULT),
    "squeezenet1_0": ("squeezenet", {"version": "1.0"}, models.SqueezeNet1_0_Weights.DEFAULT),
    "squeezenet1_1": ("squeezenet", {"version": "1.1"}, models.SqueezeNet1_1_Weights.DEFAULT),
}
SIDE = 64


def wave(shape, phase):
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 0.7 + phase).view(shape)


def formula(name, tensor):
    """The value of the state `name`: filters small enough for deep models, norms near the identity."""
    values = wave(tensor.shape, sum(name.encode()) % 1000)
    if name.endswith("running_var"):
        return 1 + values / 2
    if name.endswith("running_mean") or name.endswith("bias"):
        return values / 10
    if tensor.dim() == 1:
        return 1 + values / 10
    return values * 0.4 / math.sqrt(tensor[0].numel())


def multiply_adds(model):
    """Counted a layer at a time, while an image passes."""
    counts = []

    def count(layer, _inputs, output):
        counts.append(output.numel() * layer.weight[0].numel())

    for layer in model.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            layer.register_forward_hook(count)
    model(torch.zeros(1, 3, 224, 224))
    return sum(counts)


def golden(name, architecture, arguments, weights):
    model = getattr(models, name)(weights=None).eval()
    with torch.no_grad():
        operations = multiply_adds(model)
        published = weights.meta["_ops"]  # in 1e9, rounded
        assert abs(operations / 1e9 - published) < 0.0006, (name, operations, published)
        model = model.double()
        for key, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(formula(key, tensor))
        logits = model(wave((1, 3, SIDE, SIDE), 0.0))[0]
    state = "".join(f"{key} {list(tensor.shape)}\n"
                    for key, tensor in sorted(model.state_dict().items()))
    assert logits.std() > 0, name
    return {
        "architecture": architecture,
        "arguments": arguments,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "multiply_adds": operations,
        "state_sha256": hashlib.sha256(state.encode()).hexdigest(),
        "norm": logits.norm().item(),
        "first_logits": logits[:20].tolist(),
    }


def main():
    cases = {name: golden(name, *case) for name, case in CASES.items()}
    print("{\n" + ",\n".join(f'"{name}": {json.dumps(case)}' for name, case in cases.items()) + "\n}")


if __name__ == "__main__":
    main()
