# Part of Tillbridge. See LICENSE.
"""The register's software and the people around it: a cashier, and shoppers who pay, decline, hesitate or walk away.

A register writes its paper log before it acts on anything, synced line by line: what it asked, what it was told. Its
lines are the register's side of the comparison, so nothing is written there that the register cannot know."""

import asyncio
import json
import os
import random
import time

from calls import NoAnswer

# A shopper's code, what the cashier does besides waiting, and how often, in a shop at time factor 1 and in one whose
# times are short. Slow payments are rarer where they cost 45 seconds.
MIXTURE = [
    # behaviour, cashier, weight at 1, weight at less
    ("pays", "waits", 700, 520),
    ("pays", "disowns", 20, 40),
    ("pays", "forgets", 25, 40),
    ("pays", "asks twice", 20, 30),
    ("pays", "cancels", 15, 30),
    ("pays", "reuses the code", 6, 15),
    ("password-pays-after:2", "waits", 60, 60),
    ("password-pays-after:6", "waits", 6, 40),
    ("password-pays-after:44", "waits", 2, 15),
    ("password-pays-after:50", "waits", 2, 15),
    ("password", "confirms", 30, 30),
    ("password", "rejects", 15, 25),
    ("password", "cancels", 15, 40),
    ("password", "waits", 1, 10),
    ("never", "waits", 1, 10),
    ("insufficient", "waits", 20, 25),
    ("expired", "waits", 8, 10),
    ("used", "waits", 5, 10),
    ("risk-refused", "waits", 8, 10),
    ("unknown-code", "waits", 4, 5),
    ("no-code", "waits", 3, 5),
]
DECIDED = ("paid", "declined", "cancelled", "unavailable", "busy", "unacknowledged")


