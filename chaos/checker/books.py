# Part of Tillbridge. See LICENSE.
"""The three books that are compared: the registers' paper, the plug-ins' journals, the wallet's ledger."""

import json
import os

import journal


class Attempt:
    """One order number as the journal has it."""

    def __init__(self, number, sale, amount, t0, home, index):
        self.number = number
        self.sale = sale
        self.amount = amount
        self.t0 = t0
        self.home = home
        self.index = index
        self.events = []
        self.is_closed = False

    def has(self, *kinds):
        return any(kind in kinds for kind, _ in self.events)

    def first(self, kind):
        return next((record for known, record in self.events if known == kind), None)


class Register:
    def __init__(self, name, position, lines, records, complaints):
        self.name = name
        self.position = position
        self.lines = lines
        self.records = records
        self.complaints = complaints
        self.attempts = {}
        # By sale, in the order of the paper and of the journal.
        self.sales = {}
        self.attempts_of = {}
        for line in lines:
            if "saleRef" in line:
                self.sales.setdefault(line["saleRef"], []).append(line)

    def read_attempts(self):
        """Complaints about records that make no sense."""
        for record in self.records:
            if record.kind == "INTENT":
                fields = record.fields[0].split("|")
                if len(record.fields) != 3 or len(fields) != 10 or fields[0] != "1":
                    yield f"the INTENT at {record.index} is not readable"
                    continue
                number = fields[1]
                if number in self.attempts:
                    yield f"{number} has two INTENT records"
                attempt = Attempt(number, fields[2], int(fields[3]), int(fields[8]), record.fields[1], record.index)
                self.attempts[number] = attempt
                self.attempts_of.setdefault(attempt.sale, []).append(attempt)
            elif record.kind not in ("START", "CHECKPOINT", "REFUND"):
                attempt = self.attempts.get(record.fields[0])
                if attempt is None:
                    yield f"{record.kind} at {record.index} is about the unknown number {record.fields[0]}"
                elif record.kind == "CLOSED":
                    attempt.is_closed = True
                else:
                    attempt.events.append((record.kind, record))


class Trade:
    """A trade of the wallet's own books."""

    def __init__(self, entry):
        self.number = entry["merchantOrderNumber"]
        self.wallet = entry["wallet"]
        self.amount = entry["amount"]
        self.state = entry["state"]
        self.net = entry["net"]
        self.created = entry["createdAt"]
        self.history = entry["history"]
        self.refunds = entry["refunds"]
        self.register = self.number[1:10]

    def held(self):
        """Intervals of time in which the merchant held money, and how much: [(from, to or None, fen)]."""
        spans, net, since = [], 0, 0
        for event in self.history:
            amount = event.get("amount") or 0
            change = {"paid": amount, "refund-done": -amount}.get(event["event"], 0)
            if event["event"] == "reversed":
                change = -net
            if change:
                if net:
                    spans.append((since, event["at"], net))
                net, since = net + change, event["at"]
        if net:
            spans.append((since, None, net))
        return spans

    def returned(self):
        return sum(refund["amount"] for refund in self.refunds if refund["state"] != "failed")


class Books:
    def __init__(self, folder, thorough=True):
        self.folder = folder
        with open(f"{folder}/books/run.json", encoding="utf-8") as file:
            self.run = json.load(file)
        self.factor = self.run["timeFactor"]
        # The paper first and the journals last: what is on paper was in the journal before, and what the wallet
        # knew had been an INTENT before.
        papers = [self._paper(position) for position in range(len(self.run["registers"]))]
        with open(f"{folder}/books/trades.json", encoding="utf-8") as file:
            self.trades = {trade.number: trade for trade in map(Trade, json.load(file))}
        with open(f"{folder}/books/ledger.json", encoding="utf-8") as file:
            self.ledger = json.load(file)
        self.pay_calls = self._pay_calls()
        self.registers = []
        for position, name in enumerate(self.run["registers"]):
            records, complaints = journal.read(f"{folder}/register-{position + 1}", thorough)
            self.registers.append(Register(name, position, papers[position], records, complaints))

    def _paper(self, position):
        lines = []
        with open(f"{self.folder}/paper/register-{position + 1}.jsonl", encoding="utf-8") as file:
            for line in file:
                # The very last line may be half written where somebody looks while a register works.
                if line.endswith("\n"):
                    lines.append(json.loads(line))
        return lines

    def _pay_calls(self):
        """How often a pay request for a number came to the wallet, by the wallet's own log."""
        calls = {}
        path = f"{self.folder}/sandbox/wallet-log.jsonl"
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    try:
                        entry = json.loads(line)
                    except ValueError:
                        # A line that was being written when the wallet was killed.
                        continue
                    if entry.get("operation") == "pay" and entry.get("merchantOrderNumber"):
                        number = entry["merchantOrderNumber"]
                        calls[number] = calls.get(number, 0) + 1
        return calls
