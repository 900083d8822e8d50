"""The ResNets for ImageNet compute what the same models in PyTorch do."""

import unittest

from parity import RESNETS, ZooParity


class Resnets(ZooParity):
    def test_each_in_both_directions(self):
        self.check_all(RESNETS)


if __name__ == "__main__":
    unittest.main()
