#!/usr/bin/python3
"""Runs every example as its reader would: against a real server, with the stock clients.

TURNSTILE_BIN is the binary, beside which the examples' own programs are; TURNSTILE_SOURCE
is the tree. The Node example is installed with npm, into a temporary folder.
"""

import csv
import glob
import json
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("TURNSTILE_SOURCE", Path(__file__).resolve().parent.parent))
TURNSTILE = Path(os.environ.get("TURNSTILE_BIN", SOURCE / "build/release/bin/turnstile")).resolve()
EXAMPLES = SOURCE / "examples"
PAYMENTS = EXAMPLES / "payments"
PATIENCE = 120


def run(*argv, env=None, **options):
    return subprocess.run([str(arg) for arg in argv], capture_output=True, text=True,
                          timeout=PATIENCE, env={**os.environ, **(env or {})}, **options)


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)
    return result


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="turnstile-examples-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def succeed(self, *argv, **options):
        done = run(*argv, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


class ClientExamples(Scratch):
    def setUp(self):
        super().setUp()
        port_file = self.folder / "port"
        log = open(self.folder / "log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        server = subprocess.Popen([TURNSTILE, "serve", "--listen", "127.0.0.1:0", "--port-file",
                                   port_file, "--data", self.folder / "data"],
                                  stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(self.stop, server)

        def port():
            if server.poll() is not None:
                raise AssertionError("no server: " + (self.folder / "log").read_text())
            return port_file.exists() and port_file.read_text().strip()

        self.port = wait_until(port, "the port of the server")
        self.env = {"TURNSTILE_PORT": self.port, "TURNSTILE_URL": f"turnstile://127.0.0.1:{self.port}"}

    def stop(self, server):
        server.terminate()
        self.assertEqual(server.wait(PATIENCE), 0, (self.folder / "log").read_text())

    # Complaint: J5 (docs/complaints.md).
    def test_redis_cli_takes_a_lock_and_gives_it_back(self):
        lines = self.succeed(EXAMPLES / "redis-cli.sh", env=self.env).splitlines()
        self.assertEqual((lines[0], lines[-1]), ("1", "1"), lines)  # CHECK, RELEASE
        self.assertIn("month end", "\n".join(lines))  # INFO

    # Complaint: C28 (docs/complaints.md).
    def test_redis_cli_example_fails_if_the_lock_is_held(self):
        held = self.succeed("redis-cli", "-e", "-p", self.port, "LOCK.ACQUIRE", "account/2", "LEASE",
                            "60000")
        self.assertIn("token", held)
        started = time.monotonic()
        done = run(EXAMPLES / "redis-cli.sh", env=self.env)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertGreater(time.monotonic() - started, 4.5)

    # Complaint: J1 (docs/complaints.md).
    def test_python_example(self):
        out = self.succeed(sys.executable, EXAMPLES / "python/lock.py", env=self.env)
        self.assertIn("{'account/1': 750, 'account/2': 250}", out)
        self.assertIn("released 1", out)
        self.assertIn("an older token is refused: stale fencing token", out)

    def test_node_example(self):
        project = self.folder / "node"
        shutil.copytree(EXAMPLES / "node", project, ignore=shutil.ignore_patterns("node_modules"))
        self.succeed("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", cwd=project)
        out = self.succeed("node", project / "lock.mjs", env=self.env)
        self.assertRegex(out, r"session \d+\ntoken \d+ after \d+ ms\nreleased 1\n")

    def test_cpp_example(self):
        out = self.succeed(TURNSTILE.parent / "turnstile-example", env=self.env)
        self.assertRegex(out, r"^token \d+\nreleased 1\n$")

    def test_cpp_primitives(self):
        out = self.succeed(TURNSTILE.parent / "turnstile-primitives", env=self.env)
        self.assertRegex(out, r"pays under token \d+\n")
        self.assertEqual(len(set(re.findall(r"books under token (\d+)", out))), 1, out)
        read, wrote = re.search(r"writes under token (\d+), not (\d+)", out).groups()[::-1]
        self.assertGreater(int(wrote), int(read))
        self.assertRegex(out, r"one of the permits, token \d+\n")
        self.assertRegex(out, r"leads in term \d+\n")
        self.assertEqual(out.count("INSERT INTO fence"), 4, out)

    def test_cpp_tasks(self):
        out = self.succeed(TURNSTILE.parent / "turnstile-tasks", env=self.env)
        self.assertRegex(out, r"captures authorisation of card 7 under token \d+\n")
        self.assertIn("1000 rows\nvoid_a: did void_a\nrates of today\nnone newer\n", out)
        self.assertEqual(out.count("2 branches have closed\n"), 2, out)
        self.assertTrue(out.endswith("all done\n"), out)

    def test_the_cpp_of_the_documentation_is_the_example(self):
        documented = (SOURCE / "docs/client.md").read_text(encoding="utf-8")
        for example in ("primitives.cc", "tasks.cc", "coroutine.cc"):
            code = (EXAMPLES / "cpp" / example).read_text(encoding="utf-8")
            snippets = re.findall(r"^// \[(\w+)\]\n(.*?)^// \[/\1\]", code, re.M | re.S)
            self.assertTrue(snippets, example)
            for name, snippet in snippets:
                function = snippet[snippet.rfind("\n\n") + 2:] if "\n\n" in snippet else snippet
                self.assertIn(function.strip(), documented, f"{example}: {name}")

    @unittest.skipUnless((TURNSTILE.parent / "turnstile-coroutine").exists(), "needs Boost")
    def test_cpp_coroutine(self):
        out = self.succeed(TURNSTILE.parent / "turnstile-coroutine", env=self.env)
        tokens = [int(token) for token in re.findall(r"^payment \d under token (\d+)$", out, re.M)]
        self.assertEqual(tokens, sorted(set(tokens)))
        self.assertEqual(len(tokens), 3, out)

    def test_tokens_grow_from_example_to_example(self):
        def token():
            out = self.succeed(TURNSTILE.parent / "turnstile-example", env=self.env)
            return int(re.search(r"token (\d+)", out)[1])

        first = token()
        self.assertLess(first, token())


class PaymentsDemo(Scratch):
    def setUp(self):
        super().setUp()
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.env = {"TURNSTILE_BIN": str(TURNSTILE), "TMPDIR": str(self.tmp)}

    def small_file(self, count=400):
        file = self.folder / "small.csv"
        file.write_text(self.succeed(PAYMENTS / "generate", "--payments", count, "--seed", 7))
        return file

    def left_over(self):
        """The processes that have the temporary folder in their arguments."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                arguments = Path(path).read_bytes()
            except OSError:
                continue
            if os.fsencode(self.tmp) in arguments:
                found.append(arguments)
        return found

    def test_the_file_in_the_tree_is_the_generators(self):
        made = self.succeed(PAYMENTS / "generate")
        self.assertEqual(made, (PAYMENTS / "payments.csv").read_text())
        accounts = {}
        for row in csv.DictReader(made.splitlines()):
            for account in (row["debtor"], row["creditor"]):
                accounts[account] = accounts.get(account, 0) + 1
        hot = sorted(accounts.values())[-5:]
        self.assertGreater(sum(hot), 3_000)

    # Complaints: C10, C29, T36 (docs/complaints.md).
    def test_settles_with_locks_and_loses_without(self):
        kept = self.folder / "kept"
        out = self.succeed(PAYMENTS / "run", "--payments", self.small_file(), "--ttl", 1000,
                           "--work", 2000, "--cards", 300, "--json", "--keep", kept, env=self.env)
        result = json.loads(out)
        self.assertTrue(result["ok"])
        locked, unlocked = result["locked"], result["unlocked"]
        self.assertEqual((locked["killed"], locked["frozen"], locked["refused"]), (1, 1, 1))
        self.assertGreater(locked["frozen_ms"], 1000)
        self.assertEqual(locked["settled"] + locked["rejected"], 400)
        self.assertEqual([p["key"] for p in locked["proofs"] if not p["ok"]], [])
        violated = {p["key"]: p["violations"] for p in unlocked["proofs"] if not p["ok"]}
        self.assertGreater(violated["updates"], 0)
        self.assertGreater(violated["replay"], 0)
        self.assertEqual(list(self.tmp.iterdir()), [])
        self.assertEqual(self.left_over(), [])
        self.check_of_databases(kept)
        self.check_of_cards(result["cards"])
        for server in ("server", "server_of_flows"):
            self.succeed(TURNSTILE, "journal", "verify", kept / server / "journal")

    def check_of_cards(self, cards):
        self.assertEqual([p["key"] for p in cards["proofs"] if not p["ok"]], [])
        self.assertEqual(cards["payments"], 300)
        self.assertGreater(cards["steps"], 300 * 3)
        self.assertGreater(cards["killed_taken_over_ms"], 500)
        self.assertGreater(cards["frozen_taken_over_ms"], 500)
        self.assertIn('"trial balance" waits for "branch 1" and 7 more', cards["why"][0])
        self.assertEqual(len(cards["trial_balance"]), 3)

    def check_of_databases(self, kept):
        check = TURNSTILE.parent / "payments-check"
        self.assertEqual(run(check, kept / "with_locks.db").returncode, 0)
        self.assertEqual(run(check, kept / "without_locks.db").returncode, 1)
        self.assertEqual(run(check, kept / "cards.db").returncode, 0)
        self.assertEqual(run(check, kept / "nothing.db").returncode, 2)
        self.damage(check, kept / "with_locks.db", DAMAGES)
        self.damage(check, kept / "cards.db", CARD_DAMAGES)

    def damage(self, check, database, damages):
        for key, damage in damages.items():
            with self.subTest(f"{database.name}: {key}"):
                copy = self.folder / "copy.db"
                shutil.copy(database, copy)
                with sqlite3.connect(copy, isolation_level=None) as connection:
                    connection.executescript(damage)
                done = run(check, "--json", copy)
                self.assertEqual(done.returncode, 1, done.stdout)
                failed = [p["key"] for p in json.loads(done.stdout)["proofs"] if not p["ok"]]
                self.assertIn(key, failed)
                for file in self.folder.glob("copy.db*"):
                    file.unlink()

    def test_bad_files_are_refused_with_line_and_column(self):
        good = "id,debtor,creditor,amount,currency\nP1,a,b,5,EUR\n"
        for text, complaint in [
            ("", ":1:1: there is no payment"),
            ("id,debtor,creditor,sum,currency\n", ":1:20: the first line must name the columns"),
            (good + "P2,a,b,1.50,EUR\n", ":3:8: the amount '1.50' is not a whole number"),
            (good + "P2,a,b,0,EUR\n", ":3:8: the amount 0 is not between"),
            (good + "P2,a,b,99999999999999999999,EUR\n", ":3:8: the amount 99999999999999999999"),
            (good + "P2,a,b,5\n", ":3:9: the currency is missing"),
            (good + "P2,a,b,5,EUR,x\n", ":3:14: there are 6 fields"),
            (good + "P2,a,a,5,EUR\n", ":3:6: 'a' pays itself"),
            (good + "P2,,b,5,EUR\n", ":3:4: the debtor is empty"),
            (good + "P1,a,b,5,EUR\n", ":3:1: the id 'P1' is on line 2 already"),
            (good + "P2,c,b,5,CHF\n", ":3:10: 'b' holds EUR since line 2, not CHF"),
            (good + "P2,a,b,5,eur\n", ":3:10: the currency 'eur'"),
            (good + '"P2,a,b,5,EUR\n', ":3:1: this quote is not closed"),
            (good, ": 1 payments are too few"),
        ]:
            with self.subTest(complaint):
                file = self.folder / "bad.csv"
                file.write_text(text)
                done = run(PAYMENTS / "run", "--payments", file, env=self.env)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(f"{file}{complaint}", done.stderr)

    def test_interrupted_it_leaves_nothing_behind(self):
        demo = subprocess.Popen([PAYMENTS / "run"], env={**os.environ, **self.env}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.stderr.close)
        self.assertIn("with locks", demo.stdout.readline())
        demo.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(PATIENCE), 130)
        self.assertEqual(list(self.tmp.iterdir()), [])
        wait_until(lambda: not self.left_over(), "the end of its processes")


# What makes each proof fail, alone or with others.
DAMAGES = {
    "sum": "UPDATE accounts SET balance = balance + 1 WHERE id = (SELECT min(id) FROM accounts)",
    "once": "DELETE FROM applied WHERE payment = (SELECT id FROM payments WHERE number = 7)",
    "replay": """UPDATE accounts SET balance = balance + 1
                  WHERE id = (SELECT debtor FROM payments WHERE number = 7);
                 UPDATE accounts SET balance = balance - 1
                  WHERE id = (SELECT creditor FROM payments WHERE number = 7)""",
    "updates": """UPDATE applied SET debtor_read = debtor_read + 1
                   WHERE seq = (SELECT max(seq) FROM applied WHERE outcome = 'settled')""",
    "funds": "UPDATE applied SET outcome = 'rejected' WHERE seq = 1",
    "tokens": "UPDATE applied SET token = 9007199254740991 WHERE seq = 1",
    "takeover": "DELETE FROM faults WHERE kind = 'killed'",
    "late_write": "DELETE FROM refused",
}
CARD_DAMAGES = {
    "order": """UPDATE effects SET seq = -seq
                 WHERE payment = (SELECT payment FROM effects WHERE step = 'post' LIMIT 1)""",
    "once": "DELETE FROM effects WHERE seq = (SELECT max(seq) FROM effects WHERE step = 'notify')",
    "handed_on": "UPDATE effects SET handed = handed || '?' WHERE seq = (SELECT max(seq) FROM effects)",
    "balances": "UPDATE accounts SET balance = balance + 1 WHERE id = (SELECT min(id) FROM accounts)",
    "tokens": "UPDATE effects SET token = 9007199254740991 WHERE seq = 1",
    "takeover": "DELETE FROM faults WHERE kind = 'killed'",
    "late_write": "DELETE FROM refused",
    "ended": "UPDATE flows SET unfinished = 1",
    "branches": "UPDATE branches SET barrier = barrier + 1 WHERE branch = 3",
    "trial_balance": "UPDATE trial_balance SET fees = fees + 1",
}


def installed_postgresql():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return Path(found[-1]).parent if found else None


@unittest.skipUnless(installed_postgresql(), "the server of PostgreSQL is not installed")
class PostgresqlFence(Scratch):
    """fence_postgresql.sql on a cluster of its own, over a Unix socket."""

    def setUp(self):
        super().setUp()
        self.programs = installed_postgresql()
        # The server refuses to run as root.
        self.as_user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres" if self.has_user("postgres") else "nobody")
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        self.succeed(self.programs / "initdb", "-U", "fence", "-A", "trust", "-N", "-D", data,
                     cwd=self.folder, **self.as_user)
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        # Not captured: the server would inherit the pipes and keep them open.
        subprocess.run([self.programs / "pg_ctl", "-w", "-D", data, "-l", self.folder / "log", "-o",
                        options, "start"], check=True, stdout=subprocess.DEVNULL, cwd=self.folder,
                       timeout=PATIENCE, **self.as_user)
        self.addCleanup(run, self.programs / "pg_ctl", "-m", "immediate", "-D", data, "stop",
                        cwd=self.folder, **self.as_user)
        self.sql((PAYMENTS / "fence_postgresql.sql").read_text())
        self.sql("CREATE TABLE accounts (id text PRIMARY KEY, balance bigint);"
                 "INSERT INTO accounts VALUES ('7', 1000)")

    @staticmethod
    def has_user(name):
        return any(entry.pw_name == name for entry in pwd.getpwall())

    def psql(self):
        return ["psql", "-h", str(self.folder), "-U", "fence", "-d", "postgres", "-X", "-q", "-A",
                "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]

    def sql(self, text):
        return self.succeed(*self.psql(), "-c", text).strip()

    def refused(self, text):
        done = run(*self.psql(), "-c", text)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    # Complaint: J4 (docs/complaints.md).
    def test_accepts_equal_and_greater_tokens_and_refuses_smaller_ones(self):
        for token in (41, 41, 57):
            self.sql(f"SELECT assert_fence('account/7', {token})")
        complaint = self.refused("SELECT assert_fence('account/7', 56)")
        self.assertIn("TS001", complaint)
        self.assertIn("stale fencing token 56 for account/7: 57 has been seen", complaint)
        self.assertEqual(self.sql("SELECT token FROM fence"), "57")
        self.sql("SELECT assert_fence('account/8', 1)")

    def test_a_refusal_takes_the_update_with_it(self):
        self.sql("SELECT assert_fence('account/7', 57)")
        self.refused("BEGIN; UPDATE accounts SET balance = 950 WHERE id = '7';"
                     "SELECT assert_fence('account/7', 41); COMMIT")
        self.assertEqual(self.sql("SELECT balance FROM accounts"), "1000")

    def test_shuts_out_the_sleeper_from_the_moment_its_successor_reads(self):
        for token in (41, 57):  # A reads and falls asleep; B reads
            self.sql(f"BEGIN; SELECT assert_fence('account/7', {token});"
                     "SELECT balance FROM accounts; COMMIT")
        write = "BEGIN; SELECT assert_fence('account/7', {}); UPDATE accounts SET balance = {}; COMMIT"
        self.assertIn("TS001", self.refused(write.format(41, 950)))
        self.sql(write.format(57, 900))
        self.assertEqual(self.sql("SELECT balance FROM accounts"), "900")

    def test_who_comes_second_waits_for_the_first_and_is_judged_by_what_it_committed(self):
        first = subprocess.Popen(self.psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first.stdin.write("BEGIN; SELECT assert_fence('account/7', 57); SELECT 'has it';\n")
        first.stdin.flush()
        wait_until(lambda: "has it" in first.stdout.readline(), "the first transaction")
        second = subprocess.Popen([*self.psql(), "-c", "SELECT assert_fence('account/7', 41)"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: self.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0",
                   "the second transaction to wait")
        first.communicate("COMMIT;\n", timeout=PATIENCE)
        _, complaint = second.communicate(timeout=PATIENCE)
        self.assertIn("TS001", complaint)

    def test_the_variants_in_the_comments_work(self):
        text = (PAYMENTS / "fence_postgresql.sql").read_text()
        after = text[text.index("-- Who is allowed to pay"):]
        self.sql("\n".join(re.findall(r"^--     (.*)$", after, re.M)))
        self.sql("UPDATE accounts SET balance = 900, token = 57")
        self.assertIn("TS001", self.refused("UPDATE accounts SET balance = 950, token = 41"))
        self.sql("SELECT assert_fence('account/7', 58)")
        self.assertIn("TS001", self.refused("UPDATE accounts SET balance = 950"))
        self.sql("CREATE ROLE payer; GRANT SELECT, UPDATE ON accounts TO payer")
        self.sql("SET ROLE payer; UPDATE accounts SET balance = 950, token = 59")
        self.assertIn("42501", self.refused("SET ROLE payer; DELETE FROM fence"))
        self.assertEqual(self.sql("SELECT balance FROM accounts"), "950")


if __name__ == "__main__":
    unittest.main()
