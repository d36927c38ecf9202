# Part of Tillbridge. See LICENSE.
"""A whole installation as a test sees it: addresses, process numbers, and plain HTTP. It knows the documented
interfaces and nothing of the programs behind them."""

import concurrent.futures
import itertools
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request


def until(what, is_so, seconds=30):
    """The first true value of `is_so`."""
    deadline = time.monotonic() + seconds
    while True:
        value = is_so()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)


def runs(pid):
    """Whether a process is alive; one that has ended and was not collected yet is not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def traced(pid):
    """Whether a tracer has hold of every thread of a process."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            if "TracerPid:\t0\n" in file.read():
                return False
    return True


class Shop:
    _numbers = itertools.count(1)

    def __init__(self, tillbridge, plugin, folder, port_base=0, options=()):
        self.plugin_program = plugin
        self.folder = folder
        self._own = []
        self._pool = concurrent.futures.ThreadPoolExecutor(8)
        self.errors = open(f"{folder}.errors", "w+", encoding="utf-8")
        started = time.monotonic()
        self.process = subprocess.Popen(
            [tillbridge, "demo", "--headless", "--data", str(folder), "--port-base", str(port_base),
             "--plugin-binary", plugin, *options],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        self.seconds_to_start = time.monotonic() - started
        if not line.startswith("ready {"):
            self.process.wait(30)
            self.errors.seek(0)
            raise AssertionError(f"the demo did not start: {line}{self.errors.read()}")
        self.ready = json.loads(line[len("ready "):])
        self.plugin = self.ready["plugins"][0]
        with open(self.plugin["tokenFile"], encoding="ascii") as file:
            self.token = file.read().strip()
        # The pipe must not fill up.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def close(self):
        for process in self._own:
            process.kill()
            process.wait()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)
        self._pool.shutdown(wait=False)
        self.errors.close()

    # ---- HTTP ----

    def http(self, method, url, body=None, headers=None, seconds=90):
        """Status and decoded JSON; status 0 and None where no answer came."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        if data is not None and not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except (OSError, ValueError):
            return 0, None

    def register(self, method, path, body=None):
        return self.http(method, self.plugin["url"] + path, body, {"Authorization": f"Bearer {self.token}"})

    def wallet(self, method, path, body=None):
        status, answer = self.http(method, f"{self.ready['sandbox']}/sandbox/v1/{path}", body)
        assert status == 200, (path, status, answer)
        return answer

    # ---- the register ----

    def new_sale(self):
        return f"E2E-{os.getpid()}-{next(self._numbers)}"

    def pay(self, sale, amount, code, items=None):
        if items is None:
            items = [{"sku": "6901", "name": "茉莉花茶", "quantity": 1, "unitPrice": amount}]
        return self.register("POST", "/v1/payments", {
            "saleRef": sale, "amount": amount, "currency": "CNY", "paymentCode": code, "items": items})

    def start_paying(self, sale, amount, code):
        """A future of `pay`."""
        return self._pool.submit(self.pay, sale, amount, code)

    def sale(self, sale):
        return self.register("GET", f"/v1/payments/{sale}")[1]

    def acknowledge(self, sale):
        status, answer = self.register("POST", f"/v1/payments/{sale}/acknowledge", {})
        assert status == 200, answer
        return answer

    def status(self):
        return self.register("GET", "/v1/status")[1]

    def wait_available(self, seconds=30):
        until("the register to take payments", lambda: (self.status() or {}).get("available"), seconds)

    def wait_undone(self, sale, seconds=60):
        def undone():
            answer = self.sale(sale)
            return answer and answer.get("outcome") == "cancelled" and answer.get("final") and answer
        return until(f"the undo of {sale}", undone, seconds)

    def sell(self, amount, wallet="alipay", items=None, **code):
        """A whole sale that must succeed, acknowledged."""
        sale = self.new_sale()
        status, answer = self.pay(sale, amount, self.code(wallet, **code), items)
        assert (status, answer["outcome"]) == (200, "paid"), answer
        self.acknowledge(sale)
        return answer

    # ---- the wallet ----

    def code(self, wallet="alipay", behaviour="pays"):
        return self.wallet("POST", "codes", {"wallet": wallet, "behaviour": behaviour})["code"]

    def trade(self, number):
        trades = self.wallet("GET", f"trades?merchantOrderNumber={number}")
        return trades[0] if trades else None

    def wait_trade(self, code, state, seconds=20):
        def trade():
            found = self.wallet("GET", f"codes/{code}").get("trade")
            return found if found and found["state"] == state else None
        return until(f"the wallet to have the payment as {state}", trade, seconds)

    def held(self):
        """What the wallets hold for the merchant, in fen. Their books must balance."""
        ledger = self.wallet("GET", "ledger")
        assert ledger["sum"] == 0, ledger
        return ledger["merchant"]

    # ---- blows ----

    def kill(self, name, with_signal=signal.SIGKILL):
        pid = self.ready["pids"][name]
        os.kill(pid, with_signal)
        until(f"{name} to end", lambda: not runs(pid))

    def adopt(self, process):
        """A process of the test's own that ends with the shop."""
        self._own.append(process)

    def start_plugin(self):
        """Starts the plug-in's file on its folder again, as an init system would."""
        folder = os.path.dirname(self.plugin["tokenFile"])
        process = subprocess.Popen(
            [self.plugin_program, "run", "--config", f"{folder}/plugin.conf"], stdout=subprocess.PIPE, text=True)
        self._own.append(process)
        line = process.stdout.readline()
        assert line.startswith("ready "), line
        return process
