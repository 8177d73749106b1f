"""Two hundred times kill -9: everything that was answered is still true.

The server is killed at random moments: under load, while it or its clients are
stopped, and while it recovers from the kill before. Segments are small and
compaction comes early, so that each kill may hit a rotation or a compaction.
crash_load.py says what is compared after each restart. When all is over the
journal must verify, and `turnstile check` judges all that was asked and answered.
"""
import json
import os
import random
import subprocess
import time
import unittest

from crash_load import CONFIG, Load
from turnstile_server import BINARY, Server

KILLS = int(os.environ.get("TURNSTILE_CRASH_CYCLES", "200"))
SEED = int(os.environ.get("TURNSTILE_CRASH_SEED", "7"))


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
        """Once while old segments are dropped, once with all of them kept as the judge's witness."""
        began = time.monotonic()
        counts = [self.kill_and_judge(KILLS - KILLS // 2, CONFIG),
                  self.kill_and_judge(KILLS // 2, "keep_all_segments = true\n" + CONFIG)]
        kills, in_recovery, grants, operations, compactions = map(sum, zip(*counts))
        print(f"{kills} kills, {in_recovery} of them during recovery, {grants} grants, "
              f"{operations} operations judged, {compactions} compactions, no loss, "
              f"in {time.monotonic() - began:.0f} s")

    def kill_and_judge(self, kills, config):
        with Server(config=config) as server:
            history = str(server.folder / "history.jsonl")
            load = Load(history)
            server.kill()
            chaos = Chaos(server, SEED)
            while chaos.kills < kills:
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
            load.stop()
            judge_data(self, server.data)
            # What was dropped cannot testify; then the answers alone are judged.
            has_witness = "keep_all_segments" in config
            report = judge(self, "check", "--json", history,
                           *(["--data", server.data] if has_witness else []))
            compactions = server.read_log().count("compaction: snapshot")
        operations = json.loads(report)["operations"]
        self.assertGreater(load.grants, kills, "the load was no load")
        self.assertGreater(operations, load.grants)
        self.assertGreater(compactions, 0, "nothing was compacted")
        self.assertGreaterEqual(chaos.kills_in_recovery, kills / 5)
        return chaos.kills, chaos.kills_in_recovery, load.grants, operations, compactions


def judge_data(test, data):
    judge(test, "journal", "verify", data)


def judge(test, *words):
    """What `turnstile` prints, which must find nothing wrong."""
    result = subprocess.run([BINARY, *words], capture_output=True, text=True, check=False)
    test.assertEqual(result.returncode, 0, result.stdout[-4000:] + result.stderr[-4000:])
    return result.stdout


if __name__ == "__main__":
    unittest.main(warnings="ignore")
