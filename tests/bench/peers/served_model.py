"""The model that the peers serve: a model of the zoo, from its model directory."""

import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "reference"))
import safetensors_file  # noqa: E402
import zoo  # noqa: E402


class Teacher:
    """A model directory, frozen and optimised: uint8 samples [n, …] to logits [n, classes]."""

    def __init__(self, folder: str, batch_size: int):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.shape = config["inputs"][0]["shape"]
        self.scale = 1 / config["scale"]
        model = zoo.make(config["architecture"], config["arguments"])
        model.load_state_dict(safetensors_file.read(folder / "model.safetensors"), strict=True)
        example = torch.zeros(batch_size, *self.shape)
        torch._C._jit_set_texpr_fuser_enabled(False)  # it recompiles for each batch size
        with torch.inference_mode():
            traced = torch.jit.trace(model.eval(), example)
            self.model = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            for _ in range(3):
                self.model(example)

    def logits(self, samples: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return self.model(samples.float().mul_(self.scale))
