# Part of Tillbridge. See LICENSE.
"""What goes wrong, each an act with a beginning and an end. Everything about an act that chance decides is drawn
beforehand, so that a seed names a schedule."""

import asyncio
import os
import random
import signal
import subprocess
import time

import linux
from boundaries import ALL, Missed, Tracer
from calls import NoAnswer
from links import Trigger
from parts import CLOUDS, REGISTERS, SetupFailure

PARTS = ["plugin1", "plugin2", "plugin3", "plugin4", "proxy1", "proxy2", "cloudA", "cloudB", "sandbox"]
FAMILIES = ["register-plugin", "plugin-proxy", "proxy-cloud", "cloud-cloud", "cloud-wallet"]
WALLET_FAULTS = [
    ("pay", "drop-request"), ("pay", "drop-reply"), ("pay", "delay"), ("pay", "error-but-done"),
    ("pay", "error-not-done"), ("pay", "bad-signature"), ("pay", "unsigned-error"), ("pay", "wrong-charset"),
    ("pay", "late-execution"), ("pay", "wrong-amount"), ("pay", "http-500"), ("pay", "html-page"),
    ("pay", "slow-body"), ("pay", "reset"), ("query", "drop-reply"), ("query", "http-500"), ("query", "bad-signature"),
    ("query", "delay"), ("query", "html-page"), ("cancel", "drop-request"), ("cancel", "drop-reply"),
    ("cancel", "error-but-done"), ("cancel", "cancel-retry"), ("cancel", "reset"), ("refund", "drop-reply"),
    ("refund", "error-not-done"), ("refund", "http-500"),
]


class Act:
    def __init__(self, kind, **what):
        self.kind = kind
        self.what = what

    def __str__(self):
        return self.kind + "".join(f" {name}={value}" for name, value in self.what.items())


def schedule(seed, phase, abilities, count=30):
    """What one phase plays: aimed kills, then two tracks of acts. They are drawn whole; how many of them are played,
    time decides. Over the phases the aimed kills walk through all boundaries, in an order that the seed draws."""
    chance = random.Random(f"{seed}/phase/{phase}")
    kinds = [("boundaries", 10), ("kill", 14), ("pause", 14), ("loss", 14), ("strike", 14), ("slow", 7),
             ("wallet faults", 8), ("cut off", 5), ("restart", 3), ("flood", 3), ("second instance", 2), ("outage", 2)]
    if abilities.strace:
        kinds += [("sync error", 3), ("no space at a write", 2)]
    if abilities.mounts:
        kinds += [("full disk", 3)]
    if abilities.clock:
        kinds += [("clock", 3)]
    if abilities.networks:
        kinds += [("link down", 4)]
        if abilities.netem or abilities.loss:
            kinds += [("packet loss", 4)]
        if abilities.slow:
            kinds += [("thin line", 2)]
    names, weights = zip(*kinds)
    walk = _walk(seed, abilities)
    turns = len(walk) // 2
    aimed = [Act("boundaries", numbers=walk[(phase * turns + turn) % len(walk)],
                 registers=chance.sample(range(REGISTERS), REGISTERS), down=_down(chance))
             for turn in range(count)]
    tracks = [[_draw(chance.choices(names, weights)[0], chance) for _ in range(count)] for _ in range(2)]
    return aimed, tracks


def _walk(seed, abilities):
    """All boundaries in groups: those of plug-ins four at a time, one for each register; the others alone."""
    chance = random.Random(f"{seed}/boundaries")
    possible = [number for number, boundary in enumerate(ALL) if abilities.strace or not boundary.needs_strace]
    chance.shuffle(possible)
    own = [number for number in possible if ALL[number].part == "plugin"]
    walk = [own[start:start + REGISTERS] for start in range(0, len(own), REGISTERS)]
    walk += [[number] for number in possible if number not in own]
    chance.shuffle(walk)
    return walk


def _down(chance):
    return chance.choice((0.0, 0.3, 1.0, 6.0))


