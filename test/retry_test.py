"""Every changing command, said twice under one REQUEST number, takes effect once (promise L4).

It is said again over the same connection, over a new one, over one that only
names the session, and after a kill -9 that came behind the answer or before it.
Each time the answer must be the same, and so must the world.

Which commands change something is asked of the server, so that a new one without
a case here fails the test. To add one, write a generator under @case("ITS.NAME"):

    @case("SEM.RESIZE")
    def resize(world):
        yield "SEM.RESIZE", world.name, 3              # said for the first time ...
        world.other.call("SEM.RESIZE", world.name, 5)  # what happens before it is said again
        yield                                          # ... and again
        assert world.other.call("SEM.INFO", world.name)["limit"] == 5, "done twice"

The first yield hands back the answer. What happens in between is best something that a
second effect would spoil. A repeat that is to be refused is named: again="LOST".
"""
import unittest

from retry_task_cases import add_cases
from turnstile_server import Refusal, Server

REQUEST = 1000

# Changing commands that take no REQUEST, and why they need none.
WITHOUT_REQUEST = {
    "SESSION.OPEN": "a second session is nobody's, holds nothing and expires",
    "SESSION.ATTACH": "it changes only which connection hears, and says all there is each time",
}

CASES = []


def case(command, again=None):
    def add(function):
        CASES.append((command, again, function))
        return function
    return add


def info(world):
    return world.other.call("LOCK.INFO", world.name)


def lose(world):
    """Leaves the lock shut by a holder that was lost."""
    world.other.call("LOCK.ACQUIRE", world.name, "ONLOSS", "HOLD")
    world.other.call("LOCK.REVOKE", world.name)


@case("SESSION.KEEPALIVE")
def keepalive(world):
    yield ("SESSION.KEEPALIVE",)
    yield  # it may renew twice: its sender counts from the repeat


@case("SESSION.CLOSE", again="NOSESSION")
def close(world):
    world.caller.call("LOCK.ACQUIRE", world.name)
    yield "SESSION.CLOSE", "SESSION", *world.caller.session
    world.other.call("LOCK.ACQUIRE", world.name)
    yield
    assert info(world)["held"] == 1


@case("LOCK.ACQUIRE")
def acquire_entering(world):
    yield "LOCK.ACQUIRE", world.name, "OWNER", "o"
    yield
    assert info(world)["holders"][0]["entries"] == 1, "entered twice"


@case("LOCK.ACQUIRE")
def acquire_waiting(world):
    held = world.other.call("LOCK.ACQUIRE", world.name)
    yield "LOCK.ACQUIRE", world.name, "WAIT", 600000, "ASYNC", "t"
    yield
    assert info(world)["waiting"] == 1, "waits twice"
    world.other.call("LOCK.RELEASE", world.name, held["token"])
    assert info(world)["held"] == 1


@case("LOCK.ACQUIRE", again="LOST")
def acquire_given_back(world):
    granted = yield "LOCK.ACQUIRE", world.name
    world.caller.call("LOCK.RELEASE", world.name, granted["token"])
    yield
    assert info(world)["held"] == 0, "granted twice"


@case("LOCK.RELEASE")
def release(world):
    for _ in range(2):
        granted = world.caller.call("LOCK.ACQUIRE", world.name, "OWNER", "o")
    yield "LOCK.RELEASE", world.name, granted["token"]
    yield
    assert info(world)["held"] == 1, "left twice"


@case("LOCK.RENEW")
def renew(world):
    token = world.caller.call("LOCK.ACQUIRE", world.name, "LEASE", 600000)["token"]
    yield "LOCK.RENEW", world.name, token, "LEASE", 3000000
    world.caller.call("LOCK.RENEW", world.name, token, "LEASE", 300000)
    yield
    assert info(world)["holders"][0]["lease"] <= 300000, "renewed twice"


@case("LOCK.UPGRADE")
def upgrade(world):
    token = world.caller.call("LOCK.ACQUIRE", world.name, "SHARED")["token"]
    upgraded = yield "LOCK.UPGRADE", world.name, token
    yield
    assert world.other.call("LOCK.CHECK", world.name, upgraded["token"]) == 1
    assert info(world)["held"] == 1


@case("LOCK.DOWNGRADE")
def downgrade(world):
    token = world.caller.call("LOCK.ACQUIRE", world.name)["token"]
    yield "LOCK.DOWNGRADE", world.name, token
    world.other.call("LOCK.ACQUIRE", world.name, "SHARED")
    yield
    assert info(world)["held"] == 2


@case("LOCK.DOWNGRADE", again="LOST")
def downgrade_and_upgraded_again(world):
    token = world.caller.call("LOCK.ACQUIRE", world.name)["token"]
    yield "LOCK.DOWNGRADE", world.name, token
    world.caller.call("LOCK.UPGRADE", world.name, token)
    yield
    assert info(world)["state"] == "held", "downgraded twice"


