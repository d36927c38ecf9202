# Part of Tillbridge. See LICENSE.
"""What Tillbridge adds to a payment, beside the floor that nobody can go below, from the same run.

One register sells every 50 ms, so that what follows a sale (acknowledgement, confirms to both clouds) is done before
the next one; then the same register sells without a pause, which no cashier does, and its sales wait for each other.

Added = the register's wait for the answer, minus the wallet's own time (from its log: request read to answer
written). The register is a bare socket: what a slow client does with the answer is not counted.

Floor = two signatures and two checks with the plug-in's library, the syncs of journal and store, and the wallet's
RSA, as bench/floor.c does them: once per payment, one after the other, with the same pause before. Everything is
durable: journal, both stores, the sandbox's books.
"""

import argparse
import json
import os
import socket
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

from stack import Stack, percentile

PAUSE = 0.05  # seconds between two sales


def floor(program, pause, rounds=200):
    """Medians in milliseconds, by the names of what `program` does."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-floor-") as folder:
        output = subprocess.run(
            [program, folder, str(rounds), str(int(pause * 1_000_000))], check=True, capture_output=True, text=True)
    names = "round", "sign", "check", "journal", "store", "rsaSign", "rsaCheck"
    return {name: float(value) / 1000 for name, value in zip(names, output.stdout.split(), strict=True)}


class Shop:
    """One register on one connection."""

    def __init__(self, stack):
        self.stack = stack
        address = urlsplit(stack.plugin["url"])
        self.host = address.netloc
        self.socket = socket.create_connection((address.hostname, address.port), timeout=70)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sales = 0

    def sell(self, count, pause):
        """Returns what the register waited and what of that was not the wallet's, in milliseconds."""
        waits, added = [], []
        for _ in range(count):
            self.sales += 1
            sale = f"bench-{self.sales}"
            body = json.dumps({
                "saleRef": sale, "amount": 1280, "currency": "CNY", "paymentCode": self.stack.code(),
                "items": [{"sku": "6901234567892", "name": "Milk", "quantity": 1, "unitPrice": 1280}]})
            time.sleep(pause)
            answer, wait = self.call("/v1/payments", body)
            if answer.get("outcome") != "paid":
                raise SystemExit(f"bench: sale {sale} was not paid: {answer}")
            self.call(f"/v1/payments/{sale}/acknowledge", "{}")
            calls = self.stack.call(
                self.stack.ready["sandbox"] + "/sandbox/v1/calls?merchantOrderNumber=" + answer["orderNumber"])
            calls = calls["calls"] if isinstance(calls, dict) else calls
            waits.append(wait)
            added.append(wait - sum(call["microseconds"] for call in calls if call["operation"] == "pay") / 1000)
        return waits, added

    def at_the_proxy(self):
        """Medians by the proxy's access log: of a payment there, and of its part at the cloud, in milliseconds."""
        lines = []
        with open(self.stack.ready["logs"]["proxy1"], encoding="utf-8") as file:
            for line in file:
                if '"call":"pay"' in line and '"outcome":"answered"' in line:
                    lines.append(json.loads(line))
        return tuple(
            percentile([line[key] / 1000 for line in lines], 0.5) for key in ("microseconds", "cloudMicroseconds"))

    def call(self, path, body):
        """The answer, and the milliseconds from the request's first byte to the answer's last."""
        request = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.stack.token}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
        start = time.perf_counter()
        self.socket.sendall(request)
        answer, wanted = b"", None
        while wanted is None or len(answer) < wanted:
            piece = self.socket.recv(65536)
            if not piece:
                raise SystemExit(f"bench: the plug-in closed the connection after {answer!r}")
            answer += piece
            if wanted is None and b"\r\n\r\n" in answer:
                head = answer[:answer.index(b"\r\n\r\n")].lower()
                wanted = len(head) + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        wait = (time.perf_counter() - start) * 1000
        return json.loads(answer[answer.index(b"\r\n\r\n") + 4:]), wait


def main():
    parser = argparse.ArgumentParser(prog="./run bench latency")
    parser.add_argument("--tillbridge", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--floor", required=True)
    parser.add_argument("--sales", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with Stack(options.tillbridge, options.plugin) as stack:
        stack.wait_available()
        shop = Shop(stack)
        shop.sell(20, pause=0)  # connections and caches warm up
        # Half of the floor before the sales and half after: the machine's mood counts for both alike.
        before = floor(options.floor, PAUSE)
        waits, added = shop.sell(options.sales, pause=PAUSE)
        proxy, cloud = shop.at_the_proxy()
        after = floor(options.floor, PAUSE)
        _, hurried = shop.sell(options.sales // 4, pause=0)
        hurried_floor = floor(options.floor, 0)["round"]
    part = {name: (before[name] + after[name]) / 2 for name in before}

    result = {
        "p50Milliseconds": round(percentile(added, 0.5), 2), "p99Milliseconds": round(percentile(added, 0.99), 2),
        "floorMilliseconds": round(part["round"], 2), "sales": len(added)}
    wait = percentile(waits, 0.5)
    wallet = percentile([total - own for total, own in zip(waits, added)], 0.5)
    print(f"{'':34}{'ms':>8}")
    for name, value in [
        ("register's wait, p50", wait), ("  wallet", wallet), ("  cloud, beside the wallet", cloud - wallet),
        ("  proxy", proxy - cloud), ("  plug-in, and the way to it", wait - proxy),
        ("added by Tillbridge, p50", result["p50Milliseconds"]),
        ("added by Tillbridge, p99", result["p99Milliseconds"]),
        ("floor", part["round"]), ("  2 signatures, plug-in's library", 2 * part["sign"]),
        ("  2 checks, plug-in's library", 2 * part["check"]), ("  2 syncs of the journal", 2 * part["journal"]),
        ("  2 syncs of the store", 2 * part["store"]),
        ("  RSA sign and check (OpenSSL)", part["rsaSign"] + part["rsaCheck"]),
        ("added p50 / floor", result["p50Milliseconds"] / part["round"]),
        ("without a pause: added, p50", percentile(hurried, 0.5)),
        ("without a pause: added, p99", percentile(hurried, 0.99)),
        ("without a pause: floor", hurried_floor),
        ("without a pause: p50 / floor", percentile(hurried, 0.5) / hurried_floor),
    ]:
        print(f"{name:34}{value:8.2f}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
