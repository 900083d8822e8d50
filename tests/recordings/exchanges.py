"""Recorded sessions between a client and a teacher: the messages of gRPC calls, byte for byte.

A recording is a text file of one line per message, in the order in which they passed:
    CALL METHOD SENDER HEX
CALL numbers the calls from 0, METHOD is GetModel or Distill, SENDER is client or server, and HEX is
the serialised message; `protoc --decode distill.v1.DistillRequest` shows what is in one.
"""

import concurrent.futures
import dataclasses
import pathlib
import threading

import grpc
from distill.v1 import teacher_pb2 as pb

from plain_client import DISTILL, GET_MODEL, varint

# What may differ from one machine, library or moment to another: times, and the names of libraries.
# All other bytes must be equal.
MASKED = {"distill.v1.Targets": {"queue_us", "compute_us"},
          "distill.v1.Numerics": {"libtorch_version", "blas"}}

MESSAGES = {("GetModel", "client"): pb.GetModelRequest, ("GetModel", "server"): pb.GetModelResponse,
            ("Distill", "client"): pb.DistillRequest, ("Distill", "server"): pb.DistillResponse}


@dataclasses.dataclass(frozen=True)
class Exchange:
    call: int
    method: str
    sender: str
    message: bytes


def write(path: pathlib.Path, exchanges):
    path.write_text("".join(f"{e.call} {e.method} {e.sender} {e.message.hex()}\n"
                            for e in exchanges))


def read(path: pathlib.Path):
    """The calls, in order; each is a list of exchanges."""
    calls = {}
    for line in path.read_text().splitlines():
        call, method, sender, message = line.split(" ")
        calls.setdefault(int(call), []).append(
            Exchange(int(call), method, sender, bytes.fromhex(message)))
    return [calls[call] for call in sorted(calls)]


def messages(call, sender):
    return [exchange.message for exchange in call if exchange.sender == sender]


def request_id(message: bytes) -> int:
    return pb.DistillRequest.FromString(message).request.id


def answer_id(message: bytes) -> int:
    answer = pb.DistillResponse.FromString(message)
    return getattr(answer, answer.WhichOneof("kind")).id


def _varint(raw, at):
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def masked(raw: bytes, descriptor) -> bytes:
    """The bytes of a message without its masked fields: those of all other fields, in their order,
    are kept as they are, and messages in it have the lengths that are left."""
    out, at = bytearray(), 0
    while at < len(raw):
        begin = at
        key, at = _varint(raw, at)
        field, wire_type = descriptor.fields_by_number.get(key >> 3), key & 7
        content = None
        if wire_type == 0:
            _, at = _varint(raw, at)
        elif wire_type == 2:
            tag = raw[begin:at]
            size, content_at = _varint(raw, at)
            content, at = raw[content_at:content_at + size], content_at + size
        else:
            at += {1: 8, 5: 4}[wire_type]
        if at > len(raw):
            raise ValueError("a field ends after its message")
        if field is not None and field.name in MASKED.get(descriptor.full_name, ()):
            continue
        if field is None or field.message_type is None or content is None:
            out += raw[begin:at]
        else:
            inner = masked(content, field.message_type)
            out += tag + varint(len(inner)) + inner
    return bytes(out)


def comparable(exchange: Exchange) -> bytes:
    return masked(exchange.message, MESSAGES[exchange.method, exchange.sender].DESCRIPTOR)


class _RawServer:
    """A server of raw messages at `listen`, until stop()."""

    def __init__(self, listen):
        self._lock = threading.Lock()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
            "distill.v1.Teacher",
            {"Distill": grpc.stream_stream_rpc_method_handler(self._distill),
             "GetModel": grpc.unary_unary_rpc_method_handler(self._get_model)})])
        self._server.add_insecure_port(listen)
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()


class Recorder(_RawServer):
    """Passes calls on to the teacher at `address`, and keeps every message of theirs."""

    def __init__(self, listen, address):
        self.exchanges = []
        self._calls = 0
        self._channel = grpc.insecure_channel(address)
        super().__init__(listen)

    def stop(self):
        super().stop()
        self._channel.close()

    def _begin(self):
        with self._lock:
            self._calls += 1
            return self._calls - 1

    def _keep(self, *exchange):
        with self._lock:
            self.exchanges.append(Exchange(*exchange))

    def _get_model(self, request, _):
        call = self._begin()
        self._keep(call, "GetModel", "client", request)
        answer = self._channel.unary_unary(GET_MODEL)(request)
        self._keep(call, "GetModel", "server", answer)
        return answer

    def _distill(self, incoming, _):
        call = self._begin()

        def passing():
            for message in incoming:
                self._keep(call, "Distill", "client", message)
                yield message

        for answer in self._channel.stream_stream(DISTILL)(passing()):
            self._keep(call, "Distill", "server", answer)
            yield answer


class RecordedTeacher(_RawServer):
    """Gives a client the answers that were recorded, and keeps what it sends: `received` has the
    messages of each stream, by its first one. A message to which there is no recorded answer ends
    the stream."""

    def __init__(self, listen, calls):
        self._calls = {messages(call, "client")[0]: messages(call, "server") for call in calls}
        self.received = {}
        super().__init__(listen)

    def _get_model(self, _, context):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the recorded client asked for no model")

    def _distill(self, incoming, context):
        opening = next(incoming)
        with self._lock:
            received = self.received.setdefault(opening, [])
        received.append(opening)
        if opening not in self._calls:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this opening was not recorded")
        opened, *rest = self._calls[opening]
        answers = {answer_id(answer): answer for answer in rest}
        yield opened
        for message in incoming:
            received.append(message)
            if request_id(message) not in answers:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this request was not recorded")
            yield answers[request_id(message)]
