# Part of Tillbridge. See LICENSE.
"""The installation under test: every part a process of its own, set up with the commands that an operator uses, and a
link of the fault proxy between any two that speak to each other."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import linux
from calls import NoAnswer, call
from links import Link

REGISTERS = 4
CLOUDS = ("A", "B")
SUPERVISOR_CODE = "2580"


class SetupFailure(Exception):
    """The installation cannot be made or started; says why."""


def free_port(network=None):
    with (network.socket() if network else socket.socket()) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Part:
    """One process, as an init system would hold it: started again only when somebody says so."""

    def __init__(self, name, command, log, network=None, ready_seconds=40):
        self.name = name
        self.command = command
        self.log = log
        self.network = network
        self.ready_seconds = ready_seconds
        self.process = None
        self.environment = {}
        # What may be done to a part is done by one at a time.
        self.lock = asyncio.Lock()
        self.links_in = []
        self.wanted = False

    @property
    def pid(self):
        return self.process.pid if self.process else 0

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    async def start(self):
        self.wanted = True
        start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment},
                preexec_fn=linux.before_exec(self.network.namespace if self.network else None))
        deadline = time.monotonic() + self.ready_seconds
        while True:
            with open(self.log, "rb") as log:
                log.seek(start)
                told = log.read(1 << 20)
            for line in told.splitlines():
                if line.startswith(b"ready "):
                    for link in self.links_in:
                        await link.open()
                    return line[6:].decode()
            if self.process.poll() is not None:
                raise SetupFailure(f"{self.name} ended with {self.process.returncode}: "
                                   f"{told[-400:].decode(errors='replace').strip()}")
            if time.monotonic() > deadline:
                raise SetupFailure(f"{self.name} was not ready after {self.ready_seconds} s: see {self.log}")
            await asyncio.sleep(0.01)

    def strike(self, number):
        """A signal, now. False where there is nothing to strike."""
        if not self.runs:
            return False
        os.kill(self.pid, number)
        return True

    def kill(self):
        """SIGKILL, and the port refuses, as it does where nobody listens."""
        if not self.strike(signal.SIGKILL):
            return False
        self.gone()
        return True

    def gone(self):
        self.wanted = False
        for link in self.links_in:
            link.shut()

    async def ended(self, seconds=20):
        deadline = time.monotonic() + seconds
        while self.runs:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    async def stop(self, seconds=45):
        """SIGTERM, as for an update. Returns the exit code, or None where it had to be killed."""
        if not self.runs:
            return self.process.returncode if self.process else 0
        self.strike(signal.SIGCONT)
        self.strike(signal.SIGTERM)
        if await self.ended(seconds):
            self.gone()
            return self.process.returncode
        self.kill()
        await self.ended()
        return None


class Installation:
    def __init__(self, folder, tillbridge, plugin, time_factor, abilities, seed):
        self.folder = folder
        self.tillbridge = tillbridge
        self.plugin_program = plugin
        self.factor = time_factor
        self.abilities = abilities
        self.seed = seed
        self.parts = {}
        self.links = []
        self.registers = []
        self.tokens = []
        self.networks = {}
        self.small = []
        for name in ("logs", "paper", "books"):
            os.makedirs(f"{folder}/{name}", mode=0o700)
        if abilities.networks:
            for name in ("cloudA", "cloudB", f"plugin{REGISTERS}"):
                self.networks[name] = linux.Network()
        self.clocks = {name: linux.WrongClock(f"{folder}/cloud-{name.lower()}.clock", abilities.clock)
                       for name in CLOUDS} if abilities.clock else {}
        self.account_port = None

    # ---- names ----

    def cloud(self, name):
        return self.parts[f"cloud{name}"]

    def plugin(self, position):
        return self.parts[f"plugin{position + 1}"]

    def data(self, name):
        return f"{self.folder}/{name}"

    def link(self, name):
        return next(link for link in self.links if link.name == name)

    def family(self, family):
        return [link for link in self.links if link.family == family]

    def cloud_of(self, connection):
        """Which cloud made a connection of a wallet's link."""
        if connection.link.name != "clouds-wallet":
            return connection.link.name[5]
        pids = {self.cloud(name).pid: name for name in CLOUDS}
        return pids.get(linux.owner_of(connection.client_port, list(pids)))

    async def _add_link(self, name, family, part, port, home=None):
        target = self.parts[part]
        link = Link(name, family, port, self.networks.get(part), self.networks.get(home))
        await link.open()
        self.links.append(link)
        target.links_in.append(link)
        return link.port

    def _add_part(self, name, *words):
        program = self.plugin_program if name.startswith("plugin") else self.tillbridge
        self.parts[name] = Part(
            name, [program, *words], f"{self.folder}/logs/{name}.log", self.networks.get(name))

    def _small(self, path, megabytes):
        os.makedirs(path, mode=0o700, exist_ok=True)
        if self.abilities.mounts:
            try:
                linux.mount_small(path, megabytes)
                self.small.append(path)
            except OSError as error:
                self.abilities.refused["small file systems (private mounts)"] = str(error)
                self.abilities.mounts = False

    # ---- setting up ----

    async def set_up(self):
        await self.admin("keys", "--data", self.data("keys"))
        await self._start_sandbox()
        await self._start_clouds()
        await self._configure()
        await self._start_proxies()
        for position in range(REGISTERS):
            await self._enrol(position)
        await self._wait_shipped()
        await self.wait_available(range(REGISTERS))

    async def _start_sandbox(self):
        self.sandbox_port = free_port()
        self._add_part(
            "sandbox", "sandbox", "--port", str(self.sandbox_port), "--data", self.data("sandbox"),
            "--export", self.data("sandbox/keys"), "--speed", str(1 / self.factor), "--seed", str(self.seed))
        await self.parts["sandbox"].start()

    async def _start_clouds(self):
        self.cloud_ports = {name: free_port(self.networks.get(f"cloud{name}")) for name in CLOUDS}
        # The registers learn the proxies at activation, and each has its own way to them; the list is only a start.
        self.proxy_ports = [free_port(), free_port()]
        for name in CLOUDS:
            self._small(self.data(f"cloud-{name.lower()}"), 96)
            self._add_part(
                f"cloud{name}", "cloud", "--name", name, "--data", self.data(f"cloud-{name.lower()}"),
                "--keys", self.data("keys"), "--listen", f"127.0.0.1:{self.cloud_ports[name]}",
                "--time-factor", str(self.factor),
                "--proxies", ",".join(f"127.0.0.1:{port}" for port in self.proxy_ports), "--peer", "")
            if name in self.clocks:
                self.cloud(name).environment = self.clocks[name].environment
        for name, other in (("A", "B"), ("B", "A")):
            port = await self._add_link(
                f"cloud{name}-cloud{other}", "cloud-cloud", f"cloud{other}", self.cloud_ports[other], f"cloud{name}")
            self.cloud(name).command[-1] = f"https://127.0.0.1:{port}"
        # Both clouds hold the same address of the wallet. In networks of their own it leads to a link for each.
        if self.abilities.networks:
            port = await self._add_link("cloudA-wallet", "cloud-wallet", "sandbox", self.sandbox_port, "cloudA")
            link = Link("cloudB-wallet", "cloud-wallet", self.sandbox_port, None, self.networks["cloudB"])
            link.port = port
            await link.open()
            self.links.append(link)
            self.parts["sandbox"].links_in.append(link)
        else:
            port = await self._add_link("clouds-wallet", "cloud-wallet", "sandbox", self.sandbox_port)
        self.account_port = port
        await asyncio.gather(*(self.cloud(name).start() for name in CLOUDS))

    async def _configure(self):
        home = ("--data", self.data("cloud-a"))
        with open(self.data("sandbox/keys/sandbox.json"), encoding="utf-8") as file:
            merchant = json.load(file)
        merchant["baseURL"] = f"http://127.0.0.1:{self.account_port}"
        merchant.pop("tlsBaseURL", None)
        path = self.data("sandbox/keys/through-links.json")
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump(merchant, file)
        await self.admin("account", "add", "--from", path, *home)
        await self.admin("supervisor", "add", "--id", "chaos", *home, given=SUPERVISOR_CODE + "\n")
        store = json.loads(await self.admin("store", "add", "--name", "Chaos", "--json", *home))["store"]
        self.codes = []
        for position in range(REGISTERS):
            added = json.loads(await self.admin(
                "register", "add", "--store", store, "--name", f"Register {position + 1}", "--json", *home))
            self.registers.append(added["register"])
            self.codes.append(added["code"])

    async def _start_proxies(self):
        for number, port in enumerate(self.proxy_ports, 1):
            name = f"proxy{number}"
            words = []
            for cloud in CLOUDS:
                door = await self._add_link(
                    f"{name}-cloud{cloud}", "proxy-cloud", f"cloud{cloud}", self.cloud_ports[cloud])
                words += ["--cloud", f"{cloud}=https://127.0.0.1:{door}"]
            self._add_part(
                name, "proxy", "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{free_port()}",
                "--data", self.data("keys"), "--drain-seconds", "5", *words)
        await asyncio.gather(*(self.parts[f"proxy{number}"].start() for number in (1, 2)))

    async def _enrol(self, position):
        name = f"plugin{position + 1}"
        data = self.data(f"register-{position + 1}")
        if position == REGISTERS - 1:
            self._small(data, 8)
        os.makedirs(data, mode=0o700, exist_ok=True)
        port = free_port(self.networks.get(name))
        doors = []
        for number in (1, 2):
            doors.append(await self._add_link(
                f"{name}-proxy{number}", "plugin-proxy", f"proxy{number}", self.proxy_ports[number - 1], name))
        # Half of the registers prefer the other proxy.
        if position % 2:
            doors.reverse()
        path = f"{data}/plugin.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"data = {data}\nlisten = 127.0.0.1:{port}\n"
                       f"proxies = {', '.join('127.0.0.1:%d' % door for door in doors)}\n"
                       "acknowledges = yes\ntoken = required\n")
        self._add_part(name, "run", "--config", path)
        part = self.parts[name]
        part.port = port
        deadline = time.monotonic() + 20
        while True:
            # A proxy that has just started refuses until it has seen the clouds.
            try:
                await self.command([self.plugin_program, "activate", "--proxy", f"127.0.0.1:{doors[0]}",
                                    "--config", path, self.codes[position]], network=self.networks.get(name))
                break
            except SetupFailure:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
        with open(f"{data}/register.token", encoding="ascii") as file:
            self.tokens.append(file.read().strip())
        await self._add_link(f"register{position + 1}-{name}", "register-plugin", name, port)
        await part.start()

    async def _wait_shipped(self):
        """Until cloud B has learned from cloud A of the registers."""
        deadline = time.monotonic() + 30
        while True:
            listed = json.loads(await self.admin("register", "list", "--json", "--data", self.data("cloud-b")))
            active = [entry["register"] for entry in listed["registers"] if entry["state"] == "active"]
            if all(register in active for register in self.registers):
                return
            if time.monotonic() > deadline:
                raise SetupFailure("cloud B did not learn of the registers within 30 s")
            await asyncio.sleep(0.1)

    async def wait_available(self, positions, seconds=60):
        deadline = time.monotonic() + seconds
        for position in positions:
            while not (await self.status(position) or {}).get("available"):
                if time.monotonic() > deadline:
                    raise SetupFailure(f"register {position + 1} took no payments after {seconds} s")
                await asyncio.sleep(0.05)

    # ---- commands and calls ----

    async def admin(self, *words, given=""):
        """An admin command, on the machine of the cloud whose folder it names: the cloud's door is on loopback."""
        network = next((self.networks.get(f"cloud{name}") for name in CLOUDS
                        if self.data(f"cloud-{name.lower()}") in words), None)
        return await self.command([self.tillbridge, "admin", *words], given, network)

    async def command(self, words, given="", network=None):
        process = await asyncio.create_subprocess_exec(
            *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=linux.before_exec(network.namespace if network else None))
        try:
            out, errors = await asyncio.wait_for(process.communicate(given.encode()), 60)
        except TimeoutError:
            process.kill()
            raise SetupFailure(f"'{' '.join(words[1:4])}' took longer than 60 s") from None
        if process.returncode:
            raise SetupFailure(f"'{' '.join(words[1:4])}': {errors.decode().strip()[-300:]}")
        return out.decode().strip().rpartition("\n")[2]

    async def register(self, position, method, path, body=None, seconds=5.0, on_written=None):
        """A call of the register's software, through its link. Raises NoAnswer."""
        link = self.links_of_registers[position]
        return await call(
            ("127.0.0.1", link.port), method, path, body, [("Authorization", f"Bearer {self.tokens[position]}")],
            seconds, host=f"127.0.0.1:{self.plugin(position).port}", on_written=on_written)

    @property
    def links_of_registers(self):
        return self.family("register-plugin")

    async def status(self, position, seconds=2.0):
        """What the lane shows, or None."""
        try:
            code, answer = await self.register(position, "GET", "/v1/status", seconds=seconds)
            return answer if code == 200 else None
        except NoAnswer:
            return None

    async def wallet(self, method, path, body=None, seconds=5.0):
        """A call of the sandbox's control interface. It is the shopper's and the judge's way: no link lies in it."""
        return await call(("127.0.0.1", self.sandbox_port), method, f"/sandbox/v1/{path}", body, seconds=seconds)

    def home_of_last(self, position):
        """The paying cloud of a register's newest payment, by its journal."""
        best = None
        folder = self.data(f"register-{position + 1}")
        for name in sorted(os.listdir(folder)):
            if re.fullmatch(r"journal\.\d{6}", name):
                with open(f"{folder}/{name}", "rb") as file:
                    content = file.read()
                for found in re.finditer(rb"1\|T[0-9A-Z]{23}\|[^\n]*\n([AB])\n", content):
                    best = found.group(1).decode()
        return best

    # ---- the end ----

    async def end(self):
        """Ends everything, the registers first. The exit code of each part."""
        codes = {}
        for group in (("plugin",), ("proxy",), ("cloud",), ("sandbox",)):
            members = [part for name, part in self.parts.items() if name.startswith(group)]
            for part, code in zip(members, await asyncio.gather(*(part.stop() for part in members))):
                codes[part.name] = code
        return codes

    def abandon(self):
        """Whatever still runs ends now."""
        for part in self.parts.values():
            if part.runs:
                part.strike(signal.SIGKILL)
                part.process.wait()
        for link in self.links:
            link.close()

    def keep_small(self):
        """What lay on small file systems is moved to where it can be read after the mounts are gone."""
        for path in self.small:
            copy = f"{path}.kept"
            shutil.copytree(path, copy, ignore=lambda folder, names: [
                name for name in names if name == "filler" or not os.path.isfile(f"{folder}/{name}")])
            linux.unmount(path)
            shutil.rmtree(path)
            os.rename(copy, path)
        self.small = []
