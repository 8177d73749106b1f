"""A real server for a test, and a connection that speaks RESP3 to it.

Every end-to-end test starts its own server on a port that the system chooses,
over a data directory of its own, and ends it by its process id. Nothing here
sleeps to synchronise: readiness is a file that the server renames into place.
"""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("TURNSTILE_BIN", "turnstile")
START_WITHIN = 60


class Server:
    """`turnstile serve` as a child process. Use it as a context manager."""

    def __init__(self, data=None, journal="file", arguments=(), config=None):
        self._temporary = tempfile.TemporaryDirectory(prefix="turnstile-test-")
        self.folder = pathlib.Path(self._temporary.name)
        self.port_file = self.folder / "port"
        self.data = data or str(self.folder / "data")
        self.journal = journal
        self.arguments = list(arguments)
        if config is not None:
            path = self.folder / "turnstile.toml"
            path.write_text(config)
            self.arguments += ["--config", str(path)]
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self._temporary.cleanup()

    def start(self):
        self.launch()
        self.await_ready()

    def await_ready(self):
        deadline = time.monotonic() + START_WITHIN
        while not self.is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n"
                                     + self.read_log())
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError("the server did not start:\n" + self.read_log())
            time.sleep(0.002)

    def launch(self, **environment):
        """Starts the process, with these variables in its environment, and waits for nothing."""
        self.port_file.unlink(missing_ok=True)
        self._log_file = open(self.folder / "log", "ab")
        command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--port-file", str(self.port_file),
                   "--data", self.data, "--journal", self.journal, *self.arguments]
        self.process = subprocess.Popen(command, stderr=self._log_file, stdin=subprocess.DEVNULL,
                                        env=os.environ | environment)

    def is_ready(self):
        return self.port_file.exists()

    @property
    def port(self):
        return int(self.port_file.read_text().split()[0])

    def read_log(self):
        return (self.folder / "log").read_text(errors="replace")

    def connect(self, protocol=3):
        return Connection(self.port, protocol)

    def terminate(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def stop(self):
        """SIGSTOP; a kill ends it all the same."""
        self.process.send_signal(signal.SIGSTOP)

    def stop_for(self, seconds):
        self.stop()
        time.sleep(seconds)
        self.resume()

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()
            self._log_file.close()


class Refusal(Exception):
    """An error reply. `code` is its first word."""

    def __init__(self, text):
        super().__init__(text)
        self.code = text.split(" ", 1)[0]

    def __eq__(self, other):
        return isinstance(other, Refusal) and str(self) == str(other)


class Hangup(Exception):
    """The server closed the connection."""


class Connection:
    """One connection, to a port of this machine or to a pair (host, port). Replies that are errors
    are raised by call(), returned by read()."""

    def __init__(self, address, protocol=3, timeout=30):
        if isinstance(address, int):
            address = ("127.0.0.1", address)
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        self.pushes = []
        if protocol == 3:
            self.call("HELLO", "3")

    def close(self):
        self.stream.close()
        self.socket.close()

    def __del__(self):
        if hasattr(self, "stream"):
            self.close()

    @staticmethod
    def encode(words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        return b"".join(parts)

    def send(self, *words):
        self.send_bytes(self.encode(words))

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Hangup(str(error)) from error

    def call(self, *words):
        self.send(*words)
        reply = self.read()
        if isinstance(reply, Refusal):
            raise reply
        return reply

    def read(self):
        """The next reply; pushes that come before it are kept in `pushes`."""
        while True:
            kind, value = self._read_value()
            if kind != b">":
                return value
            self.pushes.append(value)

    def read_push(self):
        if self.pushes:
            return self.pushes.pop(0)
        kind, value = self._read_value()
        assert kind == b">", f"expected a push, got {value!r}"
        return value

    def read_to_end(self):
        """Whatever is left, until the server closes."""
        try:
            while self.stream.read(4096):
                pass
        except OSError:
            pass  # a reset is an end as well

    def is_closed_by_server(self):
        try:
            return self.stream.read(1) == b""
        except OSError:
            return True

    def _line(self):
        try:
            line = self.stream.readline()
        except OSError as error:
            raise Hangup(str(error)) from error
        if not line.endswith(b"\r\n"):
            raise Hangup("the connection was closed")
        return line[:-2]

    def _read_value(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return kind, rest.decode()
        if kind == b"-":
            return kind, Refusal(rest.decode(errors="replace"))
        if kind == b":":
            return kind, int(rest)
        if kind == b"_":
            return kind, None
        if kind == b"#":
            return kind, rest == b"t"
        if kind == b"$":
            if rest == b"-1":
                return kind, None
            data = self.stream.read(int(rest) + 2)
            if len(data) != int(rest) + 2:
                raise Hangup("the connection was closed")
            return kind, data[:-2].decode(errors="surrogateescape")
        if kind in b"*>~":
            return kind, [self._read_value()[1] for _ in range(int(rest))]
        if kind in b"%|":
            pairs = [(self._read_value()[1], self._read_value()[1]) for _ in range(int(rest))]
            if kind == b"|":
                self.index = dict(pairs).get("index")
                return self._read_value()
            return kind, dict(pairs)
        raise AssertionError(f"not RESP: {line!r}")
