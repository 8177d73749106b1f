#!/usr/bin/env python3
"""Checks the rules of the house that no compiler checks.

    tools/house_check.py              checks this tree
    tools/house_check.py --self-test  shows that each rule refuses a bad example

Every complaint is one line, `file:line: what is wrong`; the exit code is 1 if
there is any. A rule is a generator that is given the tree and yields its
complaints; to add one, write it, put @rule above it, and give it a bad example
in BAD_EXAMPLES, without which the self-test fails.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# What each folder of src/ may include, besides itself. The same table is in
# src/CMakeLists.txt as links. `turnstile` is the public face, include/turnstile.
MAY_INCLUDE = {
    "base": set(),
    "resp": {"base"},
    "command": {"base"},
    "state": {"base", "command"},
    "checker": {"base", "command", "resp", "state"},
    "journal": {"base"},
    "server": {"base", "command", "resp", "state", "journal"},
    "client": {"base", "command", "resp", "turnstile"},
    "cli": {"base", "command", "client", "journal", "state", "checker", "turnstile"},
    "sim": {"base", "command", "resp", "state", "checker", "journal", "server", "client",
            "turnstile"},
}
# `turnstile serve` starts the server; nothing else of the command line sees it.
MAY_ALSO_INCLUDE = {"src/cli/main.cc": {"server"}}

NOT_IN_STATE = {"chrono", "thread", "mutex", "atomic", "random", "iostream", "filesystem"}
BANNED_NAMES = {"common", "util", "utils", "helper", "helpers", "misc"}
LINES_MAX = 600
COLUMNS_MAX = 100

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
OURS = ("src", "include", "test", "bench")


@dataclass
class File:
    """One file of the tree; `path` is relative to its root, `top` its first folder."""

    root: Path
    path: str

    @cached_property
    def text(self):
        return (self.root / self.path).read_text(encoding="utf-8", errors="replace")

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """The lines with comments, string and character literals blanked out."""
        literal = (r'R"(?P<tag>[^()\\\s]*)\((?:.|\n)*?\)(?P=tag)"'
                   r'|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")
        blank = re.sub(literal, lambda m: re.sub(r"[^\n]", " ", m.group()), self.text)
        return blank.splitlines()

    @property
    def includes(self):
        """(line number, is quoted, what) of every #include."""
        for number, line in enumerate(self.lines, 1):
            if match := INCLUDE.match(line):
                yield number, match.group(1) == '"', match.group(2)

    @property
    def parts(self):
        return self.path.split("/")

    @property
    def top(self):
        return self.parts[0]

    @property
    def folder(self):
        """The folder of src/ that the file is in, or None."""
        return self.parts[1] if self.top == "src" and len(self.parts) > 2 else None

    @property
    def is_cxx(self):
        return self.path.endswith((".cc", ".h"))

    @property
    def is_test(self):
        return self.path.endswith(("_test.cc", "_fuzz.cc"))


class Tree:
    def __init__(self, root):
        tops = [root / top for top in (*OURS, "examples", "tools")]
        paths = (p for top in tops if top.is_dir() for p in sorted(top.rglob("*")))
        ignored = {"node_modules", "__pycache__", "build", "corpus"}
        self.files = [
            File(root, p.relative_to(root).as_posix()) for p in paths
            if p.is_file() and not ignored & set(p.relative_to(root).parts)
        ]
        self.paths = {f.path for f in self.files}
        self.cxx = [f for f in self.files if f.is_cxx and f.top in OURS]

    def has(self, path):
        return path in self.paths


RULES = []


def rule(check):
    RULES.append(check)
    return check


@rule
def layers(tree):
    for file in tree.cxx:
        if file.folder not in MAY_INCLUDE:
            continue
        allowed = (MAY_INCLUDE[file.folder] | {file.folder}
                   | MAY_ALSO_INCLUDE.get(file.path, set()))
        for number, quoted, what in file.includes:
            target = what.split("/")[0]
            if quoted and "/" not in what:
                yield file, number, (f'includes "{what}" without its folder; '
                                     f"paths start at src/ or include/")
            elif (quoted or target in MAY_INCLUDE or target == "turnstile") \
                    and target not in allowed:
                may = ", ".join(sorted(allowed - {file.folder})) or "no other folder"
                yield file, number, (f"{file.folder}/ may not include {target}/ "
                                     f"(it may include {may})")


