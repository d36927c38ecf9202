# Part of Tillbridge. See LICENSE.
"""A running sandbox for client libraries that others wrote.

Either TILLBRIDGE_SANDBOX_URL and TILLBRIDGE_SANDBOX_JSON name one that runs already (its address and its exported
sandbox.json), or TILLBRIDGE_BIN names the tillbridge program, which is then started on free ports.
"""

import json
import os
import pathlib
import subprocess
import time
import uuid

import pytest
import requests

# Alipay's timestamps are Chinese time, and the client libraries take the local one.
os.environ["TZ"] = "Asia/Shanghai"
time.tzset()


class Sandbox:
    def __init__(self, url, keys_file):
        self.url = url.rstrip("/")
        self.keys_file = pathlib.Path(keys_file)
        self.keys = json.loads(self.keys_file.read_text())

    def control(self, method, path, body=None):
        response = requests.request(method, f"{self.url}/sandbox/v1/{path}", json=body, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    def code(self, wallet, behaviour="pays", **more):
        return self.control("POST", "codes", {"wallet": wallet, "behaviour": behaviour, **more})["code"]

    def trade(self, number):
        (trade,) = self.control("GET", f"trades?merchantOrderNumber={number}")
        return trade

    def fault(self, wallet, operation, fault, **more):
        self.control("PUT", "faults", [{"wallet": wallet, "operation": operation, "fault": fault, "count": 1, **more}])


def eventually(look, seconds=20):
    """What `look` returns as soon as that is true: a query may lag behind, a refund takes its time."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def fresh_day(sandbox):
    """Goes on to noon of the next day by the sandbox's clock: nothing has been paid on it yet."""
    now = sandbox.control("GET", "clock")["now"] // 1000
    day = time.localtime(now)
    morning = now - day.tm_hour * 3600 - day.tm_min * 60 - day.tm_sec
    sandbox.control("POST", "clock", {"advance": morning + 36 * 3600 - now})


def bill_day(sandbox, advance=33 * 3600):
    """Today by the sandbox's clock, which then goes on to when the bill of that day exists."""
    now = sandbox.control("GET", "clock")["now"]
    if advance:
        # 33 hours reach nine o'clock of the next day from anywhere in this one.
        sandbox.control("POST", "clock", {"advance": advance})
    return time.strftime("%Y-%m-%d", time.localtime(now / 1000))


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    url, keys = os.environ.get("TILLBRIDGE_SANDBOX_URL"), os.environ.get("TILLBRIDGE_SANDBOX_JSON")
    if url and keys:
        yield Sandbox(url, keys)
        return
    program = os.environ.get("TILLBRIDGE_BIN")
    if not program:
        pytest.fail("set TILLBRIDGE_BIN, or TILLBRIDGE_SANDBOX_URL and TILLBRIDGE_SANDBOX_JSON")
    folder = tmp_path_factory.mktemp("sandbox")
    process = subprocess.Popen(
        [program, "sandbox", "--port", "0", "--tls-port", "0", "--speed", "10",
         "--data", str(folder / "data"), "--export", str(folder / "keys")],
        stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready "), f"the sandbox did not start: {line!r}"
        ready = json.loads(line[len("ready "):])
        yield Sandbox(ready["sandbox"], ready["keys"])
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


@pytest.fixture
def sandbox(running):
    running.control("DELETE", "faults")
    yield running
    running.control("DELETE", "faults")
    ledger = running.control("GET", "ledger")
    assert ledger["sum"] == 0
    assert ledger["shoppers"] + ledger["merchant"] + ledger["inFlight"] == 0


@pytest.fixture
def number():
    return "T" + uuid.uuid4().hex[:23].upper()
