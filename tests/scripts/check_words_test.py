"""scripts/check_words.py finds the phrases that its rules name, and only in prose."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import check_words

# The samples below are raw, multi-line or put together, which check_words.py exempts.
BAD = "anew"
GOES, GOES_ON, IS_NO_MODEL = "goes", r"goes on", r"is no model"

# RULE: a text whose hits are in [brackets]; without brackets, it has none.
TEXTS = """\
2: It takes 40,000 [bytes a row] in float32.
2: [One a core] is started.
2: The file has [a name a line].
2: It sends 1.5 [MiB an answer].
2: There is [one static library a folder].
2: One thread takes a batch, one of a class, and one was sent a request.
2: It draws a row, which a thread reads; if one a client sends is broken, it is refused.
2: What makes a file a run's is its name.
3: A thread [who] waits for it.
3: [Whoever] reads it,
3: [Nobody] waits.
3: Then [he] sends it.
3: People who train, those who serve. He et al., 2015. The teacher whose answer it is.
4: The run [goes on] with it.
4: The write was [begun].
4: What is going on, and what continues.
5: The file [is no model].
5: A teacher that [is no more].
5: There is no model, there will be no answer, and it is no longer read, no more than twice.
5: An average that is no better.
6: It is [mended].
6: No port [is had].
6: It trains [all the same].
6: All numbers are not all the same, and all the same size.
6: The rest is the caller's [affair].
6: Three teachers, [of them] one lost.
6: Read [anew] for each.
6: Everything [but for] the name.
6: Dropped [for good] now.
6: [Beside] an open: none. The header takes 12 [bytes beside] its payload.
6: The file beside it.
6: The name [stands] there.
6: The name stands for a server.
6: The [log says] what.
6: [INVALID_ARGUMENT says] which.
"""


def found(text, name):
    language = check_words.language_of(pathlib.Path(name))
    return [(line, words) for line, words, _, _ in check_words.find(text, language)]


class CheckWords(unittest.TestCase):
    def test_each_rule_finds_its_phrases_and_spares_what_only_looks_like_them(self):
        for line in TEXTS.splitlines():
            rule, text = int(line[0]), line[2:].strip()
            expected = [(rule, words) for words in re.findall(r"\[(.*?)\]", text)]
            with self.subTest(text):
                plain = text.replace("[", "").replace("]", "")
                hits = check_words.find(f"// {plain}\n", check_words.CPP)
                self.assertEqual([(rule, words) for _, words, rule, _ in hits], expected)

    def test_comments_of_every_language_are_read(self):
        for name, text in {
                "a.h": r"int a;  // read anew", "a.cc": f"/* read\n {BAD} */", "a.proto": "//anew",
                "a.js": r"f();  // anew", "a.py": f'def f():\n    """Reads\n    {BAD}."""',
                "b.py": r"a = 1  # anew", "a.sh": r"f  # anew", "CMakeLists.txt": "#anew",
                "a.cmake": "#anew", "Dockerfile.cuda": "#anew", "a.yaml": r"a: b  # anew",
                "a.toml": "#anew", "a.md": r"Read anew."}.items():
            with self.subTest(name):
                self.assertEqual([words for _, words in found(text, name)], [BAD])

    def test_other_files_are_not_read(self):
        self.assertIsNone(check_words.language_of(pathlib.Path("LICENSE")))
        self.assertIsNone(check_words.language_of(pathlib.Path("a.json")))

    def test_literals_with_a_space_are_read_and_joined_where_they_are_adjacent(self):
        self.assertEqual(found(r'f("it is no model");', "a.cc"), [(1, IS_NO_MODEL)])
        self.assertEqual(found(f'f("read\\n"\n  "{BAD}", "a b");', "a.cc"), [])
        self.assertEqual(found(f'f("to read\\n"\n  "{BAD}", "a b");', "a.cc"), [(2, BAD)])
        self.assertEqual(found(r"f('it is no model', f'{anew} a')", "a.py"), [(1, IS_NO_MODEL)])
        self.assertEqual(found(r"f(`read anew`);", "a.js"), [(1, BAD)])
        self.assertEqual(found(r'f("anew", "a b", "anew");', "a.cc"), [])

    def test_code_is_not_read(self):
        self.assertEqual(found(r"int anew = who(stands);  // fine", "a.cc"), [])
        self.assertEqual(found(r"""f(R"(read anew)", '"');""", "a.cc"), [])
        self.assertEqual(found(f'f(r"read {BAD}", """read {BAD}""")', "a.py"), [])
        self.assertEqual(found(r"echo ${#anew} read-anew", "a.sh"), [])
        self.assertEqual(found(f"```\nread {BAD}\n```\n", "a.md"), [])

    def test_what_is_quoted_is_exempt(self):
        for text in (r'// says "read anew".', r"// says 'read anew'.", r"// calls `anew`.",
                     f'// a "quotation that\n// is read {BAD}" ends'):
            with self.subTest(text):
                self.assertEqual(found(text, "a.h"), [])
        self.assertEqual(found(r"// the streams' words anew, the peers' too", "a.h"), [(1, BAD)])

    def test_a_phrase_may_continue_on_the_next_line_but_not_in_the_next_paragraph(self):
        self.assertEqual(found(f"int a;\n\n// The run {GOES}\n  // on.\n", "a.h"), [(3, GOES_ON)])
        self.assertEqual(found("// It goes\n//\n// on.\n", "a.h"), [])
        self.assertEqual(found("// It goes\n\n// on.\n", "a.h"), [])
        self.assertEqual(found("int a;  // goes\nint b;  // on\n", "a.h"), [])
        self.assertEqual(found(f"# Run\n\nThe run {GOES}\non.\n", "a.md"), [(3, GOES_ON)])
        self.assertEqual(found(f"It {GOES}\n\non.\n\n- goes\n- on\n", "a.md"), [])

    def test_the_program_names_the_place_and_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.h"
            command = [sys.executable, str(ROOT / "scripts/check_words.py"), str(path)]
            path.write_text(f"int a;\n// Read {BAD}.\n")
            bad = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(bad.returncode, 1)
            self.assertEqual(bad.stdout,
                             f"{path}:2: '{BAD}' (rule 6): write 'again', 'for each'\n")
            path.write_text("int a;\n// Read again.\n")
            good = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual((good.returncode, good.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
