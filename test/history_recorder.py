"""Clients of a real server that write down what they ask and what they are told.

    recorder = Recorder("history.jsonl")
    client = RecordingClient(recorder, 1, port)
    client.open()
    grant = client.call("LOCK.ACQUIRE", "acct/1", "WAIT", 50)     # numbered, and repeated if need be
    ticket = client.start("LOCK.ACQUIRE", "acct/2", "WAIT", 9000)  # ASYNC
    client.wait()                                                 # for its push
    client.call_all([["LOCK.ACQUIRE", "a"], ["LOCK.CHECK", "b", 7]], hear)  # pipelined
    recorder.close()

The file is what `turnstile check` reads (docs/checking.md). All clients of a recorder share its
clock. A client whose connection breaks leaves the operation unanswered, and `reconnect(port)`
attaches its session from a new connection and asks again under the same number, which is another
operation.
"""
import base64
import json
import threading
import time

from turnstile_server import Connection, Hangup, Refusal


def plain(value):
    """As JSON, with what is no UTF-8 as {"bytes": ...} and an error as {"error": ...}."""
    if isinstance(value, Refusal):
        return {"error": str(value)}
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, str):
        return plain(value.encode(errors="surrogateescape"))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        pairs = [(plain(key), plain(item)) for key, item in value.items()]
        taken = len(pairs) == 1 and pairs[0][0] in ("bytes", "error", "map")
        if taken or not all(isinstance(key, str) for key, _ in pairs):
            return {"map": [list(pair) for pair in pairs]}
        return dict(pairs)
    return value


