"""The server dies at every named point (src/base/fault_point.h), and nothing answered is lost.

For each point the server is started with the wish to die there. What has to
stand on the disk before the point can be reached is made ready first: a torn
batch, a rotation that was broken off, a damaged snapshot. A point that is not
reached fails the test. After each death the server starts without a wish, and
every client compares its record with it (crash_load.py).

Without fault points in the binary there is nothing to test.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

from crash_load import CONFIG, Load
from crash_test import judge_data
from turnstile_server import BINARY, Server

# How often each point kills; the first round at its first passage, later ones at any.
ROUNDS = int(os.environ.get("TURNSTILE_FAULT_ROUNDS", "1"))
REACHED_WITHIN = 300
PASSED_OFTEN = ("pipeline.before_apply", "pipeline.after_apply", "pipeline.before_append",
                "pipeline.after_append", "pipeline.before_let_out", "pipeline.after_let_out",
                "connection.before_send", "connection.after_send", "journal.before_append",
                "journal.after_append", "journal.torn_append", "disk.before_write",
                "disk.after_write", "replay.between_batches")
# Reached only while nobody asks for anything.
QUIET = ("pipeline.before_mark",)
DIED = -signal.SIGKILL


def fault_points():
    result = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True,
                            env=os.environ | {"TURNSTILE_FAULT": "list"})
    return result.stdout.split()


class FaultPointTest(unittest.TestCase):
    def setUp(self):
        self.load = Load()
        self.addCleanup(self.load.stop)
        self.random = random.Random(11)
        self.server = Server(config=CONFIG)
        self.addCleanup(self.server.__exit__)
        self.data = self.server.data
        self.kills = 0

    def test_a_point_that_does_not_exist_is_refused(self):
        self.server.launch(TURNSTILE_FAULT="journal.before_lunch")
        self.assertEqual(self.server.process.wait(30), 64)

    def test_everything_answered_survives_a_death_at_every_point(self):
        points = fault_points()
        self.assertGreaterEqual(len(points), 30)
        began = time.monotonic()
        for number in range(ROUNDS):
            for point in points:
                passage = 1
                if point in PASSED_OFTEN:
                    passage = self.random.randint(1, 50)
                elif number > 0:
                    passage = self.random.randint(1, 2)
                self.die_at(point, passage)
                self.live(f"after {point}")
        judge_data(self, self.server.data)
        took = time.monotonic() - began
        print(f"{self.kills} kills at {len(points)} points, {self.load.grants} grants, no loss, "
              f"in {took:.0f} s")

    def die_at(self, point, passage):
        deadline = time.monotonic() + REACHED_WITHIN
        for attempt in range(20):
            self.make_ready(point)
            # Not every start and not every moment has many passages.
            wish = f"{point}:{max(1, passage >> attempt)}"
            if self.is_reached(wish, deadline):
                return
        self.fail(f"{point} is never reached")

    def make_ready(self, point):
        if point in ("recovery.before_cut", "recovery.after_cut"):
            # Of a batch of one sector a half is nothing; then there is nothing to cut.
            self.die_at("journal.torn_append", self.random.randint(1, 50))
        elif point in ("recovery.before_seal", "recovery.after_seal"):
            self.die_at("journal.before_seal", 1)
        elif point.endswith("snapshot_is_set_aside"):
            self.damage_newest_snapshot()
        elif point.endswith("creation"):
            self.server.data = str(self.server.folder / f"new-{self.kills}")

    def damage_newest_snapshot(self):
        self.live("while there is a single snapshot", lambda: len(self.snapshots()) >= 2)
        with open(self.snapshots()[-1], "r+b") as file:
            file.seek(200)
            file.write(b"rot")

    def snapshots(self):
        return sorted(pathlib.Path(self.data).glob("*.snap"))

    def is_reached(self, wish, deadline):
        """Whether the server died of the wish; if not it is killed."""
        in_recovery = wish.startswith("recovery.")
        self.server.launch(TURNSTILE_FAULT=wish)
        while not self.server.is_ready() and self.server.process.poll() is None:
            time.sleep(0.002)
        if self.server.is_ready():
            self.load.begin(self.server.port, is_quiet=wish.split(":")[0] in QUIET)
            self.wait_for_death(0 if in_recovery else deadline)
        reached = self.server.process.poll() is not None
        if reached:
            self.assertEqual(self.server.process.returncode, DIED,
                             f"{wish}\n{self.server.read_log()[-4000:]}")
        self.kill(wish)
        return reached

    def wait_for_death(self, deadline):
        try:
            self.server.process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass

    def kill(self, where):
        was_ready = self.server.is_ready()
        self.server.kill()
        self.kills += 1
        if was_ready:
            errors = self.load.end()
            self.assertEqual(errors, [], f"{where}\n{self.server.read_log()[-4000:]}")

    def live(self, where, is_over=lambda: True):
        """A life without a wish, in which all clients find what they were told."""
        if self.server.data != self.data:  # a journal whose creation was broken off
            self.server.start()
            self.server.kill()
            self.server.data = self.data
        self.server.start()
        attached = self.load.begin(self.server.port)
        time.sleep(self.random.uniform(0, 0.05))
        deadline = time.monotonic() + REACHED_WITHIN
        while not is_over() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.kill(where)
        self.assertTrue(attached, f"not every client could attach {where}")


if __name__ == "__main__":
    if os.environ.get("TURNSTILE_FAULT_POINTS", "OFF") != "ON":
        sys.exit(77)
    unittest.main(warnings="ignore")
