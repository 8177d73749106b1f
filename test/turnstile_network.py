"""A network of hosts on this machine, whose packets are lost or late at a test's wish.

    with Network() as network:
        a, b = network.places(2)            # turnstile_cluster.Place: addresses, and how to go there
        network.cut([a], [b])               # nothing passes between them, in either direction
        network.cut([a], [b], both=False)   # what a sends to b is lost, what b sends arrives
        network.slow([a], [b], delay=0.02, jitter=0.01, loss=0.02)
        network.heal()

Each host is a network namespace with one interface, a TUN device. Its other end is held by a
process of our own, the wire: it reads each packet and passes it on, at once, later or never. So
no bridge is needed, no netem and no firewall, which not every kernel has. The test itself moves
to a host of its own for as long as the network lasts, and can reach all others.

The namespaces have no names, and are gone with the last process in them. Addresses are of
127.77.0.0/24, routed between hosts: servers that listen on loopback only need not know.
"""
import ctypes
import errno
import fcntl
import heapq
import multiprocessing
import os
import pathlib
import random
import select
import shutil
import signal
import struct
import subprocess
import time

from turnstile_cluster import Place

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
LIBC = ctypes.CDLL(None, use_errno=True)

SETTINGS = """link set lo up
addr del 127.0.0.1/8 dev lo
addr add 127.0.0.1/32 dev lo
link set wire mtu 9000 txqueuelen 10000 up
addr add {ip}/24 dev wire
"""
PACKETS_A_TURN = 64  # of one host, before the others have their turn


def check_call(result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def this_namespace():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def enter(namespace):
    check_call(LIBC.setns(namespace, CLONE_NEWNET))


def is_possible():
    """Whether this process may make namespaces and devices in them."""
    if shutil.which("ip") is None or not os.path.exists("/dev/net/tun"):
        return False
    try:
        with Network() as network:
            network.places(1)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class Host:
    """A namespace, and the wire's end of its interface."""

    def __init__(self, number):
        self.number = number
        self.ip = f"127.77.0.{number}"
        check_call(LIBC.unshare(CLONE_NEWNET))
        self.namespace = this_namespace()
        self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH", b"wire", IFF_TUN_NO_PI))
        subprocess.run(["ip", "-batch", "-"], input=SETTINGS.format(ip=self.ip), text=True,
                       check=True, capture_output=True)
        for name in ("all", "wire"):
            folder = pathlib.Path("/proc/sys/net/ipv4/conf", name)
            (folder / "route_localnet").write_text("1")  # 127.77.0.0/24 leaves the host
            (folder / "rp_filter").write_text("0")

    def close(self):
        os.close(self.device)
        os.close(self.namespace)

    def move_in(self):
        """For a child process, before it becomes what it is to be."""
        enter(self.namespace)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Wire:
    """Runs in a process of its own. `rules`: (from, to) -> (delay, jitter, loss); a loss of 1 is a
    cut. Who is not among them is not disturbed."""

    def __init__(self, hosts, pipe):
        self.pipe = pipe
        self.hosts = {host.number: host.device for host in hosts}
        self.numbers = {host.device: host.number for host in hosts}
        self.rules = {}
        self.late = []  # a heap of (when it is due, count, to, packet)
        self.count = 0
        self.chance = random.Random(77)

    def run(self):
        poller = select.poll()
        for descriptor in [self.pipe.fileno(), *self.numbers]:
            poller.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(self._patience_ms()):
                if descriptor in self.numbers:
                    self._carry_from(descriptor)
                elif not self._obey():
                    return
            now = time.monotonic()
            while self.late and self.late[0][0] <= now:
                _, _, receiver, packet = heapq.heappop(self.late)
                self._deliver(receiver, packet)

    def _patience_ms(self):
        if not self.late:
            return None
        return max(0, round(1000 * (self.late[0][0] - time.monotonic())))

    def _obey(self):
        """False: the test has ended."""
        try:
            self.rules = self.pipe.recv()
        except EOFError:
            return False
        self.pipe.send("done")
        return True

    def _carry_from(self, device):
        sender = self.numbers[device]
        for _ in range(PACKETS_A_TURN):
            try:
                packet = os.read(device, 65536)
            except BlockingIOError:
                return
            receiver = packet[19]  # the last byte of its address
            if packet[0] >> 4 != 4 or receiver not in self.hosts:
                continue
            rule = self.rules.get((sender, receiver))
            if rule is None:
                self._deliver(receiver, packet)
                continue
            delay, jitter, loss = rule
            if self.chance.random() >= loss:
                due = time.monotonic() + delay + self.chance.uniform(-jitter, jitter)
                self.count += 1
                heapq.heappush(self.late, (due, self.count, receiver, packet))

    def _deliver(self, receiver, packet):
        try:
            os.write(self.hosts[receiver], packet)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.EIO):
                raise  # these are a full queue, and a loss like any other


def run_wire(hosts, pipe):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the test
    Wire(hosts, pipe).run()


class Network:
    """Use it as a context manager, from the main thread."""

    HOSTS = 7

    def __enter__(self):
        self.home = this_namespace()
        self.hosts = []
        self.rules = {}
        try:
            for number in range(1, self.HOSTS + 1):
                self.hosts.append(Host(number))
            context = multiprocessing.get_context("fork")
            self.pipe, theirs = context.Pipe()
            self.process = context.Process(target=run_wire, args=(self.hosts, theirs), daemon=True)
            self.process.start()
            theirs.close()
        except BaseException:
            self._leave()
            raise
        self.here = self.hosts[-1]  # the last one made is where this process is now
        self.free = self.hosts[:-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()
        self.pipe.close()
        self._leave()

    def _leave(self):
        enter(self.home)
        os.close(self.home)
        for host in self.hosts:
            host.close()

    def places(self, count):
        """As many hosts that nobody has yet."""
        taken, self.free = self.free[:count], self.free[count:]
        return [Place(host.ip, 7420, 2379, 2380, host.move_in) for host in taken]

    def here_as_place(self):
        """Where the test is."""
        return Place(self.here.ip)

    def cut(self, these, those, both=True):
        self.slow(these, those, loss=1, both=both)

    def slow(self, these, those, delay=0, jitter=0, loss=0, both=True):
        for one in these:
            for other in those:
                a, b = (int(place.ip.rsplit(".", 1)[1]) for place in (one, other))
                self.rules[a, b] = (delay, jitter, loss)
                if both:
                    self.rules[b, a] = (delay, jitter, loss)
        self._tell()

    def split(self, *sides):
        """Nothing passes from one side to another."""
        for n, side in enumerate(sides):
            for other in sides[n + 1:]:
                self.cut(side, other)

    def heal(self):
        self.rules = {}
        self._tell()

    def _tell(self):
        self.pipe.send(self.rules)
        self.pipe.recv()
