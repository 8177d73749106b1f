"""The server as a process: starting, stopping, and refusing to start."""
import os
import pathlib
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from turnstile_server import BINARY, Connection, Hangup, Refusal, Server


def serve(*arguments):
    """Runs `turnstile serve` that is expected to fail at once."""
    return subprocess.run([BINARY, "serve", *arguments], capture_output=True, text=True,
                          timeout=60, check=False)


class StartTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.temporary.name)
        self.data = str(self.folder / "data")

    def tearDown(self):
        self.temporary.cleanup()

    def assert_refused(self, result, status, pattern):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertRegex(result.stderr, pattern)
        lines = [line for line in result.stderr.splitlines() if line.startswith("turnstile: ")]
        self.assertEqual(len(lines), 1, "one clear sentence: " + result.stderr)

    def test_a_port_in_use_is_one_sentence(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = serve("--data", self.data, "--listen", f"127.0.0.1:{port}")
        self.assert_refused(result, 73, f"cannot listen on 127.0.0.1:{port}: Address already in use")

    def test_an_address_beyond_loopback_is_refused_with_the_reason(self):
        result = serve("--data", self.data, "--listen", "0.0.0.0:0")
        self.assert_refused(result, 78, "0.0.0.0.*authentication and TLS")

    def test_a_second_server_on_the_same_data_is_refused(self):
        with Server() as first:
            result = serve("--data", first.data, "--listen", "127.0.0.1:0")
            self.assert_refused(result, 73, f"in use by another.*{first.process.pid}")
            self.assertEqual(first.connect().call("PING"), "PONG")

    def test_a_data_directory_that_is_a_file_is_refused(self):
        path = self.folder / "file"
        path.write_text("not a directory")
        result = serve("--data", str(path), "--listen", "127.0.0.1:0")
        self.assertIn(result.returncode, (73, 78))
        self.assertRegex(result.stderr, str(path))
        self.assertEqual(path.read_text(), "not a directory")

    def test_a_data_directory_that_cannot_be_created_is_refused(self):
        result = serve("--data", "/proc/turnstile", "--listen", "127.0.0.1:0")
        self.assert_refused(result, 73, "/proc/turnstile")

    # Complaint: J6 (docs/complaints.md).
    def test_a_corrupt_journal_is_refused_with_its_place(self):
        with Server() as server:
            connection = server.connect()
            for number in range(20):
                connection.call("LOCK.ACQUIRE", f"k{number}", "LEASE", 60000)
            server.terminate()
            segment = next(pathlib.Path(server.data).glob("segment-*.log"))
            damaged = bytearray(segment.read_bytes())
            damaged[4096 + 600] ^= 0x10
            segment.write_bytes(damaged)
            result = serve("--data", server.data, "--listen", "127.0.0.1:0")
            self.assert_refused(result, 65, segment.name)
            self.assertEqual(segment.read_bytes(), bytes(damaged), "nothing was changed")

    def test_wrong_settings_name_the_setting(self):
        for text, pattern in [("colour = 1", "unknown setting \"colour\""),
                              ("data = 7", "\"data\": must be a string"),
                              ("[limits]\nkeys = 1", "unknown setting \"keys\" in \\[limits\\]"),
                              ("[limits]\nconnections = 0", "\"connections\": must be a whole"),
                              ("journal = \"paper\"", "file, memory or etcd://.*, not \"paper\""),
                              ("listen = [\"here\"]", "\"here\" is not HOST:PORT"),
                              ("listen = ", r"turnstile.toml:1:")]:
            with self.subTest(text=text):
                config = self.folder / "turnstile.toml"
                config.write_text(text)
                result = serve("--config", str(config), "--data", self.data)
                self.assertIn(result.returncode, (64, 78))
                self.assertRegex(result.stderr, pattern)
        self.assertFalse(os.path.exists(self.data), "a refused start leaves nothing behind")

    def test_a_full_disk_stops_the_server_before_it_answers(self):
        """A tmpfs of a few MiB is a disk that fills up."""
        mount = self.folder / "small"
        mount.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(mount)],
                              capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest("may not mount a tmpfs here")
        try:
            result = serve("--data", str(mount / "data"), "--listen", "127.0.0.1:0")
            self.assert_refused(result, 74, "disk is full")
        finally:
            subprocess.run(["umount", str(mount)], check=True)