def _draw(kind, chance):
    what = {}
    if kind == "boundaries":
        what["numbers"] = [chance.randrange(len(ALL))]
        what["registers"] = [chance.randrange(REGISTERS)]
        what["down"] = _down(chance)
    elif kind in ("kill", "pause", "sync error", "no space at a write"):
        what["part"] = chance.choice(PARTS if kind in ("kill", "pause") else PARTS[:4] + PARTS[6:8])
        what["seconds"] = round(chance.choice((0.2, 1, 3, 9, 20) if kind == "kill" else (1, 3, 9, 20, 50)), 1)
    elif kind == "loss":
        what["family"] = chance.choice(FAMILIES)
        what["share"] = chance.choice((1, 1, 2, 9))
        what["way"] = chance.choice(("up", "down", "both", "refused"))
        what["seconds"] = chance.choice((1, 3, 9, 25))
        what["deliver"] = chance.random() < 0.6
        what["pick"] = chance.random()
    elif kind == "strike":
        what["family"] = chance.choice(FAMILIES)
        what["blow"] = chance.choice(("reset after the request", "swallow the reply", "lose the request"))
        what["count"] = chance.choice((1, 1, 2, 4))
        what["seconds"] = 3
        what["pick"] = chance.random()
    elif kind == "slow":
        what["family"] = chance.choice(FAMILIES)
        what["delay"] = chance.choice((0.02, 0.1, 0.4, 1.2))
        what["slice"] = chance.choice((0, 0, 1, 7))
        what["seconds"] = chance.choice((3, 9, 25))
    elif kind == "wallet faults":
        what["faults"] = chance.sample(range(len(WALLET_FAULTS)), chance.choice((1, 2, 4)))
        what["probability"] = chance.choice((0.1, 0.3, 0.8))
        what["seconds"] = chance.choice((3, 9, 25))
    elif kind == "cut off":
        what["register"] = chance.randrange(REGISTERS)
        what["seconds"] = chance.choice((5, 9, 25))
        what["deliver"] = chance.random() < 0.5
    elif kind == "restart":
        what["order"] = chance.sample(PARTS, len(PARTS) if chance.random() < 0.3 else 4)
    elif kind == "flood":
        what["target"] = chance.choice(("plugin", "proxy", "cloud", "register"))
        what["pick"] = chance.randrange(1, 3)
        what["seconds"] = 4
    elif kind == "second instance":
        what["register"] = chance.randrange(REGISTERS)
    elif kind == "outage":
        what["seconds"] = chance.choice((5, 20, 60))
        what["what"] = chance.choice(("clouds", "proxies", "wallet"))
    elif kind == "full disk":
        what["part"] = chance.choice(("cloudA", "cloudB", f"plugin{REGISTERS}"))
        what["seconds"] = chance.choice((5, 15))
    elif kind == "clock":
        what["cloud"] = chance.choice(CLOUDS)
        what["offset"] = chance.choice((-3600, -30, -4, -0.2, 0.2, 2, 10, 60, 3600))
        what["seconds"] = chance.choice((20, 40))
    elif kind in ("link down", "packet loss", "thin line"):
        what["machine"] = chance.choice(("cloudA", "cloudB", f"plugin{REGISTERS}"))
        what["seconds"] = chance.choice((3, 9, 25))
        what["percent"] = chance.choice((5, 15, 30))
    return Act(kind, **what)


