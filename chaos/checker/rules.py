# Part of Tillbridge. See LICENSE.
"""The rules that the books must keep (docs/payment-protocol.md), as they are visible from outside."""

import os
import re

FREE = {"ACKED", "DECLINED", "UNSENT", "FINAL"}
SHUNTED = {"DUTY", "RELEASED"}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# The wallet books to the millisecond and on the same machine; a register writes a little after it was told.
SLACK = 250
UNPAID = ("declined", "unavailable", "unknown-sale")


class Violation:
    def __init__(self, rule, what, register="", sale="", number=""):
        self.rule, self.what, self.register, self.sale, self.number = rule, what, register, sale, number

    def as_dict(self):
        return {name: value for name, value in vars(self).items() if value}


def judge(books, since=0, before=None, final=True, codes=()):
    """Every violation in the books.

    `since`, `before`: only sales that began in between are judged by what they were told. `final`: nothing may be
    open any more."""
    found = []
    for register in books.registers:
        for complaint in [*register.complaints, *register.read_attempts()]:
            found.append(Violation("journal", complaint, register.name))
        found += lane_order(register)
        found += numbers(register)
        for sale, lines in register.sales.items():
            if lines[0]["time"] >= since and (before is None or lines[0]["time"] < before):
                found += agreement(books, register, sale, lines, final)
                found += waiting_times(books, register, sale, lines)
        if final:
            found += nothing_open(books, register)
    found += unique(books)
    found += wallet(books, final)
    if codes:
        found += payment_codes(books.folder, codes)
    return found


# ---- one sale ----

def agreement(books, register, sale, lines, final):
    """S1 both ways, S2, S4, S5, S9: what the register was told, and where the money is."""
    told = [line for line in lines if line["kind"] == "told"]
    attempts = register.attempts_of.get(sale, [])
    asked = [line["amount"] for line in lines if line["kind"] == "asked" and line["call"] == "pay"]
    price = asked[0] if asked else None
    disowned = any(line["kind"] == "asked" and line["call"] == "disown" for line in lines)

    def wrong(rule, what, number=""):
        return Violation(rule, what, register.name, sale, number)

    last = None
    for line in told:
        # What is said of a sale in the way is not said of this one.
        if line.get("outcome") in ("busy", "unacknowledged"):
            last = line
            continue
        if line.get("outcome") == "waiting":
            continue
        last = line
        number = line.get("orderNumber")
        if number is None:
            if line.get("outcome") == "paid":
                yield wrong("S1", "told paid without an order number")
            continue
        attempt = register.attempts.get(number)
        if attempt is None or attempt.sale != sale:
            yield wrong("S4", f"told {line['outcome']} of a number that the journal does not have for it", number)
            continue
        needed = {"paid": ("PAID",), "cancelled": ("REVOKE",), "declined": ("DECLINED",),
                  "unavailable": ("UNSENT",)}.get(line["outcome"])
        # A payment that ended otherwise than declined is told by its state, too.
        if needed and not attempt.has(*needed):
            yield wrong("S4", f"told {line['outcome']}, the journal has no {needed[0]}", number)
        if line["call"] == "acknowledge" and line["outcome"] == "paid" and not attempt.has("ACKED"):
            yield wrong("S4", "the acknowledgement was answered, the journal has no ACKED", number)

    for attempt in attempts:
        number = attempt.number
        words = [line for line in told if line.get("orderNumber") == number
                 and line.get("outcome") in ("paid", "declined", "cancelled", "unavailable")]
        outcomes = [line["outcome"] for line in words]
        if "paid" in outcomes:
            first_end = next((at for at, word in enumerate(outcomes) if word != "paid"), None)
            if first_end is not None:
                if "paid" in outcomes[first_end:]:
                    yield wrong("S5", "told paid after it had ended unpaid", number)
                elif not disowned:
                    yield wrong("S1", "told unpaid after paid, and nobody disowned it", number)
        trade = books.trades.get(number)
        net = trade.net if trade else 0
        if price is not None and attempt.amount != price:
            yield wrong("S6", f"the register asked for {price} fen, the intent has {attempt.amount}", number)
        word = words[-1] if words else None
        if word and word["outcome"] == "paid":
            if net != price:
                yield wrong("S1", f"told paid, the wallet holds {net} fen of {price}", number)
            continue
        final_word = word and (word["outcome"] != "cancelled" or word.get("final"))
        unknown = not words and last is not None and last.get("outcome") in UNPAID
        if final_word or unknown or (final and attempt.has("FINAL", "DECLINED", "UNSENT")):
            if net != 0:
                yield wrong("S1", f"told finally unpaid, the wallet holds {net} fen", number)
            if trade and trade.state == "waiting":
                yield wrong("S1", "told finally unpaid, the wallet still asks the shopper", number)
            moment = next((line["time"] for line in words if line["outcome"] in ("declined", "unavailable")
                           or line["outcome"] == "cancelled" and line.get("final")), last["time"] if unknown else None)
            for start, end, amount in trade.held() if trade and moment else ():
                if end is None or end > moment + SLACK:
                    yield wrong("S1", f"{amount} fen were held from {start} to {end}, the register had been told "
                                      f"finally unpaid at {moment}", number)
        if attempt.has("ACKED"):
            yield wrong("S9", "the journal has ACKED, the register was never told paid at last", number)

    held = sum(books.trades[attempt.number].net for attempt in attempts if attempt.number in books.trades)
    if price is not None and held > price:
        yield wrong("S2", f"the wallet holds {held} fen for a sale of {price}")
    if last is None or last.get("outcome") == "cancelled" and not last.get("final"):
        yield wrong("L1", "the register was never told how it ended")


