"""Peer (a): teacher and student in one PyTorch process, one after the other."""

from collections.abc import Iterator

import torch

import served_model
import training


def main() -> None:
    arguments = training.parse_arguments(
        __doc__, lambda parser: parser.add_argument("--teacher", help="model directory; without "
                                                    "it, hard labels alone"))
    data = training.Data(arguments.train)
    teacher = served_model.Teacher(arguments.teacher, arguments.batch_size) if arguments.teacher else None

    def batches() -> Iterator[tuple[training.Batch, torch.Tensor | None]]:
        for batch in data.batches(arguments.batch_size, arguments.epochs):
            # Autograd takes no tensor of inference mode; the copy is one.
            yield batch, teacher.logits(batch.samples).clone() if teacher else None

    training.train(arguments, data, batches())


if __name__ == "__main__":
    main()
