# Part of Tillbridge. See LICENSE.
"""What Tillbridge adds to a payment, beside the floor that nobody can go below, from the same run.

One register sells every 50 ms, so that what follows a sale (acknowledgement, confirms to both clouds) is done before
the next one; then the same register sells without a pause, which no cashier does, and its sales wait for each other.

Added = the register's wait for the answer, minus the wallet's own time (from its log: request read to answer
written). Floor = two signatures and two checks with the plug-in's library, the syncs of journal and store, and the
wallet's RSA. Everything is durable: journal, both stores, the sandbox's books.
"""

import argparse
import http.client
import json
import os
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

from stack import Stack, percentile


def library_floor(floor):
    sign, verify = subprocess.run([floor], check=True, capture_output=True, text=True).stdout.split()
    return float(sign) / 1000, float(verify) / 1000


def sync_floor(rounds=200):
    times = []
    with tempfile.NamedTemporaryFile(dir=".") as file:
        file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
        for position in range(rounds):
            os.pwrite(file.fileno(), bytes(256), position * 256)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - start) * 1000)
    return percentile(times, 0.5)


def rsa_floor():
    """RSA-2048 milliseconds: sign and verify, by the `openssl speed` of this machine."""
    out = subprocess.run(["openssl", "speed", "-seconds", "1", "rsa2048"], capture_output=True, text=True).stdout
    for line in out.splitlines():
        if line.startswith("rsa 2048 bits"):
            sign, verify = line.split()[3:5]
            return float(sign.rstrip("s")) * 1000, float(verify.rstrip("s")) * 1000
    return 0.0, 0.0


class Shop:
    """One register on one connection."""

    def __init__(self, stack):
        self.stack = stack
        address = urlsplit(stack.plugin["url"])
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=70)
        self.headers = {"Content-Type": "application/json", "Authorization": "Bearer " + stack.token}
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
            start = time.perf_counter()
            answer = self.call("/v1/payments", body)
            wait = (time.perf_counter() - start) * 1000
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
        self.connection.request("POST", path, body, self.headers)
        return json.loads(self.connection.getresponse().read())


def main():
    parser = argparse.ArgumentParser(prog="./run bench latency")
    parser.add_argument("--tillbridge", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--floor", required=True)
    parser.add_argument("--sales", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    sign, verify = library_floor(options.floor)
    sync = sync_floor()
    rsa_sign, rsa_verify = rsa_floor()
    # Plug-in signs and the cloud signs, each checks the other; journal: INTENT, PAID; store: claim, paid.
    # The adapter signs the wallet's request and checks its answer. The wallet's own work is its own time.
    floor = 2 * sign + 2 * verify + 4 * sync + rsa_sign + rsa_verify

    with Stack(options.tillbridge, options.plugin) as stack:
        stack.wait_available()
        shop = Shop(stack)
        shop.sell(20, pause=0)  # connections and caches warm up
        waits, added = shop.sell(options.sales, pause=0.05)
        proxy, cloud = shop.at_the_proxy()
        _, hurried = shop.sell(options.sales // 4, pause=0)

    result = {
        "p50Milliseconds": round(percentile(added, 0.5), 2), "p99Milliseconds": round(percentile(added, 0.99), 2),
        "floorMilliseconds": round(floor, 2), "sales": len(added)}
    wait = percentile(waits, 0.5)
    wallet = percentile([total - own for total, own in zip(waits, added)], 0.5)
    print(f"{'':34}{'ms':>8}")
    for name, value in [
        ("register's wait, p50", wait), ("  wallet", wallet), ("  cloud, beside the wallet", cloud - wallet),
        ("  proxy", proxy - cloud), ("  plug-in, and the way to it", wait - proxy),
        ("added by Tillbridge, p50", result["p50Milliseconds"]),
        ("added by Tillbridge, p99", result["p99Milliseconds"]),
        ("floor", floor), ("  2 signatures, plug-in's library", 2 * sign), ("  2 checks, plug-in's library", 2 * verify),
        ("  4 syncs", 4 * sync), ("  RSA sign and check (OpenSSL)", rsa_sign + rsa_verify),
        ("added p50 / floor", result["p50Milliseconds"] / floor),
        ("without a pause: added, p50", percentile(hurried, 0.5)),
        ("without a pause: added, p99", percentile(hurried, 0.99)),
    ]:
        print(f"{name:34}{value:8.2f}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
