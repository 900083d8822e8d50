"""A teacher server of plain Python, made from the .proto alone: it sees where the bright bar is.

What is unusual about it is chosen: how it lays an answer out, and in which order answers go.
"""

import concurrent.futures
import queue
import threading

import grpc
import numpy as np
from distill.v1 import teacher_pb2 as pb

from plain_client import field
from programs import NAMES, SIDE
import sparse_targets

PAYLOAD = 15
TARGETS = pb.DistillResponse.DESCRIPTOR.fields_by_name["targets"].number
REQUEST_SAMPLES = 16  # so that every training batch is several requests
TOGETHER = 0.2  # seconds that a request which is to be overtaken waits for another


def logits_of(images, names=NAMES):
    """[n, classes]: how bright each side of the images [n, 1, SIDE, SIDE] is; 0 for other names."""
    pixels = images[:, 0].astype(np.float32) / 32
    sides = [pixels[:, 0], pixels[:, :, -1], pixels[:, -1], pixels[:, :, 0]]
    none = [np.zeros_like(sides[0])] * (len(names) - len(sides))
    return np.stack([side.mean(axis=1) for side in sides + none], axis=1)


def encode(logits, spec, request):
    """The payloads of an answer."""
    if spec.encoding == pb.TARGET_ENCODING_DENSE_F32:
        return [logits.astype("<f4").tobytes()]
    if spec.encoding in sparse_targets.HAVE_K + sparse_targets.HAVE_DRAWS:
        rng = np.random.default_rng(request.seed)
        return sparse_targets.encode(logits, spec, request.temperature, rng)
    maximum = logits.max(axis=1)
    return [(logits - maximum[:, None]).astype("<f2").tobytes(), maximum.astype("<f4").tobytes()]


def plain(targets, payloads):
    return pb.DistillResponse(targets=targets, payload=payloads).SerializeToString()


def payload_first(targets, payloads):
    """Bytes before what says what they are, and that in two pieces."""
    first, rest = pb.Targets(id=targets.id), pb.Targets()
    rest.CopyFrom(targets)
    rest.ClearField("id")
    return (b"".join(field(PAYLOAD, 2, payload) for payload in payloads)
            + field(TARGETS, 2, rest.SerializeToString())
            + field(TARGETS, 2, first.SerializeToString()))


def with_unknown_fields(targets, payloads):
    unknown = field(99, 2, b"from the future") + field(100, 0, 7)
    header = targets.SerializeToString() + field(77, 2, b"new")
    return (unknown + field(TARGETS, 2, header)
            + unknown.join(field(PAYLOAD, 2, payload) for payload in payloads) + unknown)


def as_asked(spec):
    return spec


class PlainServer:
    """Serves at `listen` until stop(). `layout` makes the bytes of an answer; `grant` makes the
    TargetSpec that is reported as granted; answers still have the one that was asked for."""

    def __init__(self, listen, layout=plain, reverse=False, names=NAMES, grant=as_asked):
        self._layout, self._reverse = layout, reverse
        self._names, self._grant = names, grant
        self._lock = threading.Lock()
        self.samples = 0  # answered
        self.seeds = []  # of the requests answered
        self.overtaken = 0  # requests that were answered after a later one
        handler = grpc.stream_stream_rpc_method_handler(
            self._distill, request_deserializer=pb.DistillRequest.FromString)
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("distill.v1.Teacher", {"Distill": handler})])
        port = self._server.add_insecure_port(listen)
        self.address = listen if listen.startswith("unix:") else f"127.0.0.1:{port}"
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()

    def _distill(self, messages, _):
        asked = next(messages).open
        yield self._opened(asked).SerializeToString()
        names = list(asked.class_names) or self._names
        order = [self._names.index(name) for name in names]
        incoming = queue.Queue()
        threading.Thread(target=self._read, args=(messages, incoming)).start()
        while requests := self._take(incoming):
            for message in requests:
                yield self._answer(message, asked.targets, order)

    def _opened(self, asked):
        model = pb.ModelInfo(
            name="bars", fingerprint="ba" * 32, architecture="python", classes=len(self._names),
            inputs=[pb.InputSpec(name="image", dtype=pb.DTYPE_UINT8, shape=[1, SIDE, SIDE])],
            class_names=asked.class_names or self._names, rows_per_sample=1)
        limits = pb.Limits(credits=256, max_request_samples=REQUEST_SAMPLES,
                           max_message_bytes=1 << 20)
        return pb.DistillResponse(opened=pb.Opened(
            model=model, targets=self._grant(asked.targets), limits=limits,
            numerics=pb.Numerics(runner="python")))

    @staticmethod
    def _read(messages, incoming):
        try:
            for message in messages:
                incoming.put(message)
        except grpc.RpcError:
            pass  # the client has gone
        incoming.put(None)

    def _take(self, incoming):
        """The requests to answer next, in order; none at the end."""
        requests = [incoming.get()]
        if self._reverse and requests[0] is not None:
            try:
                requests.append(incoming.get(timeout=TOGETHER))
            except queue.Empty:
                pass
        if requests[-1] is None:
            incoming.put(requests.pop())
            if not requests:
                return []
        self.overtaken += len(requests) - 1
        return requests[::-1]

    def _answer(self, message, spec, order):
        shape = message.request.tensors[0].shape
        images = np.frombuffer(message.payload[0], np.uint8).reshape(shape)
        targets = pb.Targets(id=message.request.id, rows=len(images), classes=len(order),
                             compute_us=1)
        logits = logits_of(images, self._names)[:, order]
        raw = self._layout(targets, encode(logits, spec, message.request))
        with self._lock:
            self.samples += len(images)
            self.seeds.append(message.request.seed)
        return raw