@rule
def public_headers_need_only_the_standard_library(tree):
    for file in tree.cxx:
        # The one header that is about another library; nothing else includes it.
        if file.top != "include" or file.path == "include/turnstile/asio.h":
            continue
        for number, _, what in file.includes:
            if "/" in what and not what.startswith("turnstile/"):
                yield file, number, f"a public header may not include {what}"


@rule
def state_is_deterministic(tree):
    for file in tree.cxx:
        if file.folder != "state" or file.is_test:
            continue
        for number, _, what in file.includes:
            if what in NOT_IN_STATE:
                yield file, number, f"the state machine is deterministic: no <{what}> in state/"
        for number, line in enumerate(file.code, 1):
            if match := re.search(r"\b(float|double)\b", line):
                yield file, number, f"no floating point in state/: {match.group()}"


@rule
def files_say_what_they_are(tree):
    for file in tree.cxx:
        first = next((line for line in file.lines if line.strip()), "")
        if not first.lstrip().startswith(("//", "/*")):
            yield file, 1, "starts without a comment that says what the file is and why"


@rule
def files_are_short(tree):
    for file in tree.cxx:
        if len(file.lines) > LINES_MAX:
            yield file, LINES_MAX + 1, f"{len(file.lines)} lines; a file has at most {LINES_MAX}"


@rule
def lines_are_short(tree):
    for file in tree.cxx:
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield file, number, f"{len(line)} columns; a line has at most {COLUMNS_MAX}"


@rule
def names_say_something(tree):
    for file in tree.files:
        for part in file.parts:
            stem = part.split(".")[0]
            if banned := BANNED_NAMES & set(re.split(r"[_-]", stem.lower())):
                yield file, 1, f"'{banned.pop()}' as a name says nothing about what is in {part}"


@rule
def sources_are_built(tree):
    for file in tree.files:
        if not file.path.endswith(".cc"):
            continue
        if file.top == "src" and file.folder not in MAY_INCLUDE:
            yield file, 1, f"is in no folder that is built: {', '.join(MAY_INCLUDE)}"
        elif file.top in ("test", "bench") and len(file.parts) > 2:
            # A folder with a CMakeLists.txt is a project of its own, which a test builds.
            if not tree.has("/".join(file.parts[:2]) + "/CMakeLists.txt"):
                yield file, 1, f"is not built: only {file.top}/*.cc is, without subfolders"


@rule
def tests_are_run(tree):
    for file in tree.files:
        name = file.parts[-1]
        if name.endswith("_test.cc"):
            if file.top not in ("src", "test"):
                yield file, 1, "is a test that nobody runs; tests are in src/<folder>/ or test/"
            elif not re.search(r"^[ \t]*(TYPED_)?TEST(_F|_P)?\(", file.text, re.M):
                yield file, 1, "is named a test and has no TEST"
        elif name.endswith("_test.py"):
            if file.top != "test":
                yield file, 1, "is a test that nobody runs; end-to-end tests are in test/"
            elif "def test_" in file.text and "unittest.main(" not in file.text:
                yield file, 1, "runs nothing when it is executed; it must end in unittest.main()"
        elif name.endswith(".py") and file.top == "test":
            if match := re.search(r"^[ \t]*def test_\w+", file.text, re.M):
                number = file.text.count("\n", 0, match.start()) + 1
                yield file, number, "holds tests that nobody runs; its name must end in _test.py"
        if file.is_cxx or name.endswith("_test.py"):
            for number, line in enumerate(file.lines, 1):
                if re.search(r"\bDISABLED_\w|GTEST_SKIP\(\);|@unittest\.skip\b", line):
                    yield file, number, "switches a test off without a condition or a reason"


