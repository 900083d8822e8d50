"""Just enough of HTTP/2 to break off where no library would."""

import select
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 1
INITIAL_WINDOW_SIZE = 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def connect_socket(address: str) -> socket.socket:
    if address.startswith("unix:"):
        client = socket.socket(socket.AF_UNIX)
        client.connect(address.removeprefix("unix:"))
        return client
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


class Http2:
    """Speaks just enough HTTP/2 to break off where no library would."""

    def __init__(self, address):
        self.socket = connect_socket(address)
        self.next_stream = 1
        self.ended = set()  # streams that the server ended
        self.pending = {}  # bytes to send, by stream
        self.answers_pings = True
        self.pings = []  # those that were not answered
        self.going_away = False  # the server sent GOAWAY
        self._initial_window, self._windows = 65535, {0: 65535}
        self.socket.sendall(PREFACE)
        self.send_frame(SETTINGS, 0, 0, b"")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Without a farewell, as the kernel does it for a process that was killed.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send_frame(self, kind, flags, stream, payload):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
                            struct.pack(">I", stream) + payload)

    def start_call(self, path, **headers) -> int:
        fields = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
                  "content-type": "application/grpc", "te": "trailers",
                  **{name.replace("_", "-"): value for name, value in headers.items()}}
        # HPACK without its tables: each field a 0, then both texts after their lengths.
        block = b"".join(b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in pair)
                         for pair in fields.items())
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self._windows[stream] = self._initial_window
        self.send_frame(HEADERS, 4, stream, block)
        return stream

    def send_data(self, streams, data):
        """The data on each stream, until all is sent or for a second there is no room for more."""
        self.pending |= {stream: memoryview(data) for stream in streams}
        while self.pending:
            for stream in list(self.pending):
                self._send_some(stream)
            if self.pending and not self.read_frames(1):
                break

    def _send_some(self, stream):
        while stream in self.pending:
            rest = self.pending[stream]
            size = min(len(rest), self._windows[0], self._windows[stream], 16384)
            if stream in self.ended or size == len(rest):
                del self.pending[stream]
            if stream in self.ended or size <= 0:
                return
            self.send_frame(DATA, 0, stream, rest[:size])
            self._windows[0] -= size
            self._windows[stream] -= size
            if stream in self.pending:
                self.pending[stream] = rest[size:]

    def read_frames(self, seconds=0.0) -> bool:
        """What came, waiting so long for the first of it; whether anything did."""
        got = False
        while select.select([self.socket], [], [], 0 if got else seconds)[0]:
            head = self.socket.recv(9, socket.MSG_WAITALL)
            if len(head) < 9:
                raise ConnectionError("the server closed the connection")
            kind, flags, stream = head[3], head[4], struct.unpack(">I", head[5:])[0]
            size = int.from_bytes(head[:3], "big")
            self._receive(kind, flags, stream,
                          self.socket.recv(size, socket.MSG_WAITALL) if size else b"")
            got = True
        return got

    def _receive(self, kind, flags, stream, payload):
        if kind == WINDOW_UPDATE:
            self._windows[stream] = self._windows.get(stream, 0) + struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.going_away = True
        elif kind == PING and not flags & ACK and not self.answers_pings:
            self.pings.append(payload)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.send_frame(kind, ACK, 0, payload if kind == PING else b"")
            for name, value in struct.iter_unpack(">HI", payload if kind == SETTINGS else b""):
                if name == INITIAL_WINDOW_SIZE:
                    for each in self._windows.keys() - {0}:
                        self._windows[each] += value - self._initial_window
                    self._initial_window = value
        elif kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM):
            self.ended.add(stream)
