#!/usr/bin/env python3
"""A payment under a lock, from Python, with redis-py as it is.

    TURNSTILE_PORT=7420 examples/python/lock.py

Takes two accounts at once, shows the token to the database before it reads and again
before it writes, and gives the accounts back. The database refuses the token of whoever
lost the lock without noticing; see docs/fencing.md.
"""

import os
import sqlite3
from pathlib import Path

import redis

FENCE = Path(__file__).resolve().parent.parent / "payments" / "fence.sql"


def as_map(reply):
    """RESP2 has no maps: they come as key, value, key, value."""
    return dict(zip(reply[::2], reply[1::2]))


def open_bank():
    bank = sqlite3.connect(":memory:", isolation_level=None)
    bank.executescript(FENCE.read_text())
    bank.execute("CREATE TABLE accounts (id TEXT PRIMARY KEY, balance INTEGER)")
    bank.execute("INSERT INTO accounts VALUES ('account/1', 1000), ('account/2', 0)")
    return bank


def assert_fence(bank, keys, token):
    bank.executemany("INSERT INTO assert_fence VALUES (?, ?)", [(key, token) for key in keys])


def transfer(bank, debtor, creditor, amount, token):
    bank.execute("BEGIN IMMEDIATE")
    assert_fence(bank, (debtor, creditor), token)
    balances = dict(bank.execute("SELECT id, balance FROM accounts"))
    bank.execute("COMMIT")
    # … whatever takes its time: limits, fees, screening …
    bank.execute("BEGIN IMMEDIATE")
    assert_fence(bank, (debtor, creditor), token)
    bank.execute("UPDATE accounts SET balance = ? WHERE id = ?", (balances[debtor] - amount, debtor))
    bank.execute("UPDATE accounts SET balance = ? WHERE id = ?",
                 (balances[creditor] + amount, creditor))
    bank.execute("COMMIT")


def main():
    # One connection, so that the session it opens speaks for all its commands. With a
    # pool, put SESSION id secret at the end of each command instead.
    locks = redis.Redis(port=int(os.environ.get("TURNSTILE_PORT", 7420)),
                        single_connection_client=True, decode_responses=True)
    bank = open_bank()

    session = as_map(locks.execute_command("SESSION.OPEN", "TTL", 10_000, "NAME", "lock.py"))
    print("session", session["id"])
    try:
        grant = as_map(locks.execute_command(
            "LOCK.ACQUIRE", "account/1", "AND", "account/2", "WAIT", 5_000, "NOTE", "invoice 42"))
    except redis.ResponseError as error:
        raise SystemExit(f"not granted: {error}")  # BUSY …, DEADLOCK …: never a None
    token = int(grant["token"])
    print("token", token, "after", grant["waited"], "ms")

    transfer(bank, "account/1", "account/2", 250, token)
    print(dict(bank.execute("SELECT id, balance FROM accounts")))
    print("released", locks.execute_command("LOCK.RELEASE", "account/1", token))

    try:
        assert_fence(bank, ["account/1"], token - 1)
    except sqlite3.IntegrityError as error:
        print("an older token is refused:", error)
    locks.execute_command("SESSION.CLOSE")


if __name__ == "__main__":
    main()