@rule
def scenarios_are_run(tree):
    transcripts = [f for f in tree.files if f.top == "test" and f.path.endswith(".txt")
                   and f.parts[-1] != "CMakeLists.txt"]
    runs = any(f.path.endswith("_test.cc") and "scenario" in f.text for f in tree.files)
    for file in transcripts:
        if file.parts[1] != "scenario" or len(file.parts) != 3:
            yield file, 1, "is a transcript that nobody runs; they are test/scenario/*.txt"
        elif not runs:
            yield file, 1, "is a transcript that nobody runs; no *_test.cc reads test/scenario"
        elif "----" not in file.lines:
            yield file, 1, "is a transcript without an answer (a line of ---- and what follows)"


def complaints(root, rules=None):
    tree = Tree(Path(root))
    for check in rules or RULES:
        for file, number, what in check(tree):
            yield f"{file.path}:{number}: {what}"


# --- the self-test

HEAD = "// What it is.\n"
TEST = HEAD + "TEST(Lock, is_free) {}\n"

GOOD_EXAMPLE = {
    "include/turnstile/client.h": HEAD + '#include <string>\n#include "turnstile/error.h"\n',
    "src/base/bytes.h": HEAD + "#pragma once\n#include <fmt/format.h>\n",
    "src/state/machine.cc": HEAD + '#include "command/command.h"\n#include "state/machine.h"\n'
                            '/* not a double */ auto s = "float"; auto n = 1\'000; // a float\n',
    "src/state/machine_test.cc": TEST + "#include <random>\n",
    "src/client/client.cc": HEAD + "#include <turnstile/client.h>\n#include <boost/asio.hpp>\n",
    "src/cli/main.cc": HEAD + '#include "server/server.h"\n',
    "test/crash_test.cc": TEST + "// reads test/scenario\n",
    "test/scenario/lock.txt": "# A lock.\nalice: PING\n----\nPONG\n",
    "test/e2e/redis_test.py": "def test_ping(self): pass\nunittest.main()\n",
    "test/outside/CMakeLists.txt": "project(outside)\n",
    "test/outside/main.cc": HEAD,
}

