# Part of Tillbridge. See LICENSE.
"""Books of a run that never happened, made to agree; a test spoils them in one place."""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys

import pytest

CHAOS = pathlib.Path(__file__).parents[2] / "chaos"
sys.path.insert(0, str(CHAOS))

KINDS = {"START": 1, "INTENT": 2, "PAID": 4, "ACKED": 5, "DECLINED": 6, "UNSENT": 7, "REVOKE": 8, "DUTY": 9,
         "RELEASED": 10, "FINAL": 11, "CLOSED": 12, "CHECKPOINT": 13}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EPOCH = "343G7H2"
T0 = 1_795_343_400_000


def order_number(sequence, register="QF0000101", epoch=EPOCH):
    body = f"T{register}{epoch}{sequence:06d}"
    product = 36
    for character in body:
        product = ((product + ALPHABET.index(character)) % 36 or 36) * 2 % 37
    return body + ALPHABET[(37 - product) % 36]


def castagnoli(data):
    """Bit by bit: slow, and nothing of the checker's own."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
    return value ^ 0xFFFFFFFF


class Books:
    """One register with its paper and its journal, and the wallet."""

    def __init__(self, folder):
        self.folder = folder
        self.register = "QF0000101"
        self.records = [("CHECKPOINT", ["1", "00" * 32]), ("START", ["1", EPOCH])]
        self.paper = []
        self.trades = []
        self.calls = []
        self.excused = {}
        self.clock = T0
        self.spoil = None

    # ---- what happens ----

    def journal(self, kind, *fields):
        self.records.append((kind, [str(field) for field in fields]))

    def write(self, kind, call, sale, **more):
        self.clock += 10
        self.paper.append({"time": self.clock, "kind": kind, "call": call, "saleRef": sale, **more})

    def intent(self, sequence, sale, amount, number=None):
        number = number or order_number(sequence)
        self.clock += 10
        self.journal("INTENT", f"1|{number}|{sale}|{amount}|CNY|28|18|1|{self.clock}|{'0' * 16}", "A", "0" * 32)
        return number

    def trade(self, number, amount, *events, state="paid", net=None, refunds=()):
        self.calls.append({"at": self.clock, "operation": "pay", "merchantOrderNumber": number, "wallet": "alipay"})
        self.clock += 10
        history = [{"at": self.clock, "event": "created", "amount": amount}]
        for event, later in events:
            history.append({"at": self.clock + later, "event": event, "amount": amount})
        self.trades.append({
            "wallet": "alipay", "merchantOrderNumber": number, "amount": amount, "state": state,
            "net": amount if net is None else net, "createdAt": self.clock, "history": history,
            "refunds": list(refunds)})

    def paid_sale(self, sequence, sale, amount):
        self.write("asked", "pay", sale, amount=amount)
        number = self.intent(sequence, sale, amount)
        self.trade(number, amount, ("paid", 0))
        self.journal("PAID", number, "alipay", "2026", "")
        self.write("told", "pay", sale, outcome="paid", orderNumber=number, amount=amount)
        self.write("took", "acknowledge", sale)
        self.write("asked", "acknowledge", sale)
        self.journal("ACKED", number)
        self.write("told", "acknowledge", sale, outcome="paid", orderNumber=number, amount=amount)
        self.journal("CLOSED", number)
        return number

    def undone_sale(self, sequence, sale, amount):
        self.write("asked", "pay", sale, amount=amount)
        number = self.intent(sequence, sale, amount)
        self.trade(number, amount, ("paid", 0), ("reversed", 30), state="reversed", net=0)
        self.write("asked", "cancel", sale)
        self.journal("REVOKE", number, "cashier", "", "")
        self.write("told", "cancel", sale, outcome="cancelled", orderNumber=number, amount=amount, final=False)
        self.clock += 100
        self.journal("FINAL", number, "closed")
        self.write("told", "status", sale, outcome="cancelled", orderNumber=number, amount=amount, final=True)
        self.journal("CLOSED", number)
        return number

    def declined_sale(self, sequence, sale, amount):
        self.write("asked", "pay", sale, amount=amount)
        number = self.intent(sequence, sale, amount)
        self.trade(number, amount, ("declined", 0), state="closed", net=0)
        self.journal("DECLINED", number, "insufficient-funds")
        self.write("told", "pay", sale, outcome="declined", orderNumber=number, amount=amount)
        self.journal("CLOSED", number)
        return number

    # ---- the files ----

    def bytes_of_journal(self):
        content, previous = b"", bytes(16)
        for index, (kind, fields) in enumerate(self.records, 1):
            payload = "\n".join(fields).encode()
            middle = struct.pack("<QqBBHI", index, T0 + index, KINDS[kind], 0, len(payload), 0)
            previous = hashlib.sha256(previous + middle + payload).digest()[:16]
            length = (48 + len(payload) + 7) // 8 * 8
            body = (middle + previous + payload).ljust(length - 8, b"\0")
            content += struct.pack("<II", length, castagnoli(body)) + body
        return content

    def check(self, *words, codes=None):
        """The checker's verdict, as the harness asks for it."""
        for name in ("paper", "books", "register-1", "sandbox", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        content = self.bytes_of_journal().ljust(1 << 16, b"\0")
        (self.folder / "register-1/journal.000001").write_bytes(self.spoil(content) if self.spoil else content)
        lines = "".join(json.dumps(line) + "\n" for line in self.paper)
        (self.folder / "paper/register-1.jsonl").write_text(lines, encoding="utf-8")
        calls = "".join(json.dumps(call) + "\n" for call in self.calls)
        (self.folder / "sandbox/wallet-log.jsonl").write_text(calls, encoding="utf-8")
        held = sum(trade["net"] for trade in self.trades)
        for name, value in (
                ("trades", self.trades), ("ledger", {"sum": 0, "merchant": held, "inFlight": 0, "shoppers": -held}),
                ("run", {"registers": [self.register], "timeFactor": 0.2, "excused": self.excused})):
            (self.folder / f"books/{name}.json").write_text(json.dumps(value), encoding="utf-8")
        if codes is not None:
            words = (*words, "--codes")
        done = subprocess.run([sys.executable, CHAOS / "checker", self.folder, *words], capture_output=True,
                              text=True, input="\n".join(codes or ()))
        assert done.stdout, done.stderr
        verdict = json.loads(done.stdout)
        assert done.returncode == (1 if verdict["violations"] else 0)
        return verdict

    def rules(self, *words, codes=None):
        return {violation["rule"] for violation in self.check(*words, codes=codes)["violations"]}


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)
