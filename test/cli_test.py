"""The command line against a real server, as its users have it.

Nothing here waits by the clock: a COMMAND says on its standard output that it
runs, and ends when its standard input does; what has no such sign is asked for
again and again until it is so.
"""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import unittest
from pathlib import Path

from command_line import BIN, HOLDER, PATIENCE, CliTest, eventually


class LockTest(CliTest):
    def test_the_command_finds_token_and_keys_in_its_environment(self):
        self.serve()
        script = 'printf "%s\\n%s" "$TURNSTILE_TOKEN" "$TURNSTILE_KEYS"'
        tokens = []
        for _ in range(2):
            out = self.run_cli("lock", "a/1", "a/2", "--", "sh", "-c", script).stdout
            token, *keys = out.split("\n")
            self.assertEqual(keys, ["a/1", "a/2"])
            tokens.append(int(token))
        self.assertLess(tokens[0], tokens[1])

    def test_exits_as_the_command_does(self):
        self.serve()
        self.run_cli("lock", "a", "--", "sh", "-c", "exit 7", status=7)
        self.run_cli("lock", "a", "--", "sh", "-c", "kill -9 $$", status=128 + 9)

    def test_input_output_and_arguments_pass_through(self):
        self.serve()
        result = subprocess.run([BIN, "lock", "a", "--", "sh", "-c", 'cat; echo "$1" >&2', "sh",
                                 "--json"], env=self.environment, text=True, input="to and fro",
                                capture_output=True, timeout=PATIENCE)
        self.assertEqual((result.stdout, result.stderr), ("to and fro", "--json\n"))

    def test_a_command_that_cannot_run_leaves_no_lock(self):
        self.serve()
        err = self.run_cli("lock", "a", "--", "no-such-command", status=127).stderr
        self.assertIn("no-such-command: command not found", err)
        self.run_cli("lock", "a", "--", self.folder, status=126)
        self.assertEqual(self.info("a")["state"], "free")

    def test_one_holder_at_a_time(self):
        self.serve()
        first, token = self.hold("a", "b")
        err = self.run_cli("lock", "b", "--wait", "0", "--", "true", status=75).stderr
        self.assertIn("BUSY", err)
        self.run_cli("lock", "b", "--wait", "1ms", "--", "true", status=75)
        second = self.start_cli("lock", "b", "--", *HOLDER)
        eventually("the second waits", lambda: self.info("b")["waiting"] == 1)
        self.end(first)
        self.assertGreater(int(second.stdout.readline().split()[1]), token)
        self.end(second)

    # Complaint: C28 (docs/complaints.md).
    def test_foreign_clients_and_the_command_line_exclude_each_other(self):
        def acquire_by_redis_cli():
            return subprocess.run(["redis-cli", "-p", str(server.port), "LOCK.ACQUIRE", "a", "LEASE",
                                   "60000"], capture_output=True, text=True, check=False,
                                  timeout=PATIENCE).stdout

        server = self.serve()
        process, _ = self.hold("a")
        self.assertIn("BUSY", acquire_by_redis_cli())
        self.end(process)
        self.assertIn("token", acquire_by_redis_cli())
        err = self.run_cli("lock", "a", "--wait", "0", "--", "true", status=75).stderr
        self.assertIn("BUSY", err)

    def test_shared_holders_hold_together(self):
        self.serve()
        first, _ = self.hold("a", "--shared")
        second, _ = self.hold("a", "--shared", "--wait", "0")
        self.assertEqual(self.info("a")["held"], 2)
        self.run_cli("lock", "a", "--wait", "0", "--", "true", status=75)
        self.end(first)
        self.end(second)

    def test_a_signal_is_passed_on_and_the_lock_given_back(self):
        self.serve()
        script = 'trap "echo caught; exit 3" TERM; echo ready; while :; do read x; done'
        for number, status in ((signal.SIGTERM, 3), (signal.SIGINT, 128 + 2),
                               (signal.SIGHUP, 128 + 1)):
            process = self.start_cli("lock", "a", "--", "sh", "-c", script)
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.send_signal(number)
            out, _ = self.end(process, status)
            self.assertEqual(out, "caught\n" if number == signal.SIGTERM else "")
            self.assertEqual(self.info("a")["state"], "free")

    def test_a_signal_reaches_the_children_of_the_command(self):
        self.serve()
        process = self.start_cli("lock", "a", "--", "sh", "-c", "sleep 1000 & echo ready; wait")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        self.end(process, 128 + 15)  # returns when all have closed the standard output

    def test_a_signal_ends_the_wait(self):
        self.serve()
        holder, _ = self.hold("a")
        waiter = self.start_cli("lock", "a", "--", "echo", "ran")
        eventually("it waits", lambda: self.info("a")["waiting"] == 1)
        waiter.send_signal(signal.SIGTERM)
        out, _ = self.end(waiter, -signal.SIGTERM)
        self.assertEqual(out, "")
        self.assertEqual(self.info("a")["waiting"], 0)
        self.end(holder)

    # Complaint: C19 (docs/complaints.md).
    def test_a_lost_lock_stops_the_command(self):
        server = self.serve()
        script = 'trap "echo stopped; exit 0" TERM; echo ready; while :; do read x; done'
        process = self.start_cli("lock", "a", "--ttl", "1s", "--", "sh", "-c", script)
        self.assertEqual(process.stdout.readline(), "ready\n")
        server.stop(signal.SIGKILL)
        out, err = self.end(process, 76)
        self.assertEqual(out, "stopped\n")
        self.assertIn("the lock is lost; stopping COMMAND by SIGTERM", err)

    # Complaint: C19 (docs/complaints.md).
    def test_a_command_that_ignores_the_signal_is_killed_with_its_children(self):
        server = self.serve()
        script = 'trap "" USR1; sleep 1000 & echo ready; wait'
        process = self.start_cli("lock", "a", "--ttl", "1s", "--signal", "USR1", "--grace", "1ms",
                                 "--", "sh", "-c", script)
        self.assertEqual(process.stdout.readline(), "ready\n")
        server.stop(signal.SIGKILL)
        self.end(process, 76)

    def test_children_that_outlive_the_command_are_stopped_too(self):
        server = self.serve()
        script = '(trap "" TERM; echo ready; sleep 1000) & wait'
        process = self.start_cli("lock", "a", "--ttl", "1s", "--grace", "1ms", "--", "sh", "-c",
                                 script)
        self.assertEqual(process.stdout.readline(), "ready\n")
        server.stop(signal.SIGKILL)
        self.end(process, 76)

    def test_the_lock_outlives_a_restart_of_the_server(self):
        server = self.serve()
        self.environment["TURNSTILE_URL"] = f"unix:{server.socket}"
        process, token = self.hold("a", "--ttl", "60s")
        self.assertEqual(server.stop(), 0)
        server.start()
        eventually("it is held again",
                   lambda: self.run_cli("call", "LOCK.CHECK", "a", token).stdout
                   == "(integer) 1\n")
        self.end(process)
        self.assertEqual(self.info("a")["state"], "free")

    def test_the_command_inherits_what_the_caller_passed_and_nothing_else(self):
        self.serve()
        script = ('import os, signal; fds = [n for n in os.listdir("/proc/self/fd") '
                  'if os.path.exists(f"/proc/self/fd/{n}")]; '
                  'print(*sorted(fds)); '
                  'print(*signal.pthread_sigmask(signal.SIG_BLOCK, []))')
        with open(self.folder / "passed", "w") as passed:
            out = self.run_cli("lock", "a", "--", "python3", "-c", script,
                               pass_fds=[passed.fileno()]).stdout
            self.assertEqual(out, f"0 1 2 {passed.fileno()}\n\n")

    def test_a_command_may_use_the_terminal(self):
        self.serve()
        pid, terminal = pty.fork()
        if pid == 0:
            script = 'read x; echo "got $x"; exec cat'
            os.execve(BIN, [BIN, "lock", "a", "--", "sh", "-c", script], self.environment)
        self.addCleanup(os.close, terminal)
        os.write(terminal, b"hello\n")
        seen = b""
        while b"got hello" not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, b"\x03")  # Ctrl-C
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 128 + 2)
        self.assertEqual(self.info("a")["state"], "free")

    def test_who_holds_and_why_can_be_seen(self):
        self.serve()
        process, _ = self.hold("a", "b", "--note", "payout 881", "--priority", "3")
        holder, = self.info("a")["holders"]
        self.assertEqual((holder["note"], holder["priority"], holder["keys"]),
                         ("payout 881", 3, ["a", "b"]))
        self.assertTrue(holder["name"].startswith("sh@"), holder)
        self.end(process)

    def test_no_server_is_said_so(self):
        with socket.socket() as unused:  # bound, but nobody listens
            unused.bind(("127.0.0.1", 0))
            url = f"turnstile://127.0.0.1:{unused.getsockname()[1]}"
            self.run_cli("lock", "a", "--server", url, "--", "echo", "ran", status=69)

    def test_without_a_command_it_says_how_to_write_it(self):
        for arguments in (["a"], ["a", "--"]):
            err = self.run_cli("lock", *arguments, status=64).stderr
            self.assertIn("turnstile lock KEY... -- COMMAND...", err)


