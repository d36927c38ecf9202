# Part of Tillbridge. See LICENSE.
"""Kills at named effect boundaries, without a hook in any file that ships.

Two tools: strace kills a running process exactly at the entry or the exit of its next sync or write, and the fault
proxy kills a part at the moment at which a certain request or answer passes. Each boundary arranges the payment that
leads there."""

import asyncio
import re
import subprocess

import linux
from links import Trigger

WALLET_CALLS = {
    "pay": re.compile(rb"/pay/micropay|method=alipay\.trade\.pay\b|/qpay_micro_pay\.cgi|\btxnType=01\b"),
    "query": re.compile(rb"/pay/orderquery|method=alipay\.trade\.query\b|/qpay_order_query\.cgi|/queryTrans\.do"),
    "cancel": re.compile(rb"/secapi/pay/reverse|method=alipay\.trade\.cancel\b|/qpay_reverse\.cgi|\btxnType=99\b"),
}
# A heartbeat is smaller, everything that carries an intent is larger; TLS adds its own.
LARGE = 600
PATIENCE = 4.0


class Missed(Exception):
    """The boundary was not reached: says why."""


class Tracer:
    """strace on one part, to kill it or to let one of its calls fail."""

    def __init__(self, part, call, injection):
        self.part = part
        self._process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(part.pid), "-e", f"trace={call}",
             "-e", f"inject={call}:{injection}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=linux.before_exec())

    async def attached(self):
        for _ in range(300):
            if linux.traced(self.part.pid):
                return
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.005)
        raise Missed("strace did not get hold of it")

    async def detach(self):
        if self._process.poll() is None:
            self._process.terminate()
            for _ in range(200):
                if self._process.poll() is not None:
                    return
                await asyncio.sleep(0.01)
            self._process.kill()
            self._process.wait()


class Boundary:
    def __init__(self, name, part, strike, needs_strace=False):
        self.name = name
        # plugin, proxy, cloud, sandbox
        self.part = part
        self.strike = strike
        self.needs_strace = needs_strace


def _at_call(call, number, at_exit, behaviour="pays", cashier="waits"):
    """The plug-in at its n-th sync or write since the sale began. SIGKILL strikes at the entry; a signal without a
    handler strikes when the call has been made, before the next instruction."""
    injection = f"signal={'SIGUSR1' if at_exit else 'SIGKILL'}:when={number}"

    async def strike(chaos, position):
        driver, part = chaos.drivers[position], chaos.plant.plugin(position)
        await chaos.quiet(position)
        part.wanted = False
        tracer = Tracer(part, call, injection)
        try:
            await tracer.attached()
            driver.order(behaviour, cashier)
            if not await part.ended(PATIENCE + 9 * chaos.factor):
                raise Missed(f"no {call} number {number}")
        finally:
            await tracer.detach()
        return part
    return strike


def _large(chunk, _):
    return len(chunk) >= LARGE


def _answer_to(asks, **strike):
    """Two triggers: one sees a request, the other strikes at the next piece that comes back on its connection."""
    answer = Trigger(False, lambda _, connection: connection is answer.connection, **strike)
    answer.connection = None

    def remember(connection):
        answer.connection = connection
    return Trigger(True, asks, before=remember), answer


async def _struck(links, triggers, seconds=PATIENCE):
    """Waits for one of the triggers; afterwards none is left."""
    waits = [asyncio.ensure_future(trigger.struck.wait()) for trigger in triggers]
    done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    for link in links:
        link.triggers.clear()
    if not done:
        raise Missed("nothing passed")
    # What the trigger does after the piece has passed belongs to it.
    await asyncio.sleep(0.02)


