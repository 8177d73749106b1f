"""Histories of a real server are found good, and each lie in them is found.

Clients in threads record what they are told, over connections that a kill -9 of the
server breaks in between; `turnstile check` then judges it with the journal as the witness.
"""
import contextlib
import copy
import json
import multiprocessing
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import unittest

from history_recorder import Recorder, RecordingClient
from turnstile_server import BINARY, Connection, Hangup, Server

CLIENTS = 5
STEPS = 120
KEYS = [f"acct/{n}" for n in range(4)] + [b"bytes/\xff"]


def check(history, data=None):
    """(exit status, report)."""
    command = [BINARY, "check", str(history), "--json"] + (["--data", data] if data else [])
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr


class Worker:
    """What one client does, from its own seed."""

    def __init__(self, recorder, number, port, act):
        self.random = random.Random(number)
        self.client = RecordingClient(recorder, number, port)
        self.client.open()
        self.held = []
        self.act = act
        self.errors = []

    def run(self, steps):
        try:
            for _ in range(steps):
                self.act(self)
        except Hangup:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def keep(self, words, reply):
        if isinstance(reply, dict) and "token" in reply:
            self.held.append(((words[0], words[1]), reply))

    def take_up(self, port):
        for words, reply in self.client.reconnect(port):
            self.keep(words, reply)


def act_on_locks(worker):
    client, chance = worker.client, worker.random.random()
    if worker.held and chance < 0.45:
        (name, key), reply = worker.held.pop(worker.random.randrange(len(worker.held)))
        verb = {"LOCK": "LOCK.RELEASE", "SEM": "SEM.RELEASE", "ELECTION": "ELECTION.RESIGN"}
        client.call(verb[name.split(".")[0]], key, reply["token"])
    elif chance < 0.5:
        client.call("LOCK.INFO", worker.random.choice(KEYS))
    elif chance < 0.55 and worker.held:
        (name, key), reply = worker.held[0]
        if name == "LOCK.ACQUIRE":
            client.call("LOCK.CHECK", key, reply["token"])
    else:
        words = worker.random.choice([
            ["LOCK.ACQUIRE", worker.random.choice(KEYS)],
            ["LOCK.ACQUIRE", worker.random.choice(KEYS), "SHARED"],
            ["LOCK.ACQUIRE", worker.random.choice(KEYS), "AND", worker.random.choice(KEYS)],
            ["SEM.ACQUIRE", "pool", "LIMIT", 2],
            ["ELECTION.CAMPAIGN", "leader", f"client {client.number}"]])
        if chance < 0.8:
            reply = client.call(*words, "WAIT", worker.random.choice([0, 5]))
        else:
            reply = client.wait(client.start(*words, "WAIT", 20))
        if isinstance(reply, dict):
            worker.held.append(((words[0], words[1]), reply))


def act_on_tasks(worker):
    client, chance = worker.client, worker.random.random()
    if worker.held and chance < 0.6:
        (_, reply) = worker.held.pop()
        name = [reply["flow"], reply["task"], reply["token"]]
        if chance < 0.4:
            client.call("TASK.COMPLETE", *name, f"result of {reply['token']}")
        elif chance < 0.5:
            client.call("TASK.FAIL", *name, "it did not work", "RETRY")
        else:
            client.call("TASK.RELEASE", *name)
    elif chance < 0.75:
        flow = f"pay/{worker.random.randrange(8)}"
        client.call("TASK.ADD", flow, worker.random.choice(["book", "notify", "reserve"]),
                    "BACKOFF", 1)
    elif chance < 0.8:
        client.call("TASK.WHY", f"pay/{worker.random.randrange(8)}", "book")
    else:
        reply = client.call("TASK.TAKE", 3, "reserve", "book", "notify", "WAIT", 10)
        if isinstance(reply, dict):
            worker.held.append((None, reply))


def act_on_signals(worker):
    client, chance = worker.client, worker.random.random()
    if chance < 0.3:
        client.call("EVENT.SET", "rates", f"payload {client.request}")
    elif chance < 0.6:
        client.call("EVENT.WAIT", "rates", "AFTER", worker.random.randrange(1, 50), "WAIT", 5)
    elif chance < 0.8:
        client.call("BARRIER.ARRIVE", "batch", "PARTIES", 2, "WAIT", 5)
    else:
        act_on_locks(worker)


def press(port, number, over):
    """Locks and unlocks as fast as it can, many keys in each breath, and records nothing."""
    connection = Connection(port)
    connection.call("SESSION.OPEN", "TTL", 600000)
    keys = [f"press/{number}/{n}" for n in range(64)]

    def breathe(commands):
        connection.send_bytes(b"".join(connection.encode(words) for words in commands))
        return [connection.read() for _ in commands]

    while not over.is_set():
        grants = breathe([["LOCK.ACQUIRE", key] for key in keys])
        breathe([["LOCK.RELEASE", key, grant["token"]] for key, grant in zip(keys, grants)])
    connection.close()


