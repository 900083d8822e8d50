"""Golden values of the optimizers' updates, from torch.optim in float64.

    python3 tests/golden/optimizers.py > tests/golden/optimizers.json

Gradients and learning rates are given, not computed, and there are both groups of parameters, with
and without weight decay: one weight of a convolution and one bias. Needs torch alone.
"""

import json

import torch

STEPS = 6
SHAPES = {"weight": (3, 2, 2, 2), "bias": (3,)}

# kind, then options by their names in OptimizerOptions
CASES = [
    {"kind": "sgd", "momentum": 0.0, "weight_decay": 0.0},
    {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.1},
    {"kind": "adamw", "weight_decay": 0.0},
    {"kind": "adamw", "weight_decay": 0.3},
    {"kind": "adamw", "weight_decay": 0.01, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
]


def make_optimizer(case, groups):
    if case["kind"] == "sgd":
        momentum = case["momentum"]
        return torch.optim.SGD(groups, lr=1.0, momentum=momentum, nesterov=momentum > 0)
    betas = (case.get("beta1", 0.9), case.get("beta2", 0.999))
    return torch.optim.AdamW(groups, betas=betas, eps=case.get("epsilon", 1e-8))


def golden_case(case, generator):
    draw = lambda shape: torch.randn(shape, dtype=torch.float64, generator=generator)
    parameters = {name: draw(shape).requires_grad_() for name, shape in SHAPES.items()}
    result = dict(case, initial={k: p.detach().flatten().tolist() for k, p in parameters.items()})
    optimizer = make_optimizer(
        case,
        [
            {"params": [parameters["weight"]], "weight_decay": case["weight_decay"]},
            {"params": [parameters["bias"]], "weight_decay": 0.0},
        ],
    )
    result["steps"] = []
    for step in range(STEPS):
        rate = 0.1 / (1 + step)
        gradients = {name: draw(shape) for name, shape in SHAPES.items()}
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, parameter in parameters.items():
            parameter.grad = gradients[name]
        optimizer.step()
        result["steps"].append(
            {
                "learning_rate": rate,
                "gradients": {k: g.flatten().tolist() for k, g in gradients.items()},
                "parameters": {k: p.detach().flatten().tolist() for k, p in parameters.items()},
            }
        )
    result["state"] = {
        f"{kind}.{name}": value.flatten().tolist()
        for name, parameter in parameters.items()
        for kind, value in optimizer.state[parameter].items()
        if value is not None
    }
    return result


def main():
    generator = torch.Generator().manual_seed(20171114)
    cases = [golden_case(case, generator) for case in CASES]
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
