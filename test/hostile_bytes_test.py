"""What bad input gets: an error that names what is wrong, or a closed connection; nothing changes.

Each case is sent to a real server by a connection of its own. Afterwards the
server's index is where it was, an honest client is still served, and the
server's memory has not grown by what was declared and never sent.
"""
import re
import unittest

from turnstile_server import Connection, Hangup, Refusal, Server

# What is sent -> a pattern the error must match.
REFUSED = {
    ("FLUSHALL",): r"ERR unknown command",
    ("LOCK.AQUIRE", "a"): r"ERR unknown command .*LOCK\.ACQUIRE",
    ("LOCK.ACQUIRE",): r"ERR wrong number of arguments for 'lock\.acquire'",
    ("LOCK.RELEASE", "a"): r"ERR wrong number of arguments for 'lock\.release'",
    ("LOCK.ACQUIRE", "a", "FOREVER"): r"ERR .*FOREVER",
    ("LOCK.ACQUIRE", "a", "WAIT"): r"ERR .*WAIT",
    ("LOCK.ACQUIRE", "a", "WAIT", "soon"): r"ERR .*WAIT .*\"soon\"",
    ("LOCK.ACQUIRE", "a", "WAIT", "-1"): r"ERR .*WAIT .*\"-1\"",
    ("LOCK.ACQUIRE", "a", "WAIT", "86400001"): r"ERR .*WAIT .*86400000",
    ("LOCK.ACQUIRE", "a", "WAIT", "18446744073709551616"): r"ERR .*WAIT",
    ("LOCK.ACQUIRE", "a", "LEASE", "0"): r"ERR .*LEASE",
    ("LOCK.ACQUIRE", "a", "PRIORITY", "10"): r"ERR .*PRIORITY .*9",
    ("LOCK.ACQUIRE", "a", "LEASE", "1000", "LEASE", "1000"): r"ERR .*LEASE",
    ("LOCK.ACQUIRE", ""): r"ERR .*empty",
    ("LOCK.ACQUIRE", "k" * 513, "LEASE", "1000"): r"LIMIT .*512",
    ("LOCK.ACQUIRE", "a", "NOTE", "n" * 257, "LEASE", "1000"): r"LIMIT .*256",
    ("LOCK.ACQUIRE", "a"): r"ERR .*LEASE is required",
    ("LOCK.ACQUIRE", "a", "LEASE", "1000", "REQUEST", "1"): r"ERR .*REQUEST",
    ("LOCK.RELEASE", "a", "0"): r"ERR ",
    ("LOCK.RELEASE", "a", "9007199254740992"): r"ERR .*9007199254740991",
    ("LOCK.RELEASE", "a", "12345"): r"STALE unknown",
    ("SESSION.OPEN", "TTL", "999"): r"ERR .*TTL .*1000",
    ("SESSION.ATTACH", "1", "guess"): r"NOSESSION ",
    ("SESSION.KEEPALIVE",): r"NOSESSION ",
    ("LOCK.INFO", "a", "SESSION", "1", "guess"): r"NOSESSION ",
    ("CLIENT", "KILL"): r"ERR ",
    ("HELLO", "4"): r"NOPROTO ",
    ("LOCK.ACQUIRE", b"\x00\xff\r\n", "WAIT", b"\x1b[2J"): r"ERR .*WAIT",
}

# Bytes after which the connection is closed -> a pattern for the error before it, or None.
CLOSED = {
    b"*2147483647\r\n": r"Protocol error: invalid multibulk length",
    b"*99999999999999999999\r\n": r"Protocol error: invalid multibulk length",
    b"*1\r\n$-2\r\n": r"Protocol error: invalid bulk length",
    b"*1\r\n$9223372036854775807\r\n": r"Protocol error: invalid bulk length",
    b"*1\r\n$18446744073709551615\r\n": r"Protocol error: invalid bulk length",
    b"*1\r\n$65537\r\n": r"Protocol error: invalid bulk length",
    b"*1\r\n:4\r\n": r"Protocol error: expected '\$', got ':'",
    b"*1\r\n$4\r\nPINGxx": r"Protocol error",
    b"PING \"half\r\n": r"Protocol error: unbalanced quotes",
    b"x" * 5000: r"Protocol error: too big inline request",
    b"$" + b"9" * (1 << 20): r"Protocol error",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n": r"Protocol error",
}


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


class HostileBytesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()
        cls.honest = cls.server.connect()

    @classmethod
    def tearDownClass(cls):
        cls.honest.close()
        cls.server.kill()

    def last_index(self):
        text = self.honest.call("INFO", "journal")
        return int(re.search(r"last_index:(\d+)", text).group(1))

    def test_a_wrong_command_is_refused_in_words_and_changes_nothing(self):
        before = self.last_index()
        for words, pattern in REFUSED.items():
            with self.subTest(words=words):
                connection = self.server.connect()
                with self.assertRaises(Refusal) as caught:
                    connection.call(*words)
                self.assertRegex(str(caught.exception), pattern)
                self.assertEqual(connection.call("PING"), "PONG", "the connection goes on")
                connection.close()
        self.assertEqual(self.last_index(), before)

    def test_broken_framing_closes_the_connection_with_the_reason(self):
        before = self.last_index()
        for data, pattern in CLOSED.items():
            with self.subTest(data=data[:40]):
                connection = Connection(self.server.port, protocol=2)
                try:
                    connection.send_bytes(data)
                    error = connection.read()
                    self.assertIsInstance(error, Refusal)
                    self.assertRegex(str(error), "^ERR " + pattern)
                except Hangup:
                    connection.read_to_end()  # the server was faster: it closed while we still sent
                self.assertTrue(connection.is_closed_by_server())
                connection.close()
        self.assertEqual(self.last_index(), before)
        self.assertEqual(self.honest.call("PING"), "PONG")

    def test_what_is_declared_and_never_sent_takes_no_memory(self):
        before = resident_kib(self.server.process.pid)
        idle = []
        for _ in range(200):
            connection = Connection(self.server.port, protocol=2)
            connection.send_bytes(b"*60\r\n$65536\r\nabc")
            idle.append(connection)
        self.assertEqual(self.honest.call("PING"), "PONG")
        grown = resident_kib(self.server.process.pid) - before
        for connection in idle:
            connection.close()
        self.assertLess(grown, 200 * 64, f"{grown} KiB for 200 half requests")

    def test_a_request_cut_off_in_the_middle_changes_nothing(self):
        before = self.last_index()
        whole = b"*4\r\n$12\r\nLOCK.ACQUIRE\r\n$1\r\na\r\n$5\r\nLEASE\r\n$4\r\n9000\r\n"
        for size in range(len(whole)):
            connection = Connection(self.server.port, protocol=2)
            connection.send_bytes(whole[:size])
            connection.close()
        self.assertEqual(self.honest.call("PING"), "PONG")
        self.assertEqual(self.last_index(), before)

    def test_requests_arrive_in_any_pieces(self):
        connection = Connection(self.server.port, protocol=2)
        for byte in b"*2\r\n$4\r\nPING\r\n$5\r\nhello\r\n":
            connection.send_bytes(bytes([byte]))
        self.assertEqual(connection.read(), "hello")
        connection.close()


class SilenceTest(unittest.TestCase):
    def test_half_a_request_and_silence_is_closed_and_logged(self):
        config = "log_level = \"debug\"\n[limits]\nrequest_idle_ms = 1000\n"
        with Server(config=config, journal="memory") as server:
            silent = Connection(server.port, protocol=2)
            idle = Connection(server.port, protocol=2)
            silent.send_bytes(b"*2\r\n$4\r\nPI")
            self.assertTrue(silent.is_closed_by_server())
            self.assertEqual(idle.call("PING"), "PONG", "idle between requests is no fault")
            self.assertIn("half sent", server.read_log())

    def test_one_connection_past_the_limit_is_refused_in_words(self):
        with Server(config="[limits]\nconnections = 3\n", journal="memory") as server:
            first = [Connection(server.port, protocol=2) for _ in range(3)]
            for connection in first:
                self.assertEqual(connection.call("PING"), "PONG")
            late = Connection(server.port, protocol=2)
            refusal = late.read()
            self.assertEqual(refusal.code, "LIMIT")
            self.assertTrue(late.is_closed_by_server())
            self.assertEqual(first[0].call("PING"), "PONG")

    # Complaint: C12 (docs/complaints.md).
    def test_a_reader_that_never_reads_is_closed_at_its_limit(self):
        config = "[limits]\noutput_bytes = 65536\n"
        with Server(config=config, journal="memory") as server:
            deaf = Connection(server.port, protocol=2)
            ping = b"*2\r\n$4\r\nPING\r\n$60000\r\n" + b"x" * 60000 + b"\r\n"
            with self.assertRaises(Hangup):
                for _ in range(10000):
                    deaf.send_bytes(ping)
            honest = Connection(server.port)
            self.assertEqual(honest.call("PING"), "PONG")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
