"""Libraries name options by their fields: no text of theirs holds a flag such as --lr. The command
layer alone knows flags: the files beside each main.cc, the table of flags, and what they share."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).parents[2]
COMMAND_LAYER = ("student_trainer/*.*", "student_trainer/commands/train_flags.cc", "teacher_server/*.*",
                 "common/base/command_line.h")
FLAG = re.compile(r"(?:^|[^a-z0-9-])--[a-z]")


def flags_in(source: str) -> list[str]:
    """The string literals with a flag, comments left aside."""
    tokens = re.finditer(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
                         source, re.DOTALL)
    texts = [token.group(0) for token in tokens]
    return [text for text in texts if text.startswith(("\"", "R\"")) and FLAG.search(text[1:])]


class Messages(unittest.TestCase):
    def test_no_text_of_a_library_names_a_flag(self):
        for folder in ("common", "student_trainer", "teacher_server"):
            for path in sorted((ROOT / folder).rglob("*.*")):
                relative = path.relative_to(ROOT)
                if path.suffix not in (".cc", ".h") or any(relative.match(p) for p in COMMAND_LAYER):
                    continue
                with self.subTest(file=str(relative)):
                    self.assertEqual(flags_in(path.read_text()), [])

    def test_a_flag_in_a_text_is_found_and_one_in_a_comment_is_not(self):
        self.assertEqual(flags_in('// as --lr\nSay("try a smaller --lr"); /* --lr */ x--y'),
                         ['"try a smaller --lr"'])
        self.assertEqual(flags_in('Say("--lr is 0"); Say("\\"--lr\\"");'),
                         ['"--lr is 0"', '"\\"--lr\\""'])
        self.assertEqual(flags_in('"-----BEGIN"; "a--b"; "--"; i--; c == \'"\'; f("x") // "--lr"'), [])


if __name__ == "__main__":
    unittest.main()
