# Part of Tillbridge. See LICENSE.
"""The fault proxy: every connection between two parts goes through a link, and a link can do to it what networks do.

It works on TCP's bytes, so TLS passes untouched and the parts are configured as an operator would configure them."""

import asyncio
import contextlib
import socket
import struct

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Trigger:
    """Waits for one piece of traffic in one direction and strikes there, once."""

    def __init__(self, upwards, matches, before=None, after=None, forward=True, then=None):
        """`before` and `after` are called with the connection before and after the piece is passed on; `forward`:
        whether it is passed on at all; `then`: None, "reset" (both sides see a reset) or "mute" (what comes back is
        swallowed)."""
        self.upwards = upwards
        self.matches = matches
        self.before = before
        self.after = after
        self.forward = forward
        self.then = then
        self.struck = asyncio.Event()


class Link:
    """A listening port in front of a part. `home` is the network that the port is in, `network` the part's."""

    def __init__(self, name, family, target, network=None, home=None):
        self.name = name
        self.family = family
        self.target = target
        self.network = network
        self.home = home
        self.port = 0
        self.triggers = []
        self._server = None
        self._connections = set()
        self._gates = {True: asyncio.Event(), False: asyncio.Event()}
        self.reset_rules()

    # ---- rules ----

    def reset_rules(self):
        self.delay = {True: 0.0, False: 0.0}
        self.jitter = 0.0
        self.slice = 0
        for gate in self._gates.values():
            gate.set()

    def lose(self, upwards):
        """Nothing passes in this direction, and nobody is told: what is sent meanwhile is held, as TCP would."""
        self._gates[upwards].clear()

    async def heal(self, deliver):
        """Ends all rules. What was held arrives late where `deliver` says so; otherwise its connections break."""
        held = not all(gate.is_set() for gate in self._gates.values())
        if held and not deliver:
            self.reset_connections()
        self.reset_rules()
        self.triggers.clear()
        await self.open()

    def reset_connections(self):
        for connection in list(self._connections):
            connection.reset()

    # ---- listening ----

    async def open(self):
        if self._server is not None:
            return
        door = self.home.socket() if self.home else socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.setblocking(False)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for attempt in range(50):
            try:
                door.bind(("127.0.0.1", self.port))
                break
            except OSError:
                # Its own port, in somebody else's hands for a moment.
                if not self.port or attempt == 49:
                    door.close()
                    raise
                await asyncio.sleep(0.1)
        self.port = door.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=door, backlog=512)

    def shut(self):
        """New connections are refused; those that stand go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self):
        self.shut()
        self.reset_rules()
        self.reset_connections()

    # ---- traffic ----

    async def _accept(self, reader, writer):
        try:
            # A SYN that is lost either way is a connection that does not come about.
            await self._gates[True].wait()
            await self._gates[False].wait()
            door = self.network.socket() if self.network else socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            door.setblocking(False)
            try:
                async with asyncio.timeout(5):
                    await asyncio.get_running_loop().sock_connect(door, ("127.0.0.1", self.target))
                    connection = Connection(self, (reader, writer), await asyncio.open_connection(sock=door))
            except (OSError, TimeoutError):
                door.close()
                _reset(writer)
                return
            self._connections.add(connection)
            try:
                await connection.run()
            finally:
                self._connections.discard(connection)
        except asyncio.CancelledError:
            _reset(writer)


class Connection:
    def __init__(self, link, client, server):
        self.link = link
        self.client = client
        self.server = server
        self.is_muted = False
        self._tasks = ()

    @property
    def client_port(self):
        name = self.client[1].get_extra_info("peername")
        return name[1] if name else 0

    async def run(self):
        for _, writer in (self.client, self.server):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        up = asyncio.ensure_future(self._pump(True, self.client[0], self.server[1]))
        down = asyncio.ensure_future(self._pump(False, self.server[0], self.client[1]))
        self._tasks = (up, down)
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        if self.is_muted and not up.done():
            # The part has hung up; its partner must not notice before it loses patience.
            await asyncio.wait((up,), timeout=60)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, writer in (self.client, self.server):
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    def reset(self):
        for _, writer in (self.client, self.server):
            _reset(writer)
        for task in self._tasks:
            task.cancel()

    async def _pump(self, upwards, reader, writer):
        link = self.link
        with contextlib.suppress(OSError):
            while True:
                chunk = await reader.read(65536)
                await link._gates[upwards].wait()
                if not chunk:
                    return
                trigger = self._trigger(upwards, chunk)
                if trigger:
                    link.triggers.remove(trigger)
                    trigger.struck.set()
                    if trigger.before:
                        # What is held here holds the connection: a tracer may be put in place meanwhile.
                        done = trigger.before(self)
                        if asyncio.iscoroutine(done):
                            await done
                pause = link.delay[upwards]
                if pause:
                    # The jitter need not be random: it is the traffic that differs.
                    await asyncio.sleep(pause + link.jitter * (len(chunk) % 7) / 6)
                if not self.is_muted or upwards:
                    if trigger is None or trigger.forward:
                        await self._write(writer, chunk)
                if trigger:
                    if trigger.after:
                        trigger.after(self)
                    if trigger.then == "mute":
                        self.is_muted = True
                    elif trigger.then == "reset":
                        # The request must reach the part before the connection breaks.
                        await asyncio.sleep(0.002)
                        self.reset()
                        return

    async def _write(self, writer, chunk):
        size = self.link.slice
        if not size:
            writer.write(chunk)
            await writer.drain()
            return
        # At most some hundred slices a piece: it has to be slow, not endless.
        size = max(size, len(chunk) // 200)
        for start in range(0, len(chunk), size):
            writer.write(chunk[start:start + size])
            await writer.drain()
            await asyncio.sleep(0.001)

    def _trigger(self, upwards, chunk):
        for trigger in self.link.triggers:
            if trigger.upwards == upwards and trigger.matches(chunk, self):
                return trigger
        return None


def _reset(writer):
    with contextlib.suppress(OSError, AttributeError, RuntimeError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        writer.transport.abort()
