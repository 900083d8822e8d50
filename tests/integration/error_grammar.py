"""The form of error messages, which common/base/status.h describes. The expression has one definition,
for C++ and Python: kErrorGrammar of tests/testing/status_matchers.h."""

import pathlib
import re

_MATCHERS = pathlib.Path(__file__).parents[1] / "testing" / "status_matchers.h"
GRAMMAR = re.compile(re.search(r'R"re\((.*)\)re"', _MATCHERS.read_text()).group(1))


def error_in(output: str) -> str:
    """What a program that failed says: behind its name, or in the last line of level E of its log."""
    errors = re.findall(r"^(?:(?:teacher_server|student_trainer):|\d\d:\d\d:\d\d E) (.*)$", output,
                        re.MULTILINE)
    return errors[-1] if errors else ""


def follows_grammar(message: str) -> bool:
    return GRAMMAR.fullmatch(message) is not None
