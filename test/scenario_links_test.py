"""The pages of docs/ and the scenarios know each other.

Each link from a page to a file of the repository leads somewhere, and each scenario
of tasks and signals is linked from docs/tasks.md, which has a row for each way from
one state of a task to another.
"""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ.get("TURNSTILE_SOURCE", pathlib.Path(__file__).parent.parent))
DOCS = SOURCE / "docs"
SCENARIOS = SOURCE / "test" / "scenario"
TASKS = DOCS / "tasks.md"

LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")
TO_SCENARIO = re.compile(r"\[(?P<name>\w+)\]\(\.\./test/scenario/(?P<file>\w+)\.txt\)")
OF_TASKS = re.compile(r"^(attach_lists_a_running_task|deadlock_through_a_task|"
                      r"(task|flow|flows|event|barrier|latch|signals)(_.*)?)$")
STATE = re.compile(r'case TaskState::\w+: return "(\w+)";')
ENDS = {"completed", "failed", "skipped", "cancelled"}


def links(page):
    return [m["target"] for m in LINK.finditer(page.read_text(encoding="utf-8"))]


def ways():
    """{(from, to)} of the table of states, where `to` may name several."""
    states = set(STATE.findall((SOURCE / "src/state/flows.cc").read_text(encoding="utf-8")))
    found = set()
    for line in TASKS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and TO_SCENARIO.fullmatch(cells[3]):
            ends = set(re.findall(r"\w+", cells[2])) & states
            found |= {(cells[0], end) for end in ends}
    return states, found


class ScenarioLinksTest(unittest.TestCase):
    def test_every_link_of_a_page_leads_to_a_file(self):
        pages = [SOURCE / "README.md", *DOCS.rglob("*.md")]
        self.assertGreater(len(pages), 5)
        for page in pages:
            for target in links(page):
                if not re.match(r"\w+:", target):
                    with self.subTest(page=page.name, target=target):
                        self.assertTrue((page.parent / target).exists())

    def test_a_link_to_a_scenario_bears_its_name(self):
        for page in DOCS.rglob("*.md"):
            for match in TO_SCENARIO.finditer(page.read_text(encoding="utf-8")):
                self.assertEqual(match["name"], match["file"], page.name)

    def test_every_scenario_of_tasks_and_signals_is_linked(self):
        text = TASKS.read_text(encoding="utf-8")
        linked = {match["file"] for match in TO_SCENARIO.finditer(text)}
        there = {file.stem for file in SCENARIOS.glob("*.txt") if OF_TASKS.match(file.stem)}
        self.assertGreater(len(there), 50)
        self.assertEqual(there - linked, set())

    def test_every_state_is_reached_and_left(self):
        states, found = ways()
        self.assertEqual(len(states), 10)
        self.assertEqual({end for _, end in found}, states)
        self.assertEqual({start for start, _ in found} - {"–"}, states - ENDS)


if __name__ == "__main__":
    unittest.main()
