"""Golden values of the distillation loss on top-k and on sampled soft targets, from Python's torch
in float64.

    python3 tests/golden/kd_forms.py > tests/golden/kd_forms.json

Written from the formulas, a sample and an outcome at a time and without the library's loss
functions, so that it shares nothing with the implementation under test. Needs torch alone.
"""

import json
import math

import torch

# form, samples, classes, temperature, classes kept (k, or distinct classes drawn), scale of logits
CASES = [
    ("top_k", 3, 5, 1.0, 2, 2.0),
    ("top_k", 4, 10, 4.0, 3, 5.0),
    ("top_k", 2, 6, 0.5, 1, 3.0),
    ("top_k", 3, 4, 2.0, 4, 3.0),  # k = classes: no tail
    ("top_k", 2, 40, 1.0, 12, 30.0),
    ("sampled", 3, 5, 1.0, 3, 2.0),
    ("sampled", 4, 10, 4.0, 5, 5.0),
    ("sampled", 2, 40, 0.5, 7, 8.0),
]


def log_softmax(x):
    return x - torch.logsumexp(x, 0)


def top_k_case(student, teacher, temperature, k):
    loss = torch.zeros((), dtype=torch.float64)
    ids, log_probabilities, log_tails = [], [], []
    for q_logits, p_logits in zip(student, teacher):
        log_p, log_q = log_softmax(p_logits / temperature), log_softmax(q_logits / temperature)
        kept = sorted(torch.topk(p_logits, k).indices.tolist())
        others = [c for c in range(len(p_logits)) if c not in kept]
        for c in kept:
            loss = loss + torch.exp(log_p[c]) * (log_p[c] - log_q[c])
        log_tail = -1e4
        if others:
            p_tail = sum(torch.exp(log_p[c]) for c in others)
            q_tail = sum(torch.exp(log_q[c]) for c in others)
            loss = loss + p_tail * (torch.log(p_tail) - torch.log(q_tail))
            log_tail = torch.log(p_tail).item()
        ids.append(kept)
        log_probabilities.append([log_p[c].item() for c in kept])
        log_tails.append(log_tail)
    return loss, {"ids": ids, "log_probabilities": log_probabilities, "log_tail": log_tails}


def sampled_case(student, teacher, temperature, places, generator):
    loss = torch.zeros((), dtype=torch.float64)
    ids, weights = [], []
    for i, q_logits in enumerate(student):
        log_q = log_softmax(q_logits / temperature)
        drawn = sorted(torch.randperm(len(q_logits), generator=generator)[:places].tolist())
        counts = torch.randint(1, 6, (places,), generator=generator).tolist()
        if i == 0:  # a place that is not used
            drawn[-1] = counts[-1] = 0
        for c, count in zip(drawn, counts):
            weight = count / sum(counts)
            if weight > 0:
                loss = loss + weight * (math.log(weight) - log_q[c])
        ids.append(drawn)
        weights.append([count / sum(counts) for count in counts])
    return loss, {"ids": ids, "weights": weights}


def golden_case(form, n, classes, temperature, kept, scale, generator):
    draw = lambda: scale * torch.randn(n, classes, dtype=torch.float64, generator=generator)
    # Multiples of 1/64 are exact in float32 too: both precisions start from the same logits.
    student = ((draw() * 64).round() / 64).requires_grad_()
    teacher = (draw() * 64).round() / 64
    if form == "top_k":
        loss, targets = top_k_case(student, teacher, temperature, kept)
    else:
        loss, targets = sampled_case(student, teacher, temperature, kept, generator)
    total = temperature**2 * loss / n
    total.backward()
    return {
        "form": form,
        "temperature": temperature,
        "student_logits": student.tolist(),
        "targets": targets,
        "loss": total.item(),
        "gradient": student.grad.tolist(),
    }


def main():
    generator = torch.Generator().manual_seed(20250321)
    cases = [golden_case(*case, generator) for case in CASES]
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