def _by_plugin_link(victim, upwards, forward):
    """Plug-in or proxy, as PAY or its answer passes between them."""
    async def strike(chaos, position):
        driver = chaos.drivers[position]
        await chaos.quiet(position)
        plugin = chaos.plant.plugin(position)
        links = [link for link in chaos.plant.family("plugin-proxy") if link.name.startswith(plugin.name + "-")]
        struck = []
        triggers = []

        def kill(connection):
            part = plugin if victim == "plugin" else chaos.plant.parts[connection.link.name.partition("-")[2]]
            if part.kill():
                struck.append(part)

        for link in links:
            if upwards:
                triggers.append(Trigger(True, _large, **{"after" if forward else "before": kill}, forward=forward))
            else:
                asked, trigger = _answer_to(_large, before=kill, forward=False)
                link.triggers.append(asked)
                triggers.append(trigger)
        for link, trigger in zip(links, triggers):
            link.triggers.append(trigger)
        driver.order("pays", "waits")
        await _struck(links, triggers)
        if not struck:
            raise Missed("it was gone already")
        return struck[0]
    return strike


def _by_cloud_link(victim, upwards, forward):
    """Proxy or cloud, as PAY or its answer passes between them."""
    async def strike(chaos, position):
        # Nobody else's request may be taken for this one's.
        await chaos.all_quiet(position)
        links = chaos.plant.family("proxy-cloud")
        struck, triggers = [], []

        def kill(connection):
            proxy, cloud = connection.link.name.split("-")
            part = chaos.plant.parts[proxy if victim == "proxy" else cloud]
            if part.kill():
                struck.append(part)
        for link in links:
            trigger = Trigger(upwards, _large, **{"after" if forward else "before": kill}, forward=forward)
            link.triggers.append(trigger)
            triggers.append(trigger)
        chaos.drivers[position].order("pays", "waits")
        await _struck(links, triggers)
        if not struck:
            raise Missed("it was gone already")
        return struck[0]
    return strike


def _by_wallet_link(victim, operation, moment, behaviour="pays", cashier="waits"):
    """Cloud or wallet, around a call of the wallet: `left` (the wallet never gets it), `arrived`, `answer` (the cloud
    never gets it), `answered`."""
    pattern = WALLET_CALLS[operation]

    async def strike(chaos, position):
        await chaos.quiet(position)
        plant = chaos.plant
        links = plant.family("cloud-wallet")
        struck, triggers = [], []

        def kill(connection):
            name = plant.cloud_of(connection) if victim == "cloud" else None
            part = plant.parts["sandbox"] if victim == "sandbox" else name and plant.cloud(name)
            if part and part.kill():
                struck.append(part)

        def asks(chunk, _):
            return pattern.search(chunk) is not None
        for link in links:
            if moment in ("left", "arrived"):
                forward = moment == "arrived"
                trigger = Trigger(True, asks, **{"after" if forward else "before": kill}, forward=forward)
            else:
                forward = moment == "answered"
                asked, trigger = _answer_to(asks, **{"after" if forward else "before": kill}, forward=forward)
                link.triggers.append(asked)
            link.triggers.append(trigger)
            triggers.append(trigger)
        chaos.drivers[position].order(behaviour, cashier)
        await _struck(links, triggers, PATIENCE + 30 * chaos.factor)
        if not struck:
            raise Missed("it was gone already")
        return struck[0]
    return strike


