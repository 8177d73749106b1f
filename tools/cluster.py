#!/usr/bin/env python3
"""Three members of etcd and three nodes of Turnstile on loopback, to play with.

    tools/cluster.py TURNSTILE

Prints who leads whenever that changes. Kill a node by its process id and see; it is started again
after three seconds. Ctrl-C ends all. What was stored goes with the folder, which is temporary.
"""
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ETCD_PORTS = [(23791, 23801), (23792, 23802), (23793, 23803)]
NODE_PORTS = [7431, 7432, 7433]
RESTART_AFTER = 3


def start(command, log):
    with open(log, "ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)


def etcd_commands(folder):
    everyone = ",".join(f"m{n}=http://127.0.0.1:{peer}" for n, (_, peer) in enumerate(ETCD_PORTS))
    for n, (client, peer) in enumerate(ETCD_PORTS):
        yield ["etcd", "--name", f"m{n}", "--data-dir", str(folder / f"etcd-{n}"),
               "--listen-client-urls", f"http://127.0.0.1:{client}",
               "--advertise-client-urls", f"http://127.0.0.1:{client}",
               "--listen-peer-urls", f"http://127.0.0.1:{peer}",
               "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
               "--initial-cluster", everyone]


def node_commands(turnstile):
    members = ",".join(f"127.0.0.1:{client}" for client, _ in ETCD_PORTS)
    for port in NODE_PORTS:
        yield [turnstile, "serve", "--listen", f"127.0.0.1:{port}", "--journal",
               f"etcd://{members}/turnstile"]


def epoch_of(port):
    """The epoch in which the node leads, or 0."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(b"CLUSTER EPOCH\r\n")
            answer = connection.makefile("rb").readline()
            return int(answer[1:]) if answer.startswith(b":") else 0
    except (OSError, ValueError):
        return 0


def watch(nodes, logs):
    leader = None
    dead_since = {}
    while True:
        time.sleep(0.2)
        now = [(port, epoch) for port in NODE_PORTS if (epoch := epoch_of(port))]
        if now and now != leader:
            port, epoch = now[-1]
            process = nodes[NODE_PORTS.index(port)]
            print(f"127.0.0.1:{port} leads in epoch {epoch} (process {process.pid})", flush=True)
            leader = now
        for n, process in enumerate(nodes):
            if process.poll() is None:
                continue
            since = dead_since.setdefault(n, time.monotonic())
            if time.monotonic() - since >= RESTART_AFTER:
                del dead_since[n]
                nodes[n] = start(process.args, logs[n])
                print(f"127.0.0.1:{NODE_PORTS[n]} starts again (process {nodes[n].pid})",
                      flush=True)


def main(arguments):
    if len(arguments) != 1 or shutil.which("etcd") is None:
        print(__doc__ if len(arguments) != 1 else "cluster.py: etcd is not installed",
              file=sys.stderr)
        return 2
    # A plain kill ends all as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    etcds, nodes = [], []
    with tempfile.TemporaryDirectory(prefix="turnstile-cluster-") as name:
        folder = pathlib.Path(name)
        logs = [folder / f"node-{n}.log" for n in range(len(NODE_PORTS))]
        try:
            for n, command in enumerate(etcd_commands(folder)):
                etcds.append(start(command, folder / f"etcd-{n}.log"))
            for command, log in zip(node_commands(arguments[0]), logs):
                nodes.append(start(command, log))
            urls = ",".join(f"127.0.0.1:{port}" for port in NODE_PORTS)
            print(f"logs are in {folder}\nexport TURNSTILE_URL=turnstile://{urls}", flush=True)
            watch(nodes, logs)
        except KeyboardInterrupt:
            print()
        finally:
            for process in nodes + etcds:
                process.terminate()
            for process in nodes + etcds:
                process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