def waiting_times(books, register, sale, lines):
    """L2: every answered pay within 60 seconds, times the factor; the harness says when it stood in the way itself."""
    limit = 60_000 * books.factor + 500
    excuses = books.run.get("excused", {}).get(str(register.position), [])
    began = None
    for line in lines:
        if line["call"] != "pay":
            continue
        if line["kind"] == "asked":
            began = line["time"]
        elif began is not None:
            waited = line["time"] - began
            if waited > limit and not any(start < line["time"] and end > began for start, end in excuses):
                yield Violation("L2", f"the register waited {waited} ms for its answer ({line['kind']})",
                                register.name, sale, line.get("orderNumber", ""))
            began = None


# ---- one register ----

def lane_order(register):
    """S3, S5, S9 in the order of the journal: the next INTENT only behind a free lane."""
    states = {}
    for record in register.records:
        number = record.fields[0].split("|")[1] if record.kind == "INTENT" and "|" in record.fields[0] \
            else record.fields[0]

        def wrong(rule, what):
            return Violation(rule, f"{what} (record {record.index})", register.name, number=number)

        before = states.get(number)
        if record.kind == "INTENT":
            locked = [(other, state) for other, state in states.items() if state not in FREE]
            shunted = sum(1 for _, state in locked if state in SHUNTED)
            for other, state in locked:
                if state not in SHUNTED:
                    yield wrong("S3", f"a payment began while {other} was {state}")
            if shunted > 3:
                yield wrong("S3", f"a payment began with {shunted} undos behind the lane")
        elif record.kind == "PAID" and before != "INTENT":
            yield wrong("S5", f"PAID after {before}")
        elif record.kind == "ACKED" and before != "PAID":
            yield wrong("S9", f"ACKED after {before}")
        elif record.kind == "REVOKE":
            if before == "ACKED":
                yield wrong("S9", "a revoke after the hand-over")
            elif before == "PAID" and record.fields[1:2] != ["disowned"]:
                yield wrong("S9", f"a paid sale was revoked: {record.fields[1:]}")
            elif before not in ("INTENT", "PAID"):
                yield wrong("S5", f"REVOKE after {before}")
        if record.kind in ("START", "CHECKPOINT", "CLOSED", "REFUND"):
            continue
        states[number] = record.kind
        # What has ended needs no place in the list of what may lock the lane.
        if record.kind in FREE and len(states) > 64:
            states = {other: state for other, state in states.items() if state not in FREE or other == number}


def numbers(register):
    """S7 within a register: check character, register, epoch of the present start, a rising sequence."""
    epoch, sequence = None, ""
    for record in register.records:
        if record.kind == "START":
            epoch = record.fields[1] if len(record.fields) > 1 else None
        elif record.kind == "INTENT" and "|" in record.fields[0]:
            number = record.fields[0].split("|")[1]

            def wrong(what):
                return Violation("S7", what, register.name, number=number)

            if len(number) != 24 or not check_is_right(number):
                yield wrong("is no order number")
            elif number[1:10] != register.name:
                yield wrong("names another register")
            elif number[10:17] != epoch:
                yield wrong(f"has not the epoch of its start, {epoch}")
            elif number[17:23] <= sequence:
                yield wrong(f"does not follow sequence {sequence}")
            sequence = number[17:23]