@contextlib.contextmanager
def full_load(port, processes=2):
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    pressing = [context.Process(target=press, args=(port, number, over))
                for number in range(processes)]
    for process in pressing:
        process.start()
    try:
        yield
    finally:
        over.set()
        for process in pressing:
            process.join(60)
            process.kill()


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="turnstile-check-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "history.jsonl"

    def record(self, server, act, rounds=2):
        """The server is killed between the rounds, while all are busy, and ends at last."""
        recorder = Recorder(self.path)
        workers = [Worker(recorder, n, server.port, act) for n in range(1, CLIENTS + 1)]
        for number in range(rounds):
            is_last = number == rounds - 1
            if number > 0:
                server.start()
                for worker in workers:
                    worker.take_up(server.port)
            threads = [threading.Thread(target=worker.run, args=(STEPS if is_last else 10**6,))
                       for worker in workers]
            for thread in threads:
                thread.start()
            if not is_last:
                while recorder.count < CLIENTS * STEPS and threads[0].is_alive():
                    threads[0].join(0.01)
                server.kill()
            for thread in threads:
                thread.join()
        for worker in workers:
            worker.client.close()
            self.assertEqual(worker.errors, [])
        recorder.close()
        server.terminate()

    def assert_good(self, data, model):
        status, report = check(self.path, data)
        self.assertEqual((status, report["violations"]), (0, []))
        self.assertTrue(report["good"])
        self.assertGreater(report["journal"]["found"], CLIENTS * STEPS / 4)
        self.assertEqual(report["without_index"], 0)
        self.assertIn(model, report["journal"]["model"])
        return report

    def test_a_history_of_locks_over_a_crash_is_good(self):
        with Server() as server:
            self.record(server, act_on_locks)
            report = self.assert_good(server.data, "locks")
            self.assertEqual(report["journal"]["judged_by_model"], report["journal"]["entries"])
            self.assertGreater(report["holds"], 100)
            self.check_lies(server.data)
        status, report = check(self.path)
        self.assertEqual((status, report["journal"]), (0, None))

    def test_a_history_taken_under_full_load_is_good(self):
        with Server() as server:
            recorder = Recorder(self.path)
            workers = [Worker(recorder, n, server.port, act_on_locks)
                       for n in range(1, CLIENTS + 1)]
            with full_load(server.port):
                pressed_from = time.monotonic()
                threads = [threading.Thread(target=worker.run, args=(STEPS,))
                           for worker in workers]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                time.sleep(max(0, pressed_from + 3 - time.monotonic()))
            for worker in workers:
                worker.client.close()
                self.assertEqual(worker.errors, [])
            recorder.close()
            server.terminate()
            report = self.assert_good(server.data, "locks")
            self.assertGreater(report["journal"]["entries"], 10 * CLIENTS * STEPS)
            self.assertEqual(report["journal"]["judged_by_model"], report["journal"]["entries"])

    def test_a_history_of_tasks_over_a_crash_is_good(self):
        with Server() as server:
            self.record(server, act_on_tasks)
            report = self.assert_good(server.data, "")
            self.assertGreater(report["completions"], 20)

    def test_a_history_of_signals_and_locks_is_good_and_no_model_knows_both(self):
        with Server() as server:
            self.record(server, act_on_signals)
            report = self.assert_good(server.data, "none from entry")
            self.assertGreater(report["generations"], 20)

    # --- lies

    def check_lies(self, data):
        truth = [json.loads(line) for line in self.path.read_text().splitlines()]
        for lie in (self.two_tokens_swapped, self.an_answer_changed, self.a_stale_read,
                    self.a_grant_that_never_was, self.an_effect_that_is_lost):
            history = copy.deepcopy(truth)
            expected = lie(history)
            path = self.path.with_suffix(".lie")
            path.write_text("".join(json.dumps(line) + "\n" for line in history))
            status, report = check(path, data)
            self.assertEqual(status, 65, lie.__name__)
            promises = {violation["promise"] for violation in report["violations"]}
            self.assertTrue(promises & expected, f"{lie.__name__}: {report['violations'][:5]}")

    @staticmethod
    def answers(history, verb):
        """Of the verb, with an answer that is no refusal."""
        return [line for line in history if line["argv"][0] == verb and "reply" in line
                and not (isinstance(line["reply"], dict) and "error" in line["reply"])]

    def two_tokens_swapped(self, history):
        one, *_, other = self.answers(history, "LOCK.ACQUIRE")
        one["reply"]["token"], other["reply"]["token"] = (other["reply"]["token"],
                                                          one["reply"]["token"])
        return {"L2", "order"}

    def an_answer_changed(self, history):
        release = self.answers(history, "LOCK.RELEASE")[0]
        release["reply"] = 1 - release["reply"]
        return {"answer"}

    def a_stale_read(self, history):
        last = max((line for line in self.answers(history, "LOCK.INFO")),
                   key=lambda line: line["invoked"])
        last["index"] = 3
        return {"order"}

    def a_grant_that_never_was(self, history):
        refused = next(line for line in history if line["argv"][0] == "LOCK.ACQUIRE"
                       and "BUSY" in str(line.get("reply")) and "index" in line)
        refused["reply"] = {"token": refused["index"], "lease": 1, "waited": 0}
        return {"answer", "L2", "L11"}

    def an_effect_that_is_lost(self, history):
        last = max((line for line in history if line.get("index")), key=lambda l: l["index"])
        last["index"] += 1000
        return {"L11"}

    # --- what is no history

    def test_what_is_no_history_is_refused(self):
        self.path.write_text('{"client": 1}\n')
        status, sentence = check(self.path)
        self.assertEqual(status, 65)
        self.assertIn("line 1: 'invoked' is missing", sentence)
        self.assertEqual(check(self.path.with_suffix(".missing"))[0], 74)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