@case("LOCK.RESOLVE")
def resolve(world):
    lose(world)
    yield "LOCK.RESOLVE", world.name
    lose(world)
    yield
    assert info(world)["state"] == "shut", "resolved another loss"


@case("LOCK.REVOKE")
def revoke(world):
    world.other.call("LOCK.ACQUIRE", world.name)
    yield "LOCK.REVOKE", world.name
    world.other.call("LOCK.ACQUIRE", world.name)
    yield
    assert info(world)["held"] == 1, "taken from somebody else"


@case("LOCK.REVOKE")
def revoke_of_nobody(world):
    yield "LOCK.REVOKE", world.name
    world.other.call("LOCK.ACQUIRE", world.name)
    yield
    assert info(world)["held"] == 1, "taken from somebody who came later"


@case("CANCEL")
def cancel(world):
    world.other.call("LOCK.ACQUIRE", world.name)
    world.caller.call("LOCK.ACQUIRE", world.name, "WAIT", 600000, "ASYNC", "t")
    yield "CANCEL", "t"
    world.caller.call("LOCK.ACQUIRE", world.name, "WAIT", 600000, "ASYNC", "t")
    yield
    assert info(world)["waiting"] == 1, "withdrew another wait"


@case("CANCEL")
def cancel_of_nothing(world):
    world.other.call("LOCK.ACQUIRE", world.name)
    yield "CANCEL", "t"
    world.caller.call("LOCK.ACQUIRE", world.name, "WAIT", 600000, "ASYNC", "t")
    yield
    assert info(world)["waiting"] == 1, "withdrew a later wait"


@case("SEM.ACQUIRE")
def sem_acquire(world):
    yield "SEM.ACQUIRE", world.name, "LIMIT", 5
    yield
    assert world.other.call("SEM.INFO", world.name)["used"] == 1, "two permits"


@case("SEM.RELEASE")
def sem_release(world):
    token = world.caller.call("SEM.ACQUIRE", world.name, "LIMIT", 5)["token"]
    yield "SEM.RELEASE", world.name, token
    world.other.call("SEM.ACQUIRE", world.name)
    yield
    assert world.other.call("SEM.INFO", world.name)["used"] == 1


@case("SEM.RENEW")
def sem_renew(world):
    token = world.caller.call("SEM.ACQUIRE", world.name, "LIMIT", 5, "LEASE", 600000)["token"]
    yield "SEM.RENEW", world.name, token, "LEASE", 3000000
    world.caller.call("SEM.RENEW", world.name, token, "LEASE", 300000)
    yield
    holder = world.other.call("SEM.INFO", world.name)["holders"][0]
    assert holder["lease"] <= 300000, "renewed twice"


@case("SEM.RESIZE")
def resize(world):
    yield "SEM.RESIZE", world.name, 3
    world.other.call("SEM.RESIZE", world.name, 5)
    yield
    assert world.other.call("SEM.INFO", world.name)["limit"] == 5, "resized twice"


@case("SEM.RESIZE")
def resize_to_what_it_was(world):
    world.other.call("SEM.RESIZE", world.name, 3)
    yield "SEM.RESIZE", world.name, 3
    world.other.call("SEM.RESIZE", world.name, 5)
    yield
    assert world.other.call("SEM.INFO", world.name)["limit"] == 5, "undid a later change"


@case("ELECTION.CAMPAIGN")
def campaign(world):
    led = yield "ELECTION.CAMPAIGN", world.name, "here"
    yield
    leader = world.other.call("ELECTION.LEADER", world.name)
    assert (leader["term"], leader["candidates"]) == (led["token"], 0)


@case("ELECTION.PROCLAIM")
def proclaim(world):
    term = world.caller.call("ELECTION.CAMPAIGN", world.name, "first")["token"]
    yield "ELECTION.PROCLAIM", world.name, term, "second"
    world.caller.call("ELECTION.PROCLAIM", world.name, term, "third")
    yield
    assert world.other.call("ELECTION.LEADER", world.name)["value"] == "third", "said twice"


@case("ELECTION.RESIGN")
def resign(world):
    term = world.caller.call("ELECTION.CAMPAIGN", world.name, "first")["token"]
    yield "ELECTION.RESIGN", world.name, term
    world.other.call("ELECTION.CAMPAIGN", world.name, "next")
    yield
    assert world.other.call("ELECTION.LEADER", world.name)["value"] == "next"


add_cases(case)


