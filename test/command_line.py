"""A real server and real `turnstile` processes, for the tests of the command line.

Nothing waits by the clock: a COMMAND says that it runs, and ends when its
standard input does; what has no such sign is asked for again and again until it
is so.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = os.environ["TURNSTILE_BIN"]
PATIENCE = 120  # seconds; only a broken program takes so long

# Says that it runs, and ends with its input.
HOLDER = ["sh", "-c", "echo running $TURNSTILE_TOKEN; cat >/dev/null"]


def eventually(what, condition):
    """Returns what the condition gives once it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"did not happen: {what}")


class Server:
    """A server on a free port, with a data directory of its own."""

    def __init__(self, folder, *arguments):
        self.data = folder / "data"
        self.socket = folder / "socket"
        self.port_file = folder / "ports"
        self.arguments = arguments
        self.log = open(folder / "log", "ab")
        self.start()

    def start(self):
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [BIN, "serve", "--listen", "127.0.0.1:0", "--unix", self.socket, "--data", self.data,
             "--port-file", self.port_file, *self.arguments],
            stderr=self.log, stdin=subprocess.DEVNULL)
        eventually("the server listens", lambda: self.port_file.exists() or self.has_ended())
        self.port = int(self.port_file.read_text().split()[0])

    def has_ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}: "
                                 + Path(self.log.name).read_text())

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
        return self.process.returncode

    def close(self):
        self.stop(signal.SIGKILL)
        self.log.close()

    @property
    def url(self):
        return f"turnstile://127.0.0.1:{self.port}"


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="turnstile-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {**os.environ, "NO_COLOR": "1"}

    def serve(self, *arguments):
        server = Server(self.folder, *arguments)
        self.addCleanup(server.close)
        self.environment["TURNSTILE_URL"] = server.url
        return server

    def run_cli(self, *arguments, status=0, **options):
        result = subprocess.run([BIN, *map(str, arguments)], env=self.environment, text=True,
                                capture_output=True, timeout=PATIENCE,
                                **{"stdin": subprocess.DEVNULL, **options})
        self.assertEqual(result.returncode, status, result.stderr + result.stdout)
        return result

    def start_cli(self, *arguments, **options):
        process = subprocess.Popen([BIN, *map(str, arguments)], env=self.environment, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **options)
        self.addCleanup(self.finish, process)
        return process

    @staticmethod
    def finish(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def hold(self, *arguments):
        """A `turnstile lock` whose COMMAND runs; it ends with end()."""
        process = self.start_cli("lock", *arguments, "--", *HOLDER)
        word, token = process.stdout.readline().split()
        self.assertEqual(word, "running")
        return process, int(token)

    def end(self, process, status=0):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, status, err)
        return out, err

    def info(self, key):
        return json.loads(self.run_cli("info", key, "--json").stdout)
