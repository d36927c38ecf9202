# Part of Tillbridge. See LICENSE.
"""The demo's processes, started for a measurement and ended with it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request


class Stack:
    """`tillbridge demo --headless` on free ports, in a folder of its own."""

    def __init__(self, tillbridge, plugin, options=()):
        self.folder = tempfile.mkdtemp(prefix="tillbridge-bench-")
        self.process = subprocess.Popen(
            [tillbridge, "demo", "--headless", "--data", self.folder, "--port-base", "0", "--plugin-binary", plugin,
             *options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.end()
            raise SystemExit("bench: the demo did not start; run ./run demo to see why")
        self.ready = json.loads(line[len("ready "):])
        self.plugin = self.ready["plugins"][0]
        with open(self.plugin["tokenFile"], encoding="ascii") as file:
            self.token = file.read().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, url, body=None, token=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method or ("POST" if body is not None else "GET"))
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        with urllib.request.urlopen(request, timeout=70) as answer:
            return json.loads(answer.read() or b"null")

    def code(self, wallet="alipay", behaviour="pays"):
        return self.call(
            self.ready["sandbox"] + "/sandbox/v1/codes", {"wallet": wallet, "behaviour": behaviour})["code"]

    def wait_available(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self.call(self.plugin["url"] + "/v1/status", token=self.token).get("available"):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("bench: the register never became available; its log is " + self.ready["logs"]["plugin1"])


def resident(pid):
    """Resident and peak memory of a process, in bytes."""
    now = peak = 0
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                now = int(line.split()[1]) * 1024
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1]) * 1024
    return now, peak


def voluntary_switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("voluntary_ctxt_switches:"):
                    total += int(line.split()[1])
    return total


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]