class World:
    """What a case sees: a name of its own, who says the command twice, and somebody else."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.caller = self.open()
        self.other = self.open()

    def open(self):
        connection = self.server.connect()
        opened = connection.call("SESSION.OPEN", "TTL", 3600000)
        connection.session = (opened["id"], opened["secret"])
        return connection

    def again(self, connection):
        """Another connection, attached to the same session if there still is one."""
        attached = self.server.connect()
        attached.session = connection.session
        attached.send("SESSION.ATTACH", *connection.session)
        answer = attached.read()
        assert not isinstance(answer, Refusal) or answer.code == "NOSESSION", answer
        return attached

    def reconnect(self):
        self.caller = self.again(self.caller)
        self.other = self.again(self.other)


def numbered(words):
    """REQUEST stands before the clause that ends a command."""
    words = list(words)
    place = words.index("SESSION") if "SESSION" in words else len(words)
    return [*words[:place], "REQUEST", REQUEST, *words[place:]]


def answer_to(connection, words):
    connection.send(*words)
    return connection.read()


def comparable(answer):
    """An answer without what remains, which grows less."""
    if not isinstance(answer, dict):
        return answer
    return {name: value for name, value in answer.items() if name not in ("lease", "timeout", "waited")}


class Running:
    """One case under way."""

    def __init__(self, server, number):
        self.command, self.again, function = CASES[number]
        self.title = f"{self.command}, {function.__name__}"
        self.world = World(server, f"retry/{number}")
        self.generator = function(self.world)
        self.words = numbered(next(self.generator))
        self.first = None

    def say_first(self):
        self.first = answer_to(self.world.caller, self.words)
        self.go_on()

    def go_on(self):
        assert not isinstance(self.first, Refusal), f"the first answer: {self.first}"
        self.generator.send(self.first)

    def say_again(self, connection=None, suffix=()):
        repeated = answer_to(connection or self.world.caller, [*self.words, *suffix])
        if self.again is not None:
            assert isinstance(repeated, Refusal), f"{repeated}, not {self.again}"
            assert repeated.code == self.again, repeated
        else:
            assert comparable(repeated) == comparable(self.first), \
                f"first {self.first}, then {repeated}"

    def finish(self):
        assert next(self.generator, None) is None, "a case yields twice"


class RetryTest(unittest.TestCase):
    # Complaints: C14, T52 (docs/complaints.md).
    def test_every_changing_command_has_a_case(self):
        with Server(journal="memory") as server:
            rows = server.connect().call("COMMAND", "INFO")
            changing = {row[0].upper() for row in rows if "write" in row[2]}
            documents = server.connect().call("COMMAND", "DOCS")
        covered = {command for command, _, _ in CASES}
        for command in sorted(changing - covered - set(WITHOUT_REQUEST)):
            with self.subTest(command):
                self.fail(f"{command} changes something and has no case in test/retry_test.py")
        self.assertEqual(covered - changing, set(), "cases of commands that change nothing")
        for name, document in documents.items():
            if name.upper() in WITHOUT_REQUEST:
                self.assertNotIn("REQUEST", document["syntax"], name)

    def run_all(self, server):
        """All cases, each up to the point where its command is said for the first time."""
        running = [Running(server, number) for number in range(len(CASES))]
        self.assertGreater(len(running), 10)
        return running

    def each(self, running, step):
        for one in running:
            with self.subTest(one.title):
                step(one)

    def test_over_the_same_connection(self):
        def step(one):
            one.say_first()
            one.say_again()
            one.say_again()
            one.finish()
        with Server() as server:
            self.each(self.run_all(server), step)

    def test_over_a_new_connection(self):
        def step(one):
            one.say_first()
            one.world.caller = one.world.again(one.world.caller)
            one.say_again()
            one.finish()
        with Server() as server:
            self.each(self.run_all(server), step)

    def test_over_a_connection_that_only_names_the_session(self):
        def step(one):
            one.say_first()
            is_named = "SESSION" in one.words
            suffix = () if is_named else ("SESSION", *one.world.caller.session)
            one.say_again(server.connect(), suffix)
            one.finish()
        with Server() as server:
            self.each(self.run_all(server), step)

    # Complaint: J2 (docs/complaints.md).
    def test_after_a_crash_behind_the_answer(self):
        def step(one):
            one.world.reconnect()
            one.say_again()
            one.finish()
        with Server() as server:
            running = self.run_all(server)
            self.each(running, Running.say_first)
            server.kill()
            server.start()
            self.each(running, step)

    # Complaint: C14 (docs/complaints.md).
    def test_after_a_crash_before_the_answer(self):
        """Whether the command was still carried out nobody knows; its repeat makes it once."""
        def step(one):
            one.world.reconnect()
            one.first = answer_to(one.world.caller, one.words)
            if isinstance(one.first, Refusal) and one.first.code == one.again == "NOSESSION":
                return  # it was carried out: the session is closed
            one.go_on()
            one.say_again()
            one.finish()
        with Server() as server:
            running = self.run_all(server)
            for one in running:
                one.world.caller.send(*one.words)
            server.kill()
            server.start()
            self.each(running, step)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
