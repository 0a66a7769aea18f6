"""Three real nodes behind a real load balancer with the configuration that we ship, and what must hold there.

Usage: check_balancer.py haproxy|nginx BINARY. Of the environment: IDLE, how many seconds a WebSocket is silent (5);
CLUSTER=1 for nodes of one cluster on the services of scripts/with-services.sh, else each has a database of its own.
Everything that differs from what we ship is in `HaProxy.config` and `Nginx.config`.
"""

import base64
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
IDLE = float(os.environ.get("IDLE", 5))
PASSWORD = "correct horse battery"
# A dead node is out within this.
OUT_WITHIN = 5.0
# Of certificates that we made a moment ago there is nothing to doubt.
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE


def free_port():
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not in {seconds} s: {what}")
        time.sleep(0.05)


class Process:
    def __init__(self, folder, name):
        self.log, self.name, self.process = folder / f"{name}.log", name, None

    def run(self, command, **environment):
        with open(self.log, "ab") as log:
            environment = {**os.environ, **environment}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def end(self, sig=signal.SIGTERM, seconds=20):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(sig)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Node(Process):
    def __init__(self, folder, binary, place):
        super().__init__(folder, f"node{place}")
        self.port, self.binary, self.data = free_port(), binary, folder / f"data{place}"
        self.token = None

    def start(self):
        address = f"127.0.0.1:{self.port}"
        self.run(
            [self.binary, "serve", "--listen", address, "--data", self.data, "--limits", "off", "--open-registration"],
            TERTULIA_DRAIN_SECONDS="4",
            TERTULIA_LOG_LEVEL="warn",
            **self.shared(),
        )
        wait_until(lambda: get(self.port, "/readyz") == 200, 30, f"{self.name} is ready, see {self.log}")

    def shared(self):
        if os.environ.get("CLUSTER") != "1":
            return {}
        redis = os.environ["TERTULIA_TEST_REDIS"]
        return {
            "TERTULIA_STORE_URL": os.environ["TERTULIA_TEST_POSTGRES"],
            "TERTULIA_BUS_URL": redis,
            "TERTULIA_REDIS_URL": redis,
            "TERTULIA_QUEUE_URL": redis,
            "TERTULIA_NODE_NAME": self.name,
        }

    def register(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = json.dumps({"username": f"ada{self.port}", "password": PASSWORD})
        connection.request("POST", "/api/v1/auth/register", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != 201:
            sys.exit(f"{self.name} makes no account: {told}")
        self.token = told["accessToken"]


class HaProxy(Process):
    def __init__(self, folder, nodes):
        super().__init__(folder, "haproxy")
        self.folder, self.nodes, self.port, self.stats, self.tls = folder, nodes, free_port(), free_port(), False

    def config(self):
        """What is shipped; but a request may be silent for 3 seconds only, so that IDLE says that a WebSocket may longer."""
        shipped = (ROOT / "deploy/haproxy/haproxy.cfg").read_text()
        short = shipped.replace("timeout client 60s", "timeout client 3s").replace("timeout server 60s", "timeout server 3s")
        assert short != shipped
        path = self.folder / "haproxy.cfg"
        path.write_text(short)
        return path

    def start(self):
        addresses = {f"TERTULIA_NODE_{place}": f"127.0.0.1:{node.port}" for place, node in enumerate(self.nodes, 1)}
        own = {"TERTULIA_BIND": f"127.0.0.1:{self.port}", "TERTULIA_STATS": f"127.0.0.1:{self.stats}"}
        self.run(["haproxy", "-db", "-f", self.config()], **addresses, **own, TERTULIA_CONNECTIONS="400")

    def is_in(self, node):
        connection = http.client.HTTPConnection("127.0.0.1", self.stats, timeout=2)
        connection.request("GET", "/stats;csv")
        rows = [line.split(",") for line in connection.getresponse().read().decode().splitlines()]
        return any(row[0] == "nodes" and row[1] == node.name and row[17].startswith("UP") for row in rows)


class Nginx(Process):
    def __init__(self, folder, nodes):
        super().__init__(folder, "nginx")
        self.folder, self.nodes, self.port, self.tls = folder, nodes, free_port(), True

    def config(self):
        """What is shipped, on other ports, with a certificate of today."""
        shipped = (ROOT / "deploy/nginx/tertulia.conf").read_text()
        for place, node in enumerate(self.nodes, 1):
            shipped = shipped.replace(f"127.0.0.1:707{place} ", f"127.0.0.1:{node.port} ")
        site = shipped.replace("/etc/ssl/tertulia", str(self.folder))
        site = site.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace("listen 443", f"listen 127.0.0.1:{self.port}")
        subject = ["-subj", "/CN=chat.example.com", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        files = ["-keyout", self.folder / "privkey.pem", "-out", self.folder / "fullchain.pem"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", *subject, *files], check=True, capture_output=True)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = self.folder / "nginx.conf"
        path.write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr; {'user root;' if os.getuid() == 0 else ''}"
            f" events {{ worker_connections 1000; }} http {{ access_log off; {temporary}\n{site} }}"
        )
        return path

    def start(self):
        path = self.config()
        subprocess.run(["nginx", "-q", "-t", "-e", "stderr", "-c", path], check=True)
        self.run(["nginx", "-e", "stderr", "-c", path])

    def is_in(self, node):
        """It does not say what it thinks of a node. Who sees that no request fails any more sees the same."""
        return node.process.poll() is None


def get(port, path, tls=False):
    """The status, or why there is none."""
    kind, more = (http.client.HTTPSConnection, {"context": TRUSTING}) if tls else (http.client.HTTPConnection, {})
    connection = kind("127.0.0.1", port, timeout=10, **more)
    try:
        connection.request("GET", path, headers={"host": "chat.example.com"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    finally:
        connection.close()


class WebSocket:
    """As much of RFC 6455 as it takes to see that a line is alive."""

    def __init__(self, balancer, token):
        self.socket = socket.create_connection(("127.0.0.1", balancer.port), timeout=10)
        if balancer.tls:
            self.socket = TRUSTING.wrap_socket(self.socket, server_hostname="chat.example.com")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /api/v1/ws HTTP/1.1", "host: chat.example.com", "connection: upgrade", "upgrade: websocket"]
        lines += [f"sec-websocket-key: {key}", "sec-websocket-version: 13", f"authorization: Bearer {token}"]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def read(self):
        head = self.stream.read(2)
        if len(head) < 2:
            return None, b""
        first, second = head
        length = second & 127
        if length >= 126:
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
        return first & 15, self.stream.read(length)

    def is_alive(self):
        self.socket.sendall(bytes([0x89, 0x84]) + struct.pack(">I", 0) + b"here")
        while (frame := self.read())[0] not in (None, 8, 10):
            pass
        return frame == (10, b"here")


def open_socket(balancer, nodes):
    """Nodes without a common database know only their own accounts: one of three tokens is right."""
    for _ in range(100):
        # By chance: turns would meet the balancer's turns, and miss for ever.
        opened = WebSocket(balancer, random.choice(nodes).token)
        if opened.status == 101:
            return opened
    sys.exit(f"no WebSocket through {balancer.name}: {opened.status}")


class Load:
    """Requests without a pause, from several sides."""

    def __init__(self, balancer):
        self.answers, self.ended = [], threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(balancer,)) for _ in range(4)]

    def ask(self, balancer):
        while not self.ended.is_set():
            began = time.monotonic()
            self.answers.append((began, get(balancer.port, "/healthz", balancer.tls)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def failed(self, since=0.0):
        return [answer for began, answer in self.answers if began >= since and answer != 200]


def check_idle(balancer, nodes):
    opened = open_socket(balancer, nodes)
    time.sleep(IDLE)
    assert opened.is_alive(), f"a WebSocket did not survive {IDLE} idle seconds"
    print(f"  a WebSocket lives through {IDLE:g} idle seconds")


def check_drain(balancer, nodes):
    with Load(balancer) as load:
        time.sleep(1)
        nodes[0].end()
        time.sleep(1)
        nodes[0].start()
        wait_until(lambda: balancer.is_in(nodes[0]), 10, "a node that came back gets requests")
    assert not load.failed(), f"{len(load.failed())} of {len(load.answers)} requests were lost by a drain: {set(load.failed())}"
    print(f"  a drain loses none of {len(load.answers)} requests")


def check_kill(balancer, nodes):
    with Load(balancer) as load:
        time.sleep(1)
        killed = time.monotonic()
        nodes[1].end(signal.SIGKILL)
        wait_until(lambda: not balancer.is_in(nodes[1]), OUT_WITHIN, "a killed node is out")
        out = time.monotonic() - killed
        time.sleep(max(0.0, killed + OUT_WITHIN + 2 - time.monotonic()))
    late = load.failed(since=killed + OUT_WITHIN)
    assert not late, f"requests fail {OUT_WITHIN} s after a node died: {set(late)}"
    print(f"  a killed node is out after {out:.1f} s; {len(load.failed())} of {len(load.answers)} requests failed meanwhile, none later")


def main(kind, binary):
    with tempfile.TemporaryDirectory(prefix="tertulia-balancer.") as folder:
        folder = pathlib.Path(folder)
        nodes = [Node(folder, binary, place) for place in (1, 2, 3)]
        balancer = {"haproxy": HaProxy, "nginx": Nginx}[kind](folder, nodes)
        try:
            for node in nodes:
                node.start()
                node.register()
            balancer.start()
            wait_until(lambda: get(balancer.port, "/healthz", balancer.tls) == 200, 10, f"{kind} answers, see {balancer.log}")
            print(f"{kind}:", flush=True)
            assert get(balancer.port, "/metrics", balancer.tls) == 404, "figures are open to strangers"
            check_idle(balancer, nodes)
            check_drain(balancer, nodes)
            check_kill(balancer, nodes)
        finally:
            for process in (*nodes, balancer):
                process.end(seconds=8)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    main(*sys.argv[1:])
