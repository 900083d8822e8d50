#!/usr/bin/env bash
# TensorBoard 2.20.0: a reader that stays open never shows what is appended to an events file once
# there is a newer file beside it.
#
# Two programs that write into one folder, or a run that is continued by its first process after a
# second one has written, are valid: each file grows by itself. One would expect an open TensorBoard
# to show the points of both. It follows only the file that is last by name; a point that the older
# file gets later is not shown until TensorBoard is restarted, and the step after it looks as if it
# had been skipped. A second reader has the point, but out of order: files are read one
# after the other.
#
# A program that resumes a run should therefore write a new file, whose name sorts last, and never
# append to one that a newer file follows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  tensorboard==2.20.0 numpy==2.2.6 protobuf==4.25.8 setuptools==80.9.0 2>/dev/null
cat > "$folder/show.py" <<'PYTHON'
import importlib.metadata
import logging
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

logging.disable()
folder = sys.argv[1]


class Writer:
    """Appends points of one curve to a file of its own."""

    def __init__(self, name):
        self._file = open(f"{folder}/events.out.tfevents.{name}", "ab")
        self._records = RecordWriter(self._file)
        self._write(event_pb2.Event(wall_time=1000, file_version="brain.Event:2"))

    def _write(self, event):
        self._records.write(event.SerializeToString())
        self._file.flush()

    def add(self, step):
        value = summary_pb2.Summary.Value(tag="loss", simple_value=1 / step)
        self._write(event_pb2.Event(wall_time=1000 + step, step=step,
                                    summary=summary_pb2.Summary(value=[value])))


def steps(reader):
    reader.Reload()
    return [point.step for point in reader.Scalars("loss")]


print("tensorboard", importlib.metadata.version("tensorboard"))
older = Writer("1000.host")
older.add(1)
reader = EventAccumulator(folder)
print("one file:", steps(reader))
older.add(2)
print("it grew:", steps(reader))
newer = Writer("1001.host")
newer.add(3)
print("a newer file beside it:", steps(reader))
older.add(4)
print("the older one grew:", steps(reader))
newer.add(5)
print("the newer one grew:", steps(reader))
print("a second reader:", steps(EventAccumulator(folder)))
PYTHON
expected='tensorboard 2.20.0
one file: [1]
it grew: [1, 2]
a newer file beside it: [1, 2, 3]
the older one grew: [1, 2, 3]
the newer one grew: [1, 2, 3, 5]
a second reader: [1, 2, 4, 3, 5]'
mkdir "$folder/events"
seen=$("$folder/venv/bin/python" "$folder/show.py" "$folder/events" 2>/dev/null)
echo "$seen"
if [[ $seen != "$expected" ]]; then
  echo "changed; expected was:"
  echo "$expected"
  exit 1
fi
