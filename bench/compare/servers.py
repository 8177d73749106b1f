"""The systems that are compared, as Debian packages them: each is started on the loopback, on free
ports and in a folder of its own, and stopped at the end. Nothing of the machine's own services is
touched. A new system is a subclass of Server, a line in SERVERS, and a client in systems.cc.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 20


def free_ports(count):
    """That nobody uses now. All are held while they are chosen, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Server:
    """One that is started by `command()` and listens on `port`."""

    packages = ()

    def __init__(self, name, folder, binaries):
        self.name = name
        self.folder = Path(folder) / name
        self.turnstile = binaries / "turnstile"
        self.generator = binaries / "turnstile-bench-compare"
        self.port = free_ports(1)[0]
        self.environment = dict(os.environ)
        self.user = None
        self.process = None
        self.others = []  # of a cluster, the processes beside the first

    def prepare(self):
        """Writes what the command needs into the folder, which is new."""

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return listens(self.port)

    def pid(self):
        """Of the process whose processor time counts; 0: of none, for there are several."""
        return 0 if self.others else self.process.pid

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.prepare()
        self.process = self.spawn(self.command(), "log")
        end = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self.name} does not start; its log ends in:\n{log}")
            time.sleep(0.05)

    def spawn(self, command, log):
        with open(self.folder / log, "ab") as stream:
            return subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, user=self.user,
                start_new_session=True)

    def ask(self, line):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"{line}\r\n".encode())
            return connection.recv(1 << 16).decode(errors="replace")

    def start_others(self, commands):
        self.others = [self.spawn(command, f"log{n + 1}") for n, command in enumerate(commands)]

    def stop(self):
        running = [one for one in (self.process, *self.others) if one and one.poll() is None]
        for one in running:
            one.send_signal(signal.SIGTERM)
        for one in running:
            try:
                one.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()


class Turnstile(Server):
    journal = "file"

    def prepare(self):
        (self.folder / "empty.toml").write_text("")

    def command(self):
        return [self.turnstile, "serve", "--listen", f"127.0.0.1:{self.port}",
                "--data", self.folder / "data", "--journal", self.journal,
                "--config", self.folder / "empty.toml", "--log-level", "warning"]


class TurnstileMemory(Turnstile):
    journal = "memory"


class BareMemory(Server):
    """The generator's own lock server without features: what the machine allows."""

    def command(self):
        return [self.generator, "bare", "--port", self.port]


class BareFile(BareMemory):
    def command(self):
        return [*super().command(), "--folder", self.folder]


class Redis(Server):
    """Without snapshots: the append-only file is what is compared, or nothing at all."""

    packages = ("redis-server",)
    appendfsync = None

    def command(self):
        append = ["--appendonly", "no"]
        if self.appendfsync:
            append = ["--appendonly", "yes", "--appendfsync", self.appendfsync]
        return ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--dir", self.folder,
                "--save", "", *append]


class RedisEverysec(Redis):
    appendfsync = "everysec"


class RedisAlways(Redis):
    appendfsync = "always"


class Etcd(Server):
    """With its defaults: every write is synced. The clients speak to the first member."""

    packages = ("etcd-server",)
    count = 1

    def command(self):
        ports = (self.port, *free_ports(self.count - 1))
        peers = [f"http://127.0.0.1:{port}" for port in free_ports(self.count)]
        cluster = ",".join(f"member{n}={peer}" for n, peer in enumerate(peers))
        first, *others = [
            ["etcd", "--name", f"member{n}", "--data-dir", self.folder / f"data{n}",
             "--log-level", "error", "--initial-cluster", cluster,
             "--listen-client-urls", f"http://127.0.0.1:{port}",
             "--advertise-client-urls", f"http://127.0.0.1:{port}",
             "--listen-peer-urls", peers[n], "--initial-advertise-peer-urls", peers[n]]
            for n, port in enumerate(ports)]
        self.start_others(others)
        self.know(ports)
        return first

    def know(self, ports):
        """Those of all members, for clients."""


class EtcdThree(Etcd):
    count = 3
    members = ()  # their ports, for the nodes below

    def know(self, ports):
        EtcdThree.members = ports


