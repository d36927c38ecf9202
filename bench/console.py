# Part of Tillbridge. See LICENSE.
"""What the console's pages ask of a big database, and how soon a sale is on a screen.

A database of its own is filled with payments (it stays in --data and is used again). Each filter of the list is asked
many times; the slowest filter's 95th percentile counts. Beside it stands the same newest page asked by Python's own
SQLite, without any of our code. Then a whole installation sells, and an open live page is
timed from the register's answer to its event.
"""

import argparse
import http.client
import json
import re
import sqlite3
import subprocess
import threading
import time
import urllib.parse

from stack import Stack, percentile

GOALS = {"listP95Milliseconds": 300, "dashboardMilliseconds": 1000, "exportSeconds": 5, "eventToScreenP95Milliseconds": 1000}


def bare_list(path, rounds):
    """Milliseconds of the newest page in plain SQL, 95th percentile."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        database.execute(
            "SELECT *, (SELECT name FROM node WHERE code = payment.store) FROM payment"
            " ORDER BY created_at DESC, number DESC LIMIT 51").fetchall()
        times.append((time.perf_counter() - start) * 1000)
    database.close()
    return percentile(times, 0.95)


class LivePage:
    """The stream that a browser's live page reads."""

    def __init__(self, address, user, password):
        self.host = urllib.parse.urlsplit(address).netloc
        self.seen = {}
        self.arrived = threading.Condition()
        cookie = self._sign_in(address, user, password)
        page = self._get("/payments", cookie).read().decode()
        path = re.search(r'data-stream="([^"]+)"', page).group(1).replace("&amp;", "&").replace("&#x3D;", "=")
        self.stream = self._get(path, cookie)
        threading.Thread(target=self._read, daemon=True).start()

    def _sign_in(self, address, user, password):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        form = urllib.parse.urlencode({"name": user, "password": password})
        connection.request("POST", "/sign-in", form, {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": address})
        return connection.getresponse().getheader("Set-Cookie").split(";")[0]

    def _get(self, path, cookie):
        connection = http.client.HTTPConnection(self.host, timeout=600)
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        assert answer.status == 200, (path, answer.status)
        return answer

    def _read(self):
        for line in self.stream:
            if line.startswith(b"data: ") and b'"html"' in line:
                now = time.monotonic()
                with self.arrived:
                    self.seen.setdefault(line.decode(), now)
                    self.arrived.notify_all()

    def moment(self, ticket, seconds=20):
        """When the first event about a ticket came."""
        with self.arrived:
            deadline = time.monotonic() + seconds
            while True:
                for line, moment in self.seen.items():
                    if ticket in line:
                        return moment
                assert self.arrived.wait(deadline - time.monotonic()), f"{ticket} never reached the page"


def event_to_screen(tillbridge, plugin, sales):
    """Milliseconds from the register's answer to the page's event, 95th percentile."""
    with Stack(tillbridge, plugin, options=["--console"]) as stack:
        stack.wait_available()
        users = dict(line.split()[:2] for line in open(f"{stack.folder}/demo-users.txt", encoding="utf-8") if line.strip())
        page = LivePage(stack.ready["console"], "operator", users["operator"])
        times = []
        for number in range(sales):
            ticket = f"BENCH-{number}-"
            answer = stack.call(stack.plugin["url"] + "/v1/payments", {
                "saleRef": ticket, "amount": 100, "currency": "CNY", "paymentCode": stack.code(), "items": []}, stack.token)
            assert answer["outcome"] == "paid", answer
            answered = time.monotonic()
            stack.call(f"{stack.plugin['url']}/v1/payments/{ticket}/acknowledge", {}, stack.token)
            times.append(max(0, page.moment(ticket) - answered) * 1000)
        return percentile(times, 0.95)


def main():
    parser = argparse.ArgumentParser(prog="./run bench console")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tillbridge", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--plugin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--sales", type=int, default=60)
    parser.add_argument("--data", help="the folder of the big database; default build-output/bench-console-ROWS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    data = options.data or f"build-output/bench-console-{options.rows}"
    run = subprocess.run(
        [options.program, "--rows", str(options.rows), "--rounds", str(options.rounds), "--data", data],
        stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise SystemExit(2)
    result = json.loads(run.stdout)
    bare = bare_list(f"{data}/console.sqlite", options.rounds)
    result["eventToScreenP95Milliseconds"] = round(
        event_to_screen(options.tillbridge, options.plugin, options.sales), 1)
    print(f"{result['rows']} payments; milliseconds, 95th percentile of {options.rounds}:")
    for name, value in sorted(result["filters"].items(), key=lambda row: row[1]):
        peer = f"   plain SQL {bare:.2f}" if name == "newest" else ""
        print(f"  {name:18} {value:9.2f}{peer}")
    print(f"numbers above the list  {result['stripMilliseconds']:9.2f} ms")
    for name, goal in GOALS.items():
        verdict = "met" if result[name] <= goal else "missed"
        print(f"{name:30} {result[name]:9.2f}   goal {goal}: {verdict}")
    if options.json:
        print(json.dumps({name: result[name] for name in ("rows", *GOALS)}))


if __name__ == "__main__":
    main()
