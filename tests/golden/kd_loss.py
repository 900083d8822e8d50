"""Golden values of the distillation loss and its gradient, from Python's torch in float64.

    python3 tests/golden/kd_loss.py > tests/golden/kd_loss.json

Written from the formula, a sample at a time and without the library's loss functions, so that it
shares nothing with the implementation under test. Needs torch alone.
"""

import json

import torch

NO_LABEL = -1

# samples, classes, temperature, alpha, samples without a label, scale of the logits
CASES = [
    (1, 2, 1.0, 0.5, [], 1.0),
    (4, 3, 2.0, 0.9, [], 3.0),
    (4, 3, 2.0, 0.9, [1, 2], 3.0),
    (5, 10, 4.0, 0.3, [0, 4], 5.0),
    (5, 10, 0.5, 0.7, [3], 2.0),
    (6, 10, 20.0, 0.95, [0, 1, 2, 3, 4, 5], 8.0),
    (3, 40, 3.0, 0.0, [1], 4.0),
    (3, 40, 3.0, 1.0, [0], 4.0),
    (2, 7, 1.5, 0.25, [], 60.0),
]


def log_softmax(x):
    return x - torch.logsumexp(x, 0)


def loss_parts(student, teacher, labels, temperature):
    """Sum of CE over the labelled samples / n, and T^2 * sum of KL / n."""
    n = len(labels)
    ce = torch.zeros((), dtype=torch.float64)
    kl = torch.zeros((), dtype=torch.float64)
    for i in range(n):
        if labels[i] != NO_LABEL:
            ce = ce - log_softmax(student[i])[labels[i]]
        log_q = log_softmax(student[i] / temperature)
        log_p = log_softmax(teacher[i] / temperature)
        kl = kl + (torch.exp(log_p) * (log_p - log_q)).sum()
    return ce / n, temperature**2 * kl / n


def golden_case(n, classes, temperature, alpha, unlabelled, scale, generator):
    draw = lambda: scale * torch.randn(n, classes, dtype=torch.float64, generator=generator)
    # Multiples of 1/64 are exact in float32 too: both precisions start from the same logits.
    student = ((draw() * 64).round() / 64).requires_grad_()
    teacher = (draw() * 64).round() / 64
    labels = torch.randint(classes, (n,), generator=generator).tolist()
    for i in unlabelled:
        labels[i] = NO_LABEL
    ce, kd = loss_parts(student, teacher, labels, temperature)
    total = (1 - alpha) * ce + alpha * kd
    total.backward()
    return {
        "temperature": temperature,
        "alpha": alpha,
        "labels": labels,
        "student_logits": student.tolist(),
        "teacher_logits": teacher.tolist(),
        "total": total.item(),
        "student_loss": ce.item(),
        "distillation_loss": kd.item(),
        "gradient": student.grad.tolist(),
    }


def main():
    generator = torch.Generator().manual_seed(20150309)
    cases = [golden_case(*case, generator) for case in CASES]
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
