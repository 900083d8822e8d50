"""A gRPC client of plain Python, made from the .proto alone."""

import queue

from distill.v1 import teacher_pb2 as pb

DISTILL = "/distill.v1.Teacher/Distill"
GET_MODEL = "/distill.v1.Teacher/GetModel"
HEALTH = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"  # HealthCheckResponse{status: SERVING}


class Stream:
    """A Distill stream of raw messages: bytes out, DistillResponse in, or what the deserializer
    makes of the bytes; None: bytes."""

    def __init__(self, channel, response_deserializer=pb.DistillResponse.FromString):
        self._outgoing = queue.Queue()
        self.responses = channel.stream_stream(
            DISTILL, request_serializer=lambda raw: raw,
            response_deserializer=response_deserializer)(iter(self._outgoing.get, None))

    def send(self, message):
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        self._outgoing.put(raw)

    def ask(self, message):
        self.send(message)
        return next(self.responses)

    def half_close(self):
        self._outgoing.put(None)


def open_message(encoding=pb.TARGET_ENCODING_DENSE_F32, k=0, draws=0, **fields):
    spec = pb.TargetSpec(encoding=encoding, k=k, draws=draws)
    return pb.DistillRequest(open=pb.Open(targets=spec, **fields))


DTYPES = {"uint8": pb.DTYPE_UINT8, "int64": pb.DTYPE_INT64, "float32": pb.DTYPE_FLOAT32,
          "float64": pb.DTYPE_FLOAT64}


def request_message(*inputs, request_id=1, temperature=2, seed=0):
    """Asks about arrays [n, …], one per input of the model, each in a payload of its own."""
    tensors = [pb.Tensor(dtype=DTYPES[array.dtype.name], shape=array.shape) for array in inputs]
    return pb.DistillRequest(
        request=pb.Request(id=request_id, tensors=tensors, temperature=temperature, seed=seed),
        payload=[array.tobytes() for array in inputs])


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, wire_type, content):
    """One field by hand: length-delimited (2) or varint (0)."""
    key = varint(number << 3 | wire_type)
    return key + (varint(len(content)) + content if wire_type == 2 else varint(content))


class WithToken:
    """A channel that shows a bearer token, for Stream."""

    def __init__(self, channel, token):
        self._channel, self._metadata = channel, [("authorization", f"Bearer {token}")]

    def stream_stream(self, *arguments, **options):
        call = self._channel.stream_stream(*arguments, **options)
        return lambda messages: call(messages, metadata=self._metadata)
