"""A hundred times kill -9 under load: everything that was answered is still true.

Each client keeps, outside the server, a record of what it was told: which locks
it holds under which token, and the one request whose answer it never got. After
each restart it repeats that request under the same number and then asks the
server what it holds; record and server must agree exactly. Over all cycles and
clients no token may repeat, and on each key tokens must grow.
"""
import os
import random
import subprocess
import threading
import time
import unittest

from turnstile_server import BINARY, Connection, Hangup, Refusal, Server

CYCLES = int(os.environ.get("TURNSTILE_CRASH_CYCLES", "100"))
CLIENTS = 6
KEYS = [f"acct/{n}" for n in range(12)]


class History:
    """What all clients together were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = set()
        self.newest = {}
        self.grants = 0
        self.errors = []

    def granted(self, keys, token):
        with self.lock:
            self.grants += 1
            if token in self.tokens:
                self.errors.append(f"token {token} was given twice")
            self.tokens.add(token)
            for key in keys:
                if token <= self.newest.get(key, 0):
                    self.errors.append(f"{key}: token {token} after {self.newest[key]}")
                self.newest[key] = token

    def wrong(self, what):
        with self.lock:
            self.errors.append(what)


class Client:
    """One session, with its own record of what the server answered."""

    def __init__(self, number, history):
        self.random = random.Random(number)
        self.history = history
        self.name = f"client-{number}"
        self.session = None
        self.held = {}      # token -> keys
        self.request = 0
        self.pending = None  # (words, kind, argument): sent, its answer never seen

    def open(self, port):
        connection = Connection(port)
        opened = connection.call("SESSION.OPEN", "TTL", 3600000, "NAME", self.name)
        self.session = (opened["id"], opened["secret"])
        return connection

    def reattach(self, port):
        """After a restart: the lost answer first, then the whole truth."""
        connection = Connection(port)
        if self.session is None:
            connection.close()
            return self.open(port)
        connection.call("SESSION.ATTACH", *self.session)
        if self.pending is not None:
            self.finish(connection, repeated=True)
        attached = connection.call("SESSION.ATTACH", *self.session)
        on_server = {grant["token"]: sorted(grant["keys"]) for grant in attached["grants"]}
        if on_server != self.held:
            self.history.wrong(f"{self.name} holds {self.held}, the server says {on_server}")
        if attached["waits"]:
            self.history.wrong(f"{self.name} waits for {attached['waits']}")
        return connection

    def ask(self, connection, kind, argument, *words):
        self.request += 1
        self.pending = ([*words, "REQUEST", self.request], kind, argument)
        self.finish(connection, repeated=False)

    def finish(self, connection, repeated):
        words, kind, argument = self.pending
        try:
            reply = connection.call(*words)
        except Refusal as refusal:
            self.pending = None
            if kind == "acquire" and refusal.code in ("BUSY", "DEADLOCK"):
                return
            self.history.wrong(f"{self.name}: {words} was refused: {refusal}")
            return
        self.pending = None
        if kind == "acquire":
            self.history.granted(argument, reply["token"])
            self.held[reply["token"]] = sorted(argument)
        elif reply != 1:
            self.history.wrong(f"{self.name}: {words} was answered {reply}, repeated={repeated}")
        else:
            del self.held[argument]

    def step(self, connection):
        if self.held and (len(self.held) >= 2 or self.random.random() < 0.5):
            token = self.random.choice(list(self.held))
            self.ask(connection, "release", token, "LOCK.RELEASE", self.held[token][0], token)
            return
        keys = self.random.sample(KEYS, self.random.choice([1, 1, 2]))
        words = ["LOCK.ACQUIRE", keys[0]]
        for key in keys[1:]:
            words += ["AND", key]
        # A wait that outlives the server must not: the client asks with short ones.
        self.ask(connection, "acquire", keys, *words, "WAIT", self.random.choice([0, 5]))

    def run(self, port, attached):
        try:
            connection = self.reattach(port)
            attached.wait()
            while True:
                self.step(connection)
        except (Hangup, OSError):
            attached.abort()
        except threading.BrokenBarrierError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.history.wrong(f"{self.name}: {error!r}")
            attached.abort()


class CrashTest(unittest.TestCase):
    def test_everything_answered_survives_kill_9(self):
        history = History()
        clients = [Client(number, history) for number in range(CLIENTS)]
        pause = random.Random(7)
        with Server(config="segment_bytes = 4194304\n") as server:
            for cycle in range(CYCLES):
                if cycle > 0:
                    server.start()
                # All have compared their record with the server before the load begins.
                attached = threading.Barrier(CLIENTS + 1, timeout=60)
                threads = [threading.Thread(target=client.run, args=(server.port, attached))
                           for client in clients]
                for thread in threads:
                    thread.start()
                try:
                    attached.wait()
                except threading.BrokenBarrierError:
                    history.wrong(f"cycle {cycle}: not every client could attach")
                time.sleep(pause.uniform(0.005, 0.15))
                server.kill()
                for thread in threads:
                    thread.join()
                self.assertEqual(history.errors, [], f"cycle {cycle}\n{server.read_log()[-4000:]}")
            self.verify_journal(server)
        self.assertGreater(history.grants, CYCLES, "the load was no load")
        print(f"{CYCLES} kills, {history.grants} grants, no loss")

    def verify_journal(self, server):
        result = subprocess.run([BINARY, "journal", "verify", server.data], capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
