# Part of Tillbridge. See LICENSE.
"""What Tillbridge adds to a payment, beside the floor that nobody can go below, from the same run.

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
        address = urlsplit(stack.plugin["url"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=70)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + stack.token}
        waits, added = [], []
        for position in range(options.sales + 20):
            sale = f"bench-{position}"
            body = json.dumps({
                "saleRef": sale, "amount": 1280, "currency": "CNY", "paymentCode": stack.code(),
                "items": [{"sku": "6901234567892", "name": "Milk", "quantity": 1, "unitPrice": 1280}]})
            start = time.perf_counter()
            connection.request("POST", "/v1/payments", body, headers)
            answer = json.loads(connection.getresponse().read())
            wait = (time.perf_counter() - start) * 1000
            if answer.get("outcome") != "paid":
                raise SystemExit(f"bench: sale {sale} was not paid: {answer}")
            connection.request("POST", f"/v1/payments/{sale}/acknowledge", "{}", headers)
            connection.getresponse().read()
            if position < 20:
                continue  # connections and caches warm up
            calls = stack.call(
                stack.ready["sandbox"] + "/sandbox/v1/calls?merchantOrderNumber=" + answer["orderNumber"])
            calls = calls["calls"] if isinstance(calls, dict) else calls
            wallet = sum(call["microseconds"] for call in calls if call["operation"] == "pay") / 1000
            waits.append(wait)
            added.append(wait - wallet)

    result = {
        "p50Milliseconds": round(percentile(added, 0.5), 2), "p99Milliseconds": round(percentile(added, 0.99), 2),
        "floorMilliseconds": round(floor, 2), "sales": len(added)}
    print(f"{'':34}{'ms':>8}")
    for name, value in [
        ("register's wait, p50", percentile(waits, 0.5)),
        ("added by Tillbridge, p50", result["p50Milliseconds"]),
        ("added by Tillbridge, p99", result["p99Milliseconds"]),
        ("floor", floor), ("  2 signatures, plug-in's library", 2 * sign), ("  2 checks, plug-in's library", 2 * verify),
        ("  4 syncs", 4 * sync), ("  RSA sign and check (OpenSSL)", rsa_sign + rsa_verify),
        ("added p50 / floor", result["p50Milliseconds"] / floor),
    ]:
        print(f"{name:34}{value:8.2f}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
