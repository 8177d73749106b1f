"""Tasks, flows and signals on the command line, against a real server: shell commands
in separate processes that run in order, whatever becomes of some of them.

COMMAND's standard output is the task's result, so it says on its standard error that it
runs.
"""

import json
import os
import signal
import unittest

from command_line import CliTest, eventually

# Says that it runs and who it is, and ends with its input.
HOLDER = ["sh", "-c", "echo running $TURNSTILE_TOKEN $$ >&2; cat >/dev/null; printf done"]
# The same, but says so when it is told to stop.
STOPPABLE = ["sh", "-c", 'trap "echo stopped >&2; exit 0" TERM; '
             "echo running $TURNSTILE_TOKEN $$ >&2; while :; do read x; done"]


class FlowCase(CliTest):
    def setUp(self):
        super().setUp()
        self.serve()

    def start_task(self, *arguments):
        """A `turnstile task` in the background; the last argument is a COMMAND or a script."""
        *options, command = arguments
        command = command if isinstance(command, list) else ["sh", "-c", command]
        return self.start_cli("task", *options, "--", *command)

    def run_task(self, *arguments, status=0, **options):
        *words, command = arguments
        command = command if isinstance(command, list) else ["sh", "-c", command]
        return self.run_cli("task", *words, "--", *command, status=status, **options)

    def running(self, process):
        """Token and process of its COMMAND, once it runs."""
        for line in process.stderr:
            if line.startswith("running "):
                _, token, pid = line.split()
                return int(token), int(pid)
        raise AssertionError("it did not run")

    def flow(self, flow="f", status=0):
        return json.loads(self.run_cli("flow", flow, "--json", status=status).stdout)

    def task(self, task, flow="f"):
        found = [t for t in self.flow(flow)["tasks"] if t["task"] == task]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def is_in(self, state, task):
        flow = json.loads(self.run_cli("call", "--json", "FLOW.INFO", "f").stdout)
        return any(t["task"] == task and t["state"] == state for t in flow["tasks"])

    def wait_for(self, state, task):
        eventually(f"{task} is {state}", lambda: self.is_in(state, task))