def _cloud_commit(which, at_exit):
    """The paying cloud at the sync of one commit. All registers are quiet, so that the next sync is this one."""
    # The threads of libdispatch block all signals but those of a program's own faults.
    injection = f"signal={'SIGSYS' if at_exit else 'SIGKILL'}:when=1"

    async def strike(chaos, position):
        plant, driver = chaos.plant, chaos.drivers[position]
        await chaos.all_quiet(position)
        home = plant.home_of_last(position)
        cloud = plant.cloud(home or "A")
        if not cloud.runs:
            raise Missed("the paying cloud is down")
        tracers = []

        async def hold(*_):
            cloud.wanted = False
            tracers.append(Tracer(cloud, "fdatasync", injection))
            await tracers[0].attached()
        links = plant.family("cloud-wallet")
        try:
            if which == "claim":
                await hold()
                driver.order("pays", "waits")
            elif which == "paid":
                for link in links:
                    link.triggers += _answer_to(
                        lambda chunk, connection: WALLET_CALLS["pay"].search(chunk) is not None
                        and plant.cloud_of(connection) == home, before=hold)
                driver.order("pays", "waits")
            elif which == "confirm":
                driver.on_told = hold
                driver.order("pays", "waits")
            elif which == "revoke":
                ordered = driver.order("password", "waits")
                for _ in range(100):
                    if (await plant.status(position) or {}).get("lane") == "waiting":
                        break
                    await asyncio.sleep(0.02)
                # The answer "waiting" is stored by now, and the next look at the wallet is a moment away.
                await asyncio.sleep(0.1)
                await hold()
                if not ordered.done():
                    sale = driver.sales[-1]
                    asyncio.ensure_future(driver._order(sale, "cancel", 3.0))
            if not await cloud.ended(PATIENCE):
                raise Missed("no sync came")
        finally:
            driver.on_told = None
            for link in links:
                link.triggers.clear()
            for tracer in tracers:
                await tracer.detach()
        return cloud
    return strike


def _wallet_commit():
    async def strike(chaos, position):
        await chaos.quiet(position)
        part = chaos.plant.parts["sandbox"]
        part.wanted = False
        # The code is issued before the tracer comes: that is a commit, too.
        tracer = Tracer(part, "fdatasync", "signal=SIGKILL:when=2")
        try:
            await tracer.attached()
            chaos.drivers[position].order("pays", "waits")
            if not await part.ended(PATIENCE):
                raise Missed("no sync came")
        finally:
            await tracer.detach()
        return part
    return strike


def _told():
    async def strike(chaos, position):
        driver, part = chaos.drivers[position], chaos.plant.plugin(position)
        await chaos.quiet(position)
        told = asyncio.Event()

        async def kill(_):
            part.kill()
            told.set()
        driver.on_told = kill
        driver.order("pays", "waits")
        try:
            await asyncio.wait_for(told.wait(), PATIENCE)
        except TimeoutError:
            raise Missed("it was not paid") from None
        finally:
            driver.on_told = None
        return part
    return strike