class Recorder:
    """The file, and the one clock. Safe to use from many threads."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.lock = threading.Lock()
        self.count = 0

    @staticmethod
    def now():
        return time.monotonic_ns() // 1000

    def write(self, operation):
        with self.lock:
            self.file.write(json.dumps(operation) + "\n")
            self.count += 1

    def close(self):
        self.file.close()


class RecordingClient:
    """One session over one connection at a time. Used by one thread.

    Every changing command is numbered. call() and wait() return the reply, a Refusal among them,
    and raise Hangup when the connection is lost; what was under way is then known as unheard.
    """

    READS = {"LOCK.CHECK", "LOCK.INFO", "LOCK.LIST", "SEM.INFO", "ELECTION.LEADER", "SESSION.INFO",
             "SESSION.LIST", "TASK.WHY", "FLOW.INFO", "FLOW.LIST", "EVENT.INFO", "BARRIER.INFO",
             "LATCH.INFO", "PING"}
    # A node that does not lead, or no longer, has not answered: another will.
    NO_ANSWER = {"MOVED", "UNAVAILABLE"}
    UNNUMBERED = READS | {"SESSION.OPEN", "SESSION.ATTACH", "CANCEL"}

    def __init__(self, recorder, number, port, timeout=30):
        self.timeout = timeout
        self.recorder = recorder
        self.number = number
        self.session = None
        self.request = 0
        self.unheard = []   # (words, request) of which no outcome is known
        self.attached = []  # the grants that the last SESSION.ATTACH told of
        # Numbers that were asked again, and those of them that were then refused. What was sent at
        # first may lie in the network still, and be granted when it arrives.
        self.asked_again = set()
        self.doubtful = set()
        self.repeated = []  # (words, reply) of repeats, until reconnect() returns them
        self.waiting = {}   # ticket -> the operation that was answered QUEUED
        self.outcomes = {}  # ticket -> reply
        self._connect(port)

    def _connect(self, port):
        self.connection = Connection(port, timeout=self.timeout)
        self.connection.call("CLIENT", "INDEX", "ON")
        self.connection.pushes.clear()

    def open(self, ttl=3600000):
        reply = self._ask(["SESSION.OPEN", "TTL", ttl], 0)
        self.session = (reply["id"], reply["secret"])
        return reply

    def reconnect(self, port):
        """Attaches from a new connection and asks again for all that was not heard. Returns
        [(words, reply)]; one that waits again is not among them, and comes by wait()."""
        unheard, self.unheard = self.unheard, []
        unheard += [(operation["words"], operation["request"])
                    for operation in self.waiting.values()]
        for operation in self.waiting.values():
            self._write(operation)
        self.waiting = {}
        try:
            self._connect(port)
            if self.session is None:
                self.open()
                return []
            attached = self._ask(["SESSION.ATTACH", self.session[0], self.session[1]], 0)
            if isinstance(attached, Refusal):
                raise attached
            self.attached = attached["grants"]
        except (Hangup, OSError):
            self.unheard += unheard
            raise
        # What is answered before the connection is lost again is answered all the same.
        self._ask_all(unheard, lambda words, reply: self.repeated.append((words, reply)))
        answers, self.repeated = self.repeated, []
        return [(words, reply) for words, reply in answers if reply != "QUEUED"]

    def call(self, *words):
        return self._ask(list(words), self._number(words[0]))

    def call_all(self, commands, hear):
        """Sends all at once; calls hear(words, reply) for each, in their order."""
        self._ask_all([(list(words), self._number(words[0])) for words in commands], hear)

    def start(self, *words):
        """Asks with ASYNC. Returns the ticket, whose outcome is in wait()."""
        request = self._number(words[0])
        ticket = f"t{request}"
        reply = self._ask([*words, "ASYNC", ticket], request)
        if reply != "QUEUED":
            self.outcomes[ticket] = reply
        return ticket

    def wait(self, ticket):
        """Listens until this wait has ended."""
        while ticket not in self.outcomes:
            if not self.connection.pushes:
                self.connection.pushes.append(self.connection.read_push())
            self._hear()
        return self.outcomes.pop(ticket)

    def close(self):
        """What still waits was never answered."""
        for operation in self.waiting.values():
            self._write(operation)
        self.waiting = {}
        self.connection.close()

    # --- one operation

    def _number(self, name):
        if self.session is None or name.upper() in self.UNNUMBERED:
            return 0
        self.request += 1
        return self.request

    def _ask(self, words, request):
        replies = []
        self._ask_all([(words, request)], lambda _, reply: replies.append(reply))
        return replies[0]

    def _ask_all(self, asked, hear):
        """`asked`: pairs of words and REQUEST number."""
        invoked = self.recorder.now()
        operations = [{"words": words, "request": request, "invoked": invoked}
                      for words, request in asked]
        answered = 0
        try:
            self.connection.send_bytes(b"".join(
                self.connection.encode([*words, "REQUEST", request] if request else words)
                for words, request in asked))
            for operation in operations:
                self.connection.index = None
                reply = self.connection.read()
                if isinstance(reply, Refusal) and reply.code in self.NO_ANSWER:
                    raise Hangup(str(reply))
                answered += 1
                self._take(operation, reply)
                hear(operation["words"], reply)
        except (Hangup, OSError) as error:
            for operation in operations[answered:]:
                self._write(operation)
                if operation["request"]:
                    self.unheard.append((operation["words"], operation["request"]))
                    self.asked_again.add(operation["request"])
            raise Hangup(str(error)) from error
        self._hear()

    def _take(self, operation, reply):
        index, words = self.connection.index, operation["words"]
        if isinstance(reply, Refusal) and operation["request"] in self.asked_again:
            self.doubtful.add(operation["request"])
        if reply == "QUEUED":
            ticket = words[words.index("ASYNC") + 1]
            # Asked again: an outcome that came before this answer is the first wait's, which went
            # on from SESSION.ATTACH until just now.
            self.connection.pushes = [push for push in self.connection.pushes
                                      if push[1:2] != [ticket]]
            self.waiting[ticket] = {**operation, "queued_index": index}
        else:
            self._write({**operation, "index": index}, reply)

    def _hear(self):
        pushes, self.connection.pushes = self.connection.pushes, []
        for push in pushes:
            operation = self.waiting.pop(push[1], None) if push[0] == "turnstile" else None
            if operation is not None:
                self._write(operation, push[2])
                self.outcomes[push[1]] = push[2]

    def _write(self, operation, *reply):
        session = self.session[0] if self.session else None
        words = operation["words"]
        if words[0] == "SESSION.ATTACH":
            words = [*words[:2], "secret"]
        line = {"client": self.number, "invoked": operation["invoked"]}
        if reply:
            line["returned"] = self.recorder.now()
        line.update({"index": operation.get("index"), "queued_index": operation.get("queued_index"),
                     "session": session, "request": operation["request"] or None,
                     "argv": [plain(w if isinstance(w, bytes) else str(w)) for w in words]})
        line = {name: value for name, value in line.items() if value is not None}
        if reply:
            line["reply"] = plain(reply[0])
            if words[0] == "SESSION.OPEN" and "secret" in line["reply"]:
                line["reply"]["secret"] = "secret"
        self.recorder.write(line)