class TaskTest(FlowCase):
    def test_a_chain_runs_in_order_though_it_is_started_in_reverse(self):
        script = 'x=$(cat); printf "%s" "$x>$TURNSTILE_TASK"'
        third = self.start_task("f", "third", "--after", "second", script)
        self.wait_for("pending", "third")
        second = self.start_task("f", "second", "--after", "first", script)
        self.wait_for("pending", "second")
        self.assertEqual(self.task("first")["state"], "undeclared")
        self.assertEqual(self.run_task("f", "first", "--first", script).stdout, ">first")
        self.assertEqual(self.end(second)[0], ">first>second")
        self.assertEqual(self.end(third)[0], ">first>second>third")
        self.assertEqual([t["state"] for t in self.flow()["tasks"]], ["completed"] * 3)

    # Complaint: T19 (docs/complaints.md).
    def test_another_process_takes_over_from_one_that_is_killed(self):
        last = self.start_task("f", "last", "--after", "middle", "cat")
        victim = self.start_task("f", "middle", "--first", "--backoff", "0", "--ttl", "1s", HOLDER)
        token, _ = self.running(victim)
        heir = self.start_task("f", "middle",
                               'printf "%s %s" $TURNSTILE_ATTEMPT $TURNSTILE_TOKEN')
        eventually("the heir waits", lambda: self.task("middle")["candidates"] == 1)
        victim.kill()
        out, _ = self.end(heir)
        attempt, heirs_token = map(int, out.split())
        self.assertEqual(attempt, 2)
        self.assertGreater(heirs_token, token)
        self.assertEqual(self.end(last)[0], out)
        self.assertEqual([a["how"] for a in self.task("middle")["history"]],
                         ["session lost", "completed"])

    def test_another_process_takes_over_from_one_that_is_frozen(self):
        frozen = self.start_task("f", "t", "--first", "--backoff", "0", "--ttl", "1s", STOPPABLE)
        _, pid = self.running(frozen)
        os.killpg(pid, signal.SIGSTOP)
        frozen.send_signal(signal.SIGSTOP)
        try:
            self.assertEqual(self.run_task("f", "t", "printf mine").stdout, "mine")
        finally:
            frozen.send_signal(signal.SIGCONT)
        _, err = self.end(frozen, 76)
        self.assertIn("the task is lost; stopping COMMAND", err)
        self.assertEqual(self.task("t")["state"], "completed")

    def test_the_environment_says_what_is_run(self):
        (self.folder / "input").write_bytes(b"from a file")
        names = ("TOKEN", "FLOW", "TASK", "ATTEMPT", "INPUT", "STDIN")
        script = "".join(f'echo "$TURNSTILE_{name}";' for name in names)
        out = self.run_task("f", "t", "--first", "--input", "cents 700", script).stdout
        token, *others = out.splitlines()
        self.assertGreater(int(token), 0)
        self.assertEqual(others, ["f", "t", "1", "cents 700", "none"])
        out = self.run_task("f", "u", "--input", f"@{self.folder}/input", script).stdout
        self.assertEqual(out.splitlines()[1:], ["f", "u", "1", "from a file", "result"])

    def test_a_first_task_reads_the_input_of_its_process(self):
        process = self.start_task("f", "t", "--first", "cat")
        out, _ = process.communicate("to and fro")
        self.assertEqual((process.returncode, out), (0, "to and fro"))

    def test_several_results_come_as_json(self):
        self.run_task("f", "a", "--first", "printf one")
        self.run_task("f", "b", "--first", r"printf '\377'", errors="surrogateescape")
        self.run_task("f", "c", "--first", "echo no money >&2; exit 3", status=3)
        out = self.run_task("f", "d", "--after", "b", "a", "c", "--when", "ended",
                            'cat; echo "$TURNSTILE_STDIN"').stdout
        results, kind = out.splitlines()
        self.assertEqual(kind, "json")
        self.assertEqual(json.loads(results), [
            {"task": "b", "state": "completed", "result": "/w==", "encoding": "base64"},
            {"task": "a", "state": "completed", "result": "one"},
            {"task": "c", "state": "failed", "reason": "no money"}])
        out = self.run_task("f", "e", "--after", "a", "--json-results", "cat").stdout
        self.assertEqual(json.loads(out), [{"task": "a", "state": "completed", "result": "one"}])

    def test_75_asks_for_another_attempt(self):
        script = '[ $TURNSTILE_ATTEMPT = 3 ] || { echo busy >&2; exit 75; }; printf done'
        result = self.run_task("f", "t", "--first", "--backoff", "1ms,2ms", script)
        self.assertEqual(result.stdout, "done")
        self.assertEqual(result.stderr.count("shall be tried again: busy"), 2)
        task = self.task("t")
        self.assertEqual((task["state"], task["attempt"]), ("completed", 3))

    def test_attempts_are_used_up(self):
        err = self.run_task("f", "t", "--first", "--attempts", "2", "--backoff", "0",
                            "echo busy >&2; exit 75", status=79).stderr
        self.assertIn("ENDED", err)
        task = self.task("t")
        self.assertEqual((task["state"], task["attempt"]), ("failed", 2))
        self.assertIn("busy", task["cause"])

    def test_once_leaves_further_attempts_to_others(self):
        self.run_task("f", "t", "--first", "--once", "--backoff", "0", "exit 75", status=75)
        self.assertEqual(self.run_task("f", "t", "printf $TURNSTILE_ATTEMPT").stdout, "2")

    # Complaint: T11 (docs/complaints.md).
    def test_a_failure_is_known_to_those_behind(self):
        behind = self.start_task("f", "capture", "--after", "reserve", "echo ran")
        self.wait_for("pending", "capture")
        script = "echo trying >&2; echo; echo ' card declined' >&2; exit 3"
        self.run_task("f", "reserve", "--first", script, status=3)
        out, err = self.end(behind, 79)
        self.assertEqual(out, "")
        self.assertIn("ENDED", err)
        self.assertEqual(self.task("reserve")["cause"], "card declined")
        self.assertEqual(self.task("capture")["state"], "skipped")
        out = self.run_task("f", "undo", "--after", "reserve", "capture", "--when", "failed",
                            "cat").stdout
        self.assertEqual([r["state"] for r in json.loads(out)], ["failed", "skipped"])

    # Complaint: T50 (docs/complaints.md).
    def test_a_result_that_is_too_large_is_a_failure_and_not_cut(self):
        self.run_task("f", "fits", "--first", "head -c 65536 /dev/zero")
        self.assertEqual(self.task("fits")["result_bytes"], 65536)
        result = self.run_task("f", "large", "--first", "head -c 65537 /dev/zero", status=64)
        self.assertEqual(result.stdout, "")
        self.assertIn("65537 bytes", result.stderr)
        task = self.task("large")
        self.assertEqual((task["state"], task["result_bytes"]), ("failed", 0))
        self.assertIn("its result cannot be kept: it has 65537 bytes", task["cause"])

    def test_what_one_task_would_be_handed_is_limited_too(self):
        names = [f"part{n}" for n in range(17)]
        for name in names:
            self.run_cli("call", "TASK.ADD", "f", name, "AFTER", "0")
        self.run_cli("call", "TASK.ADD", "f", "sum", "AFTER", len(names), *names)
        for name in names[:16]:
            self.run_task("f", name, "head -c 65536 /dev/zero")
        err = self.run_task("f", names[16], "printf x", status=64).stderr
        self.assertIn("results_bytes", err)
        self.assertEqual(self.task(names[16])["state"], "failed")

    def test_a_completed_task_is_not_run_again_and_its_result_is_printed(self):
        self.run_task("f", "t", "--first", "printf once")
        result = self.run_task("f", "t", "--first", "printf twice")
        self.assertEqual(result.stdout, "once")
        self.assertIn("completed already", result.stderr)

    # Complaint: T48 (docs/complaints.md).
    def test_cancelling_stops_the_command(self):
        process = self.start_task("f", "t", "--first", STOPPABLE)
        self.running(process)
        out = self.run_cli("cancel", "f", "t", "--reason", "ordered twice", "--yes").stdout
        self.assertEqual(out, "cancelled\n")
        _, err = self.end(process, 76)
        self.assertIn("stopped", err)
        self.assertIn("why it is lost: cancelled: ordered twice", err)
        self.assertEqual(self.task("t")["state"], "cancelled")
        self.run_cli("cancel", "f", "t", "--yes", status=1)
        self.run_task("f", "t", "echo ran", status=79)

    # Complaint: T26 (docs/complaints.md).
    def test_a_timeout_is_the_limit_of_an_attempt_and_a_dead_task_is_redriven(self):
        script = "trap 'exit 0' TERM; sleep 1000 & wait"
        err = self.run_task("f", "t", "--first", "--timeout", "100ms", "--attempts", "1", script,
                            status=76).stderr
        self.assertIn("the task is lost; stopping COMMAND", err)
        self.wait_for("dead", "t")
        self.assertEqual(self.flow()["state"], "held")
        drawing = self.run_cli("flow", "f").stdout
        self.assertIn("turnstile redrive or turnstile cancel decides", drawing)
        self.assertIn('"t" is dead', self.run_cli("why", "f", "t").stdout)
        self.assertIn("f", self.run_cli("flows", "--dead").stdout)
        err = self.run_cli("redrive", "f", "t", status=64).stderr
        self.assertIn("say --yes if it is meant", err)
        self.assertIn('"t" is dead', err)
        self.run_cli("redrive", "f", "t", "--yes", "--reason", "nothing was booked")
        self.run_cli("redrive", "f", "t", "--yes", status=1)
        self.run_cli("flows", "--dead")
        self.assertEqual(self.run_task("f", "t", "printf $TURNSTILE_ATTEMPT").stdout, "1")

    # Complaints: T30, T31 (docs/complaints.md).
    def test_without_a_timeout_the_command_may_run_as_long_as_it_likes(self):
        self.run_cli("call", "TASK.ADD", "f", "t", "TIMEOUT", "300")
        process = self.start_task("f", "t", HOLDER)
        self.running(process)
        eventually("it has run for longer", lambda: self.task("t")["age"] > 900)
        self.assertEqual(self.end(process)[0], "done")
        self.assertEqual(self.task("t")["attempt"], 1)

    def test_a_command_that_a_signal_ended_has_an_unknown_outcome(self):
        err = self.run_task("f", "t", "--first", "--attempts", "1", "kill -9 $$",
                            status=128 + 9).stderr
        self.assertIn("nobody knows what it did", err)
        self.assertEqual(self.task("t")["state"], "dead")

    def test_a_signal_is_passed_on_and_the_command_decides(self):
        script = ('trap "printf finished; exit 0" TERM; echo running 1 $$ >&2; '
                  "while :; do read x; done")
        process = self.start_task("f", "t", "--first", script)
        self.running(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process)[0], "finished")
        self.assertEqual(self.task("t")["state"], "completed")

    def test_a_signal_ends_the_wait_and_leaves_the_task(self):
        process = self.start_task("f", "t", "--after", "never", "echo ran")
        eventually("it waits", lambda: self.is_in("pending", "t")
                   and self.task("t")["candidates"] == 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process, -signal.SIGTERM)[0], "")
        self.assertEqual(self.task("t")["candidates"], 0)
        self.run_task("f", "t", "--wait", "1ms", "echo ran", status=75)

    def test_a_command_that_cannot_start_leaves_the_task_to_others(self):
        self.run_task("f", "t", "--first", ["no-such-command"], status=127)
        task = self.task("t")
        self.assertEqual((task["state"], task["attempt"]), ("ready", 0))

    def test_somebody_of_higher_priority_takes_the_task(self):
        first = self.start_task("f", "t", "--first", STOPPABLE)
        self.running(first)
        taker = self.start_task("f", "t", "--priority", "5", "--preempt", "1h", "printf taken")
        self.assertEqual(self.end(taker)[0], "taken")
        out, err = self.end(first)  # it has waited for another attempt, and there is none
        self.assertEqual(out, "taken")
        self.assertIn("is wanted by somebody of higher priority; stopping COMMAND", err)
        self.assertEqual(self.task("t")["attempt"], 1)

    def test_what_is_said_differently_is_a_conflict(self):
        self.run_task("f", "t", "--first", "--timeout", "5s", "true")
        err = self.run_task("f", "t", "--timeout", "6s", "true", status=1).stderr
        self.assertIn("CONFLICT", err)
        err = self.run_task("f", "u", "--after", "u", "true", status=1).stderr
        self.assertIn("CONFLICT", err)

    def test_wrong_words_are_refused(self):
        for words in (["--when", "never"], ["--on-dead", "wait"], ["--backoff", "5"],
                      ["--backoff", "1s,x"], ["--deadline", "31d"], ["--first", "--after", "a"]):
            self.run_task("f", "t", *words, "true", status=64)
        self.run_cli("task", "f", "t", status=64)
        self.run_cli("work", "t", status=64)


