#!/usr/bin/env python3
"""Finds phrases that plain technical English does not use, in comments, documents and messages.

It reads comments of C++, protobuf, JavaScript, Python, shell, CMake, YAML and TOML, string literals
with a space in C++, JavaScript and Python, and the prose of Markdown. Text in quotation marks or
backticks, code blocks, raw strings and Python's other multi-line strings are exempt. The exit code
is 1 if anything is found. Each line of the output names the place, the words and the replacement.
"""
import argparse
import pathlib
import re
import subprocess
import sys

# What is counted, and per what. Plurals that are verbs as well ("draws a row") are left out.
COUNTED = (r"(?:bytes|bits|samples|images|rows|elements|classes|requests|threads|lines|seconds"
           r"|minutes|tokens|characters|batches|messages|numbers|faults|MiB|KiB|GiB|[kKMG]B|ms|µs"
           r"|two|three|four|five|six|ten|twenty|\d[\d.,]*"
           r"|an? (?:line|row|name|byte|folder|file|batch|thread|key|sample|test|record|value))")
UNIT = (r"(?:row|sample|class|stream|line|second|minute|hour|batch|epoch|image|file|request|token"
        r"|teacher|student|test|folder|layer|position|thread|step|label|message|model|name|key"
        r"|element|value|host|channel|answer|byte|piece|tensor|head|connection|address|directory"
        r"|parameter|weight|seed|core|column|input|output|payload|record|draw|instance|option"
        r"|objective|measurement|run|decision|level|process|view|program|field|family|encoding)")
NOT_PEOPLE = "".join(rf"(?<!\b{word} )" for word in (
    "people", "user", "users", "person", "someone", "anyone", "those", "reader", "readers"))

RULES = [(rule, re.compile(pattern, re.I), instead) for rule, pattern, instead in (
    (2, rf"\b{COUNTED} an? {UNIT}\b(?!')", "'per', as in 'bytes per row'"),
    (2, r"(?<!\bwhich )(?<!\bif )(?<!\bthat )\bone an? [a-z]+\b", "'per', as in 'one per row'"),
    (2, rf"\bone (?:(?!\w*(?:s|ed)\b|(?:of|in|for|at|by|to|as|or|and|with|from|under)\b)\w+ )"
        rf"{{1,2}}an? {UNIT}\b", "'per', as in 'one line per row'"),
    (3, r"\bwho(?:so|m)?ever\b", "'the caller that', 'any client that'"),
    (3, NOT_PEOPLE + r"\b(?-i:[Ww]hom?)\b", "'it', 'which': 'the client that', 'which side'"),
    (3, r"\b(?:no|some|every|any)body\b", "'no thread', 'no client', 'nothing', 'others'"),
    (3, r"\b(?-i:he|him|his|she|her)\b", "'it', 'its', 'they', 'their'"),
    (4, r"(?<!\bwhat is )\b(?:go|goes|going|gone|went) on\b(?! schedule)",
     "'resume', 'continue', 'start from', 'proceed'"),
    (4, r"\bbegun\b", "'started', 'started from'"),
    (5, r"(?<!\bthere )(?<!\bthere will )(?<!\bthere can )(?<!\bthere must )"
        r"\b(?:is|are|was|were|be|been) no\b(?! (?:longer|matter|more than|less than|(?:fewer"
        r"|other|better|worse|faster|slower|smaller|larger|greater|later|earlier|higher|lower)\b))"
        r"(?: \w+)?",
     "'is not a', 'is not part of', 'no longer exists'"),
    (6, r"\bmend(?:s|ed|ing)?\b", "'fix', 'repair'"),
    (6, r"\b(?:is|are|was|were|be|been) had\b", "'is available', 'exists'"),
    (6, r"\ball of (?:them|it) that\b", "'all models', 'everything that'"),
    (6, r", of (?:them|it)\b", "', of which'"),
    (6, r"(?<!\bare )(?<!\bis )(?<!\bnot )\ball the same\b(?! (?:size|shape)\b)",
     "'nevertheless', 'anyway', 'still'"),
    (6, r"\bin the place of\b", "'instead of'"),
    (6, r"\bas often as not\b", "'usually'"),
    (6, r"\baffairs?\b", "'responsibility', 'is done by'"),
    (6, r"\b(?:anew|afresh)\b", "'again', 'for each'"),
    (6, r"\bin vain\b", "'without success'"),
    (6, r"\bheed(?:s|ed|ing)?\b", "'handle', 'obey', 'react to'"),
    (6, r"\bin so far as\b", "'as far as'"),
    (6, r"\bfor ever\b", "'forever'"),
    (6, r"\bfor good\b(?! (?:reason|measure))", "'permanently'"),
    (6, r"\bin mid-\w+", "'in the middle of'"),
    (6, r"\bby the (?:ten |hundred )?(?:dozen|hundred|thousand|million)s?\b", "'thousands of'"),
    (6, r"\b(?:lest|ere|nought|naught|aught|whilst|hereby|thereof|whereof|thereupon|whereupon"
        r"|henceforth|hitherto|withal|forthwith|amidst|unto)\b", "the common word"),
    (6, r"\b(?:but|save) for\b", "'except'"),
    (6, r"\bless (?:its|the|their)\b", "'minus'"),
    (6, r"\b(?:is|are|was|were|be) of (?:no )?use\b", "'is usable', 'is useful'"),
    (6, r"\blook(?:s|ed)? at no\b", "'does not read any'"),
    (6, r"\b(?:(?-i:Beside)|bytes beside)\b", "'in addition to', 'with'"),
    (6, r"\b(?:stands?|stood)\b(?! (?:for|in for|still|out)\b)",
     "'is', 'is written', 'stopped', 'prevents'"),
    (6, r"\b(?:what lies|lies? there|files? lies?|lies? alone)\b", "'is', 'exists'"),
    (6, r"\b(?:log|server|trainer|client|teacher|student|program|process|run|script|system"
        r"|README\.md|log\.name\}|(?-i:[A-Z]+(?:_[A-Z]+)+)) (?:says?|said)\b",
     "'reports', 'describes', 'prints'"),
    (6, r"\b(?:say|says|said) (?:so|once|why|in words)\b", "'reports'"),
)]

