"""Hostile and clumsy clients in numbers: each meets its limit, the server's memory stays bounded,
and an honest client is served all the while.

The honest client's latencies are printed beside what was done to the server. They are no part of
the verdict: this machine has other things to do.
"""
import contextlib
import os
import pathlib
import re
import socket
import struct
import threading
import time
import unittest

from turnstile_server import Connection, Hangup, Refusal, Server

MIB = 1 << 20
# What the server may take for its own purposes, whatever is done to it.
SLACK = 16 * MIB
PING = b"*1\r\n$4\r\nPING\r\n"


class Honest(threading.Thread):
    """Takes and gives back a lock again and again, and measures how long the server takes."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.connection = Connection(port)
        self.connection.call("SESSION.OPEN", "TTL", 600000)
        self.stopping = False
        self.error = None
        self.took = []

    def run(self):
        try:
            while not self.stopping or len(self.took) < 20:
                began = time.monotonic()
                token = self.connection.call("LOCK.ACQUIRE", "honest")["token"]
                self.took.append(time.monotonic() - began)
                self.connection.call("LOCK.RELEASE", "honest", token)
        except (Hangup, Refusal, OSError) as error:
            self.error = error

    def summary(self):
        took = sorted(self.took)
        at = [took[int(share * (len(took) - 1))] * 1000 for share in (0.5, 0.99, 1)]
        return "honest client: {} acquires, p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms".format(
            len(took), *at)


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def plain_socket(port, receive_bytes=None):
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    peer.settimeout(60)
    peer.connect(("127.0.0.1", port))
    return peer


def until(condition, what, within=60):
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came to this: {what}")
        time.sleep(0.01)


def is_closed(peer):
    """Reads to the end; a reset is an end as well."""
    try:
        while peer.recv(65536):
            pass
    except OSError as error:
        return not isinstance(error, TimeoutError)
    return True


class Limits(unittest.TestCase):
    @contextlib.contextmanager
    def siege(self, what, growth_max=SLACK, limits=""):
        """A server under siege; afterwards its memory and the honest client are judged."""
        server = Server(config="[limits]\n" + limits, journal="memory")
        # The sanitizer keeps what is freed; here that would look like growth.
        server.launch(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")
        server.await_ready()
        try:
            honest = Honest(server.port)
            honest.start()
            until(lambda: len(honest.took) >= 20, "the honest client is served")
            before = memory(server.process.pid)
            yield server
            grown = memory(server.process.pid) - before
            honest.stopping = True
            honest.join()
            self.assertIsNone(honest.error)
            print(f"{what}: memory grew by {grown / MIB:.1f} MiB of {growth_max / MIB:.0f} allowed; "
                  f"{honest.summary()}", flush=True)
            self.assertLess(grown, growth_max, what)
        finally:
            server.__exit__()

    # Complaint: C12 (docs/complaints.md).
    def test_those_who_ask_and_never_read_are_closed_at_their_limit(self):
        with self.siege("20 readers that never read", limits="output_bytes = 262144\n") as server:
            ask = b"*2\r\n$4\r\nPING\r\n$60000\r\n" + b"x" * 60000 + b"\r\n"
            for _ in range(20):
                deaf = plain_socket(server.port, receive_bytes=4096)
                with self.assertRaises(OSError):
                    for _ in range(2000):
                        deaf.sendall(ask)
                deaf.close()

    def test_those_who_observe_and_never_read_are_closed_at_their_limit(self):
        with self.siege("8 observers that never read", limits="output_bytes = 262144\n") as server:
            leader = server.connect()
            leader.call("SESSION.OPEN", "TTL", 600000)
            token = leader.call("ELECTION.CAMPAIGN", "boss", "first")["token"]
            files = open_files(server.process.pid)
            deaf = []
            for _ in range(8):
                peer = plain_socket(server.port, receive_bytes=4096)
                peer.sendall(b"HELLO 3\r\nELECTION.OBSERVE boss\r\n")
                self.assertEqual(peer.recv(1), b"%")
                deaf.append(peer)

            def proclaim_until_closed():
                leader.call("ELECTION.PROCLAIM", "boss", token, "v" * 4096)
                return open_files(server.process.pid) <= files
            until(proclaim_until_closed, "all observers are closed")
            for peer in deaf:
                peer.close()

    def test_what_is_piped_behind_a_wait_is_read_up_to_a_limit_and_answered_after_it(self):
        input_bytes = 262144
        growth = SLACK + 8 * 2 * input_bytes
        with self.siege("8 that pipe behind a wait", growth, "input_bytes = 262144\n") as server:
            owner = server.connect()
            owner.call("SESSION.OPEN", "TTL", 600000)
            token = owner.call("LOCK.ACQUIRE", "gate")["token"]
            piping = []
            for number in range(8):
                peer = plain_socket(server.port)
                peer.sendall(b"LOCK.ACQUIRE gate SHARED LEASE 60000 WAIT 60000\r\n")
                peer.setblocking(False)
                sent = 0
                stalled_since = time.monotonic()
                # Full when the kernel takes nothing for a while.
                while time.monotonic() - stalled_since < 0.2 and sent < 64 * MIB:
                    try:
                        sent += peer.send((PING * 4096)[sent % len(PING):])
                        stalled_since = time.monotonic()
                    except BlockingIOError:
                        time.sleep(0.01)
                self.assertLess(sent, 64 * MIB, f"{number} could send without end")
                peer.setblocking(True)
                peer.settimeout(60)
                piping.append((peer, sent))
            owner.call("LOCK.RELEASE", "gate", token)
            for peer, sent in piping:
                self.read_pongs(peer, sent // len(PING))
                peer.sendall(PING[sent % len(PING):])
                peer.close()

    def read_pongs(self, peer, count):
        stream = peer.makefile("rb")
        granted = stream.readline()
        self.assertEqual(granted[:1], b"*", granted)
        for _ in range(6):
            self.assertRegex(self.read_line_or_bulk(stream), rb"token|lease|waited|\d+")
        for _ in range(count):
            self.assertEqual(stream.readline(), b"+PONG\r\n")

    @staticmethod
    def read_line_or_bulk(stream):
        line = stream.readline()
        return stream.readline() if line[:1] == b"$" else line

    def test_one_byte_at_a_time_is_closed_at_the_deadline(self):
        whole = b"*2\r\n$4\r\nPING\r\n$100\r\n"
        with self.siege("50 that send a byte at a time", limits="request_idle_ms = 1000\n") as server:
            files = open_files(server.process.pid)
            slow = [plain_socket(server.port) for _ in range(50)]
            sent = 0

            def trickle():
                nonlocal sent
                for peer in slow:
                    with contextlib.suppress(OSError):
                        peer.send(whole[sent:sent + 1] if sent < len(whole) else b"x")
                sent += 1
                time.sleep(0.1)
                return sent > 5 and open_files(server.process.pid) <= files
            # Each byte comes in time; the request as a whole does not.
            until(trickle, "the slow writers are closed")
            for peer in slow:
                self.assertTrue(is_closed(peer))
                peer.close()

    def test_a_flood_of_connections_up_to_the_limit_and_one_past_it(self):
        most = 500
        with self.siege("a flood of connections", limits=f"connections = {most}\n") as server:
            # The honest client is one of them.
            crowd = [plain_socket(server.port) for _ in range(most - 1)]
            for peer in crowd:
                peer.sendall(PING)
            for peer in crowd:
                self.assertEqual(peer.recv(7), b"+PONG\r\n")
            for _ in range(200):
                late = plain_socket(server.port)
                self.assertRegex(late.recv(200), rb"^-LIMIT 500 connections are open")
                self.assertTrue(is_closed(late))
                late.close()
            crowd.pop().close()
            until(lambda: self.is_served(server.port), "the place that was left is taken again")
            for peer in crowd:
                peer.close()

    @staticmethod
    def is_served(port):
        peer = plain_socket(port)
        try:
            peer.sendall(PING)
            return peer.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            peer.close()

    def test_thousands_of_short_connections_leave_nothing_behind(self):
        with self.siege("5,000 short connections") as server:
            files = open_files(server.process.pid)
            for number in range(5000):
                peer = plain_socket(server.port)
                if number % 2 == 0:
                    peer.sendall(PING)
                if number % 4 == 0:
                    self.assertEqual(peer.recv(7), b"+PONG\r\n")
                if number % 5 == 0:  # gone with a reset instead of a farewell
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()
            until(lambda: open_files(server.process.pid) <= files, "all are closed")

    def test_lengths_that_nobody_could_mean_are_refused_before_anything_is_kept(self):
        openings = [b"*2147483647\r\n", b"*1048577\r\n", b"*99999999999999999999\r\n",
                    b"*1\r\n$9223372036854775807\r\n", b"*1\r\n$18446744073709551615\r\n",
                    b"*1\r\n$-2\r\n", b"*1\r\n$-1\r\n", b"*+1\r\n", b"* 1\r\n",
                    b"*1\r\n$ 4\r\n", b"*1\n$4\n", b"*\x00\r\n", b"*1\r\n$" + b"9" * MIB,
                    b"*" + b"1" * MIB, b"x" * MIB]
        with self.siege(f"{50 * len(openings)} giant lengths") as server:
            for opening in openings:
                for _ in range(50):
                    peer = plain_socket(server.port)
                    with contextlib.suppress(OSError):  # it may be closed while we still send
                        peer.sendall(opening + b"\r\n")
                    self.assertTrue(is_closed(peer), opening[:40])
                    peer.close()

    def test_every_limit_of_a_request_lets_its_last_through_and_not_one_more(self):
        limits = "arguments = 8\nargument_bytes = 1000\nrequest_bytes = 4000\ninline_bytes = 500\n"
        cases = {  # what is sent at the limit, and one past it
            "arguments": (array(b"PING", *[b"x"] * 7), array(b"PING", *[b"x"] * 8)),
            "argument_bytes": (array(b"PING", b"x" * 1000), array(b"PING", b"x" * 1001)),
            "request_bytes": (padded_array(4000), padded_array(4001)),
            "inline_bytes": (b"PING " + b"x" * 495 + b"\r\n", b"PING " + b"x" * 496 + b"\r\n"),
        }
        with self.siege("the limits of a request", limits=limits) as server:
            for name, (at_the_limit, past_it) in cases.items():
                peer = plain_socket(server.port)
                peer.sendall(at_the_limit + PING)
                stream = peer.makefile("rb")
                while (line := stream.readline()) != b"+PONG\r\n":
                    self.assertNotIn(b"Protocol error", line, name)
                    self.assertNotEqual(line, b"", name)
                peer.sendall(past_it)
                self.assertRegex(stream.readline(), rb"-ERR Protocol error", name)
                self.assertTrue(is_closed(peer), name)
                peer.close()


def array(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def padded_array(size):
    """A request of so many bytes in all."""
    words = [b"PING", *[b"x" * 900] * 4, b""]
    words[-1] = b"x" * (size - len(array(*words[:-1], b"y" * 100)) + 100)
    request = array(*words)
    assert len(request) == size, len(request)
    return request


if __name__ == "__main__":
    unittest.main(warnings="ignore")