class WorkTest(FlowCase):
    def add(self, flow, task="t", *options):
        self.run_cli("call", "TASK.ADD", flow, task, *options)

    def test_a_worker_takes_one_task_after_another_until_it_is_stopped(self):
        for flow in ("f/1", "f/2", "g/1"):
            self.add(flow, "t", "INPUT", flow)
        log = self.folder / "done"
        worker = self.start_cli("work", "t", "other", "--flows", "f/", "--", "sh", "-c",
                                f'echo "$TURNSTILE_INPUT" >>{log}; printf "$TURNSTILE_FLOW"')
        self.add("f/3", "other", "INPUT", "f/3")
        eventually("all are done", lambda: log.exists() and len(log.read_text().split()) == 3)
        worker.send_signal(signal.SIGTERM)
        self.end(worker, -signal.SIGTERM)
        self.assertEqual(sorted(log.read_text().split()), ["f/1", "f/2", "f/3"])
        self.assertEqual(self.task("t", "g/1")["state"], "ready")

    def test_once_takes_one_and_a_try_finds_none(self):
        self.run_cli("work", "t", "--once", "--wait", "0", "--", "true", status=75)
        self.add("f/1")
        self.run_cli("work", "t", "--once", "--wait", "0", "--", "sh", "-c", "exit 4", status=4)
        self.assertEqual(self.task("t", "f/1")["state"], "failed")
        self.run_cli("work", "t", "--wait", "0", "--", "true", status=75)

    def test_a_failure_does_not_end_the_worker(self):
        self.add("f/1")
        self.add("f/2")
        self.run_cli("work", "t", "--wait", "1ms", "--", "false", status=75)
        self.assertEqual(self.task("t", "f/1")["state"], "failed")
        self.assertEqual(self.task("t", "f/2")["state"], "failed")

    def test_a_worker_prints_a_line_for_each_attempt(self):
        self.add("f/1", "t", "INPUT", "0", "BACKOFF", "0")
        self.add("f/2", "t", "INPUT", "3")
        script = ('[ "$TURNSTILE_ATTEMPT$TURNSTILE_INPUT" = 10 ] && { echo busy >&2; exit 75; }; '
                  'echo no money >&2; printf result; exit "$TURNSTILE_INPUT"')
        lines = self.run_cli("work", "t", "--wait", "1ms", "--", "sh", "-c", script,
                             status=75).stdout.splitlines()
        time = r"after [\dms.]+"
        self.assertEqual(len(lines), 3, lines)
        self.assertRegex(lines[0], rf"^f/1 t, attempt 1: to be tried again {time}: busy$")
        self.assertRegex(lines[1], rf"^f/1 t, attempt 2: completed {time}, 6 bytes$")
        self.assertRegex(lines[2], rf"^f/2 t, attempt 1: failed {time}: no money$")

    def test_a_worker_prints_lines_of_json_at_once(self):
        self.add("f/1", "t", "INPUT", "x")
        worker = self.start_cli("work", "t", "--json", "--", "sh", "-c", "printf four")
        line = json.loads(worker.stdout.readline())  # though it goes on
        self.assertEqual({k: line[k] for k in ("flow", "task", "attempt", "outcome", "status",
                                               "result_bytes")},
                         {"flow": "f/1", "task": "t", "attempt": 1, "outcome": "completed",
                          "status": 0, "result_bytes": 4})
        self.assertGreater(line["token"], 0)
        self.assertGreaterEqual(line["took"], 0)
        worker.send_signal(signal.SIGTERM)
        self.end(worker, -signal.SIGTERM)

    def test_a_worker_whose_command_is_missing_ends(self):
        self.add("f/1")
        self.run_cli("work", "t", "--", "no-such-command", status=127)
        self.assertEqual(self.task("t", "f/1")["state"], "ready")

    def test_commands_of_workers_do_not_read_the_workers_input(self):
        self.add("f/1")
        worker = self.start_cli("work", "t", "--once", "--", "cat")
        self.end(worker)  # it did not wait for the input that is still open
        self.assertEqual(self.task("t", "f/1")["result_bytes"], 0)