class LookTest(CliTest):
    def test_ls_lists_what_is_held_and_waited_for(self):
        self.serve()
        self.run_cli("ls")
        holder, _ = self.hold("account/7", "--note", "payout")
        other, _ = self.hold("rates", "--shared")
        waiter = self.start_cli("lock", "account/7", "--", "true")
        eventually("it waits", lambda: self.info("account/7")["waiting"] == 1)
        heading, account, rates = self.run_cli("ls").stdout.splitlines()
        self.assertEqual(heading.split("  ")[0], "KEY")
        self.assertRegex(account, r"^account/7  held    sh@\S+ \(session \d+\) .* 1  payout$")
        self.assertRegex(rates, r"^rates      shared  sh@\S+ \(session \d+\) .* 0$")
        self.assertNotIn("rates", self.run_cli("ls", "account/").stdout)
        self.assertEqual(len(self.run_cli("ls", "--limit", "1").stdout.splitlines()), 2)
        locks = json.loads(self.run_cli("ls", "--json").stdout)
        self.assertEqual([(lock["key"], lock["state"], lock["waiting"]) for lock in locks],
                         [("account/7", "held", 1), ("rates", "shared", 0)])
        for process in (holder, other, waiter):
            self.end(process)
        self.assertEqual(json.loads(self.run_cli("ls", "--json").stdout), [])

    def test_ls_goes_through_all_pages(self):
        self.serve()
        keys = [f"k/{n:04}" for n in range(1100)]
        with contextlib.closing(Redis(self.environment["TURNSTILE_URL"])) as redis:
            for key in keys:
                redis.send("LOCK.ACQUIRE", key, "LEASE", "3600000")
            for _ in keys:
                redis.reply()
        locks = json.loads(self.run_cli("ls", "--json").stdout)
        self.assertEqual([lock["key"] for lock in locks], keys)
        self.assertEqual(len(json.loads(self.run_cli("ls", "--json", "--limit", "1050").stdout)),
                         1050)

    def test_info_tells_holders_and_waiters_in_order(self):
        self.serve()
        self.assertEqual(self.run_cli("info", "a").stdout, "a is free\n")
        holder, _ = self.hold("a", "b", "--note", "first")
        waiters = []
        for number, note in enumerate(("second", "third"), 1):
            waiters.append(self.start_cli("lock", "a", "--note", note, "--wait", "1h", "--",
                                          "true"))
            eventually("it waits", lambda: self.info("a")["waiting"] == number)
        text = self.run_cli("info", "a").stdout
        self.assertRegex(text, r"(?s)^a is held\n\n1 holder:\n.* b +first\n\n2 waiters:\n"
                               r".* 1  .*second\n.* 2  .*third\n\nWhy:\n  1\. to 2\. wait: .*\n$")
        for process in (holder, *waiters):
            self.end(process)

    def test_a_name_cannot_steer_the_terminal(self):
        self.serve()
        holder, _ = self.hold("evil\x1b[2J\nkey")
        self.assertIn("evil\\x1b[2J\\nkey", self.run_cli("ls").stdout)
        self.assertNotIn("\x1b", self.run_cli("info", "evil\x1b[2J\nkey").stdout)
        self.end(holder)

    def test_sessions_are_listed_and_looking_opens_none(self):
        self.serve()
        self.assertEqual(json.loads(self.run_cli("sessions", "--json").stdout), [])
        holder, _ = self.hold("a")
        session, = json.loads(self.run_cli("sessions", "--json").stdout)
        self.assertEqual((session["grants"], session["waits"]), (1, 0))
        heading, row = self.run_cli("sessions").stdout.splitlines()
        self.assertIn("HOLDS", heading)
        self.assertIn(session["name"], row)
        self.end(holder)

    def test_call_prints_replies_as_redis_cli_does(self):
        self.serve()
        self.assertEqual(self.run_cli("call", "LOCK.CHECK", "a", "7").stdout, "(integer) 0\n")
        self.assertEqual(self.run_cli("call", "LOCK.LIST").stdout, "(empty array)\n")
        self.assertRegex(self.run_cli("call", "LOCK.INFO", "a").stdout,
                         r'^1# "key" => "a"\n2# "state" => "free"\n3# "held" => \(integer\) 0\n')
        info = json.loads(self.run_cli("call", "--json", "LOCK.INFO", "a").stdout)
        self.assertEqual((info["key"], info["state"]), ("a", "free"))

    def test_call_exits_with_1_on_an_error(self):
        self.serve()
        holder, _ = self.hold("a")
        out = self.run_cli("call", "LOCK.ACQUIRE", "a", status=1).stdout
        self.assertRegex(out, r"^\(error\) BUSY ")
        out = self.run_cli("call", "LOCK.ACQUIRE", "a", "WAIT", "1", status=1).stdout
        self.assertRegex(out, r"^\(error\) BUSY ")
        error = json.loads(self.run_cli("call", "--json", "NO.SUCH", status=1).stdout)
        self.assertTrue(error["error"].startswith("ERR"), error)
        self.end(holder)

    def test_what_call_acquires_is_given_back(self):
        self.serve()
        self.assertIn('"token"', self.run_cli("call", "LOCK.ACQUIRE", "a").stdout)
        self.assertEqual(self.info("a")["state"], "free")

    def test_the_server_may_be_named_in_every_way(self):
        server = self.serve()
        del self.environment["TURNSTILE_URL"]
        for url in (server.url, f"unix:{server.socket}",
                    f"turnstile://127.0.0.1:1,127.0.0.1:{server.port}"):
            self.assertEqual(self.run_cli("info", "a", "--server", url).stdout, "a is free\n")


