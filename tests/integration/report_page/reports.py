"""Made-up reports of runs, and the page that holds one."""

import base64
import json

import numpy as np

from programs import BIN

# As the build put it together.
TEMPLATE = BIN.parent / "generated/student_trainer/report/page.html"


def base64_of(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def floats_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)


def make_epochs(count: int, validation: bool = True, end: float = 0.9, samples: int = 1000) -> list[dict]:
    accuracies = [end - 0.4 * 0.7 ** epoch for epoch in range(count)]
    return [{"epoch": epoch + 1, "samples_seen": samples * (epoch + 1), "step": 100 * (epoch + 1), "loss": 2.5 - accuracy, "student_loss": 1.5 - accuracy,
             "distillation_loss": 1.0, "train_accuracy": accuracy, "seconds": 3.5 * (epoch + 1),
             "validation": {"samples": 1000, "errors": round(1000 * (1 - accuracy)), "accuracy": accuracy,
                            "loss": 1.4 - accuracy} if validation else None}
            for epoch, accuracy in enumerate(accuracies)]


def make_quality(classes: int, rng: np.random.Generator, accuracy: float = 0.9) -> dict:
    per_class = [{"samples": 100, "correct": int(correct)} for correct in rng.binomial(100, accuracy, classes)]
    samples, correct = 100 * classes, sum(each["correct"] for each in per_class)
    bins = [{"samples": 10 * i, "correct": int(10 * i * (i + 0.2) / 15), "confidence": 10 * i * (i + 0.5) / 15}
            for i in range(15)]
    confusions = [{"label": i % classes, "answer": (i + 1) % classes, "samples": 60 - i}
                  for i in range(min(50, classes * (classes - 1)))]
    return {"on": "test", "samples": samples, "errors": samples - correct, "accuracy": correct / samples,
            "top5_accuracy": 0.99, "loss": 0.3, "calibration_error": 0.0312, "calibration": bins,
            "classes": per_class, "confusions": confusions}


def make_run(name: str, classes: int, rng: np.random.Generator, size: int = 37000, latency: float = 0.25,
             accuracy: float = 0.9) -> dict:
    return {"name": name, "finished": True, "student": "cifar_resnet20", "objective": "kd", "alpha": 0.9,
            "temperature": 2, "teacher": "teacher (vgg, 394,490 parameters)", "epochs": make_epochs(12, end=accuracy),
            "best_epoch": 11, "quality": make_quality(classes, rng, accuracy),
            "figures": {"parameters": size // 4, "bytes": size, "multiply_adds": 30 * size, "latency_ms": latency,
                        "latency_p99_ms": 2 * latency, "samples_per_s": 8000 / latency, "batch_size": 256}}


def make_sample(label: int, classes: int, runs: int, rng: np.random.Generator) -> dict:
    teacher = rng.normal(0, 2.5, classes).astype("<f4")
    teacher[label] += 4
    students = [(teacher + rng.normal(0, 2, classes)).astype("<f4") for _ in range(runs)]
    image = rng.integers(0, 256, (8, 8, 3), np.uint8)
    return {"label": label, "image": {"width": 8, "height": 8, "channels": 3, "data": base64_of(image)},
            "text": None, "teachers": [base64_of(teacher)], "students": [base64_of(each) for each in students]}


def make_report(classes: int = 12, runs: int = 1, samples: int = 24) -> dict:
    rng = np.random.default_rng(7)
    return {"title": "runs/student", "classes": [f"Class-{i:03}" for i in range(classes)],
            "runs": [make_run(f"student-{i}", classes, rng, 37000 * (3 * i + 1), 0.25 * (i + 1), 0.9 - 0.02 * i)
                     for i in range(runs)],
            "samples": [make_sample(i % classes, classes, runs, rng) for i in range(samples)],
            "samples_kept": samples, "teacher_of": [0] * runs, "other_samples": [False] * runs}


def without_teacher(report: dict) -> dict:
    for run in report["runs"]:
        run |= {"teacher": None, "objective": None, "alpha": 0, "temperature": None}
    report["teacher_of"] = [None] * len(report["runs"])
    for sample in report["samples"]:
        sample["teachers"] = []
    return report


def fill(report: dict) -> str:
    text = json.dumps(report)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return TEMPLATE.read_text().replace("@DATA@", text)
