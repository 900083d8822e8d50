"""Repeats Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network" (2015), section 3, on MNIST.

It trains a teacher with dropout and moved images; students without any regularisation, alone and on
its soft targets; and one that learns without a single 3. The last 5,000 training images are held out:
they select the best epoch and the increase of the bias of class 3, 3s included. There are two controls:
a student alone on moved images, and one that learns from the teacher's decisions instead of its soft
targets.
"""

import gzip
import json
import pathlib
import shutil
import struct

import results_lib

HELD_OUT = 5000
THREE = 3
SHIFTS = [x / 2 for x in range(0, 25)]  # of the bias of class 3
QUICK_EPOCHS = 2

# The name of the run, its recipe, what it learned from, and the test errors of the paper.
KINDS = [
    ("alone", "student_alone", "labels", "146"),
    ("jittered", "student_jittered", "labels, images moved (control)", ""),
    ("distilled", "student_distilled", "soft targets at T = 20", "74"),
    ("distilled_t4", "student_distilled_t4", "soft targets at T = 4", ""),
    ("arg_max", "student_arg_max", "labels, the teacher's arg max (control)", ""),
    ("without_threes", "student_without_threes", "soft targets, no 3 among the images",
     "206, 133 of them 3s"),
]
TEACHER_PAPER = "67"
AFTER_SHIFT_PAPER = "109, 14 of them 3s"


def read_idx(path: pathlib.Path) -> tuple[list[int], bytes]:
    raw = gzip.decompress(path.read_bytes())
    dimensions = struct.unpack_from(f">{raw[3]}I", raw, 4)
    return list(dimensions), raw[4 + 4 * raw[3]:]


def write_split(folder: pathlib.Path, role: str, images: list[bytes], labels: bytes) -> pathlib.Path:
    """Writes a folder of IDX files, as train or t10k."""
    folder.mkdir(parents=True, exist_ok=True)
    side = int(len(images[0]) ** 0.5)
    (folder / f"{role}-images-idx3-ubyte").write_bytes(
        struct.pack(">4I", 0x803, len(images), side, side) + b"".join(images))
    (folder / f"{role}-labels-idx1-ubyte").write_bytes(
        struct.pack(">2I", 0x801, len(labels)) + labels)
    (folder / "class_names.txt").write_text("".join(f"{digit}\n" for digit in range(10)))
    return folder


class Data:
    def __init__(self, mnist: pathlib.Path, out: pathlib.Path):
        images, labels = self._read(mnist, "train")
        test_images, test_labels = self._read(mnist, "t10k")
        fit = range(len(images) - HELD_OUT)
        held_out = range(len(images) - HELD_OUT, len(images))
        self.train = self._write(out / "train", "train", images, labels, fit)
        self.val = self._write(out / "val", "t10k", images, labels, held_out)
        self.test = self._write(out / "test", "t10k", test_images, test_labels,
                                range(len(test_images)))
        self.train_without = self._write(out / "train_without_threes", "train", images, labels,
                                         [i for i in fit if labels[i] != THREE])
        self.test_threes = self._write(out / "test_threes", "t10k", test_images, test_labels,
                                       [i for i, label in enumerate(test_labels) if label == THREE])

    @staticmethod
    def _read(folder, role):
        (count, height, width), pixels = read_idx(folder / f"{role}-images-idx3-ubyte.gz")
        size = height * width
        _, labels = read_idx(folder / f"{role}-labels-idx1-ubyte.gz")
        return [pixels[i * size:(i + 1) * size] for i in range(count)], labels

    @staticmethod
    def _write(folder, role, images, labels, samples):
        return write_split(folder, role, [images[i] for i in samples],
                           bytes(labels[i] for i in samples))