class JournalTest(CliTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.run_cli("lock", "account/7", "--note", "payout 881", "--", "true")
        self.data = self.server.data

    def stop(self):
        self.assertEqual(self.server.stop(), 0)

    def verify(self, status=0):
        return json.loads(self.run_cli("journal", "verify", self.data, "--json",
                                       status=status).stdout)

    def dump(self, *arguments):
        out = self.run_cli("journal", "dump", self.data, "--json", *arguments).stdout
        return [json.loads(line) for line in out.splitlines()]

    def test_verify_replays_a_good_journal(self):
        self.stop()
        text = self.run_cli("journal", "verify", self.data).stdout
        self.assertRegex(text, r"chain head +[0-9a-f]{64}\n")
        self.assertRegex(text, r"state +replayed \d+ entries; every stored digest agrees; ")
        self.assertTrue(text.endswith("verdict       good\n"), text)
        verdict = self.verify()
        self.assertEqual((verdict["good"], verdict["damage"]), (True, None))
        self.assertEqual(verdict["entries"], len(self.dump()))

    def test_verify_finds_a_changed_byte(self):
        self.stop()
        segment = max(self.data.glob("segment-*.log"))
        content = bytearray(segment.read_bytes())
        content[content.index(b"payout 881")] ^= 1
        segment.write_bytes(content)
        verdict = self.verify(status=65)
        self.assertEqual((verdict["good"], verdict["damage"]["file"]), (False, segment.name))
        text = self.run_cli("journal", "verify", self.data, status=65).stdout
        self.assertTrue(text.endswith("verdict       CORRUPT\n"), text)
        self.run_cli("journal", "dump", self.data, status=65)

    def test_verify_refuses_a_directory_in_use(self):
        self.run_cli("journal", "verify", self.data, status=73)
        self.assertIn("a server runs on", self.run_cli("journal", "dump", self.data).stderr)

    def test_dump_tells_the_history_in_words(self):
        self.stop()
        out = self.run_cli("journal", "dump", self.data).stdout
        self.assertRegex(out, r"(?m)^ +\d+  \+\d+\.\d{6}s  \d{4}-\d\d-\d\dT[0-9:.]+Z  \S+ "
                              r"connection=\d+ session=\d+  LOCK\.ACQUIRE account/7 .*"
                              r'NOTE "payout 881"')
        self.assertRegex(out, r"LOCK\.RELEASE account/7 \d+")

    def test_dump_takes_a_range(self):
        self.stop()
        all_entries = self.dump()
        indexes = [entry["index"] for entry in all_entries]
        self.assertEqual(indexes, sorted(indexes))
        middle = all_entries[1:-1]
        self.assertEqual(self.dump("--from", indexes[1], "--to", indexes[-2]), middle)
        acquire, = [e for e in all_entries if e["command"] == "LOCK.ACQUIRE"]
        self.assertEqual(acquire["arguments"][0], "account/7")

    def test_truncate_must_be_told_twice(self):
        self.stop()
        before = self.verify()
        acquire, = [e for e in self.dump() if e["command"] == "LOCK.ACQUIRE"]
        arguments = ["journal", "truncate", self.data, "--at-index", acquire["index"]]
        result = self.run_cli(*arguments, status=64)
        self.assertIn("Would be lost: ", result.stdout)
        self.assertIn("say it again with --yes-lose-later-entries", result.stderr)
        self.assertEqual(self.verify(), before)
        out = self.run_cli(*arguments, "--yes-lose-later-entries").stdout
        self.assertRegex(out, r"The journal is kept up to index \d+")
        self.assertTrue(self.verify()["good"])
        self.assertEqual(self.dump()[-1], acquire)
        self.server.start()
        self.environment["TURNSTILE_URL"] = self.server.url
        token = int(self.run_cli("lock", "b", "--", "sh", "-c", "echo $TURNSTILE_TOKEN").stdout)
        self.assertGreater(token, before["last_index"] + 2**40 - 1)

    def test_a_directory_without_a_journal_is_refused(self):
        empty = self.folder / "empty"
        empty.mkdir()
        err = self.run_cli("journal", "verify", empty, status=64).stderr
        self.assertIn("there is no journal in", err)
        self.run_cli("journal", "dump", self.folder / "missing", status=78)


class AuditTest(CliTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.data = self.server.data

    def ask(self, *words):
        """Without a session, so that what is granted is held on."""
        with contextlib.closing(Redis(self.server.url)) as connection:
            connection.send(*words)
            return connection.reply()

    def audit(self, *arguments, status=0):
        self.assertEqual(self.server.stop(), 0)
        out = self.run_cli("audit", self.data, "--json", *arguments, status=status).stdout
        *rows, report = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(report["type"], "report")
        return rows, report

    def test_tells_who_held_a_lock_and_who_took_it_away(self):
        holder, token = self.hold("acct/1", "--note", "payment 88")
        self.run_cli("revoke", "acct/1", "--yes", "--reason", "it hangs")
        self.end(holder, 76)
        self.run_cli("lock", "acct/1", "acct/2", "--", "true")
        self.run_cli("lock", "other", "--", "true")
        rows, report = self.audit("--key", "acct/1")
        self.assertEqual([row["token"] for row in rows][0], token)
        first, second = rows
        self.assertEqual((first["ended"]["cause"], first["ended"]["reason"]),
                         ("revoked", "it hangs"))
        self.assertEqual(first["note"], "payment 88")
        self.assertEqual([key["key"] for key in second["keys"]], ["acct/1", "acct/2"])
        self.assertEqual(second["ended"]["cause"], "released")
        self.assertGreaterEqual(second["granted"]["cluster_us"], first["ended"]["cluster_us"])
        self.assertEqual((report["good"], report["breaches"]), (True, []))
        self.assertEqual(report["holds"], {"released": 2, "revoked": 1})
        self.assertEqual(report["judged_by_model"], report["entries"])
        text = self.run_cli("audit", self.data, "--cause", "revoked").stdout
        self.assertRegex(text, r"acct/1 .* revoked +by .*; it hangs +payment 88\n")
        self.assertNotIn("acct/2", text)
        self.assertTrue(text.endswith("good\n"), text)

    def test_tells_who_preempted_after_which_notice(self):
        self.ask("LOCK.ACQUIRE", "acct/1", "LEASE", "600000")
        self.ask("LOCK.ACQUIRE", "acct/1", "LEASE", "60000", "WAIT", "60000", "PRIORITY", "9",
                 "PREEMPT", "50")
        rows, _ = self.audit("--cause", "preempted")
        row, = rows
        self.assertTrue(row["ended"]["by"])
        self.assertGreaterEqual(
            row["ended"]["cluster_us"] - row["asked_to_leave"]["cluster_us"], 50_000)

    def test_tells_of_waits_that_came_to_nothing_and_of_what_is_held_still(self):
        self.ask("LOCK.ACQUIRE", "acct/1", "LEASE", "600000")
        with self.assertRaisesRegex(AssertionError, "BUSY"):
            self.ask("LOCK.ACQUIRE", "acct/1", "LEASE", "1000", "WAIT", "30")
        rows, report = self.audit()
        self.assertEqual({row["type"]: row.get("code") for row in rows},
                         {"hold": None, "refusal": "BUSY"})
        self.assertEqual((report["holds"], report["refusals"]), ({"held": 1}, {"BUSY": 1}))

    def test_finds_a_changed_byte(self):
        self.run_cli("lock", "acct/1", "--note", "payout 881", "--", "true")
        self.assertEqual(self.server.stop(), 0)
        segment = max(self.data.glob("segment-*.log"))
        content = bytearray(segment.read_bytes())
        content[content.index(b"payout 881")] ^= 1
        segment.write_bytes(content)
        text = self.run_cli("audit", self.data, status=65).stdout
        self.assertTrue(text.endswith("NOT GOOD\n"), text)

    def test_trace_draws_a_lock_and_a_flow(self):
        self.run_cli("lock", "acct/1", "--", "sleep", "0.2")
        self.run_cli("task", "payment/1", "authorise", "--", "echo", "17")
        self.run_cli("task", "payment/1", "capture", "--", "cat")
        self.assertEqual(self.server.stop(), 0)
        text = self.run_cli("trace", "acct/1", "--data", self.data).stdout
        self.assertRegex(text, r"R\(t\)  \|\nL\(t\)  █{20,}\nS\(t\) +\|\n")
        flow = self.run_cli("trace", "payment/1", "--data", self.data).stdout
        self.assertRegex(flow, r"authorise +E\(t\)  \|\ncompleted +T\(t\)  █+\n"
                               r"capture +E\(t\) +\|\ncompleted +T\(t\) +█+\n")
        signals = json.loads(self.run_cli("trace", "payment/1", "--data", self.data,
                                          "--json").stdout)
        first, second = signals["tasks"]
        self.assertGreaterEqual(second["E"][0], first["T"][0]["to_us"])
        self.assertGreaterEqual(second["T"][0]["from_us"], second["E"][0])
        err = self.run_cli("trace", "unknown", "--data", self.data, status=64).stderr
        self.assertIn("knows no lock and no flow", err)


class UsageTest(CliTest):
    def test_help_is_everywhere_and_has_examples(self):
        for arguments in ([], ["serve"], ["lock"], ["ls"], ["info"], ["sessions"], ["call"],
                          ["journal"], ["journal", "verify"], ["journal", "dump"],
                          ["journal", "truncate"]):
            out = self.run_cli(*arguments, "--help").stdout
            self.assertIn("Usage: " + " ".join(["turnstile", *arguments]), out)
            self.assertIn("Examples:\n  turnstile ", out)
            self.assertIn("69  no server answered", out)

    def test_version(self):
        self.assertRegex(self.run_cli("--version").stdout, r"^turnstile \d+\.\d+\.\d+\n$")

    def test_a_wrong_command_line_is_refused(self):
        for arguments, sentence in (
                ([], "say what to do"),
                (["lcok"], "did you mean 'lock'?"),
                (["journal", "dmup"], "did you mean 'dump'?"),
                (["lock", "--", "true"], "KEY"),
                (["lock", "a", "--wait", "10", "--", "true"], "'10' needs a unit"),
                (["lock", "a", "--priority", "10", "--", "true"], "--priority"),
                (["lock", "a", "--signal", "NOPE", "--", "true"], "no signal 'NOPE'"),
                (["info", "a", "--server", "http://x", ], "http"),
                (["ls", "--frob"], "--frob"),
                (["call"], "say which command to send"),
                (["serve", "--listen", "nonsense"], "nonsense")):
            err = self.run_cli(*arguments, status=64).stderr
            self.assertIn(sentence, err)
            self.assertTrue(err.startswith("turnstile: "), err)

    def test_the_documentation_has_every_exit_status(self):
        out = self.run_cli("lock", "--help").stdout
        table = re.findall(r"(?m)^ +(\d+)  (.+)$", out[out.index("Exit status:"):])
        self.assertGreater(len(table), 10)
        documented = Path(os.environ["TURNSTILE_SOURCE"], "docs/cli.md").read_text()
        for number, sentence in table:
            self.assertIn(f"| {number} | {sentence} |", documented)


class OtherKindsTest(CliTest):
    def hold_by(self, *arguments):
        process = self.start_cli(*arguments, "--", *HOLDER)
        word, token = process.stdout.readline().split()
        self.assertEqual(word, "running")
        return process, int(token)

    def test_a_semaphore_lets_in_as_many_as_its_limit(self):
        self.serve()
        first, _ = self.hold_by("sem", "gateway", "--limit", "2")
        second, _ = self.hold_by("sem", "gateway", "--limit", "2")
        self.run_cli("sem", "gateway", "--limit", "2", "--wait", "0", "--", "true", status=75)
        err = self.run_cli("sem", "gateway", "--limit", "3", "--", "true", status=1).stderr
        self.assertIn("CONFLICT", err)
        self.end(first)
        self.run_cli("sem", "gateway", "--limit", "2", "--", "sh", "-c", "exit 4", status=4)
        self.end(second)

    def test_the_next_candidate_leads_when_the_leader_has_ended(self):
        self.serve()
        first, term = self.hold_by("elect", "dispatcher", "--value", "host-1")
        leader = self.run_cli("call", "--json", "ELECTION.LEADER", "dispatcher")
        self.assertEqual(json.loads(leader.stdout)["value"], "host-1")
        second = self.start_cli("elect", "dispatcher", "--value", "host-2", "--", *HOLDER)
        self.end(first)
        self.assertGreater(int(second.stdout.readline().split()[1]), term)
        self.end(second)

    def test_an_operator_takes_a_lock_away_only_if_he_means_it(self):
        self.serve()
        holder, _ = self.hold("a", "--note", "payment 12")
        err = self.run_cli("revoke", "a", status=64).stderr
        self.assertIn("payment 12", err)
        self.assertEqual(self.info("a")["state"], "held")
        out = self.run_cli("revoke", "a", "--yes", "--reason", "it hangs").stdout
        self.assertEqual(out, "1 hold revoked\n")
        self.end(holder, 76)
        self.run_cli("revoke", "a", "--yes", status=1)
        self.assertIn("it hangs", self.run_cli("journal", "dump", self.folder / "data").stdout)

    def test_a_terminal_is_asked(self):
        self.serve()
        holder, _ = self.hold("a")
        for answer, status in ((b"n\n", 1), (b"y\n", 0)):
            main, terminal = pty.openpty()
            os.write(main, answer)
            self.run_cli("revoke", "a", stdin=terminal, status=status)
            os.close(terminal)
            os.close(main)
        self.end(holder, 76)

    def test_a_shut_key_is_shown_and_opened(self):
        self.serve()
        with contextlib.closing(Redis(self.environment["TURNSTILE_URL"])) as redis:
            redis.send("LOCK.ACQUIRE", "a", "LEASE", "1", "ONLOSS", "HOLD", "NOTE", "pay 4711")
            redis.reply()
            eventually("the lease ends", lambda: self.info("a")["state"] == "shut")
        self.assertIn("pay 4711", self.run_cli("info", "a").stdout)
        self.run_cli("lock", "a", "--wait", "0", "--", "true", status=75)
        self.assertEqual(self.run_cli("resolve", "a", "--yes").stdout, "1 hold resolved\n")
        self.run_cli("lock", "a", "--wait", "0", "--", "true")
        self.run_cli("resolve", "a", "--yes", status=1)

    def test_info_says_why_somebody_waits(self):
        self.serve()
        holder, _ = self.hold("a", "--note", "payment 12")
        waiter = self.start_cli("lock", "a", "--", *HOLDER)
        eventually("it waits", lambda: self.info("a")["waiting"] == 1)
        self.assertRegex(self.run_cli("info", "a").stdout,
                         r'waits: "a" is held by .* for \d+ ms: "payment 12"')
        top = self.run_cli("top").stdout.splitlines()
        self.assertRegex(top[0], r"^1 held, 1 waiting$")
        self.assertRegex(top[3], r"^ +1 +a +held ")
        self.end(holder)
        waiter.stdout.readline()
        self.end(waiter)


class Redis:
    """Just enough of a client to send many commands at once."""

    def __init__(self, url):
        host, port = url.removeprefix("turnstile://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        self.socket.sendall(f"*{len(words)}\r\n{parts}".encode())

    def reply(self):
        line = self.file.readline()
        if line[:1] == b"-":
            raise AssertionError(line)
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        if line[:1] == b"$":
            return self.file.read(int(line[1:]) + 2)[:-2]
        return line[1:-2]

    def close(self):
        self.file.close()
        self.socket.close()


if __name__ == "__main__":
    unittest.main()