class TurnstileThree(Server):
    """Three nodes that share their journal in the etcd above, which runs already; the first leads."""

    def command(self):
        members = ",".join(f"127.0.0.1:{port}" for port in EtcdThree.members)
        (self.folder / "empty.toml").write_text("")
        commands = [
            [self.turnstile, "serve", "--listen", f"127.0.0.1:{port}", "--advertise",
             f"127.0.0.1:{port}", "--journal", f"etcd://{members}/bench",
             "--config", self.folder / "empty.toml", "--log-level", "warning"]
            for port in (self.port, *free_ports(2))]
        self.later = commands[1:]
        return commands[0]

    def is_ready(self):
        """The others come when the first leads, or one of them might."""
        if not super().is_ready() or "role:leader" not in self.ask("INFO"):
            return False
        self.start_others(self.later)
        return True


class Zookeeper(Server):
    """With its defaults: every write is synced; any number of connections. The clients speak to the
    first member."""

    packages = ("zookeeper", "default-jre-headless")
    count = 1

    def command(self):
        ports = free_ports(2 * self.count)
        cluster = [f"server.{n + 1}=127.0.0.1:{ports[2 * n]}:{ports[2 * n + 1]}\n"
                   for n in range(self.count)]
        first, *others = [self.member(n, port, "".join(cluster) if self.count > 1 else "")
                          for n, port in enumerate((self.port, *free_ports(self.count - 1)))]
        self.start_others(others)
        return first

    def member(self, n, port, cluster):
        home = self.folder / f"member{n}"
        (home / "data").mkdir(parents=True)
        (home / "data" / "myid").write_text(str(n + 1))
        (home / "zoo.cfg").write_text(
            f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home}/data\nclientPort={port}\n"
            "clientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n" + cluster)
        return ["java", "-cp", f"{home}:/usr/share/java/zookeeper.jar",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", home / "zoo.cfg"]

    def is_ready(self):
        return super().is_ready() and "Mode:" in self.ask("srvr")


class ZookeeperThree(Zookeeper):
    count = 3


class Postgres(Server):
    """As initdb leaves it. It refuses to run as root, and then runs as its package's user."""

    packages = ("postgresql-15",)
    programs = Path("/usr/lib/postgresql/15/bin")

    def prepare(self):
        if os.geteuid() == 0:
            self.user = "postgres"
            shutil.chown(self.folder, "postgres")
        self.environment["LC_ALL"] = "C"
        made = self.spawn([self.programs / "initdb", "-D", self.folder / "data", "-U", "postgres",
                           "-A", "trust"], "log").wait()
        if made != 0:
            raise RuntimeError(f"initdb failed; see {self.folder}/log")

    def pid(self):
        return 0  # a process for each connection: none of them is the server

    def command(self):
        return [self.programs / "postgres", "-D", self.folder / "data", "-p", self.port,
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]


class Rabbitmq(Server):
    """No plugins; its schedulers do not wait busily, which would take the clients' processors."""

    packages = ("rabbitmq-server",)

    def prepare(self):
        epmd, distribution = free_ports(2)
        (self.folder / "enabled_plugins").write_text("[].\n")
        self.environment |= {
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(epmd),
            "RABBITMQ_NODENAME": "turnstile-bench@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
                "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # In the foreground, or the first node would start one that stays.
        self.epmd = self.spawn(["epmd", "-port", epmd, "-address", "127.0.0.1"], "epmd.log")

    def command(self):
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def pid(self):
        return int((self.folder / "pid").read_text())

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            try:
                os.kill(self.pid(), signal.SIGTERM)
            except (OSError, ValueError):
                pass
        super().stop()
        self.epmd.terminate()
        self.epmd.wait()


class NoServer(Server):
    """Those who work have all they need."""

    def start(self):
        pass

    def pid(self):
        return 0

    def stop(self):
        pass


class Zeromq(NoServer):
    """The processes of the rings listen, from this port on."""

    def start(self):
        self.port = 21_000


SERVERS = {
    "turnstile-file": Turnstile,
    "turnstile-memory": TurnstileMemory,
    "bare-file": BareFile,
    "bare-memory": BareMemory,
    "redis-none": Redis,
    "redis-everysec": RedisEverysec,
    "redis-always": RedisAlways,
    "etcd": Etcd,
    "zookeeper": Zookeeper,
    "postgres": Postgres,
    "rabbitmq": Rabbitmq,
    "none": NoServer,
    "zeromq": Zeromq,
    "etcd-three": EtcdThree,
    "zookeeper-three": ZookeeperThree,
    "turnstile-three": TurnstileThree,
}
