"""What the page should show of a sample, computed from its logits."""

import numpy as np

from reports import floats_of


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def divergence(sample: dict, run: int = 0, teacher: int = 0) -> float:
    """Of Jensen and Shannon, in bits, at T = 1."""
    p, q = softmax(floats_of(sample["teachers"][teacher]), 1), softmax(floats_of(sample["students"][run]), 1)
    return sum(0.5 * (a * np.log2(a / ((p + q) / 2))).sum() for a in (p, q))


def answer(logits: str) -> int:
    return int(floats_of(logits).argmax())