class Paper:
    """A register's own log: JSON lines, each on the disk before the register goes on."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, kind, call, sale=None, **fields):
        line = {"time": int(time.time() * 1000), "kind": kind, "call": call}
        if sale:
            line["saleRef"] = sale
        line.update((name, value) for name, value in fields.items() if value is not None)
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fdatasync(self._file)

    def close(self):
        os.close(self._file)


# First digits and length of a code that a phone shows without a network.
OFFLINE = {"alipay": ("28", 18), "wechatpay": ("13", 18), "qqwallet": ("91", 18), "unionpay": ("62", 19)}


class Sale:
    def __init__(self, reference, wallet, behaviour, cashier, amount):
        self.reference = reference
        self.wallet = wallet
        self.behaviour = behaviour
        self.cashier = cashier
        self.amount = amount
        self.began = time.time()
        self.waited = None
        self.outcome = None
        self.is_final = False


class Driver:
    def __init__(self, installation, position, seed, pause, wallets):
        self.installation = installation
        self.position = position
        self.random = random.Random(f"{seed}/driver/{position}")
        self.pause = pause
        self.wallets = wallets
        self.paper = Paper(f"{installation.folder}/paper/register-{position + 1}.jsonl")
        self.factor = installation.factor
        self.sales = []
        self.open_sales = set()
        self.codes = set()
        self.orders = 0
        self.is_calm = asyncio.Event()
        self._may_sell = asyncio.Event()
        self._may_sell.set()
        self._script = []
        self._stopping = False
        self._followers = set()
        self.answered = None
        # Awaited with the sale when the register has been told paid and has not acted on it yet.
        self.on_told = None
        weight = 2 if self.factor >= 1 else 3
        self._rows = [row[:2] for row in MIXTURE]
        self._weights = [row[weight] for row in MIXTURE]
        # While blows are aimed nobody takes long, so that registers come to rest when they are asked to.
        self.is_quick = False

    # ---- the harness's side ----

    async def hold(self, seconds=60.0):
        """Between two sales, from now on. False where the present sale takes too long."""
        self._may_sell.clear()
        try:
            await asyncio.wait_for(self.is_calm.wait(), seconds)
            return True
        except TimeoutError:
            return False

    def release(self):
        self._may_sell.set()

    def order(self, behaviour, cashier, wallet=None):
        """The next sale is this one. Returns what becomes true when it has been decided."""
        done = asyncio.get_running_loop().create_future()
        self._script.append((behaviour, cashier, wallet, done))
        return done

    async def sell_until_stopped(self):
        while not self._stopping:
            if not self._script and not self._may_sell.is_set():
                self.is_calm.set()
                while not self._script and not self._may_sell.is_set() and not self._stopping:
                    await asyncio.sleep(0.005)
                self.is_calm.clear()
                continue
            scripted = self._script.pop(0) if self._script else None
            sale = await self._sell(scripted)
            if scripted and not scripted[3].done():
                scripted[3].set_result(sale)
            if not scripted:
                await asyncio.sleep(self.pause * self.random.uniform(0.3, 1.7))
        self.is_calm.set()

    def stop(self):
        self._stopping = True
        self.release()

    async def settled(self, seconds, before=None):
        """Until every sale (that began before a moment) has been told its final word. Returns those that were not."""
        deadline = time.monotonic() + seconds
        while True:
            left = [sale for sale in self.open_sales if before is None or sale.began < before]
            if not left or time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.02)

    def close(self):
        for task in self._followers:
            task.cancel()
        self.paper.close()

    # ---- a sale ----

    async def _sell(self, scripted):
        if scripted:
            behaviour, cashier, wallet, _ = scripted
        else:
            behaviour, cashier = self.random.choices(self._rows, self._weights)[0]
            if self.is_quick and behaviour.startswith(("password", "never")):
                behaviour, cashier = "pays", "waits"
            wallet = None
        wallet = wallet or self.random.choice(self.wallets)
        self.orders += 1
        sale = Sale(f"C{self.position + 1}-{self.orders}", wallet, behaviour, cashier,
                    self.random.randint(1, 30000))
        self.sales.append(sale)
        self.open_sales.add(sale)
        code = await self._code(wallet, behaviour)
        answer = await self._pay(sale, code)
        if answer.get("outcome") == "declined" and self.random.random() < 0.3:
            # Another try with another code: the same sale, a new attempt.
            code = await self._code(sale.wallet, "pays")
            answer = await self._pay(sale, code, "waits")
        await self._finish(sale, answer)
        if cashier == "reuses the code" and sale.outcome == "paid":
            self.orders += 1
            again = Sale(f"C{self.position + 1}-{self.orders}", wallet, "used", "waits", sale.amount)
            self.sales.append(again)
            self.open_sales.add(again)
            await self._finish(again, await self._pay(again, code))
        return sale

    async def _code(self, wallet, behaviour):
        if behaviour == "no-code":
            return "https://example.org/menu"
        if behaviour != "unknown-code":
            try:
                status, answer = await self.installation.wallet(
                    "POST", "codes", {"wallet": wallet, "behaviour": behaviour}, seconds=1.5)
                if status == 200:
                    self.codes.add(answer["code"])
                    return answer["code"]
            except NoAnswer:
                pass
        # A phone shows codes without a network, too; the wallet may not know this one.
        first, length = OFFLINE[wallet]
        code = first + "".join(self.random.choice("0123456789") for _ in range(length - len(first)))
        self.codes.add(code)
        return code

    async def _pay(self, sale, code, cashier=None):
        """The first answer that decides something. Asks on where there was none."""
        cashier = cashier or sale.cashier
        body = {"saleRef": sale.reference, "amount": sale.amount, "currency": "CNY", "paymentCode": code,
                "items": [{"sku": "6901", "name": "Tea", "quantity": 1, "unitPrice": sale.amount}]}
        self.paper.write("asked", "pay", sale.reference, amount=sale.amount)
        meanwhile = asyncio.ensure_future(self._meanwhile(sale, code, body, cashier))
        began = time.monotonic()
        # Longer than the plug-in's own limit, so that the plug-in decides first.
        answer = await self._ask("pay", sale, "POST", "/v1/payments", body, 70 * self.factor + 3)
        if answer is not None:
            sale.waited = time.monotonic() - began
        meanwhile.cancel()
        await asyncio.gather(meanwhile, return_exceptions=True)
        if answer is None or answer.get("outcome") not in DECIDED:
            answer = await self._ask_until_decided(sale)
        return answer

    async def _meanwhile(self, sale, code, body, cashier):
        """What else happens while the register waits. The shopper's hands belong to the wallet."""
        if cashier in ("waits", "disowns", "forgets", "reuses the code"):
            return
        await asyncio.sleep(self.random.uniform(0.005, 0.05) if sale.behaviour == "pays"
                            else self.random.uniform(1.0, 8.0) * self.factor)
        if cashier == "cancels":
            await self._order(sale, "cancel", 3.0)
        elif cashier == "asks twice":
            self.paper.write("asked", "pay", sale.reference, amount=sale.amount)
            await self._ask("pay", sale, "POST", "/v1/payments", body, 70 * self.factor + 3)
        elif cashier in ("confirms", "rejects"):
            try:
                await self.installation.wallet("POST", f"codes/{code}/{cashier[:-1]}", {}, seconds=2.0)
            except NoAnswer:
                pass

    async def _order(self, sale, call, seconds):
        self.paper.write("asked", call, sale.reference)
        return await self._ask(call, sale, "POST", f"/v1/payments/{sale.reference}/{call}", {}, seconds)

    async def _ask(self, call, sale, method, path, body=None, seconds=5.0, silent=False):
        """The answer about a sale, written down first; None where none came. A refusal is an answer without outcome."""
        try:
            status, answer = await self.installation.register(self.position, method, path, body, seconds)
        except NoAnswer as why:
            if not silent:
                self.paper.write("silence", call, sale.reference, note=str(why))
            return None
        answer = answer if isinstance(answer, dict) else {}
        if status == 200:
            self._told(call, sale, answer)
            if self.on_told and answer.get("outcome") == "paid" and call in ("pay", "status"):
                hook, self.on_told = self.on_told, None
                await hook(sale)
            return answer
        known = answer.get("payment") or {}
        self.paper.write("refused", call, sale.reference, status=status,
                         note=answer.get("type"), outcome=known.get("outcome"))
        return {"status": status}

    def _told(self, call, sale, answer):
        last = (answer.get("outcome"), answer.get("orderNumber"), answer.get("final"), answer.get("reason"))
        if call != "status" or getattr(sale, "last_told", None) != last:
            self.paper.write("told", call, sale.reference, **{
                name: answer.get(name) for name in (
                    "outcome", "orderNumber", "amount", "wallet", "reason", "final", "blockedBy", "lane",
                    "walletTransaction")})
            sale.last_told = last

    async def _ask_until_decided(self, sale):
        """A register that heard nothing asks until it knows."""
        while True:
            answer = await self._ask(
                "status", sale, "GET", f"/v1/payments/{sale.reference}", seconds=3.0, silent=True)
            if answer is not None:
                if answer.get("outcome") in DECIDED:
                    return answer
                if answer.get("status") == 404:
                    # The plug-in never wrote it down, so nothing was sent.
                    self.paper.write("told", "status", sale.reference, outcome="unknown-sale")
                    return {"outcome": "unknown-sale"}
            await asyncio.sleep(0.1)

    async def _finish(self, sale, answer):
        outcome = answer.get("outcome")
        if outcome == "paid":
            if sale.cashier == "forgets":
                # The register's software fell over before it stored the tender, and asks when it is up again.
                await asyncio.sleep(self.random.uniform(0.1, 1.0))
                answer = await self._ask_until_decided(sale)
                outcome = answer.get("outcome")
            if outcome == "paid":
                outcome = await self._hand_over(sale, "disown" if sale.cashier == "disowns" else "acknowledge")
        sale.outcome = outcome
        if outcome == "cancelled" and not answer.get("final"):
            self._follow(sale)
            return
        if outcome in ("busy", "unacknowledged"):
            await asyncio.sleep(0.2 * self.random.uniform(0.5, 2))
        if outcome == "unavailable":
            await asyncio.sleep(0.3 * self.random.uniform(0.5, 2))
        self._ended(sale)

    async def _hand_over(self, sale, call):
        """Takes the tender, or says that the goods stay here. Again, until the plug-in has heard it."""
        if call == "acknowledge":
            self.paper.write("took", "acknowledge", sale.reference)
        while True:
            answer = await self._order(sale, call, 3.0)
            if answer is not None and answer.get("outcome") in ("paid", "cancelled"):
                if answer["outcome"] == "cancelled" and not answer.get("final"):
                    sale.is_final = False
                return answer["outcome"]
            if answer is not None and answer.get("status") in (404, 409):
                return (await self._ask_until_decided(sale)).get("outcome")
            await asyncio.sleep(0.1)

    def _follow(self, sale):
        """The cashier goes on; the register watches the undo."""
        async def follow():
            while True:
                answer = await self._ask(
                    "status", sale, "GET", f"/v1/payments/{sale.reference}", seconds=3.0, silent=True)
                if answer and (answer.get("final") or answer.get("outcome") not in ("cancelled", None)):
                    self._ended(sale)
                    return
                await asyncio.sleep(0.05 if self.factor < 1 else 0.2)
        task = asyncio.ensure_future(follow())
        self._followers.add(task)
        task.add_done_callback(self._followers.discard)

    def _ended(self, sale):
        sale.is_final = True
        self.open_sales.discard(sale)
