"""Two hundred times kill -9: everything that was answered is still true.

The server is killed at random moments: under load, while it or its clients are
stopped, and while it recovers from the kill before. Segments are small and
compaction comes early, so that each kill may hit a rotation or a compaction.
crash_load.py says what is compared after each restart. When all is over the
journal must verify.
"""
import os
import random
import subprocess
import time
import unittest

from crash_load import CONFIG, Load
from turnstile_server import BINARY, Server

KILLS = int(os.environ.get("TURNSTILE_CRASH_CYCLES", "200"))
SEED = int(os.environ.get("TURNSTILE_CRASH_SEED", "7"))
# Where all operations are recorded, if somebody wants it; `turnstile check` then judges them.
HISTORY = os.environ.get("TURNSTILE_CRASH_HISTORY")


class Chaos:
    """A server that is killed again and again, and how often it was."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.start_takes = 0.05
        self.kills = 0
        self.kills_in_recovery = 0

    def kill(self):
        self.server.kill()
        self.kills += 1

    def kill_in_recovery(self):
        """Kills a server that is starting, unless it is faster."""
        self.server.launch()
        time.sleep(self.random.uniform(0, self.start_takes))
        if not self.server.is_ready():
            self.kills_in_recovery += 1
        self.kill()

    def start(self):
        began = time.monotonic()
        self.server.start()
        self.start_takes = 0.5 * self.start_takes + 0.5 * (time.monotonic() - began)

    def disturb(self, load):
        """Lets the load run for a moment, with everybody awake or not."""
        what = self.random.choice(["nothing", "nothing", "stop the server", "stop the clients",
                                   "die in its sleep"])
        time.sleep(self.random.uniform(0.005, 0.12))
        if what == "stop the server":
            self.server.stop_for(self.random.uniform(0.001, 0.05))
            time.sleep(self.random.uniform(0, 0.03))
        elif what == "stop the clients":
            load.pause(self.random.uniform(0.001, 0.05))
            time.sleep(self.random.uniform(0, 0.03))
        elif what == "die in its sleep":
            self.server.stop()


class CrashTest(unittest.TestCase):
    # Complaints: C6, J8 (docs/complaints.md).
    def test_everything_answered_survives_kill_9(self):
        load = Load(HISTORY)
        with Server(config=CONFIG) as server:
            server.kill()
            chaos = Chaos(server, SEED)
            began = time.monotonic()
            while chaos.kills < KILLS:
                while chaos.random.random() < 0.4:
                    chaos.kill_in_recovery()
                chaos.start()
                attached = load.begin(server.port)
                chaos.disturb(load)
                chaos.kill()
                errors = load.end()
                where = f"after {chaos.kills} kills\n{server.read_log()[-4000:]}"
                self.assertEqual(errors, [], where)
                self.assertTrue(attached, f"not every client could attach {where}")
            took = time.monotonic() - began
            load.stop()
            judge_data(self, server.data)
            if HISTORY:
                judge_history(self, HISTORY)
            compactions = server.read_log().count("compaction: snapshot")
        self.assertGreater(load.grants, KILLS, "the load was no load")
        self.assertGreater(compactions, 0, "nothing was compacted")
        self.assertGreaterEqual(chaos.kills_in_recovery, KILLS / 5)
        print(f"{chaos.kills} kills, {chaos.kills_in_recovery} of them during recovery, "
              f"{load.grants} grants, {compactions} compactions, no loss, in {took:.0f} s")


def judge_data(test, data):
    result = subprocess.run([BINARY, "journal", "verify", data], capture_output=True, text=True,
                            check=False)
    test.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr[-4000:])


def judge_history(test, history):
    """By the answers alone, for compaction has taken away the beginning of the journal."""
    result = subprocess.run([BINARY, "check", history], capture_output=True, text=True,
                            check=False)
    test.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr[-4000:])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