ALL = [
    Boundary("plug-in: before INTENT is written", "plugin", _at_call("pwrite64", 1, False), True),
    Boundary("plug-in: INTENT written, not synced", "plugin", _at_call("fdatasync", 1, False), True),
    Boundary("plug-in: INTENT synced, PAY not sent", "plugin", _at_call("fdatasync", 1, True), True),
    Boundary("plug-in: PAY has left, the proxy has it not", "plugin", _by_plugin_link("plugin", True, False)),
    Boundary("plug-in: the proxy has PAY", "plugin", _by_plugin_link("plugin", True, True)),
    Boundary("plug-in: the answer is on its way", "plugin", _by_plugin_link("plugin", False, False)),
    Boundary("plug-in: before PAID is written", "plugin", _at_call("pwrite64", 2, False), True),
    Boundary("plug-in: PAID written, not synced", "plugin", _at_call("fdatasync", 2, False), True),
    Boundary("plug-in: PAID synced, the register not told", "plugin", _at_call("fdatasync", 2, True), True),
    Boundary("plug-in: the register told, not acknowledged", "plugin", _told()),
    Boundary("plug-in: ACKED written, not synced", "plugin", _at_call("fdatasync", 3, False), True),
    Boundary("plug-in: ACKED synced, CONFIRM not sent", "plugin", _at_call("fdatasync", 3, True), True),
    Boundary("plug-in: CLOSED written, not synced", "plugin", _at_call("fdatasync", 4, False), True),
    Boundary("plug-in: DECLINED written, not synced", "plugin", _at_call("fdatasync", 2, False, "insufficient"), True),
    Boundary("plug-in: DECLINED synced, the register not told", "plugin",
             _at_call("fdatasync", 2, True, "insufficient"), True),
    Boundary("plug-in: REVOKE written, not synced", "plugin",
             _at_call("fdatasync", 2, False, "password", "cancels"), True),
    Boundary("plug-in: REVOKE synced, nobody told", "plugin",
             _at_call("fdatasync", 2, True, "password", "cancels"), True),
    Boundary("plug-in: FINAL written, not synced", "plugin",
             _at_call("fdatasync", 3, False, "password", "cancels"), True),
    Boundary("plug-in: FINAL synced, the lane free", "plugin",
             _at_call("fdatasync", 3, True, "password", "cancels"), True),
    Boundary("proxy: it has PAY, no cloud has it", "proxy", _by_plugin_link("proxy", True, True)),
    Boundary("proxy: a cloud has the request", "proxy", _by_cloud_link("proxy", True, True)),
    Boundary("proxy: the cloud's answer is on its way", "proxy", _by_cloud_link("proxy", False, False)),
    Boundary("proxy: its answer is on its way", "proxy", _by_plugin_link("proxy", False, False)),
    Boundary("cloud: a request is on its way", "cloud", _by_cloud_link("cloud", True, False)),
    Boundary("cloud: it has a request", "cloud", _by_cloud_link("cloud", True, True)),
    Boundary("cloud: the claim written, not synced", "cloud", _cloud_commit("claim", False), True),
    Boundary("cloud: the claim synced, the wallet not asked", "cloud", _cloud_commit("claim", True), True),
    Boundary("cloud: the wallet's pay call has left", "cloud", _by_wallet_link("cloud", "pay", "left")),
    Boundary("cloud: the wallet has the pay call", "cloud", _by_wallet_link("cloud", "pay", "arrived")),
    Boundary("cloud: the wallet's answer is on its way", "cloud", _by_wallet_link("cloud", "pay", "answer")),
    Boundary("cloud: the wallet has answered", "cloud", _by_wallet_link("cloud", "pay", "answered")),
    Boundary("cloud: PAID written, not synced", "cloud", _cloud_commit("paid", False), True),
    Boundary("cloud: PAID synced, the plug-in not told", "cloud", _cloud_commit("paid", True), True),
    Boundary("cloud: its answer is on its way", "cloud", _by_cloud_link("cloud", False, False)),
    Boundary("cloud: CONFIRMED written, not synced", "cloud", _cloud_commit("confirm", False), True),
    Boundary("cloud: CONFIRMED synced, the plug-in not told", "cloud", _cloud_commit("confirm", True), True),
    Boundary("cloud: REVOKING written, not synced", "cloud", _cloud_commit("revoke", False), True),
    Boundary("cloud: REVOKING synced, nothing undone", "cloud", _cloud_commit("revoke", True), True),
    Boundary("cloud: a query has left", "cloud", _by_wallet_link("cloud", "query", "left", "password-pays-after:6")),
    Boundary("cloud: a query's answer is on its way", "cloud",
             _by_wallet_link("cloud", "query", "answer", "password-pays-after:6")),
    Boundary("cloud: the cancel has left", "cloud", _by_wallet_link("cloud", "cancel", "left", "pays", "disowns")),
    Boundary("cloud: the wallet has the cancel", "cloud",
             _by_wallet_link("cloud", "cancel", "arrived", "pays", "disowns")),
    Boundary("cloud: the cancel's answer is on its way", "cloud",
             _by_wallet_link("cloud", "cancel", "answer", "pays", "disowns")),
    Boundary("cloud: the cancel is answered", "cloud",
             _by_wallet_link("cloud", "cancel", "answered", "password", "cancels")),
    Boundary("wallet: the pay call is on its way", "sandbox", _by_wallet_link("sandbox", "pay", "left")),
    Boundary("wallet: it has the pay call", "sandbox", _by_wallet_link("sandbox", "pay", "arrived")),
    Boundary("wallet: booked, its answer is on its way", "sandbox", _by_wallet_link("sandbox", "pay", "answer")),
    Boundary("wallet: booked, not synced", "sandbox", _wallet_commit(), True),
    Boundary("wallet: undone, its answer is on its way", "sandbox",
             _by_wallet_link("sandbox", "cancel", "answer", "pays", "disowns")),
]
