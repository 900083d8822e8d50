"""Peer (b), the teacher: a plain grpcio server whose messages are the bytes of numpy arrays.

A stream of uint8 samples, one batch per message, is answered by a stream of float32 logits: compared
with unary calls, as futures and from threads, this took the least time on both sides. Prints a line
when it serves.
"""

import argparse
import signal
import warnings
from collections.abc import Iterator
from concurrent import futures

import grpc
import numpy
import torch

import served_model

METHOD = "Logits"
SERVICE = "peers.Teacher"
CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="model directory")
    parser.add_argument("--batch_size", type=int, required=True, help="what requests will have")
    parser.add_argument("--listen", required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    teacher = served_model.Teacher(arguments.model, arguments.batch_size)

    # The bytes of a request are read-only, and are only read.
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")

    def logits(requests: Iterator[bytes], context) -> Iterator[bytes]:
        for request in requests:
            samples = numpy.frombuffer(request, numpy.uint8).reshape(-1, *teacher.shape)
            yield teacher.logits(torch.from_numpy(samples)).numpy().tobytes()

    handler = grpc.method_handlers_generic_handler(
        SERVICE, {METHOD: grpc.stream_stream_rpc_method_handler(logits)})
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(arguments.listen)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=None))
    print(f"listening on {arguments.listen}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
