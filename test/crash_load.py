"""The clients of the crash tests, and the record that judges the server.

Each client keeps, outside the server, a record of what it was told: which locks
it holds under which token, where its latch stands, and the one request
whose answer it never got. After each restart it repeats that request under the
same number and then asks the server what it holds; record and server must agree
exactly. Over all crashes and clients no token may repeat, and on each key
tokens must grow.

All clients live in one process of their own, so that a test can stop it
(SIGSTOP) as it stops the server.
"""
import json
import multiprocessing
import os
import random
import signal
import threading
import time

from turnstile_server import Connection, Hangup, Refusal

CLIENTS = 6
KEYS = [f"acct/{n}" for n in range(12)]
LATCH = 1000
# A small state, so that compaction comes often; a client repeats only its last request.
CONFIG = """segment_bytes = 65536
compaction_bytes_min = 65536
[limits]
answers_per_session = 16
ended_grants = 64
"""


class Recorder:
    """Writes each operation as a line of JSON, in the form of src/checker/history.h."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="ascii") if path else None

    def exchange(self, client, connection, session, request, words):
        """Asks, records, and returns the answer; a Refusal is returned, a Hangup raised."""
        operation = {"client": client, "invoked": now_us(), "argv": [str(word) for word in words]}
        if session:
            operation["session"] = session
        if request:
            operation["request"] = request
        try:
            connection.send(*words, *(["REQUEST", request] if request else []))
            connection.index = 0
            reply = connection.read()
            operation |= {"returned": now_us(), "index": connection.index,
                          "reply": {"error": str(reply)} if isinstance(reply, Refusal) else reply}
            return reply
        finally:
            if self.file:
                with self.lock:
                    self.file.write(json.dumps(operation) + "\n")


    def close(self):
        if self.file:
            self.file.close()


def now_us():
    return time.monotonic_ns() // 1000


class Record:
    """What all clients together were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = set()
        self.newest = {}
        self.errors = []

    def granted(self, keys, token):
        with self.lock:
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

    def __init__(self, number, record, recorder):
        self.number = number
        self.random = random.Random(number)
        self.record = record
        self.recorder = recorder
        self.name = f"client-{number}"
        self.generation = 0  # of its event
        self.count = 0       # of its latch
        self.session = None
        self.held = {}       # token -> keys
        self.request = 0
        self.pending = None  # (words, kind, argument): sent, its answer never seen

    def call(self, connection, *words, request=0):
        session = self.session[0] if self.session else 0
        reply = self.recorder.exchange(self.number, connection, session, request, words)
        if isinstance(reply, Refusal):
            raise reply
        return reply

    def connect(self, port):
        connection = Connection(port)
        connection.call("CLIENT", "INDEX", "ON")
        return connection

    def attach(self, port):
        """After a restart: the lost answer first, then the whole truth."""
        connection = self.connect(port)
        if self.session is None:
            opened = self.call(connection, "SESSION.OPEN", "TTL", 3600000, "NAME", self.name)
            self.session = (opened["id"], opened["secret"])
            return connection
        connection.call("SESSION.ATTACH", *self.session)
        if self.pending is not None:
            self.finish(connection, repeated=True)
        attached = connection.call("SESSION.ATTACH", *self.session)
        on_server = {grant["token"]: sorted(grant["keys"]) for grant in attached["grants"]}
        if on_server != self.held:
            self.record.wrong(f"{self.name} holds {self.held}, the server says {on_server}")
        if attached["waits"]:
            self.record.wrong(f"{self.name} waits for {attached['waits']}")
        return connection

    def ask(self, connection, kind, argument, *words):
        self.request += 1
        self.pending = (words, kind, argument)
        self.finish(connection, repeated=False)

    def finish(self, connection, repeated):
        words, kind, argument = self.pending
        try:
            reply = self.call(connection, *words, request=self.request)
        except Refusal as refusal:
            self.pending = None
            if kind == "acquire" and refusal.code in ("BUSY", "DEADLOCK"):
                return
            self.record.wrong(f"{self.name}: {words} was refused: {refusal}")
            return
        self.pending = None
        if kind == "acquire":
            self.record.granted(argument, reply["token"])
            self.held[reply["token"]] = sorted(argument)
        elif kind == "set":
            if reply <= self.generation:
                self.record.wrong(f"{self.name}: event {reply} after {self.generation}")
            self.generation = reply
        elif kind == "arm":
            self.count = argument
        elif kind == "count":
            # Nobody else counts: one that was lost, or that happened twice, shows here.
            if reply != argument:
                self.record.wrong(f"{self.name}: latch at {reply}, not {argument}, {repeated=}")
            self.count = argument
        elif reply != 1:
            self.record.wrong(f"{self.name}: {words} was answered {reply}, {repeated=}")
        else:
            del self.held[argument]

    def step(self, connection):
        if self.random.random() < 0.3:
            payload = f"{self.random.random()}" * self.random.choice([1, 40, 200])
            self.ask(connection, "set", None, "EVENT.SET", f"event-{self.number}", payload)
            return
        if self.random.random() < 0.3:
            self.count_down(connection)
            return
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

    def count_down(self, connection):
        latch = f"latch-{self.number}"
        if self.count == 0:
            self.ask(connection, "arm", LATCH, "LATCH.SET", latch, LATCH)
        else:
            self.ask(connection, "count", self.count - 1, "LATCH.COUNTDOWN", latch)

    def run(self, port, attached, is_quiet):
        try:
            connection = self.attach(port)
            attached.wait()
            while not is_quiet:
                self.step(connection)
                if self.random.random() < 0.01:
                    connection.close()
                    connection = self.attach(port)
            connection.read()  # until the server ends
        except (Hangup, OSError):
            attached.abort()
        except threading.BrokenBarrierError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.record.wrong(f"{self.name}: {error!r}")
            attached.abort()