class Player:
    """Plays acts on an installation. Long waits are scaled with the time factor, like the protocol's own."""

    def __init__(self, chaos):
        self.chaos = chaos
        self.plant = chaos.plant
        self.factor = chaos.factor
        self._left = []

    async def play(self, act):
        await getattr(self, "_" + act.kind.replace(" ", "_"))(**act.what)

    async def _sleep(self, seconds, least=0.3):
        await asyncio.sleep(max(least, seconds * self.factor))

    def _excuse(self, part_or_link, began):
        self.chaos.excuse(part_or_link, began)

    # ---- processes ----

    async def _boundaries(self, numbers, registers, down):
        async with self.chaos.aiming:
            if len(numbers) > 1:
                # What found no free lane in an earlier group comes first.
                numbers = self._left + numbers
            free = []
            for _ in range(15):
                free = await self.chaos.free_registers(registers)
                if len(free) >= min(len(numbers), REGISTERS):
                    break
                await asyncio.sleep(0.1)
            if len(numbers) > 1:
                self._left = numbers[len(free):]
            elif not free:
                self.chaos.miss(ALL[numbers[0]].name, "no lane is free")
            parts = await asyncio.gather(*(
                self._boundary(ALL[number], register) for number, register in zip(numbers, free)))
        await self._sleep(down, 0.02)
        await asyncio.gather(*(self._rise(*part) for part in parts if part))
        for part in self.chaos.abandoned():
            await self.chaos.revive(part)

    async def _boundary(self, boundary, register):
        """The part that was killed, and when that began."""
        if boundary.needs_strace and not self.chaos.abilities.strace:
            self.chaos.miss(boundary.name, "not permitted here")
            return None
        began = time.time()
        try:
            part = await boundary.strike(self.chaos, register)
        except Missed as why:
            self.chaos.miss(boundary.name, str(why))
            self.chaos.own(boundary.part, register)
            return None
        finally:
            self.chaos.release([register] if boundary.part == "plugin" else range(REGISTERS))
        self.chaos.kills[boundary.name] += 1
        part.gone()
        return part, began

    async def _rise(self, part, began):
        await self.chaos.revive(part)
        self._excuse(part.name, began)

    async def _kill(self, part, seconds):
        part = self.plant.parts[part]
        if part.lock.locked():
            return
        async with part.lock:
            began = time.time()
            if not part.kill():
                return
            self.chaos.kills[f"at random: {_role(part.name)}"] += 1
            await self._sleep(seconds, 0.02)
            await self.chaos.revive(part)
            self._excuse(part.name, began)

    async def _pause(self, part, seconds):
        part = self.plant.parts[part]
        if part.lock.locked():
            return
        async with part.lock:
            began = time.time()
            if not part.strike(signal.SIGSTOP):
                return
            self.chaos.pauses[_role(part.name)] += 1
            try:
                await self._sleep(seconds)
            finally:
                part.strike(signal.SIGCONT)
                self._excuse(part.name, began)

    async def _restart(self, order):
        """As for an update: one after the other, each with a SIGTERM."""
        for name in order:
            part = self.plant.parts[name]
            if part.lock.locked() or not part.runs:
                continue
            async with part.lock:
                began = time.time()
                part.wanted = False
                code = await part.stop()
                if code not in (0, None) or code is None:
                    self.chaos.accuse("exit", f"{name} ended with {code} after SIGTERM")
                self.chaos.restarts += 1
                await self.chaos.revive(part)
                self._excuse(name, began)
            await self._sleep(1)

    async def _outage(self, seconds, what):
        names = {"clouds": ["cloudA", "cloudB"], "proxies": ["proxy1", "proxy2"], "wallet": ["sandbox"]}[what]
        await asyncio.gather(*(self._kill(name, seconds) for name in names))

    async def _second_instance(self, register):
        """A second plug-in on the same folder must say so and end."""
        name = f"plugin{register + 1}"
        part = self.plant.parts[name]
        if not part.runs or part.lock.locked():
            return
        async with part.lock:
            process = await asyncio.create_subprocess_exec(
                *part.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                preexec_fn=linux.before_exec(part.network.namespace if part.network else None))
            try:
                _, errors = await asyncio.wait_for(process.communicate(), 10)
            except TimeoutError:
                process.kill()
                self.chaos.accuse("S7", f"a second {name} ran on the same folder")
                return
            if process.returncode != 2 or errors.count(b"\n") != 1:
                self.chaos.accuse("start", f"a second {name} ended with {process.returncode}: {errors[:200]!r}")
            self.chaos.second_instances += 1

    # ---- the network ----

    def _some_links(self, family, share, pick):
        links = self.plant.family(family)
        if share >= len(links):
            return links
        start = int(pick * len(links))
        return [links[(start + step) % len(links)] for step in range(share)]

    async def _loss(self, family, share, way, seconds, deliver, pick):
        links = self._some_links(family, share, pick)
        began = time.time()
        self.chaos.partitions[f"{family}: {'refused' if way == 'refused' else way + ' lost'}"] += 1
        try:
            for link in links:
                if way == "refused":
                    link.shut()
                    link.reset_connections()
                if way in ("up", "both"):
                    link.lose(True)
                if way in ("down", "both"):
                    link.lose(False)
            await self._sleep(seconds)
        finally:
            for link in links:
                await self.chaos.heal_link(link, deliver)
                self._excuse(link.name, began)

    async def _strike(self, family, blow, count, seconds, pick):
        """One connection at the moment at which something passes."""
        links = self._some_links(family, 9, pick)
        then, forward = {"reset after the request": ("reset", True), "swallow the reply": ("mute", True),
                         "lose the request": (None, False)}[blow]
        least = 0 if family == "register-plugin" else 400
        began = time.time()
        for _ in range(count):
            triggers = []
            for link in links:
                trigger = Trigger(True, lambda chunk, _: len(chunk) >= least, forward=forward, then=then)
                link.triggers.append(trigger)
                triggers.append(trigger)
            waits = [asyncio.ensure_future(trigger.struck.wait()) for trigger in triggers]
            done, _ = await asyncio.wait(
                waits, timeout=max(1, seconds * self.factor), return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            for link in links:
                link.triggers[:] = [trigger for trigger in link.triggers if trigger not in triggers]
                self._excuse(link.name, began)
            if done:
                self.chaos.partitions[f"{family}: {blow}"] += 1
        # The silence that follows is part of it.
        await self._sleep(3)
        for link in links:
            self._excuse(link.name, began)

    async def _slow(self, family, delay, slice, seconds):
        links = self.plant.family(family)
        began = time.time()
        self.chaos.partitions[f"{family}: slow" + (" and sliced" if slice else "")] += 1
        try:
            for link in links:
                link.delay = {True: delay / 2, False: delay / 2}
                link.jitter = delay / 2
                link.slice = slice
            await self._sleep(seconds)
        finally:
            for link in links:
                await self.chaos.heal_link(link, True)
                self._excuse(link.name, began)

    async def _cut_off(self, register, seconds, deliver):
        """A store loses its line: how long until the tender key is dark, and then the way back."""
        name = f"plugin{register + 1}"
        links = [link for link in self.plant.family("plugin-proxy") if link.name.startswith(name + "-")]
        async with self.chaos.aiming:
            try:
                # A lane at rest shows the loss alone. Where it has no rest, the line is cut all the same.
                await self.chaos.quiet(register)
                is_quiet = True
            except Missed:
                is_quiet = False
        began = time.time()
        self.chaos.partitions["plugin-proxy: a store cut off"] += 1
        try:
            for link in links:
                link.lose(True)
                link.lose(False)
            if is_quiet:
                self.chaos.dark.append(await self._until_dark(register))
            self.chaos.release([register])
            await self._sleep(seconds)
        finally:
            for link in links:
                await self.chaos.heal_link(link, deliver)
                self._excuse(link.name, began)

    async def _until_dark(self, register, limit=10.0):
        start = time.monotonic()
        while time.monotonic() - start < limit:
            status = await self.plant.status(register)
            if status and not status.get("available"):
                break
            await asyncio.sleep(0.02)
        return time.monotonic() - start

    async def _machine_fault(self, machine, seconds, kind, begin):
        network = self.plant.networks[machine]
        if machine in self.chaos.machines_in_use:
            return
        self.chaos.machines_in_use.add(machine)
        began = time.time()
        try:
            complaint = begin(network)
            if complaint:
                self.chaos.note(f"{kind} at {machine}: {complaint}")
                return
            self.chaos.partitions[f"{_role(machine)}'s machine: {kind}"] += 1
            await self._sleep(seconds)
        finally:
            network.heal()
            self.chaos.machines_in_use.discard(machine)
            self._excuse(machine, began)

    async def _link_down(self, machine, seconds, percent):
        await self._machine_fault(machine, seconds, "link down", lambda network: network.set_up(False))

    async def _packet_loss(self, machine, seconds, percent):
        if self.chaos.abilities.netem:
            await self._machine_fault(
                machine, seconds, f"netem loss {percent} %, delay, reorder, duplicate",
                lambda network: network.netem("delay", "30ms", "20ms", "loss", f"{percent}%",
                                              "reorder", "20%", "duplicate", "5%"))
        else:
            await self._machine_fault(machine, seconds, f"packet loss {percent} %",
                                      lambda network: network.lose(percent))

    async def _thin_line(self, machine, seconds, percent):
        await self._machine_fault(machine, seconds, "thin line", lambda network: network.slow(64 + percent * 8))

    # ---- disks and clocks ----

    async def _sync_error(self, part, seconds):
        await self._disk_error(part, "fdatasync", "error=EIO:when=1", "sync fails")

    async def _no_space_at_a_write(self, part, seconds):
        await self._disk_error(part, "pwrite64", "error=ENOSPC:when=1+3", "no space at a write")

    async def _disk_error(self, name, call, injection, kind):
        part = self.plant.parts[name]
        if part.lock.locked() or not part.runs:
            return
        async with part.lock:
            began = time.time()
            tracer = Tracer(part, call, injection)
            try:
                await tracer.attached()
                self.chaos.disk[f"{_role(name)}: {kind}"] += 1
                await asyncio.sleep(1.0)
            except Missed:
                pass
            finally:
                await tracer.detach()
                self._excuse(name, began)

    async def _full_disk(self, part, seconds):
        name = part
        part = self.plant.parts[name]
        folder = self.plant.data(f"cloud-{name[-1].lower()}" if name.startswith("cloud") else f"register-{REGISTERS}")
        if part.lock.locked() or folder not in self.plant.small:
            return
        async with part.lock:
            began = time.time()
            filler = f"{folder}/filler"
            try:
                with open(filler, "wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(bytes(1 << 16))
                    except OSError:
                        pass
                    try:
                        while True:
                            file.write(bytes(512))
                    except OSError:
                        pass
                self.chaos.disk[f"{_role(name)}: disk full"] += 1
                await self._sleep(seconds, 1)
            finally:
                os.unlink(filler)
                self._excuse(name, began)

    async def _clock(self, cloud, offset, seconds):
        """The cloud's wall clock jumps, and jumps back. Its monotonic clock stays right, as on a real machine."""
        clock = self.plant.clocks[cloud]
        if cloud in self.chaos.clocks_in_use:
            return
        self.chaos.clocks_in_use.add(cloud)
        try:
            clock.set(int(offset * 1000))
            self.chaos.clocks[f"{offset:+g} s"] += 1
            await self._sleep(seconds, 4)
        finally:
            clock.set(0)
            self.chaos.clocks_in_use.discard(cloud)

    # ---- people ----

    async def _wallet_faults(self, faults, probability, seconds):
        lines = []
        for number in faults:
            operation, fault = WALLET_FAULTS[number]
            line = {"operation": operation, "fault": fault, "probability": probability}
            if fault == "wrong-amount":
                line["count"] = 1
            lines.append(line)
        began = time.time()
        try:
            await self.plant.wallet("PUT", "faults", lines)
            for line in lines:
                self.chaos.wallet_faults[f"{line['operation']}: {line['fault']}"] += 1
            await self._sleep(seconds, 1)
        except NoAnswer:
            pass
        finally:
            await self.chaos.clear_wallet_faults()
            self._excuse("sandbox", began)

    async def _flood(self, target, pick, seconds):
        """Connections and nonsense, as much as one neighbour can send, for a few seconds; bounded."""
        plant = self.plant
        if target == "register":
            await self._flood_of_sales(pick)
            return
        name = {"plugin": f"plugin{pick}", "proxy": f"proxy{pick}", "cloud": f"cloud{'AB'[pick - 1]}"}[target]
        part = plant.parts[name]
        port = {"plugin": lambda: part.port, "proxy": lambda: plant.proxy_ports[pick - 1],
                "cloud": lambda: plant.cloud_ports["AB"[pick - 1]]}[target]()
        self.chaos.floods += 1
        began = time.time()
        end = time.monotonic() + seconds

        async def one(number):
            while time.monotonic() < end:
                door = None
                try:
                    door = part.network.socket() if part.network else _socket()
                    async with asyncio.timeout(1):
                        loop = asyncio.get_running_loop()
                        await loop.sock_connect(door, ("127.0.0.1", port))
                        rubbish = (b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\xff\xff" + bytes(300),
                                   b"POST /v1/pay HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"\x00" * 2000)
                        await loop.sock_sendall(door, rubbish[number % 4])
                        await loop.sock_recv(door, 100)
                except (OSError, TimeoutError):
                    await asyncio.sleep(0.02)
                finally:
                    if door:
                        door.close()
        await asyncio.gather(*(one(number) for number in range(48)))
        self._excuse(name, began)

    async def _flood_of_sales(self, pick):
        """A register whose software has gone mad: ten sales at once, over and over."""
        self.chaos.floods += 1
        position = pick - 1
        driver = self.chaos.drivers[position]
        body = {"amount": 1, "currency": "CNY", "paymentCode": "https://example.org/no-code"}
        for turn in range(5):
            await asyncio.gather(*(
                self._quietly(self.plant.register(
                    position, "POST", "/v1/payments", {**body, "saleRef": f"F{position + 1}-{driver.orders}-{number}"}))
                for number in range(10)))
            await asyncio.sleep(0.1)

    @staticmethod
    async def _quietly(call):
        try:
            await call
        except (NoAnswer, SetupFailure):
            pass


def _socket():
    import socket
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)


def _role(name):
    for start, role in (("plugin", "plug-in"), ("proxy", "proxy"), ("cloud", "cloud"), ("sandbox", "wallet")):
        if name.startswith(start):
            return role
    return name