def with_raised_bias(model: pathlib.Path, shift: float, folder: pathlib.Path) -> pathlib.Path:
    """Copies the model with the bias of class 3 in the last layer raised by `shift`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(model / "config.json", folder)
    raw = bytearray((model / "model.safetensors").read_bytes())
    begin = 8 + struct.unpack_from("<Q", raw)[0]
    tensors = json.loads(raw[8:begin])
    name = max(name for name in tensors if name.endswith(".bias"))
    place = begin + tensors[name]["data_offsets"][0] + 4 * THREE
    struct.pack_into("<f", raw, place, struct.unpack_from("<f", raw, place)[0] + shift)
    (folder / "model.safetensors").write_bytes(raw)
    return folder


def best_shift(runs: results_lib.Runs, model: pathlib.Path, data: Data) -> tuple[float, pathlib.Path]:
    copies = {shift: with_raised_bias(model, shift, model.parent / f"raised_by_{shift}")
              for shift in SHIFTS}
    errors = [found["errors"] for found in runs.evaluate(list(copies.values()), data.val)]
    # Takes the middle of the equally good ones.
    best = [shift for shift, count in zip(SHIFTS, errors) if count == min(errors)]
    shift = best[len(best) // 2]
    return shift, copies[shift]


def errors(runs: results_lib.Runs, models: list[pathlib.Path], test: pathlib.Path) -> list[int]:
    return [found["errors"] for found in runs.evaluate(models, test)]


def main():
    arguments = results_lib.parse_arguments(__doc__)
    mnist = results_lib.find_data(arguments.data, "mnist", "MNIST's four gzipped IDX files")
    results_lib.make_folder(arguments.out, arguments.quick)
    data = Data(mnist, arguments.out / "data")
    runs = results_lib.Runs(arguments.out, "mnist_hinton", QUICK_EPOCHS if arguments.quick else None)
    seeds = [0] if arguments.quick else [0, 1, 2]
    labelled = ["--train", data.train, "--val", data.val]
    without = ["--train", data.train_without, "--val", data.val]

    teacher = runs.train("teacher", "teacher", *labelled, threads=2)
    with runs.serve(teacher / "model") as address:
        jobs = []
        for name, recipe, _, _ in KINDS:
            options = without if name == "without_threes" else labelled
            if name not in ("alone", "jittered"):
                options = [*options, "--teacher", address, "--on_teacher_loss", "fail"]
            jobs += [(f"{name}_{seed}", recipe, *options, "--seed", seed) for seed in seeds]
        runs.train_all(jobs)

    header = ["model", "learned from", "epochs", "test errors of 10,000", "the paper"]
    teacher_errors = errors(runs, [teacher / "model"], data.test)
    lines = [["teacher 784-1200-1200-10", "labels, images moved, dropout, max-norm",
              str(results_lib.epochs_of(teacher)[0]), results_lib.spread(teacher_errors),
              TEACHER_PAPER]]
    results = {"teacher": {"errors": teacher_errors, "epochs": results_lib.epochs_of(teacher)[0]}}
    for name, _, learned_from, paper in KINDS:
        folders = [arguments.out / f"{name}_{seed}" for seed in seeds]
        models = [folder / "model" for folder in folders]
        epochs = results_lib.epochs_of(folders[0])[0]
        counts = errors(runs, models, data.test)
        results[name] = {"errors": counts, "epochs": epochs}
        said = results_lib.spread(counts)
        if name == "without_threes":
            threes = errors(runs, models, data.test_threes)
            results[name]["errors_of_threes"] = threes
            said += f", {results_lib.spread(threes)} of the 1,010 3s"
        lines.append(["student 784-800-800-10", learned_from, str(epochs), said, paper])
        if name == "without_threes":
            shifts, raised = zip(*(best_shift(runs, model, data) for model in models))
            counts, threes = errors(runs, list(raised), data.test), errors(runs, list(raised),
                                                                           data.test_threes)
            results["bias_raised"] = {"errors": counts, "errors_of_threes": threes,
                                      "shifts": shifts}
            lines.append(["the same", f"bias of class 3 raised by {results_lib.spread(shifts)}",
                          "", f"{results_lib.spread(counts)}, {results_lib.spread(threes)} of the 3s",
                          AFTER_SHIFT_PAPER])
    notes = [f"{len(seeds)} seed{'s' * (len(seeds) > 1)} a student: the mean, and each. The best epoch, "
             "and the bias, were chosen on 5,000 training images held out; the test set was read once."]
    results_lib.write_table(arguments.out, header, lines, notes, results)


if __name__ == "__main__":
    main()