class Visitor(Client):
    """Opens a session, takes a lock of its own and leaves, again and again."""

    visits = 0

    def run(self, port, attached, is_quiet):
        try:
            connection = self.connect(port)
            attached.wait()
            while not is_quiet:
                opened = self.call(connection, "SESSION.OPEN", "TTL", 5000)
                self.session = (opened["id"], opened["secret"])
                self.visits += 1
                key = f"visit/{self.visits}"
                self.record.granted([key], self.call(connection, "LOCK.ACQUIRE", key)["token"])
                self.call(connection, "SESSION.CLOSE")
                self.session = None
                time.sleep(0.01)
            connection.read()
        except (Hangup, OSError):
            attached.abort()
        except threading.BrokenBarrierError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.record.wrong(f"visitor: {error!r}")
            attached.abort()


class Load:
    """All clients, in a process of their own."""

    def __init__(self, history=None):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_load, args=(theirs, self.pipe, history),
                                       daemon=True)
        self.process.start()
        theirs.close()
        self.grants = 0

    def begin(self, port, is_quiet=False):
        """Every client compares its record with the server, then goes on; False: not all could."""
        self.pipe.send((port, is_quiet))
        return self.pipe.recv()

    def end(self):
        """Waits until all clients have lost the server; returns what they found wrong."""
        errors, self.grants = self.pipe.recv()
        return errors

    def pause(self, seconds):
        os.kill(self.process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        self.pipe.close()
        self.process.join()


def serve_load(pipe, other_end, history):
    other_end.close()  # or its end would never be seen here
    record = Record()
    recorder = Recorder(history)
    clients = [Client(number, record, recorder) for number in range(CLIENTS)]
    clients.append(Visitor(CLIENTS, record, recorder))
    while True:
        try:
            port, is_quiet = pipe.recv()
        except EOFError:
            recorder.close()
            return
        attached = threading.Barrier(len(clients) + 1, timeout=60)
        threads = [threading.Thread(target=client.run, args=(port, attached, is_quiet))
                   for client in clients]
        for thread in threads:
            thread.start()
        try:
            attached.wait()
            pipe.send(True)
        except threading.BrokenBarrierError:
            pipe.send(False)
        for thread in threads:
            thread.join()
        pipe.send((record.errors, len(record.tokens)))
