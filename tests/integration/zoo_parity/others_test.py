"""The other families of the zoo compute what the same models in PyTorch do, and none is left out."""

import re
import unittest

from parity import CASES, OTHERS, ZooParity
from programs import TRAINER, write_dataset


class Others(ZooParity):
    def test_each_in_both_directions(self):
        self.check_all(OTHERS)

    def test_none_is_left_out(self):
        code, output = self.run_program(TRAINER, "train", "--train", write_dataset(self.dir / "d"),
                                        "--student", "resnet20", "--run_dir", self.dir / "run")
        self.assertEqual(code, 2, output)
        self.assertIn("did you mean resnet", output)
        known = re.split(", | or ", re.search(r"in its path, or ([\w, ]+) \(did", output).group(1))
        self.assertEqual(set(known), {name for name, _, _ in CASES})


if __name__ == "__main__":
    unittest.main()
