#!/usr/bin/env python3
"""How many instructions each step of a request takes, beside those that are on record.

Time says little on a machine that does other things as well; instructions hardly change. Each
benchmark of turnstile-bench-micro is run twice under callgrind, with different numbers of rounds,
and the difference is what the rounds cost.

`./dev bench instructions` builds what this needs and calls it. The exit status is 1 if something
takes more than a tenth more than the record says; --record renews the record.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RECORD = Path(__file__).resolve().parent / "instructions.json"
FEW, MANY = 500, 2500
ALLOWED = 1.1


def counted(binary, name, rounds):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary,
         f"--benchmark_filter=^{name}/", "--iterations", str(rounds)],
        capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"instructions: {name} has failed:\n{done.stderr}")
    return int(found.group(1))


def names(binary):
    done = subprocess.run([binary, "--benchmark_list_tests", "--iterations", "1"],
                          capture_output=True, text=True, check=True)
    return [line.split("/")[0] for line in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench instructions",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--binary", default=ROOT / "build/release/bin/turnstile-bench-micro")
    parser.add_argument("--record", action="store_true", help="renew the record")
    arguments = parser.parse_args()
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    found = {}
    grown = []
    print(f"{'step':20}  instructions  on record")
    for name in names(arguments.binary):
        each = counted(arguments.binary, name, MANY) - counted(arguments.binary, name, FEW)
        found[name] = round(each / (MANY - FEW))
        before = known.get(name)
        print(f"{name:20}  {found[name]:12,}  " +
              (f"{before:9,}  {100 * (found[name] / before - 1):+.1f} %" if before else "        -"),
              flush=True)
        if before and found[name] > ALLOWED * before:
            grown.append(name)
    if arguments.record:
        RECORD.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    if grown:
        print(f"more than a tenth above the record: {', '.join(grown)}")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
