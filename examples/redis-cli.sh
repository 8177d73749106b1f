#!/bin/sh
# A lock from the shell, with nothing but redis-cli: TURNSTILE_PORT is the server's port.
#
# Each call is a connection of its own, so there is no session: the lock lasts for its
# LEASE, or until it is released. Where a command is to run under a lock, `turnstile lock
# KEY -- COMMAND` is better: it keeps a session alive and stops the command if it is lost.
set -eu
turnstile() { redis-cli -e -p "${TURNSTILE_PORT:-7420}" "$@"; }

granted=$(turnstile LOCK.ACQUIRE account/1 AND account/2 WAIT 5000 LEASE 30000 NOTE "month end")
token=$(echo "$granted" | sed -n '/^token$/{n;p;}')
turnstile LOCK.CHECK account/1 "$token"
turnstile LOCK.INFO account/2
turnstile LOCK.RELEASE account/1 "$token"
