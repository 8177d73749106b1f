"""docs/complaints.md and the tests that it cites say the same.

Each complaint has a row, its number is the next one, and each test that the row
cites exists and names the complaint in a comment. No test names a row that does not
cite it.
"""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("TURNSTILE_SOURCE", pathlib.Path(__file__).parent.parent))
PAGE = SOURCE / "docs" / "complaints.md"
COUNTS = {"C": 33, "J": 10, "T": 52}

ROW = re.compile(r"^\| (?P<id>[CJT]\d+) \|(?P<cells>.*)\|$", re.M)
LINK = re.compile(r"\[(?P<name>[\w.]+)\]\((?P<path>[\w./-]+)\)")
MARK = re.compile(r"Complaints?: (?P<ids>[CJT]\d+(?:, [CJT]\d+)*) \(docs/complaints\.md\)\.")
CXX_TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.M)


def rows():
    """(id, its four cells), as on the page."""
    text = PAGE.read_text(encoding="utf-8")
    return [(m["id"], [cell.strip() for cell in m["cells"].split("|")]) for m in ROW.finditer(text)]


def cited():
    """{(file, test): ids} as the page has it; of a scenario the test is its name."""
    found = {}
    for number, cells in rows():
        for link in LINK.finditer(cells[-1]):
            path = (PAGE.parent / link["path"]).resolve().relative_to(SOURCE.resolve())
            found.setdefault((str(path), link["name"]), set()).add(number)
    return found


def name_behind(text, position):
    """The C++ test whose line is the next one; of Python the class's method."""
    line = text[text.index("\n", position) + 1:]
    if match := CXX_TEST.match(line):
        return f"{match[1]}.{match[2]}"
    method = re.search(r"^    def (\w+)", text[position:], re.M)
    classes = re.findall(r"^class (\w+)", text[:position], re.M)
    return f"{classes[-1]}.{method[1]}" if method and classes else None


def marked():
    """{(file, test): ids} as the tests have it."""
    found = {}
    files = [*SOURCE.glob("src/**/*_test.cc"), *SOURCE.glob("test/*_test.py"),
             *SOURCE.glob("test/scenario/*.txt")]
    for file in files:
        text = file.read_text(encoding="utf-8")
        for match in MARK.finditer(text):
            path = str(file.relative_to(SOURCE))
            name = file.stem if file.suffix == ".txt" else name_behind(text, match.start())
            found.setdefault((path, name), set()).update(match["ids"].split(", "))
    return found


class ComplaintsTest(unittest.TestCase):
    maxDiff = None

    def test_every_complaint_has_its_row(self):
        expected = [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
        self.assertEqual([number for number, _ in rows()], expected)

    def test_every_row_says_why_and_cites_a_test(self):
        for number, cells in rows():
            with self.subTest(number):
                self.assertEqual(len(cells), 4)
                self.assertTrue(all(cells))
                self.assertRegex(cells[-1], LINK)

    def test_the_page_and_the_comments_of_the_tests_agree(self):
        self.assertEqual(marked(), cited())


if __name__ == "__main__":
    unittest.main()
