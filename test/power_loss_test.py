"""The power goes, again and again: everything that was answered is still true.

The real binary runs under load with a witness between it and libc
(power_loss/power_loss.cc). When it is killed, at any moment, the data directory
is replaced by what was synced, a chance selection of the sectors that were not,
and of the changes to the directory that were not. Some kills take the process
alone, so that the next one finds in the page cache what no disk has.
"""
import os
import random
import time
import unittest

from crash_load import CONFIG, Load
from crash_test import judge_data
from power_loss_model import Directory
from turnstile_server import Server

LOSSES = int(os.environ.get("TURNSTILE_POWER_LOSSES", "40"))
SEED = int(os.environ.get("TURNSTILE_POWER_LOSS_SEED", "5"))
WITNESS = os.environ["TURNSTILE_POWER_LOSS_WITNESS"]


class Machine:
    """A server whose plug can be pulled."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.directory = Directory(server.data)
        self.log = server.folder / "witnessed"
        self.start_takes = 0.05
        self.losses = self.losses_in_recovery = self.kills = 0

    def launch(self):
        self.log.unlink(missing_ok=True)
        # The witness comes before the sanitizer's library, which minds.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.server.launch(LD_PRELOAD=WITNESS, ASAN_OPTIONS=sanitizer,
                           TURNSTILE_POWER_LOSS_DATA=self.server.data,
                           TURNSTILE_POWER_LOSS_LOG=str(self.log))

    def start(self):
        began = time.monotonic()
        self.launch()
        self.server.await_ready()
        self.start_takes = 0.5 * self.start_takes + 0.5 * (time.monotonic() - began)

    def end_in_recovery(self):
        self.launch()
        time.sleep(self.random.uniform(0, self.start_takes))
        if not self.server.is_ready():
            self.losses_in_recovery += 1
        self.lose_power()

    def lose_power(self, is_honest=True):
        self.server.kill()
        self.directory.follow(self.log, is_honest)
        # What a dishonest disk was told to sync must not survive by chance.
        share = self.random.choice([0, 0.1, 0.5, 0.9, 1]) if is_honest else 0
        self.directory.lose_power(self.random, share)
        self.losses += 1

    def kill(self):
        self.server.kill()
        self.directory.follow(self.log)
        self.directory.survive_a_kill()
        self.kills += 1


class PowerLossTest(unittest.TestCase):
    def setUp(self):
        self.load = Load()
        self.addCleanup(self.load.stop)
        self.server = Server(config=CONFIG)
        self.addCleanup(self.server.__exit__)
        os.mkdir(self.server.data)

    def live(self, machine, end):
        """A life under load until `end`; returns what the clients found wrong when they came."""
        machine.start()
        attached = self.load.begin(self.server.port)
        time.sleep(machine.random.uniform(0.005, 0.15))
        end()
        return self.load.end() + ([] if attached else ["not every client could attach"])

    def test_everything_answered_survives_power_losses(self):
        machine = Machine(self.server, SEED)
        began = time.monotonic()
        while machine.losses < LOSSES:
            while machine.random.random() < 0.25:
                machine.end_in_recovery()
            end = machine.kill if machine.random.random() < 0.25 else machine.lose_power
            errors = self.live(machine, end)
            self.assertEqual(errors, [], f"after {machine.losses} losses and {machine.kills} kills\n"
                                         + self.server.read_log()[-4000:])
        took = time.monotonic() - began
        judge_data(self, self.server.data)
        log = self.server.read_log()
        print(f"{machine.losses} power losses, {machine.losses_in_recovery} of them during "
              f"recovery, {machine.kills} kills between them, {self.load.grants} grants, "
              f"{log.count('; cut ')} torn batches, no loss, in {took:.0f} s")

    def test_a_disk_that_lies_about_syncs_is_found_out(self):
        """The judge can fail: without what was synced, a server refuses or its clients object."""
        machine = Machine(self.server, seed=6)
        self.assertEqual(self.live(machine, machine.lose_power), [])
        self.assertEqual(self.live(machine, lambda: machine.lose_power(is_honest=False)), [])
        try:
            errors = self.live(machine, self.server.kill)
        except AssertionError as refusal:
            errors = [str(refusal)]
        self.assertNotEqual(errors, [])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
