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


def is_static(path):
    with open(path, "rb") as file:
        return b"ld-linux" not in file.read() and b"ld-musl" not in open(path, "rb").read()


def start_times(command, rounds=9, environment=None):
    """Median milliseconds from exec to the line `ready …`."""
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


def main():
    parser = argparse.ArgumentParser(prog="./run bench footprint")
    parser.add_argument("--tillbridge", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--payments", type=int, default=10000)
    parser.add_argument("--idle-seconds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with Stack(options.tillbridge, options.plugin) as stack:
        stack.wait_available()
        pid = stack.ready["pids"]["plugin1"]
        address = urlsplit(stack.plugin["url"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=70)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + stack.token}
        for position in range(options.payments):
            sale = f"foot-{position}"
            body = {"saleRef": sale, "amount": 100, "currency": "CNY", "paymentCode": stack.code(), "items": []}
            connection.request("POST", "/v1/payments", json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
            if answer.get("outcome") != "paid":
                raise SystemExit(f"bench: payment {position} was not paid: {answer}")
            connection.request("POST", f"/v1/payments/{sale}/acknowledge", "{}", headers)
            connection.getresponse().read()
        connection.close()
        # Confirms go on in the background after the last sale; idle begins when nothing is owed any more.
        deadline = time.monotonic() + 120
        while stack.call(stack.plugin["url"] + "/v1/status", token=stack.token)["openAttempts"] > 0:
            if time.monotonic() > deadline:
                raise SystemExit("bench: the plug-in still owes confirms two minutes after the last sale")
            time.sleep(0.5)
        memory, peak = resident(pid)
        before = voluntary_switches(pid)
        time.sleep(options.idle_seconds)
        wakeups = round((voluntary_switches(pid) - before) * 60 / options.idle_seconds)
        # A copy of the enrolled register, with its journal, to be started again and again.
        folder = tempfile.mkdtemp(prefix="tillbridge-bench-")
        original = os.path.dirname(stack.plugin["tokenFile"])
        shutil.copytree(original, os.path.join(folder, "register"))

    try:
        with open(os.path.join(folder, "plugin.conf"), "w", encoding="ascii") as file:
            file.write(
                f"data = {folder}/register\nlisten = 127.0.0.1:0\nproxies = {stack.ready['proxies'][0]}\n"
                "acknowledges = yes\ntoken = required\n")
        start = start_times([options.plugin, "run", "--config", os.path.join(folder, "plugin.conf")])
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
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    print(f"{'':36}{'file KB':>9}{'RSS KiB':>9}{'peak KiB':>10}{'start ms':>10}")
    for name, size, now, high, begin in rows:
        shown = "-" if size is None else f"{size / 1000:.0f}"
        started = "-" if begin is None else f"{begin:.1f}"
        print(f"{name:36}{shown:>9}{now / 1024:9.0f}{high / 1024:10.0f}{started:>10}")
    print(f"wake-ups a minute with heartbeats: {wakeups}; after {options.payments} payments")
    if options.json:
        print(json.dumps({
            "fileBytes": rows[0][1], "residentBytes": memory, "peakResidentBytes": peak,
            "idleWakeupsPerMinute": wakeups, "startMilliseconds": start and round(start, 1),
            "static": is_static(options.plugin)}))


if __name__ == "__main__":
    main()
