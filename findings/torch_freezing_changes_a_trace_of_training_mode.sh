#!/usr/bin/env bash
# torch 2.13.0: torch.jit.freeze changes what a trace computes that was made in training mode.
#
# A model that is traced without eval() before keeps its batch normalisation in training mode: the trace
# normalises by the batch it is given, and eval() on the trace does not change that, as the mode is an
# argument of the traced operation. freeze() promises the same results. It folds the batch normalisation
# into the convolution before it, with the running statistics, as if the model had been in eval mode: so
# the frozen module gives other logits, which do not depend on the batch, without a word.
#
# A program that freezes modules of others must compare before and after; the frozen one is probably what
# the author of the model wanted, and not what the file says.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# Without the dependencies: on some indexes those of torch are gigabytes of CUDA's libraries.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  torch==2.13.0 filelock==3.20.0 fsspec==2025.9.0 jinja2==3.1.6 markupsafe==3.0.3 mpmath==1.3.0 \
  networkx==3.4.2 sympy==1.14.0 typing_extensions==4.15.0 2>/dev/null
cat > "$folder/show.py" <<'PYTHON'
import warnings

import torch

warnings.simplefilter("ignore")
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8)).train()
x = torch.randn(4, 3, 16, 16) * 3 + 1
traced = torch.jit.trace(model, x, check_trace=False).eval()


def depends_on_the_batch(module):
    return not torch.allclose(module(x)[:1], module(x[:1]), atol=1e-4)


with torch.no_grad():
    of_eval = model.eval()(x)  # before the trace runs, which updates the statistics
    frozen = torch.jit.freeze(traced)
    print("torch", torch.__version__.split("+")[0])
    print("the trace depends on the batch:", depends_on_the_batch(traced))
    print("frozen it does:", depends_on_the_batch(frozen))
    print("both give the same:", torch.allclose(traced(x), frozen(x), atol=1e-4))
    print("frozen gives what the model gives in eval mode:",
          torch.allclose(frozen(x), of_eval, atol=1e-4))
PYTHON
expected='torch 2.13.0
the trace depends on the batch: True
frozen it does: False
both give the same: False
frozen gives what the model gives in eval mode: True'
seen=$("$folder/venv/bin/python" "$folder/show.py" 2>/dev/null)
echo "$seen"
if [[ $seen != "$expected" ]]; then
  echo "changed; expected was:"
  echo "$expected"
  exit 1
fi
