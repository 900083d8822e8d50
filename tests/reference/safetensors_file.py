"""safetensors files of torch tensors, after the format's description alone."""

import json
import pathlib
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}


def read(path: pathlib.Path) -> dict[str, torch.Tensor]:
    raw = bytearray(path.read_bytes())
    begin_of_data = 8 + struct.unpack_from("<Q", raw)[0]
    tensors = {}
    for name, entry in json.loads(raw[8:begin_of_data]).items():
        if name != "__metadata__":
            dtype = TYPES[entry["dtype"]]
            begin, end = entry["data_offsets"]
            data = torch.frombuffer(raw, dtype=dtype, offset=begin_of_data + begin,
                                    count=(end - begin) // dtype.itemsize)
            tensors[name] = data.reshape(entry["shape"])
    return tensors


def write(path: pathlib.Path, tensors: dict[str, torch.Tensor]) -> None:
    names = {dtype: name for name, dtype in TYPES.items()}
    header, data = {}, bytearray()
    for name, tensor in tensors.items():
        begin = len(data)
        data += tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
