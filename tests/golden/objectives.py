"""Golden values of the objectives and of their gradients, from Python's torch in float64.

    python3 tests/golden/objectives.py > tests/golden/objectives.json

Written from the papers' formulas, a sample, a class or a pair at a time and without the library's loss
functions, so that it shares nothing with the implementation under test. Needs torch alone.
"""

import json
import zlib

import torch

NO_LABEL = -1


def log_softmax(x):
    return x - torch.logsumexp(x, 0)


def kl(log_a, log_b):
    return sum(torch.exp(a) * (a - b) for a, b in zip(log_a, log_b))


def mixture(weight, log_a, log_b):
    return torch.log(weight * torch.exp(log_a) + (1 - weight) * torch.exp(log_b))


def mean_of_rows(of_row):
    """of_row(log p, log q, parameters), as a function of a batch; times T squared."""

    def of_batch(case):
        rows = [of_row(log_softmax(p / case.t), log_softmax(q / case.t), case.parameters)
                for p, q in zip(case.teacher, case.student)]
        return case.t**2 * sum(rows) / len(rows)

    return of_batch


def jsd(log_p, log_q, parameters):
    beta = parameters["beta"]
    log_m = mixture(beta, log_p, log_q)
    return beta * kl(log_p, log_m) + (1 - beta) * kl(log_q, log_m)


def total_variation(log_p, log_q, _):
    return sum(abs(torch.exp(a) - torch.exp(b)) for a, b in zip(log_p, log_q)) / 2


def uniform(log_p, log_q, _):
    classes = len(log_q)
    return sum((torch.log(torch.tensor(1.0 / classes, dtype=torch.float64)) - b) / classes
               for b in log_q)


def class_of(case, i):
    if case.labels is None or case.labels[i] == NO_LABEL or case.parameters.get("labels") == 0:
        return int(case.teacher[i].argmax())
    return case.labels[i]


def without(logits, c):
    return torch.cat([logits[:c], logits[c + 1:]])


def dkd(case):
    total = 0
    for i, (p, q) in enumerate(zip(case.teacher / case.t, case.student / case.t)):
        c = class_of(case, i)
        two = []
        for logits in (p, q):
            log = log_softmax(logits)
            two.append([log[c], torch.log(sum(torch.exp(x) for x in without(log, c)))])
        others = kl(log_softmax(without(p, c)), log_softmax(without(q, c)))
        total = total + case.parameters["alpha"] * kl(*two) + case.parameters["beta"] * others
    return case.t**2 * total / len(case.teacher)


def nkd(case):
    total = 0
    for i, (p, q) in enumerate(zip(case.teacher, case.student)):
        c = class_of(case, i)
        total = total - torch.exp(log_softmax(p)[c]) * log_softmax(q)[c]
        log_p, log_q = (log_softmax(without(x, c) / case.t) for x in (p, q))
        cross = -sum(torch.exp(a) * b for a, b in zip(log_p, log_q))
        total = total + case.parameters["gamma"] * case.t**2 * cross
    return total / len(case.teacher)


def correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / (a.square().sum().sqrt() * b.square().sum().sqrt() + 1e-8)


def dist(case):
    p = torch.stack([torch.exp(log_softmax(x / case.t)) for x in case.teacher])
    q = torch.stack([torch.exp(log_softmax(x / case.t)) for x in case.student])
    n, classes = p.shape
    between = 1 - sum(correlation(p[i], q[i]) for i in range(n)) / n
    within = 1 - sum(correlation(p[:, c], q[:, c]) for c in range(classes)) / classes
    return case.t**2 * (case.parameters["beta"] * between + case.parameters["gamma"] * within)


def mlkd(case):
    total = 0
    for t in range(case.parameters["first"], case.parameters["last"] + 1):
        log_p = [log_softmax(x / t) for x in case.teacher]
        log_q = [log_softmax(x / t) for x in case.student]
        p, q = (torch.stack([torch.exp(x) for x in rows]) for rows in (log_p, log_q))
        n, classes = p.shape
        total = total + t**2 * sum(kl(a, b) for a, b in zip(log_p, log_q)) / n
        for i in range(n):
            for j in range(n):
                total = total + ((p[i] * p[j]).sum() - (q[i] * q[j]).sum())**2 / n
        for c in range(classes):
            for d in range(classes):
                total = total + ((p[:, c] * p[:, d]).sum() - (q[:, c] * q[:, d]).sum())**2 / classes
    return total


def mse(case):
    return sum((p - q).square().mean() for p, q in zip(case.teacher, case.student)) / len(
        case.teacher)


def hard_distillation(case):
    return -sum(log_softmax(q)[int(p.argmax())]
                for p, q in zip(case.teacher, case.student)) / len(case.teacher)


def standardized(logits):
    rows = []
    for z in logits:
        centred = z - z.sum() / len(z)
        deviation = torch.sqrt(centred.square().sum() / (len(z) - 1))
        rows.append(centred / (deviation + 1e-7))
    return torch.stack(rows)


