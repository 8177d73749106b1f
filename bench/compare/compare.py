#!/usr/bin/env python3
"""The same work on Turnstile and on the systems that people use today, on one machine in one run.

Each system is started from its Debian package on the loopback, in a folder of its own, and stopped
at the end. For each workload the systems take turns, round after round, so that what else the
machine does falls on all alike; the tables show medians, and of rates the least and the greatest
as well. A run in which a lock had two holders, or a ring lost its order, fails.

`./dev bench compare` builds what this needs and calls it. The figures that are published are in
bench/results: `./dev bench compare --results bench/results` renews them.
"""

import argparse
import itertools
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import machine
import plan
import servers
import tables
import targets

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES = ("U", "C", "R", "H", "S")
# A first run of each system, whose figures are not kept: caches fill, and Java compiles.
WARM_UP_MS = 1000
WARM_UP_WORKERS = 8
IDLE_LOOKS = 10


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """Something that was measured is wrong, or the machine is unfit."""


class Comparison:
    """Runs the plan and keeps the figures."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = ROOT / "build" / "bench"
        self.servers = {}
        self.results = {}  # by case and system: a list of rounds
        self.growth = []
        self.idle = {}  # by family, per cent before it
        self.run_count = 0

    def wanted(self, systems):
        """Those whose server or name is among --systems."""
        names = self.arguments.systems
        return tuple(one for one in systems
                     if not names or any(name in one.server or name in one.name.lower()
                                         for name in names))

    def run(self):
        for family in self.arguments.only:
            if family == "S":
                self.check_idle(family)
                self.measure_growth()
            else:
                self.measure_family(family)

    def measure_family(self, family):
        cases = [case for case in plan.cases() if case.family == family]
        systems = {one.name: one for case in cases for one in self.wanted(case.systems)}
        try:
            for name in dict.fromkeys(one.server for one in systems.values()):
                self.start(name)
            self.check_idle(family)
            for system in systems.values():
                self.measure(system, WARM_UP_WORKERS if family != "R" else 1, 0, WARM_UP_MS)
            for case in cases:
                self.measure_case(case)
        finally:
            self.stop()

    def start(self, name):
        say(f"starting {name}")
        server = servers.SERVERS[name](name, self.folder / "servers", self.arguments.binaries)
        self.servers[name] = server
        server.start()

    def stop(self):
        for server in self.servers.values():
            server.stop()
            shutil.rmtree(server.folder, ignore_errors=True)
        self.servers = {}
        shutil.rmtree(self.folder / "records", ignore_errors=True)

    def check_idle(self, family):
        # Servers that have just started are busy with themselves for a while.
        looks = 1 if self.arguments.busy else IDLE_LOOKS
        for _ in range(looks):
            idle = machine.idle_percent()
            self.idle[family] = round(idle)
            if idle >= machine.IDLE_MIN:
                return
        what = f"the machine is idle for {idle:.0f} % of the time only"
        if not self.arguments.busy:
            raise Failed(f"{what}, so that figures would say little about the systems; "
                         "end what else runs, or say --busy")
        say(f"{what}: the ratios say more than the figures")

    def measure_case(self, case):
        systems = self.wanted(case.systems)
        rounds = self.results.setdefault(case.name, {one.name: [] for one in systems})
        for number in range(self.arguments.rounds):
            say(f"{case.name}: round {number + 1} of {self.arguments.rounds}")
            # Each round begins with another system.
            shift = number * len(systems) // self.arguments.rounds
            for system in (*systems[shift:], *systems[:shift]):
                rounds[system.name].append(
                    self.measure(system, case.workers, case.keys, self.arguments.ms))

    def measure(self, system, workers, keys, length_ms):
        server = self.servers[system.server]
        self.run_count += 1
        command = [self.arguments.generator, system.verb, "--system", system.client,
                   "--port", server.port, "--pid", server.pid(), "--workers", workers,
                   "--keys", keys, "--ms", length_ms, "--folder", self.folder / "records",
                   "--name", self.run_count]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=300, check=False)
        if done.returncode != 0:
            raise Failed(f"{system.name}, {workers} workers on {keys} keys has failed "
                         f"({done.returncode}): {done.stderr.strip()} {done.stdout.strip()}")
        figures = json.loads(done.stdout)
        if server.pid() == 0:
            figures = {name: value for name, value in figures.items() if "CPU" not in name}
        return figures

    def measure_growth(self):
        command = [self.arguments.bench, "growth", "--json", "--data", self.folder]
        if self.arguments.quick:
            command.append("--quick")
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failed("turnstile-bench growth has failed")
        self.growth = json.loads(done.stdout)


def sections(comparison):
    """(title, rows) of each table."""
    for case in plan.cases():
        measured = comparison.results.get(case.name, {})
        systems = {name: rounds for name, rounds in measured.items() if rounds}
        if systems:
            durable = {one.name: one.durable for one in case.systems}
            yield f"{case.name}: {case.title}", tables.cells_of(systems, durable)
    # The names are "title: row".
    parts = itertools.groupby(comparison.growth, key=lambda line: line["name"].split(": ")[0])
    for title, lines in parts:
        lines = list(lines)
        figures = [figure for figure in lines[0] if figure != "name"]
        rows = [["", "on disk", *figures]]
        rows += [[line["name"].split(": ")[1], "yes", *(tables.number(line[one]) for one in figures)]
                 for line in lines]
        yield f"S: {title}", rows
    medians = tables.medians_of(comparison.results)
    medians["S"] = {line["name"]: line for line in comparison.growth}
    rows = tables.verdicts(targets.TARGETS, medians)
    if len(rows) > 1:
        yield "Targets", rows


def about(comparison, minutes):
    arguments = comparison.arguments
    packages = sorted({package for server in servers.SERVERS.values()
                       for package in server.packages})
    idle = ", ".join(f"{family} {share} %" for family, share in comparison.idle.items())
    return [*machine.describe(comparison.folder),
            f"{arguments.rounds} rounds of {arguments.ms / 1000:g} s each, {minutes:.0f} minutes",
            f"idle before each family: {idle}",
            "packages: " + ", ".join(machine.versions(packages))]


def write_report(comparison, minutes):
    # Not at the top: `--packages` is asked for before matplotlib is there.
    import charts  # pylint: disable=import-outside-toplevel
    lines = about(comparison, minutes)
    found = list(sections(comparison))
    markdown = "\n".join(f"- {line}" for line in lines)
    terminal = "\n".join(lines)
    for title, rows in found:
        markdown += f"\n\n## {title}\n\n{tables.markdown(rows)}"
        terminal += f"\n\n{title}\n{tables.terminal(rows)}"
    folder = comparison.arguments.results
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    markdown += "".join(f"\n\n![{name}]({name})"
                        for name in charts.draw(comparison.results, plan.cases(), folder))
    (folder / "README.md").write_text(f"# What was measured\n\n{markdown}\n")
    (folder / "rounds.jsonl").write_text(tables.as_lines(comparison.results, comparison.growth))
    print(terminal)
    print(f"\nwritten: README.md, charts and rounds.jsonl in {folder}")


def parse(words):
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="one round of half a second each, on a busy machine too")
    parser.add_argument("--only", default=",".join(FAMILIES), metavar="U,C,R,H,S",
                        help="which families of workloads")
    parser.add_argument("--systems", default="", metavar="NAME,…",
                        help="only those whose name contains one of these, e.g. turnstile,redis")
    parser.add_argument("--rounds", type=int, help="how often each is measured; default 3")
    parser.add_argument("--ms", type=int, help="how long each is measured; default 2000")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "bench" / "results",
                        help="the folder for tables, charts and the figures of all rounds")
    parser.add_argument("--binaries", type=Path, default=ROOT / "build" / "release" / "bin")
    arguments = parser.parse_args(words)
    arguments.only = [family for family in FAMILIES if family in arguments.only.upper().split(",")]
    arguments.systems = [name for name in arguments.systems.lower().split(",") if name]
    if not arguments.only:
        parser.error("--only takes some of U, C, R, H and S")
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    arguments.ms = arguments.ms or (500 if arguments.quick else 2000)
    arguments.busy = arguments.busy or arguments.quick
    arguments.bench = arguments.binaries / "turnstile-bench"
    arguments.generator = arguments.binaries / "turnstile-bench-compare"
    return arguments


def main(words):
    comparison = Comparison(parse(words))
    comparison.folder.mkdir(parents=True, exist_ok=True)
    # So that the servers are stopped then as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begin = time.monotonic()
    failure = None
    try:
        comparison.run()
    except Failed as error:
        failure = error
    finally:
        comparison.stop()
    if comparison.results or comparison.growth:
        write_report(comparison, (time.monotonic() - begin) / 60)
    if failure:
        say(f"compare: {failure}")
    return 1 if failure else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--packages"]:
        print(*sorted({one for server in servers.SERVERS.values() for one in server.packages}))
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
