"""Shared by the trainers of the peers: the data in memory, the student, its steps, the epochs.

The record of an epoch has the fields of student_trainer's metrics.jsonl that a benchmark reads.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time
from collections.abc import Iterator

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "reference"))
import zoo  # noqa: E402

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4


def parse_arguments(description: str, add_more=lambda parser: None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--train", required=True, help="folder of IDX files")
    parser.add_argument("--architecture", required=True, help="of the student")
    parser.add_argument("--arguments", type=json.loads, required=True, help="of the student; JSON")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--alpha", type=float, default=0.9)
    parser.add_argument("--temperature", type=float, default=2)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--metrics", required=True, help="file of records, one line per epoch")
    add_more(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    return arguments


def read_idx(path: pathlib.Path) -> torch.Tensor:
    contents = bytearray(path.read_bytes())
    rank = contents[3]
    shape = [int.from_bytes(contents[4 * i:4 * i + 4], "big") for i in range(1, rank + 1)]
    return torch.frombuffer(contents, dtype=torch.uint8, offset=4 * (rank + 1)).reshape(shape)


@dataclasses.dataclass
class Batch:
    samples: torch.Tensor  # uint8 [n, channels, height, width]
    labels: torch.Tensor  # int64 [n]


class Data:
    """The training set, in memory as uint8."""

    def __init__(self, folder: str):
        samples = read_idx(pathlib.Path(folder, "train-images-idx3-ubyte"))
        self.samples = samples.unsqueeze(1) if samples.dim() == 3 else samples
        self.labels = read_idx(pathlib.Path(folder, "train-labels-idx1-ubyte")).long()
        pixels = self.samples.transpose(0, 1).flatten(1).double() / 255  # [channels, pixels]
        std, self.mean = torch.std_mean(pixels, dim=1, correction=0)
        self.std = std.clamp_min(1e-6)

    def batches(self, batch_size: int, epochs: int) -> Iterator[Batch]:
        """Shuffles again for each epoch."""
        for _ in range(epochs):
            for ids in torch.randperm(len(self.samples)).split(batch_size):
                yield Batch(self.samples.index_select(0, ids), self.labels.index_select(0, ids))

    def steps(self, batch_size: int) -> int:
        return -(-len(self.samples) // batch_size)


def make_optimizer(model: torch.nn.Module, lr: float) -> torch.optim.SGD:
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1],
               "weight_decay": WEIGHT_DECAY},
              {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0}]
    options = {"lr": lr, "momentum": MOMENTUM, "nesterov": True}
    try:
        return torch.optim.SGD(groups, fused=True, **options)
    except (RuntimeError, TypeError):  # a Torch without it for the CPU
        return torch.optim.SGD(groups, foreach=True, **options)


class Trainer:
    def __init__(self, arguments: argparse.Namespace, data: Data):
        self.alpha, self.temperature = arguments.alpha, arguments.temperature
        self.images = data.samples.dim() == 4 and arguments.architecture != "mlp"
        # x = (pixel/255 - mean)/std, as one multiplication and one addition.
        shape = (1, -1, 1, 1)
        self.factor = (1 / (255 * data.std)).float().reshape(shape)
        self.offset = (-data.mean / data.std).float().reshape(shape)
        self.model = zoo.make(arguments.architecture, arguments.arguments,
                              list(data.samples.shape[1:])).train()
        if self.images:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = make_optimizer(self.model, arguments.lr)

    def step(self, batch: Batch, teacher_logits: torch.Tensor | None) -> torch.Tensor:
        """Returns the loss."""
        x = batch.samples
        if self.images:
            x = x.contiguous(memory_format=torch.channels_last)
        logits = self.model(torch.addcmul(self.offset, x.float(), self.factor))
        loss = functional.cross_entropy(logits, batch.labels)
        if teacher_logits is not None:
            soft = functional.kl_div(functional.log_softmax(logits / self.temperature, 1),
                                     functional.log_softmax(teacher_logits / self.temperature, 1),
                                     reduction="batchmean", log_target=True)
            loss = (1 - self.alpha) * loss + self.alpha * self.temperature**2 * soft
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def train(arguments: argparse.Namespace, data: Data,
          batches: Iterator[tuple[Batch, torch.Tensor | None]]) -> None:
    """`batches`: of all epochs, each with its teacher's logits."""
    trainer = Trainer(arguments, data)
    steps = data.steps(arguments.batch_size)
    start = time.monotonic()
    with open(arguments.metrics, "x") as metrics:
        for epoch in range(arguments.epochs):
            loss = torch.zeros(())
            for _ in range(steps):
                loss += trainer.step(*next(batches))
            record = {"kind": "epoch", "epoch": epoch, "samples": len(data.samples),
                      "loss": loss.item() / steps, "seconds": time.monotonic() - start}
            metrics.write(json.dumps(record) + "\n")
            metrics.flush()