OBJECTIVES = {
    "kd": mean_of_rows(lambda log_p, log_q, _: kl(log_p, log_q)),
    "reverse_kl": mean_of_rows(lambda log_p, log_q, _: kl(log_q, log_p)),
    "jsd": mean_of_rows(jsd),
    "skew_kl": mean_of_rows(
        lambda log_p, log_q, x: kl(log_p, mixture(x["lambda"], log_p, log_q))),
    "skew_reverse_kl": mean_of_rows(
        lambda log_p, log_q, x: kl(log_q, mixture(x["lambda"], log_q, log_p))),
    "total_variation": mean_of_rows(total_variation),
    "label_smoothing": mean_of_rows(uniform),
    "dkd": dkd,
    "nkd": nkd,
    "dist": dist,
    "mlkd": mlkd,
    "mse": mse,
    "hard_distillation": hard_distillation,
}

# The paper's parameters, and others.
PARAMETERS = {
    "jsd": [{"beta": 0.5}, {"beta": 0.1}, {"beta": 0.9}],
    "skew_kl": [{"lambda": 0.1}, {"lambda": 0.7}],
    "skew_reverse_kl": [{"lambda": 0.1}, {"lambda": 0.7}],
    "dkd": [{"alpha": 1, "beta": 8, "labels": 1}, {"alpha": 0.5, "beta": 2, "labels": 0}],
    "nkd": [{"gamma": 1.5, "labels": 1}, {"gamma": 0.5, "labels": 0}],
    "dist": [{"beta": 1, "gamma": 1}, {"beta": 2, "gamma": 0.5}],
    "mlkd": [{"first": 2, "last": 6}, {"first": 1, "last": 1}],
}
# samples, classes, temperature, scale of the logits, whether labels are there, standardised
SHAPES = [
    (4, 3, 1.0, 2.0, True, False),
    (5, 10, 4.0, 5.0, True, False),
    (3, 6, 0.5, 2.0, False, False),
    (6, 7, 2.0, 8.0, True, True),
    (3, 4, 20.0, 6.0, True, False),
]
# Of the divergences that are defined on top-k with tail: samples, classes, temperature, k, scale.
TOP_K_SHAPES = [(4, 8, 2.0, 3, 4.0), (3, 5, 1.0, 5, 3.0), (3, 12, 4.0, 1, 6.0)]


class Case:
    def __init__(self, student, teacher, labels, temperature, parameters):
        self.student, self.teacher, self.labels = student, teacher, labels
        self.t, self.parameters = temperature, parameters


def draw(n, classes, scale, generator):
    # Multiples of 1/64 are exact in float32 too: both precisions start from the same logits.
    logits = scale * torch.randn(n, classes, dtype=torch.float64, generator=generator)
    return (logits * 64).round() / 64


def dense_case(name, parameters, shape, generator):
    n, classes, temperature, scale, labelled, standardize = shape
    student = draw(n, classes, scale, generator).requires_grad_()
    teacher = draw(n, classes, scale, generator)
    labels = torch.randint(classes, (n,), generator=generator).tolist() if labelled else None
    if labelled:
        labels[0] = NO_LABEL
    change = standardized if standardize else (lambda logits: logits)
    loss = OBJECTIVES[name](
        Case(change(student), change(teacher), labels, temperature, parameters))
    loss.backward()
    return {"objective": name, "parameters": parameters, "temperature": temperature,
            "standardize_logits": standardize, "labels": labels,
            "student_logits": student.tolist(), "teacher_logits": teacher.tolist(),
            "loss": loss.item(), "gradient": student.grad.tolist()}


def top_k_case(name, parameters, shape, generator):
    """The coarsened distributions' logarithms stand for logits at T = 1."""
    n, classes, temperature, k, scale = shape
    student = draw(n, classes, scale, generator).requires_grad_()
    teacher = draw(n, classes, scale, generator)
    coarse_p, coarse_q, ids = [], [], []
    for p, q in zip(teacher, student):
        kept = sorted(torch.topk(p, k).indices.tolist())
        for logits, coarse in ((p, coarse_p), (q, coarse_q)):
            log = log_softmax(logits / temperature)
            outcomes = [log[c] for c in kept]
            if k < classes:
                tail = sum(torch.exp(log[c]) for c in range(classes) if c not in kept)
                outcomes.append(torch.log(tail))
            coarse.append(torch.stack(outcomes))
        ids.append(kept)
    case = Case(torch.stack(coarse_q), torch.stack(coarse_p), None, 1.0, parameters)
    loss = temperature**2 * OBJECTIVES[name](case)
    loss.backward()
    return {"objective": name, "parameters": parameters, "temperature": temperature,
            "student_logits": student.tolist(),
            "targets": {"ids": ids, "log_probabilities": [p[:k].tolist() for p in coarse_p],
                        "log_tail": [p[k].item() if k < classes else -1e4 for p in coarse_p]},
            "loss": loss.item(), "gradient": student.grad.tolist()}


def main():
    cases = []
    for name in OBJECTIVES:
        # Each has its own: another objective changes nothing in what is drawn for this one.
        generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        for parameters in PARAMETERS.get(name, [{}]):
            cases += [dense_case(name, parameters, shape, generator) for shape in SHAPES]
    generator = torch.Generator().manual_seed(20220327)
    for name, parameters in [("reverse_kl", {}), ("jsd", {"beta": 0.5}), ("jsd", {"beta": 0.2})]:
        cases += [top_k_case(name, parameters, shape, generator) for shape in TOP_K_SHAPES]
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
