#!/usr/bin/env bash
# gRPC 1.51.1 (Debian 12 and 13, and PyPI's grpcio): the channel argument grpc.http2.lookahead_bytes
# widens the window of each stream, and not that of the connection.
#
# The argument is documented as the amount to read ahead on a stream, for lines of high latency. One
# would expect a server with 8 MiB of it, and with its own tuning off (grpc.http2.bdp_probe 0), to take
# 8 MiB per round trip. It announces 8 MiB for streams, but the window of the connection stays at HTTP/2's
# 65,535 bytes, to which only what the application is just reading is added: over a round trip of 40 ms
# that is one message per round trip, whatever the argument says. gRPC 1.74.0 widens both.
#
# With 1.51 the only way to a wide connection is bdp_probe 1, whose size follows the line, and which a
# resource quota bounds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/show.py" <<'PYTHON'
import concurrent.futures
import socket
import struct

import grpc

WINDOW = 8 << 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = struct.pack(">I", 0)[1:] + bytes([4, 0]) + bytes(4)
SETTINGS, WINDOW_UPDATE, INITIAL_WINDOW_SIZE = 4, 8, 4

server = grpc.server(concurrent.futures.ThreadPoolExecutor(1), options=[
    ("grpc.http2.lookahead_bytes", WINDOW), ("grpc.http2.bdp_probe", 0)])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
stream, connection = 65535, 65535
with socket.create_connection(("127.0.0.1", port)) as client:
    client.sendall(PREFACE + EMPTY_SETTINGS)
    client.settimeout(1)
    data = b""
    try:
        while more := client.recv(4096):
            data += more
    except TimeoutError:
        pass
while len(data) >= 9:
    length, kind, number = int.from_bytes(data[:3], "big"), data[3], int.from_bytes(data[5:9], "big")
    payload, data = data[9:9 + length], data[9 + length:]
    if kind == SETTINGS:
        for i in range(0, len(payload), 6):
            key, value = struct.unpack(">HI", payload[i:i + 6])
            stream = value if key == INITIAL_WINDOW_SIZE else stream
    elif kind == WINDOW_UPDATE and number == 0:
        connection += int.from_bytes(payload, "big")
print(f"grpcio {grpc.__version__}: a stream may send {stream}, the connection {connection} bytes")
server.stop(None)
PYTHON
expected='grpcio 1.51.1: a stream may send 8388608, the connection 65535 bytes
grpcio 1.74.0: a stream may send 8388608, the connection 8388608 bytes'
seen=""
for version in 1.51.1 1.74.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "grpcio==$version" \
    typing_extensions 2>/dev/null
  seen+=$("$folder/$version/bin/python" "$folder/show.py" 2>/dev/null)$'\n'
done
seen=${seen%$'\n'}
echo "$seen"
if [[ $seen != "$expected" ]]; then
  echo "changed; expected was:"
  echo "$expected"
  exit 1
fi