class FlowTest(FlowCase):
    def test_a_flow_is_drawn_as_a_tree(self):
        self.run_task("f", "reserve", "--first", "printf 700")
        self.run_cli("call", "TASK.ADD", "f", "capture", "AFTER", "1", "reserve")
        self.run_cli("call", "TASK.ADD", "f", "notify", "AFTER", "2", "reserve", "capture")
        gate = self.folder / "gate"
        os.mkfifo(gate)
        runner = self.start_task("f", "capture", "--note", "rush",
                                 f"echo running 1 $$ >&2; cat {gate}")
        self.running(runner)
        lines = self.run_cli("flow", "f").stdout.splitlines()
        self.assertRegex(lines[0], r"^f is running, since \d{4}-")
        self.assertEqual(lines[1], "3 tasks: 1 completed, 1 running, 1 pending")
        self.assertRegex(lines[4], r"^reserve +completed +\S+ +1 of 5 +took \S+, 3 bytes$")
        self.assertRegex(lines[5], r"^├─ capture +running +\S+ +1 of 5 +"
                                   r"by sh@\S+ \(session \d+\): rush$")
        self.assertRegex(lines[6], r"^└─ notify +pending +\S+ +"
                                   r"waits for capture; also after capture$")
        gate.write_text("700")
        self.assertEqual(self.end(runner)[0], "700")

    def test_flows_are_listed(self):
        self.assertIn("no such flow", self.run_cli("flows").stderr)
        self.run_task("p/1", "t", "--first", "true")
        self.run_cli("call", "TASK.ADD", "p/2", "t")
        heading, first, second = self.run_cli("flows", "p/").stdout.splitlines()
        self.assertEqual(heading.split(), ["FLOW", "STATE", "SINCE", "TASKS", "ENDED", "READY"])
        self.assertRegex(first, r"^p/1 +ended ")
        self.assertRegex(second, r"^p/2 +running ")
        flows = json.loads(self.run_cli("flows", "--json").stdout)
        self.assertEqual([(f["flow"], f["tasks"], f["ended"]) for f in flows],
                         [("p/1", 1, 1), ("p/2", 1, 0)])
        self.assertEqual(len(json.loads(self.run_cli("flows", "--json", "--limit", "1").stdout)), 1)
        self.run_cli("flow", "unknown", status=1)

    def test_a_flow_is_cancelled_or_closed_after_asking(self):
        self.run_cli("call", "TASK.ADD", "f", "a")
        self.run_cli("call", "TASK.ADD", "f", "b", "AFTER", "1", "later")
        err = self.run_cli("flow", "f", "--cancel", status=64).stderr
        self.assertIn("  a is ready\n", err)
        self.assertEqual(self.run_cli("flow", "f", "--close", "--yes").stdout, "closed\n")
        self.assertEqual(self.task("later")["state"], "skipped")
        self.assertIn("CONFLICT", self.run_task("f", "c", "true", status=1).stderr)
        self.run_cli("flow", "f", "--cancel", "--close", status=64)
        self.run_cli("flow", "f", "--cancel", "--reason", "test", "--yes")
        self.run_cli("flow", "f", status=1)  # closed and ended, it is forgotten

    def test_why_follows_the_chain(self):
        runner = self.start_task("f", "a", "--first", "--note", "rush", HOLDER)
        self.running(runner)
        self.run_cli("call", "TASK.ADD", "f", "b", "AFTER", "1", "a")
        self.run_cli("call", "TASK.ADD", "f", "c", "AFTER", "1", "b")
        lines = self.run_cli("why", "f", "c").stdout.splitlines()
        self.assertEqual(len(lines), 3, lines)
        self.assertIn('"a" is run by', lines[-1])
        answer = json.loads(self.run_cli("why", "f", "c", "--json").stdout)
        self.assertEqual((answer["state"], len(answer["why"])), ("pending", 3))
        self.run_cli("why", "f", "unknown", status=1)
        self.end(runner)


