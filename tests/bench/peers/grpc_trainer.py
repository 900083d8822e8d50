"""Peer (b), the trainer: requests the next batches from the teacher while the student trains."""

import collections
import threading
from collections.abc import Iterator

import grpc
import numpy
import torch

import grpc_teacher
import training

BATCHES_AHEAD = 8


def main() -> None:
    arguments = training.parse_arguments(
        __doc__, lambda parser: parser.add_argument("--teacher", required=True, help="address"))
    data = training.Data(arguments.train)
    classes = arguments.arguments["classes"]
    channel = grpc.insecure_channel(arguments.teacher, options=grpc_teacher.CHANNEL_OPTIONS)
    ask = channel.stream_stream(f"/{grpc_teacher.SERVICE}/{grpc_teacher.METHOD}")

    ahead = collections.deque()  # batches whose answers are pending
    room = threading.Semaphore(BATCHES_AHEAD)

    def requests() -> Iterator[bytes]:  # in a thread of grpcio's
        for batch in data.batches(arguments.batch_size, arguments.epochs):
            room.acquire()
            ahead.append(batch)
            yield batch.samples.numpy().tobytes()

    def batches() -> Iterator[tuple[training.Batch, torch.Tensor]]:
        for answer in ask(requests(), wait_for_ready=True):
            room.release()
            # Copies, since a tensor over the bytes of the message would not be writable.
            logits = numpy.frombuffer(answer, numpy.float32).reshape(-1, classes).copy()
            yield ahead.popleft(), torch.from_numpy(logits)

    training.train(arguments, data, batches())


if __name__ == "__main__":
    main()
