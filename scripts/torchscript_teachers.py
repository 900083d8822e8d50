"""Run by scripts/torchscript_teachers.sh, which describes it."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import grpc
import numpy as np
import torch

# Disables its own operators, which these models do not use; it then loads with any build of torch.
LIBRARY = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    LIBRARY.define(f"{operator}(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor")

import timm  # noqa: E402
import torchvision  # noqa: E402

from plain_client import open_message, request_message, Stream  # noqa: E402

SERVER = pathlib.Path("build/release/bin/teacher_server")
SAMPLES = 2
TOLERANCE = 1e-5  # of the largest logit
CLASSES = 10

# One of each family, with the side of its images.
TORCHVISION = {
    "alexnet": 96, "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64,
    "efficientnet_v2_s": 64, "googlenet": 64, "inception_v3": 299, "maxvit_t": 224,
    "mnasnet0_5": 64, "mobilenet_v2": 64, "mobilenet_v3_small": 64, "regnet_x_400mf": 64,
    "regnet_y_400mf": 64, "resnet18": 64, "resnext50_32x4d": 64, "shufflenet_v2_x0_5": 64,
    "squeezenet1_0": 64, "swin_t": 64, "swin_v2_t": 64, "vgg11_bn": 64, "vit_b_16": 224,
    "wide_resnet50_2": 64}
TIMM = {
    "bat_resnext26ts": 256, "beit_base_patch16_224": 224, "botnet26t_256": 256,
    "cait_xxs24_224": 224, "coat_tiny": 224, "coatnet_pico_rw_224": 224, "convit_tiny": 224,
    "convmixer_768_32": 64, "convnext_atto": 64, "convnextv2_atto": 64, "crossvit_tiny_240": 240,
    "cs3darknet_s": 64, "cspresnet50": 64, "darknet53": 64, "davit_tiny": 224,
    "deit3_small_patch16_224": 224, "deit_tiny_patch16_224": 224, "densenet121": 64, "dla34": 64,
    "dpn48b": 64, "eca_resnet33ts": 64, "edgenext_xx_small": 64, "efficientformer_l1": 224,
    "efficientnet_lite0": 64, "efficientvit_b0": 64, "ese_vovnet19b_dw": 64, "fastvit_t8": 256,
    "focalnet_tiny_srf": 64, "gcresnext26ts": 64, "gernet_s": 64, "ghostnet_050": 64,
    "gmlp_ti16_224": 224, "hardcorenas_a": 64, "hgnet_tiny": 64, "hrnet_w18_small": 64,
    "inception_next_tiny": 64, "lcnet_050": 64, "levit_128s": 224, "mambaout_femto": 64,
    "mixer_s32_224": 224, "mobilenetv3_small_050": 64, "mobilenetv4_conv_small": 64,
    "mobileone_s0": 64, "mobilevit_xxs": 256, "nest_tiny": 224, "nf_resnet26": 64, "nfnet_l0": 64,
    "pit_ti_224": 224, "poolformer_s12": 64, "pvt_v2_b0": 224, "regnety_002": 64, "repvgg_a0": 64,
    "res2net50_14w_8s": 64, "resmlp_12_224": 224, "resnest14d": 64, "rexnet_100": 64,
    "selecsls42": 64, "semnasnet_050": 64, "sequencer2d_s": 224, "tinynet_e": 64,
    "tnt_s_patch16_224": 224}


def make(name: str, side: int) -> torch.nn.Module:
    """A model with random weights, heads included, whose batch normalisations have seen data."""
    torch.manual_seed(1)
    if name.startswith("timm/"):
        model = timm.create_model(name.removeprefix("timm/"), num_classes=CLASSES)
    else:
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        model = torchvision.models.get_model(name, num_classes=CLASSES, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1 and not parameter.any():
                parameter.normal_(std=0.02)
        model(torch.randn(4, 3, side, side))
    return model.eval()


def served(folder: pathlib.Path, images: np.ndarray) -> np.ndarray | str:
    """The server's answer; the error, if it refuses the model."""
    with tempfile.TemporaryDirectory() as place:
        address = f"unix:{place}/teacher.sock"
        server = subprocess.Popen(
            [SERVER, "--model", folder, "--listen", address, "--max_batch_samples", str(SAMPLES)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said = []
            for line in server.stdout:
                said.append(line)
                if line.startswith("listening on"):
                    break
            else:
                return said[-1].split(" E ", 1)[-1].strip() + f" (exit code {server.wait()})"
            with grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)]) as channel:
                stream = Stream(channel)
                stream.ask(open_message())
                answer = stream.ask(request_message(images))
                stream.half_close()
            if answer.WhichOneof("kind") != "targets":
                return f"an error instead of an answer: {answer.error.message}"
            return np.frombuffer(answer.payload[0], "<f4").reshape(SAMPLES, -1)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


def tried(model: torch.nn.Module, side: int, how: str, folder: pathlib.Path) -> tuple[str, bool]:
    """A cell of the table, and whether it is as it should be."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(SAMPLES, 3, side, side, generator=generator)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model(images).numpy()
        try:
            script = (torch.jit.script(model) if how == "scripted" else
                      torch.jit.trace(model, images[:1], check_trace=False))
        except Exception as error:  # whatever a model of others raises
            return f"not by PyTorch: {type(error).__name__}", True
        try:
            of_script = script(images)
        except Exception as error:
            return f"PyTorch itself raises {type(error).__name__}", True
    folder.mkdir(exist_ok=True)
    script.save(str(folder / "model.pt"))
    (folder / "config.json").write_text(json.dumps({
        "format": "distill/1", "architecture": "torchscript", "arguments": {},
        "inputs": [{"name": "image", "dtype": "float32", "shape": [3, side, side]}]}))
    answer = served(folder, images.numpy())
    if isinstance(answer, str):
        reason = re.sub(r"^\S*?(config\.json|model\.pt|" + re.escape(str(folder)) + r")\S*:? ", "", answer)
        return f"refused: {reason}", "exit code 1" in answer
    if isinstance(of_script, tuple):
        of_script = of_script[0]
    scale = float(np.abs(expected).max())
    difference = float(np.abs(answer - expected).max()) / scale
    if difference <= TOLERANCE:
        return f"{difference:.0e}", True
    pytorch = float(np.abs(of_script.numpy() - expected).max()) / scale
    if pytorch > TOLERANCE:  # the script is not the model
        own = float(np.abs(answer - of_script.numpy()).max()) / scale
        return f"{own:.0e} of the script, which PyTorch runs {pytorch:.0e} off the model", own <= TOLERANCE
    return f"**{difference:.0e}**", False


def main() -> None:
    work, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(2)
    sides = TORCHVISION | {f"timm/{name}": side for name, side in TIMM.items()}
    if unknown := set(names) - set(sides):
        sys.exit(f"torchscript_teachers: no model {', '.join(sorted(unknown))}")
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}")
    print("\n| model | scripted | traced |\n|---|---|---|", flush=True)
    failed = 0
    for name in names or sides:
        try:
            model = make(name, sides[name])
        except Exception as error:  # whatever a library raises
            failed += 1
            print(f"| {name} | **{type(error).__name__}: {str(error).splitlines()[0]}** | |", flush=True)
            continue
        cells = [tried(model, sides[name], how, work / "model") for how in ("scripted", "traced")]
        failed += sum(not right for _, right in cells)
        print(f"| {name} | {cells[0][0]} | {cells[1][0]} |", flush=True)
    if failed:
        sys.exit(f"torchscript_teachers: {failed} answers differ by more than {TOLERANCE}")


if __name__ == "__main__":
    main()
