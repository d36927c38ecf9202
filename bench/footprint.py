# Part of Tillbridge. See LICENSE.
"""What the plug-in costs a register, beside HTTP daemons that do nothing: size, memory, wake-ups, start."""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

from stack import Stack, percentile, resident, voluntary_switches

PYTHON_DAEMON = """
import http.server, sys
class Nothing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Nothing)
print("ready", server.server_port, flush=True)
server.serve_forever()
"""

GO_DAEMON = """package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("ready", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
}
"""


# The goals: a small till computer has room for nothing more.
FILE_LIMIT = 400_000
RESIDENT_LIMIT = 1 << 20
PEAK_LIMIT = 2 << 20
WAKEUP_LIMIT = 130
START_LIMIT = 50.0

SALES_IN_A_ROW = 50


def is_static(path):
    with open(path, "rb") as file:
        return b"ld-linux" not in file.read() and b"ld-musl" not in open(path, "rb").read()


def start_times(command, rounds=9, environment=None):
    """Median milliseconds from exec to the line `ready …`; None where it does not come."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        line = process.stdout.readline()
        times.append((time.perf_counter() - start) * 1000)
        process.terminate()
        process.wait()
        if not line.startswith(b"ready"):
            return None
    return percentile(times, 0.5)


def daemon(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    time.sleep(0.5)
    memory = resident(process.pid)
    process.terminate()
    process.wait()
    return memory


def sell(stack, payments):
    """Paid and acknowledged sales, until nothing is owed any more. A sale comes the moment the one before has ended,
    but only so many times in a row: no shop leaves a register no instant for what it owes in the background."""
    register, sandbox = (
        http.client.HTTPConnection(urlsplit(url).hostname, urlsplit(url).port, timeout=70)
        for url in (stack.plugin["url"], stack.ready["sandbox"]))

    def call(connection, path, body):
        headers = {"Content-Type": "application/json"}
        if connection is register:
            headers["Authorization"] = "Bearer " + stack.token
        connection.request("POST", path, json.dumps(body), headers)
        return json.loads(connection.getresponse().read() or b"null")

    for position in range(payments):
        sale = f"foot-{position}"
        code = call(sandbox, "/sandbox/v1/codes", {"wallet": "alipay", "behaviour": "pays"})["code"]
        answer = call(register, "/v1/payments", {
            "saleRef": sale, "amount": 100, "currency": "CNY", "paymentCode": code, "items": []})
        if answer.get("outcome") != "paid":
            raise SystemExit(f"bench: payment {position} was not paid: {answer}")
        call(register, f"/v1/payments/{sale}/acknowledge", {})
        if (position + 1) % SALES_IN_A_ROW == 0:
            wait_until_nothing_is_owed(stack)
        if (position + 1) % 1000 == 0:
            print(f"bench: {position + 1} payments", file=sys.stderr)
    register.close()
    sandbox.close()
    wait_until_nothing_is_owed(stack)


def wait_until_nothing_is_owed(stack):
    """Confirms go on in the background after a sale."""
    deadline = time.monotonic() + 120
    while stack.call(stack.plugin["url"] + "/v1/status", token=stack.token)["openAttempts"] > 0:
        if time.monotonic() > deadline:
            raise SystemExit("bench: the plug-in still owes confirms two minutes after the last sale")
        time.sleep(0.05)


def register_copy(stack, folder, name, proxies):
    """A copy of the enrolled register with its journal, and the configuration file to start it with."""
    shutil.copytree(os.path.dirname(stack.plugin["tokenFile"]), os.path.join(folder, name))
    path = os.path.join(folder, name + ".conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(
            f"data = {folder}/{name}\nlisten = 127.0.0.1:0\nproxies = {proxies}\nacknowledges = yes\n"
            "token = required\n")
    return path


def idle_without_proxies(stack, options, folder):
    """Wake-ups in a minute of a register that can reach nobody, and the peak memory of its start."""
    configuration = register_copy(stack, folder, "lonely", "")
    process = subprocess.Popen([options.plugin, "run", "--config", configuration],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if not process.stdout.readline().startswith(b"ready"):
            raise SystemExit("bench: the plug-in does not start without proxies")
        # The line is written before the loop begins to wait.
        time.sleep(0.5)
        before = voluntary_switches(process.pid)
        time.sleep(options.idle_seconds)
        wakeups = (voluntary_switches(process.pid) - before) * 60 / options.idle_seconds
        return round(wakeups, 1) if wakeups % 1 else int(wakeups), resident(process.pid)[1]
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(prog="./run bench footprint")
    parser.add_argument("--tillbridge", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--payments", type=int, default=10000)
    parser.add_argument("--idle-seconds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    folder = tempfile.mkdtemp(prefix="tillbridge-bench-")
    try:
        measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(options, folder):
    with Stack(options.tillbridge, options.plugin) as stack:
        stack.wait_available()
        pid = stack.ready["pids"]["plugin1"]
        proxy = stack.ready["proxies"][0]
        fresh = register_copy(stack, folder, "fresh", proxy)
        begun = time.monotonic()
        sell(stack, options.payments)
        print(f"bench: {options.payments} payments in {time.monotonic() - begun:.0f} s; now idle for "
              f"{options.idle_seconds} s", file=sys.stderr)
        memory, peak = resident(pid)
        # Both kinds of idleness at the same time: they are two processes that do not know of each other.
        before, since = voluntary_switches(pid), time.monotonic()
        lonely, lonely_peak = idle_without_proxies(stack, options, folder)
        wakeups = round((voluntary_switches(pid) - before) * 60 / (time.monotonic() - since))
        # A start reads the whole journal back: its peak counts as well.
        peak = max(peak, lonely_peak)
        used = register_copy(stack, folder, "used", proxy)

    start, start_used = (start_times([options.plugin, "run", "--config", path]) for path in (fresh, used))
    if start is None or start_used is None:
        raise SystemExit("bench: the plug-in does not start again; run it by hand on an enrolled register's folder")
    rows = [("tillbridge-plugin", os.path.getsize(options.plugin), memory, peak, start)]
    if shutil.which("go"):
        with open(os.path.join(folder, "main.go"), "w", encoding="ascii") as file:
            file.write(GO_DAEMON)
        go = os.path.join(folder, "go-daemon")
        built = subprocess.run(
            ["go", "build", "-ldflags", "-s -w", "-o", go, os.path.join(folder, "main.go")],
            env={**os.environ, "CGO_ENABLED": "0", "GOCACHE": os.path.join(folder, "cache")}).returncode == 0
        if built:
            rows.append(("Go net/http, static, does nothing", os.path.getsize(go), *daemon([go]), start_times([go])))
    command = [sys.executable, "-c", PYTHON_DAEMON]
    rows.append(("Python http.server, does nothing", None, *daemon(command), start_times(command)))

    print(f"{'':36}{'file KB':>9}{'RSS KiB':>9}{'peak KiB':>10}{'start ms':>10}")
    for name, size, now, high, begin in rows:
        shown = "-" if size is None else f"{size / 1000:.0f}"
        started = "-" if begin is None else f"{begin:.1f}"
        print(f"{name:36}{shown:>9}{now / 1024:9.0f}{high / 1024:10.0f}{started:>10}")
    goal = f"{FILE_LIMIT / 1000:.0f}"
    print(f"{'goal after 10000 payments':36}{goal:>9}{RESIDENT_LIMIT / 1024:9.0f}{PEAK_LIMIT / 1024:10.0f}"
          f"{START_LIMIT:10.1f}")
    print(f"measured after {options.payments} payments and idle for {options.idle_seconds} s; a start that reads all of "
          f"them back: {start_used:.1f} ms")
    print(f"wake-ups a minute: {wakeups} with heartbeats (at most {WAKEUP_LIMIT}), "
          f"{lonely} with all proxies unset (none)")
    if not is_static(options.plugin):
        print("this plug-in is not static: scripts/embedded-build makes the one that ships")
    if options.json:
        print(json.dumps({
            "fileBytes": rows[0][1], "residentBytes": memory, "peakResidentBytes": peak,
            "idleWakeupsPerMinute": wakeups, "startMilliseconds": round(start, 1),
            "static": is_static(options.plugin)}))


if __name__ == "__main__":
    main()
