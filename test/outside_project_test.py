#!/usr/bin/python3
"""Installs the build that TURNSTILE_BIN belongs to, builds a project of somebody else against
it, and runs that project against a real server, across a restart of it too.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("TURNSTILE_SOURCE", Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(SOURCE / "test"))
import turnstile_server  # noqa: E402  (its folder must be known first)

BUILD = Path(turnstile_server.BINARY).resolve().parent.parent
PATIENCE = 600


def run(*argv, **options):
    done = subprocess.run([str(arg) for arg in argv], capture_output=True, text=True,
                          timeout=PATIENCE, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cached(name):
    """A value of the build's CMake cache, so that the outside project is compiled alike."""
    match = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return match.group(1) if match else ""


class OutsideProjectTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="turnstile-outside-")
        top = Path(cls.folder.name)
        run("cmake", "--install", BUILD, "--prefix", top / "prefix")
        flags = [f"-DCMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}"]
        if sanitize := cached("TURNSTILE_SANITIZE"):
            flags.append(f"-DCMAKE_CXX_FLAGS=-fsanitize={sanitize} -Wno-tsan")
        run("cmake", "-S", SOURCE / "test/outside_project", "-B", top / "build",
            f"-DCMAKE_PREFIX_PATH={top / 'prefix'}", *flags)
        run("cmake", "--build", top / "build")
        cls.program = top / "build" / "outside_project"
        cls.socket = top / "socket"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_library_does_what_its_headers_say(self):
        with turnstile_server.Server() as server:
            out = run(self.program, env={**os.environ,
                                         "TURNSTILE_URL": f"turnstile://127.0.0.1:{server.port}"})
        self.assertEqual(out, "all is well\n")

    # Complaint: C22 (docs/complaints.md).
    def test_a_grant_outlives_a_crash_of_the_server(self):
        with turnstile_server.Server(config=f'unix = "{self.socket}"\n') as server:
            holder = subprocess.Popen([self.program, "hold", "account/9"], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env={**os.environ, "TURNSTILE_URL": f"unix:{self.socket}"})
            with holder:
                holding = holder.stdout.readline()
                self.assertRegex(holding, r"^holding \d+\n$")
                for _ in range(2):
                    server.kill()
                    server.start()
                    holder.stdin.write("?\n")
                    holder.stdin.flush()
                    self.assertEqual(holder.stdout.readline(), holding)
                holder.stdin.close()
                self.assertEqual(holder.wait(timeout=PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
