#!/usr/bin/env bash
# libspng 0.7.3 (Debian 12's libspng0): a PNG with many chunks of text is not decoded, although its
# pixels are whole and the text is not asked for.
#
# Texts, profiles and other ancillary chunks do not change a pixel, and a reader that wants pixels alone
# passes over them: Pillow 12 opens a picture with any number of short texts. One would expect
# spng_decode_image() to do the same, since the application has asked for no text. It counts each of
# them, also where it keeps none, and at its default limit of 1,000 chunks ends with "reached chunk/cache
# limits", as it would for a file that is broken. Tools that write one text per key, such as those that
# annotate pictures, make such files. The limit can be raised (spng_set_chunk_limits), or the chunks
# that decide pixels can be handed over alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download libspng0=0.7.3-3 2>&1 >/dev/null | grep -v "unsandboxed" >&2 || true
dpkg-deb -x libspng0_*.deb spng
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==12.0.0 2>/dev/null
cat > show.py <<'PYTHON'
import ctypes
import glob
import io

import PIL
from PIL import Image, PngImagePlugin

RGB8 = 4
spng = ctypes.CDLL(glob.glob("spng/usr/lib/*/libspng.so.0")[0])
for name, result in [("spng_ctx_new", ctypes.c_void_p), ("spng_strerror", ctypes.c_char_p),
                     ("spng_version_string", ctypes.c_char_p)]:
    getattr(spng, name).restype = result


def decode(png: bytes) -> str:
    context = ctypes.c_void_p(spng.spng_ctx_new(0))
    spng.spng_set_png_buffer(context, png, ctypes.c_size_t(len(png)))
    size = ctypes.c_size_t()
    error = spng.spng_decoded_image_size(context, RGB8, ctypes.byref(size))
    if error == 0:
        out = ctypes.create_string_buffer(size.value)
        error = spng.spng_decode_image(context, out, size, RGB8, 0)
    spng.spng_ctx_free(context)
    return spng.spng_strerror(error).decode()


for count in [10, 900, 2000]:
    texts = PngImagePlugin.PngInfo()
    for i in range(count):
        texts.add_text(f"key {i}", "a short text")
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 100, 0)).save(file, "PNG", pnginfo=texts)
    pixel = Image.open(io.BytesIO(file.getvalue())).convert("RGB").getpixel((3, 3))
    print(f"{count} texts: Pillow {PIL.__version__} reads {pixel}; "
          f"libspng {spng.spng_version_string().decode()}: {decode(file.getvalue())}")
PYTHON
expected='10 texts: Pillow 12.0.0 reads (200, 100, 0); libspng 0.7.3: success
900 texts: Pillow 12.0.0 reads (200, 100, 0); libspng 0.7.3: success
2000 texts: Pillow 12.0.0 reads (200, 100, 0); libspng 0.7.3: reached chunk/cache limits'
seen=$(venv/bin/python show.py)
echo "$seen"
if [[ $seen != "$expected" ]]; then
  echo "changed: expected"
  echo "$expected"
  exit 1
fi