# (rule, files, what the complaint says, and where)
BAD_EXAMPLES = [
    (layers, {"src/base/a.h": HEAD + '#include "state/machine.h"\n'},
     "src/base/a.h:2: base/ may not include state/ (it may include no other folder)"),
    (layers, {"src/state/a.cc": HEAD + "\n#include <journal/journal.h>\n"},
     "src/state/a.cc:3: state/ may not include journal/"),
    (layers, {"src/cli/serve.cc": HEAD + '#include "server/server.h"\n'},
     "src/cli/serve.cc:2: cli/ may not include server/"),
    (layers, {"src/server/a.cc": HEAD + "#include <turnstile/client.h>\n"},
     "src/server/a.cc:2: server/ may not include turnstile/"),
    (layers, {"src/client/a.cc": HEAD + '#include "engine.h"\n'},
     'src/client/a.cc:2: includes "engine.h" without its folder'),
    (public_headers_need_only_the_standard_library,
     {"include/turnstile/client.h": HEAD + "#include <boost/asio.hpp>\n"},
     "include/turnstile/client.h:2: a public header may not include boost/asio.hpp"),
    *[(state_is_deterministic, {"src/state/a.h": HEAD + f"#include <{header}>\n"},
       f"src/state/a.h:2: the state machine is deterministic: no <{header}> in state/")
      for header in sorted(NOT_IN_STATE)],
    (state_is_deterministic, {"src/state/a.cc": HEAD + 'auto s = "\\""; double x;\n'},
     "src/state/a.cc:2: no floating point in state/: double"),
    (state_is_deterministic, {"src/state/a.cc": HEAD + "/* a\n b */ float y;\n"},
     "src/state/a.cc:3: no floating point in state/: float"),
    (files_say_what_they_are, {"src/base/a.h": "#pragma once\n// too late\n"},
     "src/base/a.h:1: starts without a comment"),
    (files_say_what_they_are, {"src/base/a.cc": ""}, "src/base/a.cc:1: starts without a comment"),
    (files_are_short, {"src/base/a.cc": HEAD * (LINES_MAX + 1)},
     f"src/base/a.cc:{LINES_MAX + 1}: {LINES_MAX + 1} lines"),
    (lines_are_short, {"test/a.cc": HEAD + "/" * (COLUMNS_MAX + 1) + "\n"},
     f"test/a.cc:2: {COLUMNS_MAX + 1} columns"),
    *[(names_say_something, {f"src/base/{name}.h": HEAD}, f"src/base/{name}.h:1: '{word}'")
      for name, word in (("common", "common"), ("string_util", "util"), ("helpers", "helpers"),
                         ("misc", "misc"), ("test_helper", "helper"))],
    (names_say_something, {"src/base/util/a.h": HEAD}, "src/base/util/a.h:1: 'util'"),
    (sources_are_built, {"src/locks/a.cc": HEAD}, "src/locks/a.cc:1: is in no folder"),
    (sources_are_built, {"src/a.cc": HEAD}, "src/a.cc:1: is in no folder"),
    (sources_are_built, {"test/crash/a_test.cc": TEST}, "test/crash/a_test.cc:1: is not built"),
    (sources_are_built, {"bench/deep/a.cc": HEAD}, "bench/deep/a.cc:1: is not built"),
    (tests_are_run, {"bench/a_test.cc": TEST}, "bench/a_test.cc:1: is a test that nobody runs"),
    (tests_are_run, {"src/base/a_test.cc": HEAD}, "src/base/a_test.cc:1: is named a test"),
    (tests_are_run, {"tools/a_test.py": "x\n"}, "tools/a_test.py:1: is a test that nobody runs"),
    (tests_are_run, {"test/a_test.py": "def test_lock(self): pass\n"},
     "test/a_test.py:1: runs nothing when it is executed"),
    (tests_are_run, {"test/locks.py": "\ndef test_lock(): pass\n"}, "test/locks.py:2: holds tests"),
    (tests_are_run, {"test/a_test.cc": TEST + "TEST(Lock, DISABLED_x) {}\n"},
     "test/a_test.cc:3: switches a test off"),
    (scenarios_are_run, {"test/lock.txt": "----\n", "test/a_test.cc": TEST},
     "test/lock.txt:1: is a transcript that nobody runs; they are"),
    (scenarios_are_run, {"test/scenario/deep/lock.txt": "----\n", "test/a_test.cc": TEST},
     "test/scenario/deep/lock.txt:1: is a transcript that nobody runs; they are"),
    (scenarios_are_run, {"test/scenario/lock.txt": "----\n", "test/a_test.cc": TEST},
     "test/scenario/lock.txt:1: is a transcript that nobody runs; no *_test.cc"),
    (scenarios_are_run, {"test/scenario/lock.txt": "PING\n", "test/a_test.cc": TEST + "// scenario"},
     "test/scenario/lock.txt:1: is a transcript without an answer"),
]


def found_in(files, rules=None):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return list(complaints(root, rules))


def self_test():
    failures = [f"a good example is refused: {c}" for c in found_in(GOOD_EXAMPLE)]
    for check, files, expected in BAD_EXAMPLES:
        found = found_in(files, [check])
        if len(found) != 1 or not found[0].startswith(expected):
            failures.append(f"{check.__name__}: expected '{expected}…', found {found or 'nothing'}")
    tried = {check for check, *_ in BAD_EXAMPLES}
    failures += [f"{check.__name__} has no bad example" for check in RULES if check not in tried]
    for failure in failures:
        print(f"self-test: {failure}", file=sys.stderr)
    print(f"{len(RULES)} rules, {len(BAD_EXAMPLES)} bad examples, {len(failures)} failures")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    found = sorted(complaints(Path(__file__).resolve().parent.parent))
    for complaint in found:
        print(complaint)
    print(f"house check: {len(RULES)} rules, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
