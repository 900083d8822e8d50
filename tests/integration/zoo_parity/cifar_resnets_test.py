"""The ResNets for CIFAR compute what the same models in PyTorch do."""

import unittest

from parity import CIFAR_RESNETS, ZooParity


class CifarResnets(ZooParity):
    def test_each_in_both_directions(self):
        self.check_all(CIFAR_RESNETS)


if __name__ == "__main__":
    unittest.main()