class UsageTest(CliTest):
    def test_help_is_everywhere_and_has_examples(self):
        for arguments in (["task"], ["work"], ["flow"], ["flows"], ["why"], ["redrive"], ["cancel"],
                          ["event"], ["event", "set"], ["event", "wait"], ["event", "reset"],
                          ["latch"], ["latch", "set"], ["latch", "down"], ["latch", "wait"],
                          ["barrier"]):
            out = self.run_cli(*arguments, "--help").stdout
            self.assertIn("Usage: " + " ".join(["turnstile", *arguments]), out)
            self.assertIn("Examples:\n  turnstile ", out)
            self.assertIn("79  the task has ended", out)


class SignalTest(FlowCase):
    def test_an_event_is_waited_for_and_set(self):
        waiter = self.start_cli("event", "wait", "cut-off")
        eventually("it waits", lambda: json.loads(
            self.run_cli("call", "--json", "EVENT.INFO", "cut-off").stdout)["waiting"] == 1)
        generation = int(self.run_cli("event", "set", "cut-off", "2026-11-25").stdout)
        self.assertEqual(self.end(waiter)[0], f"{generation} 2026-11-25\n")
        out = self.run_cli("event", "wait", "cut-off", "--wait", "0").stdout
        self.assertEqual(out, f"{generation} 2026-11-25\n")
        self.run_cli("event", "wait", "cut-off", "--after", generation, "--wait", "0", status=75)
        self.assertEqual(self.run_cli("event", "reset", "cut-off").stdout, "reset\n")
        self.run_cli("event", "wait", "cut-off", "--wait", "1ms", status=75)
        self.run_cli("event", "set", "cut-off", "--auto", status=1)

    def test_a_latch_opens_when_all_have_counted(self):
        self.run_cli("latch", "set", "l", "2")
        waiter = self.start_cli("latch", "wait", "l")
        self.assertEqual(self.run_cli("latch", "down", "l", "--as", "a").stdout, "1\n")
        self.assertEqual(self.run_cli("latch", "down", "l", "--as", "a").stdout, "1\n")
        self.run_cli("latch", "wait", "l", "--wait", "0", status=75)
        self.assertEqual(self.run_cli("latch", "down", "l", "--as", "b").stdout, "0\n")
        self.end(waiter)

    def test_a_barrier_lets_all_go_on_together(self):
        first = self.start_cli("barrier", "b", "--parties", "2", "one")
        eventually("it has arrived", lambda: json.loads(
            self.run_cli("call", "--json", "BARRIER.INFO", "b").stdout)["arrived"] == 1)
        out = self.run_cli("barrier", "b", "--parties", "2", "two").stdout
        self.assertEqual(out, "one\ntwo\n")
        self.assertEqual(self.end(first)[0], out)
        self.run_cli("barrier", "b", "--parties", "2", "--wait", "1ms", status=75)

    def test_a_barrier_is_broken_by_a_death(self):
        first = self.start_cli("barrier", "b", "--parties", "3")
        eventually("it has arrived", lambda: json.loads(
            self.run_cli("call", "--json", "BARRIER.INFO", "b").stdout)["arrived"] == 1)
        second = self.start_cli("barrier", "b", "--parties", "3")
        eventually("both have", lambda: json.loads(
            self.run_cli("call", "--json", "BARRIER.INFO", "b").stdout)["arrived"] == 2)
        sessions = json.loads(self.run_cli("sessions", "--json").stdout)
        self.assertEqual(len(sessions), 2)
        second.send_signal(signal.SIGKILL)
        _, err = self.end(first, 1)
        self.assertIn("BROKEN", err)


if __name__ == "__main__":
    unittest.main()
