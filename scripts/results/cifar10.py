"""Trains on CIFAR-10 (JPEG): ResNet-56 teaches a small network, which is also trained alone.

The images are lossy copies, so the errors are not comparable to published ones.
"""

import pathlib
import shutil
import tarfile
import tomllib

import results_lib

STUDENTS = {"resnet20": "cifar_resnet20", "mobilenetv2": "mobilenet_v2", "squeezenet": "squeezenet1_1"}
# SqueezeNet has no batch normalisation, and a ReLU after its logits, which dies with momentum.
MORE_OPTIONS = {"squeezenet": ["--optimizer", "adamw", "--lr", 0.001]}
QUICK_EPOCHS, QUICK_IMAGES = 5, 200  # of a class
TRAINED = 45_000  # of 50,000; the others choose the best epoch


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Unpacks completely or not at all; once, for all students."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        with tarfile.open(archive) as tar:
            tar.extractall(partial, filter="data")
        partial.rename(folder)
    return folder


def part_of(folder: pathlib.Path, images: int, out: pathlib.Path) -> pathlib.Path:
    """Makes links to the first images of each class."""
    for role in ("train", "test"):
        for of_class in sorted((folder / role).iterdir()):
            target = out / role / of_class.name
            target.mkdir(parents=True)
            for image in sorted(of_class.iterdir())[:images]:
                (target / image.name).symlink_to(image.resolve())
    return out


def hours_in_full(run: pathlib.Path, recipe: str, samples: int) -> float:
    """Extrapolates from the pace of a quick run to all epochs of the recipe on all images."""
    epochs, seconds = results_lib.epochs_of(run)
    in_full = tomllib.loads(pathlib.Path(f"recipes/cifar10/{recipe}.toml").read_text())
    return seconds / (epochs * samples) * TRAINED * in_full["train"]["epochs"] / 3600


def main():
    arguments = results_lib.parse_arguments(
        __doc__, lambda parser: parser.add_argument("student", choices=STUDENTS))
    archive = results_lib.find_data(arguments.data, "cifar10-jpeg.tar.xz",
                                    "the archive of train/CLASS/*.jpg and test/CLASS/*.jpg")
    results_lib.make_folder(arguments.out, arguments.quick)
    data = unpack(archive, arguments.out.parent / "cifar10-jpeg")
    if arguments.quick:
        data = part_of(data, QUICK_IMAGES, arguments.out / "data")
    runs = results_lib.Runs(arguments.out, "cifar10", QUICK_EPOCHS if arguments.quick else None)
    seeds = [0] if arguments.quick else [0, 1, 2]
    student = ["--train", data / "train", "--student", STUDENTS[arguments.student],
               *MORE_OPTIONS.get(arguments.student, [])]

    teacher = runs.train("teacher", "teacher", "--train", data / "train", threads=2)
    with runs.serve(teacher / "model") as address:
        # After few epochs a teacher may be hardly better than chance.
        distil = ["--teacher", address, "--on_teacher_loss", "fail",
                  *(["--allow_misaligned_teacher"] if arguments.quick else [])]
        runs.train_all([(f"{name}_{seed}", f"student_{name}", *student, *more, "--seed", seed)
                        for seed in seeds for name, more in (("alone", []), ("distilled", distil))])

    lines, results = [], {}
    for name, folders in [("teacher", [teacher]),
                          ("alone", [arguments.out / f"alone_{seed}" for seed in seeds]),
                          ("distilled", [arguments.out / f"distilled_{seed}" for seed in seeds])]:
        found = runs.evaluate([folder / "model" for folder in folders], data / "test")
        accuracies = [round(100 * each["accuracy"], 2) for each in found]
        results[name] = {"accuracy": accuracies, "epochs": results_lib.epochs_of(folders[0])[0],
                         "parameters": found[0]["parameters"],
                         "multiply_adds": found[0]["multiply_adds"]}
        what = "ResNet-56" if name == "teacher" else f"{STUDENTS[arguments.student]}, {name}"
        lines.append([what, f"{found[0]['parameters']:,}",
                      f"{found[0]['multiply_adds'] / 1e6:.1f} M", str(results[name]["epochs"]),
                      f"{results_lib.spread(accuracies)} %"])
    notes = ["CIFAR-10 (JPEG): lossy copies, not comparable to published results."]
    if arguments.quick:
        samples = 9 * QUICK_IMAGES  # a tenth of 10 classes' is held out
        hours = hours_in_full(teacher, "teacher", samples) + 3 / results_lib.AT_ONCE * sum(
            hours_in_full(arguments.out / f"{name}_0", f"student_{name}", samples)
            for name in ("alone", "distilled"))
        notes.append(f"{QUICK_IMAGES} images per class, {QUICK_EPOCHS} epochs, one seed: whether "
                     f"it works. At this pace the full form takes about {hours:.0f} hours here.")
    results_lib.write_table(arguments.out, ["model", "parameters", "multiply-adds", "epochs",
                                            "test accuracy"], lines, notes, results)


if __name__ == "__main__":
    main()