STRING = r'"(?:\\.|[^"\\\n])*"'
SINGLE = r"'(?:\\.|[^'\\\n])*'"
CPP = re.compile(rf'''(?P<code>\bu?8?R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|(?<![0-9a-fA-F]){SINGLE})
    |(?P<comment>//[^\n]*|/\*.*?\*/) | (?P<text>{STRING})''', re.S | re.X)
JAVASCRIPT = re.compile(rf'''(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>{STRING}|{SINGLE}|`(?:\\.|[^`\\])*`)''', re.S | re.X)
PYTHON = re.compile(rf'''(?P<comment>\#[^\n]*|^[ ]*"""(?:\\.|[^\\])*?""")
    |(?P<code>"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|\b[bB]?[rR][bB]?(?:{STRING}|{SINGLE}))
    |(?P<text>{STRING}|{SINGLE})''', re.S | re.X | re.M)
HASH = re.compile(r"(?P<comment>(?<!\S)\#[^\n]*)")
MARKDOWN = "markdown"
LANGUAGES = {"h": CPP, "cc": CPP, "proto": CPP, "js": JAVASCRIPT, "py": PYTHON, "sh": HASH,
             "cmake": HASH, "yaml": HASH, "yml": HASH, "toml": HASH, "md": MARKDOWN}
QUOTED = re.compile(r'(?<!\w)"[^"\0]{1,300}?"|`[^`\0]{1,300}?`|“[^”\0]{1,300}?”'
                    r"|(?<!\w)'[^'\0]{1,200}?'(?!\w)|\$?\{[^{}\0]*\}")


def language_of(path):
    if path.name == "CMakeLists.txt" or path.name.startswith("Dockerfile"):
        return HASH
    return LANGUAGES.get(path.suffix[1:])


def blank(match):
    return "\0" * len(match.group())


def prose(text, language):
    """Same length as `text`: prose stays, a quotation becomes one word, the rest and the ends of
    paragraphs become \\0. A comment or a literal that is continued on the next line is one text."""
    if language is MARKDOWN:
        text = re.sub(r"^ *(```|~~~).*?^ *\1|<!--.*?-->", blank, text, flags=re.S | re.M)
        text = re.sub(r"\n[ \t]*(?=\n)|\n(?=\s*(?:[-*+|#>]|\d+\.))|\|", blank, text)
        return QUOTED.sub(lambda match: "x" * len(match.group()), text)
    out, kind, end = ["\0"] * len(text), None, 0
    for match in language.finditer(text):
        gap, piece = text[end:match.start()], match.group()
        joined = kind == match.lastgroup and not gap.strip() and (
            kind == "text" or gap.count("\n") < 2)
        kind, end = match.lastgroup, match.end()
        if kind == "comment":
            piece = re.sub(r"^\s*(?://+|#+!?|/\*+|\"\"\")|(?:\*/|\"\"\")$",
                           lambda edge: " " * len(edge.group()), piece)
            piece = re.sub(r"\n[ \t]*(?=\n)", blank, piece)
            piece = piece if piece.strip() else "\0" * len(piece)
        elif kind == "text" and (joined or " " in piece):
            piece = " " + piece[1:-1].replace(r"\n", "  ").replace(r'\"', ' "') + " "
        else:
            kind = None
            continue
        if joined:
            out[match.start() - len(gap):match.start()] = " " * len(gap)
        out[match.start():end] = piece
    return QUOTED.sub(lambda match: "x" * len(match.group()), "".join(out))


def find(text, language):
    """Yields (line, words, rule, replacement) for each phrase found, in the order of the text."""
    words, offsets = [], []  # the prose, with one space for white space, and where each part was
    for match in re.finditer(r"\s+|\0+|[^\s\0]+", prose(text, language)):
        words.append(re.sub(r"^\s+$", " ", match.group()).lstrip("\0") or "\0")
        offsets += range(match.start(), match.start() + len(words[-1]))
    words = "".join(words)
    for begin, end, rule, instead in sorted(
            (*match.span(), rule, instead)
            for rule, pattern, instead in RULES for match in pattern.finditer(words)):
        yield text.count("\n", 0, offsets[begin]) + 1, words[begin:end].strip(", "), rule, instead


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE", help="default: all that git tracks")
    names = parser.parse_args().files or subprocess.run(
        ["git", "ls-files"], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    found = False
    for path in map(pathlib.Path, names):
        if language_of(path):
            for line, words, rule, instead in find(path.read_text(), language_of(path)):
                print(f"{path}:{line}: '{words}' (rule {rule}): write {instead}")
                found = True
    return found


if __name__ == "__main__":
    sys.exit(main())
