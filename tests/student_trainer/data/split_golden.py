"""Prints the split that split_test.cc expects, from a second implementation of the draw."""

MASK = 2**64 - 1


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        while True:
            number = self.next()
            if number >= (2**64 - bound) % bound:
                return number % bound


def mix(*parts):
    mixed = 0
    for part in parts:
        mixed = SplitMix64(mixed ^ part).next()
    return mixed


def draw(by_class, count, seed):
    total = sum(map(len, by_class.values()))
    shares = {c: count * len(ids) // total for c, ids in by_class.items()}
    ranked = sorted(by_class, key=lambda c: (-(count * len(by_class[c]) % total), mix(seed, c)))
    for c in ranked[: count - sum(shares.values())]:
        shares[c] += 1
    drawn = []
    for c, ids in by_class.items():
        random, ids = SplitMix64(mix(seed, c)), list(ids)
        for i in range(len(ids), 1, -1):
            j = random.below(i)
            ids[i - 1], ids[j] = ids[j], ids[i - 1]
        drawn += ids[: shares[c]]
        by_class[c] = sorted(ids[shares[c] :])
    return sorted(drawn)


labels = [i * i % 7 for i in range(40)]  # four classes, unequal
by_class = {c: [i for i in range(40) if labels[i] == c] for c in sorted(set(labels))}
print("validation", draw(by_class, 6, mix(3, int.from_bytes(b"val", "big"))))
print("labelled", draw(by_class, 9, mix(3, int.from_bytes(b"label", "big"))))
