# Part of Tillbridge. See LICENSE.
"""A whole run: calm and storm in turn, healing, judging, the end."""

import asyncio
import collections
import json
import os
import re
import sqlite3
import sys
import time

from acts import Act, Player, aimed, schedule
from boundaries import Missed
from calls import NoAnswer
from drivers import Driver
from parts import CLOUDS, REGISTERS, SUPERVISOR_CODE, Installation, SetupFailure

CHECKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checker")


class Chaos:
    def __init__(self, options, abilities, folder):
        self.options = options
        self.abilities = abilities
        self.folder = folder
        self.factor = options.time_factor
        self.plant = Installation(
            folder, options.tillbridge, options.plugin, self.factor, abilities, options.seed)
        self.drivers = []
        self.aimed = aimed(options.seed, abilities)
        self.player = Player(self)
        self.aiming = asyncio.Lock()
        self.machines_in_use = set()
        self.clocks_in_use = set()
        self.kills = collections.Counter()
        self.misses = collections.Counter()
        self.pauses = collections.Counter()
        self.partitions = collections.Counter()
        self.disk = collections.Counter()
        self.clocks = collections.Counter()
        self.wallet_faults = collections.Counter()
        self.floods = self.restarts = self.second_instances = 0
        self.falls = collections.Counter()
        self.violations = []
        self.dark = []
        self.unlocks = []
        self.calm = []
        self.storms = []
        self.phases = 0
        self.started = time.time()
        self.deadline = time.monotonic() + options.minutes * 60
        self.wallets = ["alipay", "wechatpay", "unionpay"]
        # The end would wait for an undo at QQ Wallet longer than a short run takes.
        if options.minutes >= 5:
            self.wallets.append("qqwallet")
        self._excused = collections.defaultdict(list)
        self._log = open(f"{folder}/chaos.log", "w", encoding="utf-8", buffering=1)
        self._reviving = set()
        self._keeping = True
        self._seen = set()

    # ---- notes ----

    def note(self, text):
        line = f"{time.strftime('%H:%M:%S')} {text}"
        self._log.write(line + "\n")
        if self.options.verbose:
            print(line, file=sys.stderr, flush=True)

    def say(self, text):
        self.note(text)
        if not self.options.verbose:
            print(f"chaos: {text}", file=sys.stderr, flush=True)

    def miss(self, name, why):
        self.misses[name] += 1
        self.note(f"missed: {name}: {why}")

    def accuse(self, rule, what, **more):
        key = (rule, what, more.get("number", ""))
        if key not in self._seen:
            self._seen.add(key)
            self.violations.append({"rule": rule, "what": what, **more})
            self.say(f"VIOLATION {rule}: {what} {more or ''}")

    def excuse(self, name, began):
        """A register cannot be answered in time by a plug-in that was stopped, or over a line that was cut."""
        found = re.match(r"register(\d)-|plugin(\d)$", name)
        if found:
            position = int(found.group(1) or found.group(2)) - 1
            self._excused[position].append((int(began * 1000) - 100, int(time.time() * 1000) + 1500))

    # ---- parts that fall and are started again ----

    async def revive(self, part):
        """Starts a part that is down, again and again where it cannot start."""
        self._reviving.add(part.name)
        try:
            tries = 0
            while not part.runs:
                try:
                    await part.start()
                except SetupFailure as failure:
                    tries += 1
                    self.falls[f"{part.name}: did not start"] += 1
                    self.note(f"{failure}")
                    if tries > 240:
                        raise
                    await asyncio.sleep(0.5)
        finally:
            self._reviving.discard(part.name)

    async def _keep(self):
        """The init system: what ends by itself is started again, and counted."""
        while self._keeping:
            for part in self.plant.parts.values():
                if part.wanted and not part.runs and part.name not in self._reviving:
                    code = part.process.returncode
                    self.falls[f"{part.name}: {code}"] += 1
                    self.note(f"{part.name} fell with {code}")
                    if code < 0 and -code in (4, 5, 6, 7, 8, 11):
                        self.accuse("crash", f"{part.name} crashed with signal {-code}")
                    part.gone()
                    self._reviving.add(part.name)
                    asyncio.ensure_future(self._revive_soon(part))
            await asyncio.sleep(0.05)

    def abandoned(self):
        """Parts that are down and nobody is about to start: struck by a blow that was meant for another one."""
        return [part for part in self.plant.parts.values()
                if not part.runs and not part.wanted and not part.lock.locked() and part.name not in self._reviving]

    async def _revive_soon(self, part):
        await asyncio.sleep(0.3)
        await self.revive(part)

    def own(self, kind, position):
        """Parts that were to be killed and live on, or died otherwise, belong to the init system again."""
        for part in self.plant.parts.values():
            if part.name == f"plugin{position + 1}" if kind == "plugin" else part.name.startswith(kind):
                if part.name not in self._reviving and not part.lock.locked():
                    part.wanted = True

    # ---- quiet registers, for what has to be aimed ----

    async def quiet(self, position):
        """Holds a register between two sales, its lane free. Undos behind a free lane may still go on."""
        if not await self.drivers[position].hold(3 + 10 * self.factor):
            raise Missed("the register is busy")
        await self._free(position)

    async def all_quiet(self, position):
        """Holds all registers, as well as that goes: who waits for a shopper or a dead cloud goes on waiting."""
        await asyncio.gather(*(driver.hold(0.7) for driver in self.drivers if driver.position != position),
                             self.quiet(position))

    async def free_registers(self, positions):
        """Those of the registers whose lane is free now, in the given order."""
        found = await asyncio.gather(*(self.plant.status(position, 0.5) for position in positions))
        return [position for position, status in zip(positions, found)
                if status and (status.get("available") or status.get("lane") == "unacknowledged")]

    async def _free(self, position):
        """Until the lane is free and its journal at rest: records of earlier payments would be taken for this one's."""
        index = None
        for _ in range(60):
            status = await self.plant.status(position, 0.5)
            if status and status.get("lane") == "free" and status.get("available"):
                if index == status.get("journalIndex"):
                    return
                index = status.get("journalIndex")
            await asyncio.sleep(0.03)
        raise Missed("the lane is not free, or the register is offline")

    def release(self, positions):
        for position in positions:
            self.drivers[position].release()

    # ---- healing ----

    async def heal_link(self, link, deliver):
        await link.heal(deliver)
        target = next((part for part in self.plant.parts.values() if link in part.links_in), None)
        if target is not None and not target.runs:
            link.shut()

    async def clear_wallet_faults(self):
        for _ in range(5):
            try:
                await self.plant.wallet("DELETE", "faults", seconds=2)
                return
            except NoAnswer:
                await asyncio.sleep(0.3)

    async def heal(self):
        for part in self.plant.parts.values():
            part.strike(18)
        for network in self.plant.networks.values():
            network.heal()
        for clock in self.plant.clocks.values():
            clock.set(0)
        for link in self.plant.links:
            await self.heal_link(link, False)
        for driver in self.drivers:
            driver.release()
            driver.on_told = None
        for part in self.plant.parts.values():
            deadline = time.monotonic() + 90
            while not part.runs or part.name in self._reviving:
                if part.name not in self._reviving and not part.runs:
                    await self.revive(part)
                if time.monotonic() > deadline:
                    raise SetupFailure(f"{part.name} did not come back within 90 s of healing: see {part.log}")
                await asyncio.sleep(0.05)
            part.wanted = True
        await self.clear_wallet_faults()

    # ---- the run ----

    async def run(self):
        await self.plant.set_up()
        self.note(f"set up in {time.time() - self.started:.1f} s")
        keeper = asyncio.ensure_future(self._keep())
        pause = 0.03 if self.factor < 1 else 0.1
        self.drivers = [Driver(self.plant, position, self.options.seed, pause, self.wallets)
                        for position in range(REGISTERS)]
        selling = [asyncio.ensure_future(driver.sell_until_stopped()) for driver in self.drivers]
        try:
            await self._phases()
            await self._finish(selling)
        finally:
            self._keeping = False
            for task in (*selling, keeper):
                task.cancel()
            results = await asyncio.gather(*selling, keeper, return_exceptions=True)
            for driver in self.drivers:
                driver.close()
            for result in results:
                if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
                    raise result

    @property
    def reserve(self):
        """What healing, the longest undo and the judgement may take at the end."""
        return 130 * self.factor + 12

    async def _phases(self):
        """Calm, storm, healing, and calm again, in which what the storm began comes to its end and is judged."""
        calm = 8 + 20 * self.factor
        storm = 14 + 60 * self.factor
        healed_at = time.time()
        while True:
            if self.phases:
                await self._watch_unlocking(healed_at)
                await self._settle(healed_at)
            await asyncio.sleep(max(0, healed_at + calm - time.time()))
            self.calm.append((healed_at, time.time()))
            left = self.deadline - time.monotonic() - self.reserve
            if left < storm / 2 and self.phases:
                return
            # No rest that is too short for another storm.
            seconds = left if left < storm * 1.5 else storm
            since = time.time()
            await self._storm(max(5.0, seconds))
            await self.heal()
            healed_at = time.time()
            self.storms.append((since, healed_at))
            self.phases += 1

    async def _storm(self, seconds):
        """First the aimed blows, one at a time so that each strikes what it names; then everything at once."""
        self.say(f"phase {self.phases + 1}: {sum(len(driver.sales) for driver in self.drivers)} sales so far, "
                 f"{sum(self.kills.values())} kills")
        player = self.player
        now = time.monotonic()
        tracks = schedule(self.options.seed, self.phases, self.abilities)
        for driver in self.drivers:
            driver.is_quick = True
        # Nothing else is wrong yet: that is when a figure can be taken of a lost line.
        free = await self.free_registers(range(REGISTERS))
        line = Act("cut off", register=free[0] if free else 0, seconds=2, deliver=self.phases % 2 == 0)
        await self._play("first", [line], player, now + seconds)
        await self._play("aimed", self.aimed, player, now + seconds * 0.6)
        for driver in self.drivers:
            driver.is_quick = False
        end = now + seconds
        tasks = [asyncio.ensure_future(self._play(f"track {number}", acts, player, end))
                 for number, acts in enumerate(tracks, 1)]
        _, late = await asyncio.wait(tasks, timeout=max(0, end - time.monotonic()) + 5 + 20 * self.factor)
        for task in late:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _play(self, name, acts, player, end):
        for act in acts:
            self.note(f"{name}: {act}")
            try:
                await player.play(act)
            except SetupFailure as failure:
                self.accuse("start", str(failure))
            # Only now: an act that is taken from the aimed ones is played.
            if time.monotonic() > end:
                return

    async def _watch_unlocking(self, healed_at):
        """How long the lanes that are locked by an undo stay so."""
        async def watch(position):
            start = time.monotonic()
            began = None
            number = None
            while time.monotonic() - start < 140 * self.factor + 15:
                status = await self.plant.status(position)
                lane = (status or {}).get("lane")
                if lane == "red":
                    self.accuse("red", f"the lane of register {position + 1} is red without a cause: "
                                       f"{(status or {}).get('reason')}")
                    await self._release(position)
                if lane == "revoking" and began is None and time.monotonic() - start < 0.5:
                    began = start
                    number = (status.get("payment") or {}).get("orderNumber")
                present = ((status or {}).get("payment") or {}).get("orderNumber")
                if status and (lane != "revoking" or present != number):
                    if began is not None:
                        waited = time.monotonic() - start
                        self.unlocks.append((position, number, healed_at, waited))
                        self.note(f"register {position + 1} unlocked {waited:.2f} s after healing ({number})")
                        return
                    if time.monotonic() - start > 0.5:
                        return
                await asyncio.sleep(0.02)
            self.accuse("L5", f"the lane of register {position + 1} did not open", number=number or "")
        await asyncio.gather(*(watch(position) for position in range(REGISTERS)))

    async def _release(self, position):
        try:
            await self.plant.register(position, "POST", "/v1/lane/release", {
                "supervisorCode": SUPERVISOR_CODE, "reason": "records compared"})
        except NoAnswer:
            pass

    async def _settle(self, healed_at):
        """Waits until every sale from before the healing has its final word, while new ones go on; then judges."""
        # An undo at QQ Wallet does not begin before five minutes have passed.
        limit = (315 if "qqwallet" in self.wallets else 135) * self.factor + 15
        left = await asyncio.gather(*(driver.settled(limit, healed_at) for driver in self.drivers))
        for driver, sales in zip(self.drivers, left):
            for sale in sales:
                self.accuse("L1", f"sale {sale.reference} of register {driver.position + 1} was not final "
                                  f"{limit:.0f} s after healing", sale=sale.reference)
        await self._judge(before=healed_at)

    async def _finish(self, selling):
        for driver in self.drivers:
            driver.stop()
        limit = 140 * self.factor + 20
        await asyncio.wait(selling, timeout=limit)
        left = await asyncio.gather(*(driver.settled(limit) for driver in self.drivers))
        for driver, sales in zip(self.drivers, left):
            for sale in sales:
                self.accuse("L1", f"sale {sale.reference} of register {driver.position + 1} was not final at the end",
                            sale=sale.reference)
        deadline = time.monotonic() + limit
        for position in range(REGISTERS):
            status = None
            while True:
                status = await self.plant.status(position) or status
                if status and status.get("openAttempts") == 0 and status.get("lane") == "free":
                    break
                if time.monotonic() > deadline:
                    self.accuse("L1", f"register {position + 1} has {(status or {}).get('openAttempts')} open attempts "
                                      f"at the end, its lane is {(status or {}).get('lane')}")
                    break
                await asyncio.sleep(0.05)
        self.say("everything is final; ending all parts")
        self._keeping = False
        await self._dump_wallet(0)
        for name, code in (await self.plant.end()).items():
            if code != 0:
                self.accuse("exit", f"{name} ended with {code} after SIGTERM")
        await self._judge(final=True)
        self._check_databases()
        self._search_logs()

    # ---- judging ----

    async def _dump_wallet(self, since):
        trades, offset = [], 0
        while True:
            status, page = await self.plant.wallet("GET", f"trades?limit=1000&offset={offset}", seconds=30)
            if status != 200:
                raise SetupFailure(f"the wallet does not show its trades: {page}")
            trades += page
            if len(page) < 1000 or page[-1]["createdAt"] < since:
                break
            offset += 1000
        # A page that moves on while trades come in shows some twice.
        trades = list({trade["merchantOrderNumber"]: trade for trade in trades}.values())
        _, ledger = await self.plant.wallet("GET", "ledger", seconds=30)
        for name, content in (("trades", trades), ("ledger", ledger), ("run", {
                "registers": self.plant.registers, "timeFactor": self.factor, "excused": self._excused})):
            with open(f"{self.folder}/books/{name}.json", "w", encoding="utf-8") as file:
                json.dump(content, file)

    async def _judge(self, before=None, final=False):
        words = [sys.executable, CHECKER, self.folder]
        given = ""
        if final:
            words.append("--codes")
            given = "\n".join(code for driver in self.drivers for code in driver.codes)
        else:
            since = self.storms[-1][0] - 60 - 130 * self.factor if self.storms else 0
            await self._dump_wallet(int(since * 1000))
            words += ["--open", "--since", str(int(since * 1000)), "--before", str(int(before * 1000))]
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, errors = await process.communicate(given.encode())
        try:
            verdict = json.loads(out)
        except ValueError:
            raise SetupFailure(f"the checker failed: {errors.decode()[-600:]}") from None
        for violation in verdict["violations"]:
            self.accuse(violation.pop("rule"), violation.pop("what"), **violation)
        self.verdict = verdict
        self.note(f"judged: {verdict['payments']} payments, {len(verdict['violations'])} violations")

    def _check_databases(self):
        for name in CLOUDS:
            path = self.plant.data(f"cloud-{name.lower()}/cloud.sqlite")
            try:
                with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
                    answer = database.execute("PRAGMA quick_check").fetchone()[0]
            except sqlite3.Error as error:
                answer = str(error)
            if answer != "ok":
                self.accuse("database", f"cloud {name}'s database: {answer}")

    def _search_logs(self):
        """What a part says when its own code is wrong."""
        for name, part in self.plant.parts.items():
            with open(part.log, encoding="utf-8", errors="replace") as log:
                for line in log:
                    if "Fatal error" in line or "Precondition failed" in line or "fatalError" in line:
                        self.accuse("crash", f"{name}: {line.strip()[:200]}")

    def close(self):
        self.plant.abandon()
        self.plant.keep_small()
        self._log.close()
