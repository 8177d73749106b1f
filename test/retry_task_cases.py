"""The commands on tasks and signals that retry_test.py says twice."""


def task(world, name):
    """How the flow describes one of its tasks."""
    tasks = world.other.call("FLOW.INFO", world.name)["tasks"]
    return next(row for row in tasks if row["task"] == name)


def add_cases(case):
    """Each under @case, as retry_test.py explains."""

    @case("TASK.ADD")
    def add(world):
        yield "TASK.ADD", world.name, "a"
        world.other.call("TASK.CANCEL", world.name, "a")
        yield
        assert task(world, "a")["state"] == "cancelled", "declared anew"

    @case("TASK.JOIN")
    def join(world):
        yield "TASK.JOIN", world.name, "a"
        yield
        assert task(world, "a")["attempt"] == 1, "two attempts"

    @case("TASK.JOIN", again="LOST")
    def join_of_what_was_given_back(world):
        attempt = yield "TASK.JOIN", world.name, "a"
        world.caller.call("TASK.RELEASE", world.name, "a", attempt["token"])
        yield
        assert task(world, "a")["state"] == "ready", "a second attempt"

    @case("TASK.TAKE")
    def take(world):
        world.other.call("TASK.ADD", world.name, world.name)
        yield "TASK.TAKE", 1, world.name
        world.other.call("TASK.ADD", world.name + "/later", world.name)
        yield
        rows = world.other.call("FLOW.INFO", world.name + "/later")["tasks"]
        assert rows[0]["state"] == "ready", "took another"

    @case("TASK.COMPLETE")
    def complete(world):
        token = world.caller.call("TASK.JOIN", world.name, "a")["token"]
        yield "TASK.COMPLETE", world.name, "a", token, "result"
        yield
        assert world.other.call("TASK.RESULT", world.name, "a")["result"] == "result"

    @case("TASK.FAIL")
    def fail(world):
        token = world.caller.call("TASK.JOIN", world.name, "a", "BACKOFF", 0)["token"]
        yield "TASK.FAIL", world.name, "a", token, "busy", "RETRY"
        world.other.call("TASK.JOIN", world.name, "a")
        yield
        assert task(world, "a")["state"] == "running", "took it from another"

    @case("TASK.RELEASE")
    def release(world):
        token = world.caller.call("TASK.JOIN", world.name, "a")["token"]
        yield "TASK.RELEASE", world.name, "a", token
        world.other.call("TASK.JOIN", world.name, "a")
        yield
        assert task(world, "a")["state"] == "running", "took it from another"

    @case("TASK.EXTEND")
    def extend(world):
        token = world.caller.call("TASK.JOIN", world.name, "a")["token"]
        yield "TASK.EXTEND", world.name, "a", token, 3000000
        world.caller.call("TASK.EXTEND", world.name, "a", token, 300000)
        yield
        assert task(world, "a")["lease"] <= 300000, "extended twice"

    @case("TASK.RESULT")
    def result(world):
        token = world.other.call("TASK.JOIN", world.name, "a")["token"]
        world.other.call("TASK.COMPLETE", world.name, "a", token, "result")
        yield "TASK.RESULT", world.name, "a"
        yield  # it takes nothing away

    @case("TASK.CANCEL")
    def cancel_task(world):
        yield "TASK.CANCEL", world.name, "a"
        world.other.call("TASK.JOIN", world.name, "a")
        yield
        assert task(world, "a")["state"] == "running", "cancelled what came later"

    @case("TASK.REDRIVE")
    def redrive(world):
        yield "TASK.REDRIVE", world.name, "a"
        world.other.call("TASK.ADD", world.name, "a")
        yield
        assert task(world, "a")["state"] == "ready"

    @case("FLOW.CANCEL")
    def cancel_flow(world):
        yield "FLOW.CANCEL", world.name
        world.other.call("TASK.JOIN", world.name, "a")
        yield
        assert task(world, "a")["state"] == "running", "cancelled what came later"

    @case("FLOW.CLOSE")
    def close_flow(world):
        yield "FLOW.CLOSE", world.name
        world.other.call("TASK.ADD", world.name, "a")
        yield
        assert not world.other.call("FLOW.INFO", world.name)["closed"], "closed what came later"

    @case("EVENT.SET")
    def set_event(world):
        yield "EVENT.SET", world.name, "x"
        world.other.call("EVENT.RESET", world.name)
        yield
        assert world.other.call("EVENT.INFO", world.name)["state"] == "reset", "set twice"

    @case("EVENT.RESET")
    def reset_event(world):
        world.other.call("EVENT.SET", world.name)
        yield "EVENT.RESET", world.name
        world.other.call("EVENT.SET", world.name)
        yield
        assert world.other.call("EVENT.INFO", world.name)["state"] == "set", "reset twice"

    @case("EVENT.WAIT")
    def wait_for_event(world):
        world.other.call("EVENT.SET", world.name, "x", "AUTO")
        yield "EVENT.WAIT", world.name
        yield
        assert world.other.call("EVENT.INFO", world.name)["state"] == "reset"

    @case("BARRIER.ARRIVE")
    def arrive(world):
        yield "BARRIER.ARRIVE", world.name, "PARTIES", 1
        yield
        assert world.other.call("BARRIER.INFO", world.name)["arrived"] == 0

    @case("LATCH.SET")
    def set_latch(world):
        yield "LATCH.SET", world.name, 1
        world.other.call("LATCH.COUNTDOWN", world.name)
        yield
        assert world.other.call("LATCH.INFO", world.name)["state"] == "open", "set twice"

    @case("LATCH.COUNTDOWN")
    def count_down(world):
        world.other.call("LATCH.SET", world.name, 3)
        yield "LATCH.COUNTDOWN", world.name
        yield
        assert world.other.call("LATCH.INFO", world.name)["left"] == 2, "counted twice"

    @case("LATCH.WAIT")
    def wait_for_latch(world):
        world.other.call("LATCH.SET", world.name, 0)
        yield "LATCH.WAIT", world.name
        yield  # it takes nothing away