class StopTest(unittest.TestCase):
    def test_sigterm_ends_cleanly_and_everything_answered_is_there_again(self):
        with Server() as server:
            connection = server.connect()
            opened = connection.call("SESSION.OPEN", "TTL", 60000)
            tokens = {connection.call("LOCK.ACQUIRE", f"k{n}")["token"] for n in range(50)}
            self.assertEqual(server.terminate(), 0, server.read_log())
            self.assertIn("everything answered is durable", server.read_log())
            server.start()
            attached = server.connect().call("SESSION.ATTACH", opened["id"], opened["secret"])
            self.assertEqual({grant["token"] for grant in attached["grants"]}, tokens)

    def test_sigterm_under_load_answers_or_hangs_up_and_exits_0(self):
        with Server() as server:
            granted = []

            def load(number):
                try:
                    connection = server.connect()
                    connection.call("SESSION.OPEN", "TTL", 60000)
                    for n in range(100000):
                        key = f"{number}/{n}"
                        granted.append((key, connection.call("LOCK.ACQUIRE", key)["token"]))
                except Refusal as refusal:
                    assert refusal.code == "UNAVAILABLE", refusal
                except Hangup:
                    pass

            threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            while len(granted) < 100:
                threads[0].join(0.001)
            self.assertEqual(server.terminate(), 0, server.read_log())
            for thread in threads:
                thread.join()
            server.start()
            connection = server.connect()
            for key, token in granted:
                self.assertEqual(connection.call("LOCK.CHECK", key, token), 1, key)

    def test_downtime_costs_a_lease_nothing(self):
        with Server() as server:
            connection = server.connect()
            token = connection.call("LOCK.ACQUIRE", "k", "LEASE", 1500)["token"]
            server.terminate()
            threading.Event().wait(2)  # longer than the lease
            server.start()
            connection = server.connect()
            self.assertEqual(connection.call("LOCK.CHECK", "k", token), 1)
            # It ends when the time it had left is over, and the wait behind it gets the key.
            late = connection.call("LOCK.ACQUIRE", "k", "LEASE", 1000, "WAIT", 20000)
            self.assertGreater(late["token"], token)

    def test_a_server_that_stood_still_ends_no_session_that_was_renewed(self):
        with Server() as server:
            connection = server.connect()
            connection.call("SESSION.OPEN", "TTL", 1000)
            token = connection.call("LOCK.ACQUIRE", "k")["token"]
            server.stop()
            connection.send("SESSION.KEEPALIVE")  # which nobody reads
            threading.Event().wait(2.5)  # longer than the TTL
            server.resume()
            self.assertNotIsInstance(connection.read(), Refusal)
            self.assertEqual(connection.call("LOCK.CHECK", "k", token), 1)
            # Who is not heard of any more loses it as ever.
            late = server.connect().call("LOCK.ACQUIRE", "k", "LEASE", 1000, "WAIT", 20000)
            self.assertGreater(late["token"], token)

    def test_tokens_of_a_memory_journal_never_repeat(self):
        with Server(journal="memory") as server:
            before = server.connect().call("LOCK.ACQUIRE", "k", "LEASE", 60000)["token"]
            server.terminate()
            server.start()
            after = server.connect().call("LOCK.ACQUIRE", "k", "LEASE", 60000)["token"]
            self.assertGreater(after, before)
            self.assertLess(after, 2 ** 53)


class UnixSocketTest(unittest.TestCase):
    def test_a_unix_socket_serves_is_private_and_goes_with_the_server(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.sock")
            with Server(arguments=["--unix", path]) as server:
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
                answer = subprocess.run(["redis-cli", "-s", path, "PING"], capture_output=True,
                                        text=True, timeout=30, check=True)
                self.assertEqual(answer.stdout.strip(), "PONG")
                self.assertEqual(server.terminate(), 0)
                self.assertFalse(os.path.exists(path))

    def test_a_socket_left_by_a_killed_server_is_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.sock")
            with Server(arguments=["--unix", path]) as server:
                server.kill()
                self.assertTrue(os.path.exists(path))
                server.start()
                answer = subprocess.run(["redis-cli", "-s", path, "PING"], capture_output=True,
                                        text=True, timeout=30, check=True)
                self.assertEqual(answer.stdout.strip(), "PONG")


class ConnectionLifeTest(unittest.TestCase):
    def test_a_client_without_session_that_hangs_up_leaves_no_waiter(self):
        with Server() as server:
            watcher = server.connect()
            watcher.call("LOCK.ACQUIRE", "k", "LEASE", 60000)
            waiting = server.connect()
            waiting.send("LOCK.ACQUIRE", "k", "LEASE", 1000, "WAIT", 60000)
            while watcher.call("LOCK.INFO", "k")["waiting"] != 1:
                pass
            waiting.close()
            while watcher.call("LOCK.INFO", "k")["waiting"] != 0:
                pass

    def test_a_sessions_wait_outlives_its_connection(self):
        with Server() as server:
            holder = server.connect()
            held = holder.call("LOCK.ACQUIRE", "k", "LEASE", 60000)
            waiting = server.connect()
            opened = waiting.call("SESSION.OPEN", "TTL", 60000)
            reply = waiting.call("LOCK.ACQUIRE", "k", "WAIT", 60000, "ASYNC", "t1", "REQUEST", 1)
            self.assertEqual(reply, "QUEUED")
            waiting.close()
            again = server.connect()
            attached = again.call("SESSION.ATTACH", opened["id"], opened["secret"])
            self.assertEqual([wait["ticket"] for wait in attached["waits"]], ["t1"])
            self.assertEqual(holder.call("LOCK.RELEASE", "k", held["token"]), 1)
            kind, ticket, granted = again.read_push()
            self.assertEqual((kind, ticket), ("turnstile", "t1"))
            self.assertGreater(granted["token"], held["token"])

    def test_onclose_end_frees_with_the_last_connection(self):
        with Server() as server:
            short = server.connect()
            short.call("SESSION.OPEN", "TTL", 60000, "ONCLOSE", "END")
            short.call("LOCK.ACQUIRE", "k")
            other = server.connect()
            self.assertRaises(Refusal, other.call, "LOCK.ACQUIRE", "k", "LEASE", 1000)
            short.close()
            other.call("LOCK.ACQUIRE", "k", "LEASE", 1000, "WAIT", 30000)

    def test_a_session_is_renewed_while_its_command_blocks(self):
        with Server() as server:
            holder = server.connect()
            held = holder.call("LOCK.ACQUIRE", "k", "LEASE", 60000)
            blocked = server.connect()
            blocked.call("SESSION.OPEN", "TTL", 1000)
            blocked.send("LOCK.ACQUIRE", "k", "WAIT", 60000)
            threading.Event().wait(2.5)  # beyond TTL and slack
            self.assertEqual(holder.call("LOCK.RELEASE", "k", held["token"]), 1)
            self.assertGreater(blocked.read()["token"], held["token"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
