# Part of Tillbridge. See LICENSE.
"""What the harness asks of the kernel: namespaces, small file systems, children that never outlive it. Everything here
may be forbidden on a machine; what is, is found out by trying, and the report says so."""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)
_prctl, _setns = _libc.prctl, _libc.setns


def _check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def before_exec(namespace=None):
    """What a child does before its program runs: it dies with the harness, and lives in its machine's network."""
    def prepare():
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if namespace is not None:
            _setns(namespace, CLONE_NEWNET)
    return prepare


class Network:
    """A machine's own network: a namespace with a loopback interface, in which the harness can open sockets."""

    def __init__(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_libc.unshare(CLONE_NEWNET))
            try:
                self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            finally:
                _check(_setns(home, CLONE_NEWNET))
        finally:
            os.close(home)
        self.lossy = None
        self.set_up(True)

    def socket(self):
        """A TCP socket that belongs to this network for good."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_setns(self.namespace, CLONE_NEWNET))
            try:
                return socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            finally:
                _check(_setns(home, CLONE_NEWNET))
        finally:
            os.close(home)

    def set_up(self, up):
        """Without its interface a machine's packets vanish: no reset, no refusal."""
        with self.socket() as door:
            request = struct.pack("16sh", b"lo", 0)
            flags = struct.unpack("16sh", fcntl.ioctl(door, SIOCGIFFLAGS, request))[1]
            flags = flags | IFF_UP if up else flags & ~IFF_UP
            fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags))

    def run(self, *words):
        """A command inside this network; what it complains about, or None."""
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=10,
                                  preexec_fn=before_exec(self.namespace))
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        return None if done.returncode == 0 else (done.stderr or done.stdout).strip().split("\n")[0]

    def netem(self, *what):
        self.lossy = ("tc", "qdisc", "del", "dev", "lo", "root")
        return self.run("tc", "qdisc", "add", "dev", "lo", "root", "netem", *what)

    def lose(self, percent):
        """Packet loss without netem: the packet filter rolls the dice."""
        self.lossy = ("nft", "delete", "table", "ip", "chaos")
        return (self.run("nft", "add", "table", "ip", "chaos")
                or self.run("nft", "add", "chain", "ip", "chaos", "in", "{ type filter hook input priority 0 ; }")
                or self.run("nft", "add", "rule", "ip", "chaos", "in", "numgen", "random", "mod", "100",
                            "<", str(percent), "drop"))

    def slow(self, kilobits):
        self.lossy = ("tc", "qdisc", "del", "dev", "lo", "root")
        return self.run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", f"{kilobits}kbit",
                        "burst", "6k", "latency", "300ms")

    def heal(self):
        self.set_up(True)
        if self.lossy:
            self.run(*self.lossy)
            self.lossy = None


class Abilities:
    """What this machine permits, each with the reason why not."""

    def __init__(self, folder):
        """`folder`: where the library for wrong clocks is built."""
        self.refused = {}
        self.networks = self._try("network namespaces", self._network)
        if self.networks:
            probe = Network()
            self.netem = self._told("netem", probe.netem("delay", "10ms"))
            probe.heal()
            self.loss = self._told("packet loss by nftables", probe.lose(10))
            probe.heal()
            self.slow = self._told("token bucket (tbf)", probe.slow(512))
            probe.heal()
            os.close(probe.namespace)
        else:
            self.netem = self.loss = self.slow = False
        self.mounts = self._try("small file systems (private mounts)", self._private_mounts)
        self.strace = self._try("strace: kills at system calls and disk errors", self._strace)
        self.clock = self._try("wrong clocks (a preloaded library)", lambda: self._clock(folder))

    def _told(self, what, complaint):
        if complaint:
            self.refused[what] = complaint
        return not complaint

    def _try(self, what, attempt):
        try:
            result = attempt()
        except OSError as error:
            self.refused[what] = str(error)
            return False
        return True if result is None else result

    @staticmethod
    def _network():
        os.close(Network().namespace)

    @staticmethod
    def _private_mounts():
        # In a namespace of its own, so that nothing stays mounted however the harness ends.
        _check(_libc.unshare(CLONE_NEWNS))
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))

    @staticmethod
    def _strace():
        if not shutil.which("strace"):
            raise OSError("strace is not installed")
        child = subprocess.Popen(["sleep", "20"], preexec_fn=before_exec())
        try:
            # The very thing that will be done: kill a running process at a system call of its own.
            trace = subprocess.Popen(
                ["strace", "-qq", "-o", "/dev/null", "-p", str(child.pid), "-e", "trace=none"],
                stderr=subprocess.PIPE, text=True, preexec_fn=before_exec())
            try:
                trace.wait(0.5)
                raise OSError((trace.stderr.read() or "ptrace is not permitted").strip().split("\n")[0])
            except subprocess.TimeoutExpired:
                trace.terminate()
                trace.wait()
        finally:
            child.kill()
            child.wait()

    @staticmethod
    def _clock(folder):
        compiler = next((name for name in ("clang", "cc", "gcc") if shutil.which(name)), None)
        if compiler is None:
            raise OSError("there is no C compiler")
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock.c")
        library = f"{folder}/clock.so"
        done = subprocess.run([compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", library, source],
                              capture_output=True, text=True)
        if done.returncode:
            raise OSError(done.stderr.strip().split("\n")[0])
        wrong = WrongClock(f"{folder}/probe.clock", library)
        wrong.set(3_600_000)
        told = subprocess.run(["date", "+%s"], env={**os.environ, **wrong.environment}, capture_output=True, text=True)
        if not 3590 < int(told.stdout or 0) - time.time() < 3610:
            raise OSError("programs here do not take a preloaded clock")
        return library


class WrongClock:
    """The wall clock of the programs that are started with its environment."""

    def __init__(self, path, library):
        self.environment = {"LD_PRELOAD": library, "CHAOS_CLOCK": path}
        with open(path, "wb") as file:
            file.write(bytes(4096))
        self._file = open(path, "r+b", buffering=0)

    def set(self, milliseconds):
        self._file.seek(0)
        self._file.write(struct.pack("<q", milliseconds))


def mount_small(path, megabytes):
    """A file system of its own size. Raises OSError."""
    _check(_libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={megabytes}m,mode=0700".encode()))


def unmount(path):
    _libc.umount2(os.fsencode(path), 2)


def owner_of(port, pids):
    """Which of these processes holds the local end of a loopback connection from `port`."""
    wanted = f"0100007F:{port:04X}"
    inode = None
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1] == wanted:
                inode = f"socket:[{fields[9]}]"
    for pid in pids if inode else ():
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{name}") == inode:
                    return pid
        except OSError:
            continue
    return None


def traced(pid):
    """Whether a tracer holds every thread of a process."""
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as status:
                if "TracerPid:\t0" in status.read():
                    return False
        return True
    except OSError:
        return False


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
