#!/usr/bin/env python3
"""A node reaches an etcd that wants TLS, a certificate of the client's, and a user with a password
who may touch the keys of one prefix only."""
import pathlib
import subprocess
import tempfile
import time
import unittest

import turnstile_cluster
from turnstile_cluster import Loopback, Node, Process
from turnstile_server import BINARY

PASSWORD = "correct horse"


def make_certificates(folder):
    """ca.pem, and server.* and client.* signed by it."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=test authority")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile", "names")


@unittest.skipUnless(turnstile_cluster.is_possible(), "needs etcd, and a turnstile built with it")
class ClusterAccessTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="turnstile-access-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        make_certificates(self.folder)
        [self.place] = Loopback.places(1)
        peer = self.place.peer_port
        self.endpoint = f"127.0.0.1:{self.place.client_port}"
        etcd = Process(self.place, [
            "etcd", "--data-dir", str(self.folder / "etcd"),
            "--listen-client-urls", f"https://{self.endpoint}",
            "--advertise-client-urls", f"https://{self.endpoint}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"default=http://127.0.0.1:{peer}",
            "--cert-file", str(self.folder / "server.pem"),
            "--key-file", str(self.folder / "server.key"), "--client-cert-auth",
            "--trusted-ca-file", str(self.folder / "ca.pem")], self.folder / "etcd.log")
        etcd.start()
        self.addCleanup(etcd.kill)
        for words in (["put", "awake", "1"], ["user", "add", "root:root"],
                      ["user", "add", f"turnstile:{PASSWORD}"], ["role", "add", "locks"],
                      ["role", "grant-permission", "locks", "--prefix=true", "readwrite", "locks/"],
                      ["user", "grant-role", "turnstile", "locks"],
                      ["user", "grant-role", "root", "root"], ["auth", "enable"]):
            self.etcdctl(*words)

    def etcdctl(self, *words):
        command = ["etcdctl", "--endpoints", f"https://{self.endpoint}", "--cacert", "ca.pem",
                   "--cert", "client.pem", "--key", "client.key", *words]
        deadline = time.monotonic() + 60
        while subprocess.run(command, cwd=self.folder, capture_output=True,
                             check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"etcdctl {words} does not succeed")
            time.sleep(0.1)

    def node(self, prefix="locks", password=PASSWORD):
        (self.folder / "password").write_text(password + "\n")
        (self.folder / "turnstile.toml").write_text(f"""
listen = ["127.0.0.1:{self.place.port}"]
journal = "etcd://{self.endpoint}/{prefix}"
[etcd]
ca = "{self.folder}/ca.pem"
certificate = "{self.folder}/client.pem"
key = "{self.folder}/client.key"
user = "turnstile"
password_file = "{self.folder}/password"
""")
        node = Node(self.place, [BINARY, "serve", "--config", str(self.folder / "turnstile.toml")],
                    self.folder / "node.log")
        node.start()
        self.addCleanup(node.kill)
        return node

    def test_it_is_let_in(self):
        node = self.node()
        deadline = time.monotonic() + 60
        while not isinstance(node.ask("LOCK.ACQUIRE", "a", "LEASE", 60000), dict):
            self.assertLess(time.monotonic(), deadline, node.read_log())
            time.sleep(0.02)
        self.assertEqual(node.info()["role"], "leader")

    def test_what_etcd_refuses_is_said_and_ends_it(self):
        for settings, why in (({"prefix": "elsewhere"}, "permission denied"),
                              ({"password": "guess"}, "authentication failed")):
            node = self.node(**settings)
            self.assertEqual(node.child.wait(timeout=60), 78, node.read_log())
            self.assertIn(why, node.read_log())


if __name__ == "__main__":
    unittest.main()