def check_is_right(number):
    """ISO 7064 MOD 37,36."""
    product = 36
    for character in number[:-1]:
        value = (product + ALPHABET.index(character)) % 36 or 36
        product = value * 2 % 37
    return (product + ALPHABET.index(number[-1])) % 36 == 1


def nothing_open(books, register):
    for attempt in register.attempts.values():
        if not attempt.events:
            yield Violation("L1", "is still INTENT at the end", register.name, attempt.sale, attempt.number)
        elif attempt.events[-1][0] not in FREE:
            yield Violation("L1", f"is still {attempt.events[-1][0]} at the end", register.name, attempt.sale,
                            attempt.number)
        elif not attempt.is_closed and not attempt.has("UNSENT"):
            yield Violation("L1", f"{attempt.events[-1][0]} was not closed with both clouds at the end",
                            register.name, attempt.sale, attempt.number)


# ---- everything ----

def unique(books):
    seen = {}
    for register in books.registers:
        for number in register.attempts:
            if seen.setdefault(number, register.name) != register.name:
                yield Violation("S7", f"also drawn by {seen[number]}", register.name, number=number)


def wallet(books, final):
    """The wallet's side: no money without an INTENT, right amounts, one pay call, undone once, books that balance."""
    attempts = {number: (register, attempt) for register in books.registers
                for number, attempt in register.attempts.items()}
    for number, trade in books.trades.items():
        known = attempts.get(number)
        if known is None:
            yield Violation("S4", f"the wallet has {trade.net} fen ({trade.state}) under it, no journal has an INTENT",
                            trade.register, number=number)
            continue
        register, attempt = known

        def wrong(rule, what):
            return Violation(rule, what, register.name, attempt.sale, number)

        if trade.amount != attempt.amount:
            yield wrong("S6", f"the intent has {attempt.amount} fen, the wallet {trade.amount}")
        if trade.returned() > trade.amount:
            yield wrong("S8", f"{trade.returned()} of {trade.amount} fen were given back")
        for refund in trade.refunds:
            if refund["number"] != f"{number}R00" and trade.wallet != "wechatpay":
                yield wrong("S8", f"an undo under the number {refund['number']}")
        if attempt.has("ACKED"):
            taken_back = [event for event in trade.history if event["event"] in
                          ("reversed", "refund-accepted", "refund-done")]
            if taken_back or trade.net != trade.amount:
                yield wrong("S9", f"handed over, and the wallet holds {trade.net} of {trade.amount} fen")
        if final and trade.state == "waiting":
            yield wrong("L1", "the wallet still asks the shopper at the end")
    for number, count in books.pay_calls.items():
        if count > 1:
            yield Violation("S12", f"{count} pay calls came to the wallet", number[1:10], number=number)
        if number not in attempts:
            yield Violation("S4", "a pay call came to the wallet, no journal has an INTENT", number[1:10],
                            number=number)
    if books.ledger["sum"] != 0:
        yield Violation("ledger", f"the wallet's books are off by {books.ledger['sum']} fen")
    held = sum(trade.net for trade in books.trades.values())
    if final and books.ledger["inFlight"] == 0 and books.ledger["merchant"] != held:
        yield Violation("ledger", f"the wallet's ledger has {books.ledger['merchant']} fen, its trades {held}")


def payment_codes(folder, codes):
    """No payment code in anything that the services, the proxy or the registers wrote. The wallet knows them."""
    wanted = {code.encode() for code in codes}
    length = {len(code) for code in wanted}
    digits = re.compile(rb"[0-9]{16,}")
    for path, folders, files in os.walk(folder):
        if path == folder and "sandbox" in folders:
            folders.remove("sandbox")
        for name in files:
            if name == "sandbox.log":
                continue
            with open(f"{path}/{name}", "rb") as file:
                content = file.read()
            for run in digits.finditer(content):
                text = run.group()
                if any(text[start:start + size] in wanted
                       for size in length for start in range(len(text) - size + 1)):
                    yield Violation("codes", f"{os.path.relpath(path, folder)}/{name} holds a payment code")
                    break
