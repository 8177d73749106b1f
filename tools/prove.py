#!/usr/bin/env python3
"""The long programme: everything that can break the service, for hours, and a report.

    tools/prove.py --hours 8

`./dev prove` builds what it needs and calls it. In turn come the planted bugs, the
simulator's worlds, of one node and of several, on all processors, kill -9 loops and
losses of power against the real server, a cluster on a network that fails, and every
fuzzer. Worlds that were once run are not run again: the next programme goes on with the
seed after them (build/prove/next_seed).

The report is build/prove/report.md. The exit status is 1 if anything failed, or if a
kind of fault never happened, for then nothing was tested of it.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# How the time that the planted bugs leave is shared out.
SHARES = {"worlds": 0.5, "clusters": 0.08, "kills": 0.12, "power": 0.06, "network": 0.08,
          "fuzzers": 0.16}
SEEDS_A_CHUNK = 200
KILLS_A_ROUND = 200
LOSSES_A_ROUND = 20
FAILOVERS_A_ROUND = 30
FUZZER_SECONDS_MIN = 5


class Programme:
    """What is run, until when, and what came of it."""

    def __init__(self, options):
        self.hours = options.hours
        self.bin = pathlib.Path(options.bin).resolve()
        self.fuzz_bin = pathlib.Path(options.fuzz_bin).resolve()
        self.witness = pathlib.Path(options.witness).resolve()
        self.out = pathlib.Path(options.out).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.workers = os.cpu_count() or 1
        self.began = time.monotonic()
        self.lines = []      # of the report
        self.failures = []

    def say(self, text):
        passed = int(time.monotonic() - self.began)
        print(f"[{passed // 3600}:{passed // 60 % 60:02}:{passed % 60:02}] {text}", flush=True)

    def report(self, text=""):
        self.lines.append(text)

    def fail(self, what, output=""):
        self.failures.append(what)
        self.say(f"FAILED: {what}")
        tail = output.strip()[-3000:]
        if tail:
            print(tail, flush=True)
            self.report(f"**{what}**\n\n```\n{tail}\n```\n")

    def run(self, command, **environment):
        """(exit status, both outputs)"""
        done = subprocess.run([str(word) for word in command], cwd=ROOT, text=True, check=False,
                              env=os.environ | environment, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def in_parallel(self, work, items):
        """Runs work(item) for all items, as many at a time as there are processors."""
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(work, items)


# --- planted bugs

def prove_planted_bugs(programme):
    began = time.monotonic()
    status, output = programme.run([programme.bin / "turnstile-sim-planted"])
    last = output.strip().splitlines()[-1] if output.strip() else "no output"
    if status != 0:
        programme.fail("a planted bug was not found", output)
    programme.say(last)
    programme.report("## Planted bugs\n")
    programme.report(f"{last}, in {time.monotonic() - began:.0f} s.\n")


# --- worlds

class Sum:
    """What all worlds add up to."""

    def __init__(self):
        self.figures = {}
        self.faults = {}

    def add(self, chunk):
        for name, value in chunk.items():
            if name != "faults":
                self.figures[name] = self.figures.get(name, 0) + value
        for name, value in chunk["faults"].items():
            self.faults[name] = self.faults.get(name, 0) + value


def run_worlds(programme, first, count, total, *flags):
    """Runs the seeds; goes on behind one that fails."""
    end = first + count
    while first < end:
        _, output = programme.run([programme.bin / "turnstile-sim", first, "--count", end - first,
                                   "--json", "--quiet", *flags])
        found = re.search(r"^\{.*\}$", output, re.M)
        if found:
            return total.add(json.loads(found.group()))
        failed = re.search(r"^seed (\d+) fails", output, re.M)
        what = " ".join(["turnstile-sim", failed.group(1) if failed else str(first), *flags])
        programme.fail(what, output)
        first = int(failed.group(1)) + 1 if failed else end
    return None


def prove_worlds(programme, seconds, what, memory, *flags):
    """Seeds until the time is over, beginning where the programme before has ended."""
    began = time.monotonic()
    memory = programme.out / memory
    first = next_seed = int(memory.read_text()) if memory.exists() else 1
    total = Sum()

    def chunks():
        nonlocal next_seed
        while next_seed == first or time.monotonic() < began + seconds:
            yield next_seed
            next_seed += SEEDS_A_CHUNK

    taken = chunks()
    while batch := [seed for _, seed in zip(range(programme.workers), taken)]:
        for _ in programme.in_parallel(
                lambda seed: run_worlds(programme, seed, SEEDS_A_CHUNK, total, *flags), batch):
            pass
        memory.write_text(str(next_seed))
        programme.say(f"{what}: seeds {first} to {next_seed - 1}")
    report_worlds(programme, what, total, first, next_seed, time.monotonic() - began)


def report_worlds(programme, what, total, first, end, seconds):
    figures = {name.replace("_", " "): value for name, value in total.figures.items()
               if name not in ("seeds", "seconds")}
    programme.report(f"## {what}\n")
    programme.report(
        f"{total.figures.get('seeds', 0):,} seeds ({first} to {end - 1}) in {seconds:.0f} s: " +
        ", ".join(f"{round(value):,} {name}" for name, value in figures.items()) + ".\n")
    programme.report("| fault | times |\n|---|---|")
    for name, count in total.faults.items():
        programme.report(f"| {name} | {count:,} |")
    programme.report()
    if not total.faults:
        programme.fail(f"{what}: no world came to its end")
    for name, count in total.faults.items():
        if count == 0:
            programme.fail(f"{what}: the fault {name} never happened")


# --- the real server

def repeat_test(programme, what, script, seconds, round_environment):
    """Runs a test again and again; each number of the line that it prints is added up."""
    began = time.monotonic()
    sums, words, rounds = [], "", 0
    while rounds == 0 or time.monotonic() < began + seconds:
        rounds += 1
        status, output = programme.run(
            [sys.executable, ROOT / "test" / script],
            TURNSTILE_BIN=str(programme.bin / "turnstile"), TURNSTILE_SOURCE=str(ROOT),
            **round_environment(rounds))
        if status == 0 and "skipped=" in output:
            programme.say(f"{what}: this machine does not allow it")
            programme.report(f"## {what}\n\nThis machine does not allow it.\n")
            return
        # The test runner may have put its dots before it.
        line = next((x.lstrip(".") for x in output.splitlines() if ", no loss, in " in x), "")
        if status != 0 or not line:
            programme.fail(f"round {rounds} of {script}", output)
            continue
        numbers = [int(number) for number in re.findall(r"\d+", line)]
        sums = [a + b for a, b in zip(sums, numbers)] if sums else numbers
        words = re.sub(r"\d+", "{:,}", line)
        programme.say(f"{what}: {line}")
    programme.report(f"## {what}\n")
    programme.report(f"{rounds} rounds: {words.format(*sums) if sums else 'none succeeded'}.\n")


def prove_kills(programme, seconds):
    def environment(number):
        return {"TURNSTILE_CRASH_CYCLES": str(KILLS_A_ROUND),
                "TURNSTILE_CRASH_SEED": str(time.time_ns() % 1_000_000 + number)}

    repeat_test(programme, "kill -9", "crash_test.py", seconds, environment)


def prove_power(programme, seconds):
    def environment(number):
        return {"TURNSTILE_POWER_LOSSES": str(LOSSES_A_ROUND),
                "TURNSTILE_POWER_LOSS_SEED": str(time.time_ns() % 1_000_000 + number),
                "TURNSTILE_POWER_LOSS_WITNESS": str(programme.witness)}

    repeat_test(programme, "Loss of power", "power_loss_test.py", seconds, environment)


def prove_network(programme, seconds):
    def environment(number):
        return {"TURNSTILE_NETWORK_FAILOVERS": str(FAILOVERS_A_ROUND),
                "TURNSTILE_NETWORK_SEED": str(time.time_ns() % 1_000_000 + number)}

    repeat_test(programme, "A network that fails", "network_test.py", seconds, environment)


# --- fuzzers

def fuzz(programme, fuzzer, seconds):
    """(name, executions, coverage or None, output if it failed)"""
    corpus = ROOT / "build" / "corpus" / fuzzer.name
    corpus.mkdir(parents=True, exist_ok=True)
    kept = [path for path in [ROOT / "test" / "corpus" / fuzzer.name] if path.exists()]
    status, output = programme.run(
        [fuzzer, f"-max_total_time={seconds}", "-print_final_stats=1", "-rss_limit_mb=512",
         "-malloc_limit_mb=64", "-timeout=5", f"-artifact_prefix={programme.out}/", corpus, *kept])
    executions = re.search(r"number_of_executed_units:\s*(\d+)", output)
    coverage = re.findall(r"\bcov: (\d+)", output)
    return (fuzzer.name, int(executions.group(1)) if executions else 0,
            int(coverage[-1]) if coverage else 0, output if status != 0 else "")


def prove_fuzzers(programme, seconds):
    fuzzers = sorted(programme.fuzz_bin.glob("*_fuzz"))
    programme.report("## Fuzzers\n")
    if not fuzzers:
        return programme.fail(f"there are no fuzzers in {programme.fuzz_bin}")
    each = max(FUZZER_SECONDS_MIN, int(seconds * programme.workers / len(fuzzers)))
    programme.report(f"Each for {each} s.\n")
    programme.report("| fuzzer | executions | edges |\n|---|---|---|")
    failed = []
    for name, executions, coverage, output in programme.in_parallel(
            lambda fuzzer: fuzz(programme, fuzzer, each), fuzzers):
        programme.say(f"{name}: {executions:,} executions")
        programme.report(f"| {name} | {executions:,} | {coverage:,} |")
        if output or executions == 0:
            failed.append((name, output))
    programme.report()
    for name, output in failed:
        programme.fail(f"the fuzzer {name}; what it found is in {programme.out}", output)
    return None


# --- all of it

def prove(programme):
    seconds = programme.hours * 3600
    prove_planted_bugs(programme)
    left = max(0, seconds - (time.monotonic() - programme.began))
    prove_worlds(programme, left * SHARES["worlds"], "Worlds", "next_seed")
    prove_worlds(programme, left * SHARES["clusters"], "Worlds of several nodes",
                 "next_cluster_seed", "--cluster")
    prove_kills(programme, left * SHARES["kills"])
    prove_power(programme, left * SHARES["power"])
    prove_network(programme, left * SHARES["network"])
    prove_fuzzers(programme, left * SHARES["fuzzers"])
    write_report(programme)


def write_report(programme):
    _, commit = programme.run(["git", "describe", "--always", "--dirty"])
    took = (time.monotonic() - programme.began) / 3600
    verdict = "Everything held." if not programme.failures else (
        "**Failed:**\n\n" + "\n".join(f"- {failure}" for failure in programme.failures))
    head = ["# Proof\n", f"{time.strftime('%Y-%m-%d %H:%M')}, {commit.strip()}, {took:.2f} hours on "
            f"{programme.workers} processors.\n", verdict + "\n"]
    path = programme.out / "report.md"
    path.write_text("\n".join(head + programme.lines) + "\n")
    programme.say(f"the report is {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1, help="how long; 0.05 is three minutes")
    parser.add_argument("--bin", default=ROOT / "build/release/bin", help="the binaries")
    parser.add_argument("--fuzz-bin", default=ROOT / "build/fuzz/bin", help="the fuzzers")
    parser.add_argument("--witness", default=ROOT / "build/release/lib/libpower_loss.so",
                        help="the library that power_loss_test.py loads before the server")
    parser.add_argument("--out", default=ROOT / "build/prove", help="where the report goes")
    programme = Programme(parser.parse_args())
    prove(programme)
    print("everything held" if not programme.failures
          else f"failed: {len(programme.failures)} things, see the report")
    return 1 if programme.failures else 0


if __name__ == "__main__":
    sys.exit(main())
