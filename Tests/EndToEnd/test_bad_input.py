# Part of Tillbridge. See LICENSE.
"""Bad settings, files and ports, as real processes: one sentence that names the thing, exit code 2, and every file is
as it was."""

import contextlib
import json
import shutil
import socket
import sqlite3
import subprocess
import tempfile

import pytest

from shop import Shop, until


def content(path):
    """A file's bytes; of a sound database what it says, since opening one may move rows out of its log."""
    if path.suffix == ".sqlite":
        with tempfile.TemporaryDirectory() as folder:
            for part in path.parent.glob(f"{path.name}*"):
                if not part.name.endswith(("-shm", ".lock")):
                    shutil.copy(part, folder)
            try:
                with contextlib.closing(sqlite3.connect(f"{folder}/{path.name}")) as database:
                    return list(database.iterdump()), database.execute("PRAGMA user_version").fetchone()
            except sqlite3.Error:
                pass
    return path.read_bytes()


def fingerprint(folder):
    """What is in a folder, but for locks and SQLite's own side files, which may come and go."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, content(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
        # The door of a cloud that a busy machine had killed; the next one removes it.
        and path.name != "admin.json"
    }


@pytest.fixture(scope="session")
def closed_shop(programs, tmp_path_factory):
    """The folders of a shop that has sold something and was closed in order."""
    shop = Shop(*programs, tmp_path_factory.mktemp("closed") / "shop")
    shop.sell(700)
    shop.close()
    return shop


@pytest.fixture
def here(closed_shop, tmp_path):
    """A copy of these folders, to be spoiled."""
    shutil.copytree(closed_shop.folder, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


class Refused:
    """Runs a program that must refuse to start."""

    def __init__(self, program):
        self.program = program

    def __call__(self, folder, *arguments, names, input=""):
        before = fingerprint(folder)
        run = subprocess.run([self.program, *map(str, arguments)], input=input, capture_output=True, text=True,
                             timeout=60, cwd=folder)
        told = run.stderr + run.stdout
        assert run.returncode == 2, (run.returncode, told)
        assert run.stdout == "", told
        assert run.stderr.count("\n") == 1, told
        assert run.stderr.startswith("tillbridge-plugin: ") or "rror:" not in run.stderr, told
        for name in names if isinstance(names, list) else [names]:
            assert str(name) in run.stderr, told
        assert fingerprint(folder) == before
        return run.stderr


@pytest.fixture
def tillbridge(programs):
    return Refused(programs[0])


@pytest.fixture
def plugin(programs):
    return Refused(programs[1])


# ---- the command line itself ----

@pytest.mark.parametrize("arguments, names", [
    (["clod"], "clod"),
    (["cloud", "--name", "A", "--data", "d", "--keys", "k", "--colour", "red"], "--colour"),
    (["cloud"], "--name"),
    (["proxy", "--treads", "2"], "--treads"),
    (["sandbox", "--port", "http"], ["http", "--port"]),
    (["sandbox", "--shoppers", "odd"], ["odd", "--shoppers"]),
    (["till", "--plugin"], "--plugin"),
    (["demo", "--json"], "--json"),
    (["demo", "--headless", "--once"], ["--headless", "--once"]),
    (["admin", "store", "add", "--data", "d"], "--name"),
    (["console-user", "add", "--data", "d", "--full-name", "Alice"], "--name"),
    (["console-user", "add", "--data", "d", "--name", "Al ice", "--full-name", "Alice"], ["--name", "Al ice"]),
    (["console-user", "add", "--data", "d", "--name", "alice", "--full-name", ""], "--full-name"),
    (["console-user", "add", "--data", "d", "--name", "alice", "--full-name", "Alice", "--role", "boss"],
     ["--role", "boss", "auditor"]),
    (["admin", "resolve", "N", "perhaps", "--data", "d", "--first", "x"], ["perhaps", "adopt"]),
])
def test_an_unknown_or_missing_setting_is_named(tillbridge, tmp_path, arguments, names):
    tillbridge(tmp_path, *arguments, names=names)


@pytest.mark.parametrize("command", [
    [], ["cloud"], ["proxy"], ["sandbox"], ["till"], ["demo"], ["admin"], ["admin", "register", "add"]])
def test_help_is_no_error(programs, command):
    run = subprocess.run([programs[0], *command, "--help"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    assert "USAGE: tillbridge" in run.stdout


# ---- cloud ----

def cloud(folder, **settings):
    given = {"name": "A", "data": folder / "cloud-a", "keys": folder / "keys", "listen": "127.0.0.1:0", **settings}
    return ["cloud", *(part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value))]


@pytest.mark.parametrize("settings, names", [
    ({"name": "C"}, "--name"), ({"listen": "127.0.0.1"}, "--listen"), ({"listen": "127.0.0.1:70000"}, "--listen"),
    ({"peer": "127.0.0.1:7402"}, "--peer"), ({"time_factor": "0"}, "--time-factor"),
    ({"time_factor": "nan"}, "--time-factor"), ({"time_factor": "2"}, "--time-factor"),
    ({"proxies": "proxy.example:7500"}, "--proxies"), ({"log_level": "loud"}, "--log-level"),
    ({"database": "postgres:x"}, "--database"), ({"configuration_home": "Z"}, "--configuration-home"),
    ({"keys": "nowhere"}, "nowhere"), ({"listen": "192.0.2.1:0"}, "--listen"),
    ({"listen": "nowhere.invalid:0"}, "--listen"),
])
def test_cloud_names_a_bad_setting(tillbridge, here, settings, names):
    tillbridge(here, *cloud(here, **settings), names=names)


@pytest.mark.parametrize("key", [
    "A.1.signing.key", "B.1.signing.pub", "a.cloud.key", "a.cloud.pem", "ca.pem", "master.1.key"])
def test_cloud_names_a_missing_and_a_damaged_key(tillbridge, here, key):
    file = here / "keys" / key
    # The master key and the peer's key are found by their names' pattern.
    names = {"master.1.key": "master", "B.1.signing.pub": "holds no public"}.get(key, key)
    file.write_bytes(b"x" * file.stat().st_size)
    file.chmod(0o600)
    tillbridge(here, *cloud(here), names=names)
    file.unlink()
    tillbridge(here, *cloud(here), names=names)


@pytest.mark.parametrize("key", ["A.1.signing.key", "a.cloud.key", "master.1.key"])
def test_cloud_refuses_a_key_that_others_may_read(tillbridge, here, key):
    (here / "keys" / key).chmod(0o644)
    tillbridge(here, *cloud(here), names=[key, "600"])


def test_cloud_names_a_port_in_use(tillbridge, here, taken_port):
    tillbridge(here, *cloud(here, listen=f"127.0.0.1:{taken_port}"), names=["--listen", taken_port])


def test_cloud_refuses_the_other_clouds_database(tillbridge, here):
    tillbridge(here, *cloud(here, data=here / "cloud-b"), names=["cloud.sqlite", "cloud B"])


def test_cloud_refuses_a_database_of_another_version(tillbridge, here):
    file = here / "cloud-a" / "cloud.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    tillbridge(here, *cloud(here), names=[file, "99"])


@pytest.mark.parametrize("spoil", ["header", "middle", "cut"])
def test_cloud_refuses_a_damaged_database(tillbridge, here, spoil):
    file = here / "cloud-a" / "cloud.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    for side in (here / "cloud-a").glob("cloud.sqlite-*"):
        side.unlink()
    raw = bytearray(file.read_bytes())
    if spoil == "header":
        raw[:16] = b"not a database.."
    elif spoil == "middle":
        raw[4096:12288] = b"\xa5" * 8192
    else:
        del raw[len(raw) // 2:]
    file.write_bytes(raw)
    tillbridge(here, *cloud(here), names=[file, "damaged"])


def test_cloud_refuses_a_folder_that_a_running_cloud_uses(tillbridge, open_shop):
    run = subprocess.run(
        [tillbridge.program, *map(str, cloud(open_shop.folder))], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert "cloud.sqlite" in run.stderr and "in use" in run.stderr
    open_shop.sell(100)


def test_a_data_folder_that_is_a_file_is_named(tillbridge, here, taken_port):
    file = here / "file"
    file.write_text("a letter")
    token = here / "register-1" / "register.token"
    for arguments in (
        cloud(here, data=file), ["sandbox", "--port", "0", "--data", file], ["admin", "keys", "--data", file],
        ["till", "--plugin", "http://127.0.0.1:1", "--token-file", token, "--data", file, "--listen", "127.0.0.1:0"],
    ):
        tillbridge(here, *arguments, names=file)


# ---- proxy ----

def proxy(folder, *more, listen="127.0.0.1:0", admin="127.0.0.1:0"):
    return ["proxy", "--listen", listen, "--admin", admin, "--data", folder / "keys",
            *(more or ["--cloud", "A=https://127.0.0.1:1"])]


@pytest.mark.parametrize("more, names", [
    (["--connections", "5"], "--cloud"), (["--cloud", "C=https://127.0.0.1:1"], "C=https"),
    (["--cloud", "A=127.0.0.1:1"], "A=127.0.0.1:1"),
    (["--cloud", "A=https://127.0.0.1:1", "--cloud", "A=https://127.0.0.1:2"], "--cloud"),
    (["--cloud", "A=https://127.0.0.1:1", "--weight", "B=5"], "--weight"),
    (["--cloud", "A=https://127.0.0.1:1", "--threads", "0"], "--threads"),
    (["--cloud", "A=https://127.0.0.1:1", "--access-log", "nowhere/access.log"], "nowhere/access.log"),
    (["--cloud", "A=https://127.0.0.1:1", "--client-ca", "nowhere.pem"], "nowhere.pem"),
])
def test_proxy_names_a_bad_setting(tillbridge, here, more, names):
    tillbridge(here, *proxy(here, *more), names=names)


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "nowhere.invalid:0", "7500"])
def test_proxy_names_an_address_that_is_not_its_own(tillbridge, here, listen):
    tillbridge(here, *proxy(here, listen=listen), names=["--listen", listen])


def test_proxy_keeps_its_admin_port_on_this_machine(tillbridge, here):
    tillbridge(here, *proxy(here, admin="0.0.0.0:0"), names="--admin")


@pytest.mark.parametrize("setting", ["listen", "admin"])
def test_proxy_names_a_port_in_use(tillbridge, here, taken_port, setting):
    tillbridge(here, *proxy(here, **{setting: f"127.0.0.1:{taken_port}"}), names=[f"--{setting}", taken_port])


@pytest.mark.parametrize("key", ["proxy.key", "proxy.pem", "ca.pem"])
def test_proxy_names_a_missing_a_damaged_and_an_open_key(tillbridge, here, key):
    file = here / "keys" / key
    if key == "proxy.key":
        file.chmod(0o640)
        tillbridge(here, *proxy(here), names=[key, "600"])
        file.chmod(0o600)
    file.write_bytes(b"-----BEGIN NOTHING-----\n")
    tillbridge(here, *proxy(here), names=key)
    file.unlink()
    tillbridge(here, *proxy(here), names=key)


# ---- sandbox ----

@pytest.mark.parametrize("arguments, names", [
    (["--port", "70000"], "--port"), (["--port", "-1"], "--port"),
    (["--port", "0", "--tls-port", "70000"], "--tls-port"),
    (["--port", "0", "--speed", "0"], "--speed"), (["--port", "0", "--speed", "nan"], "--speed"),
    (["--port", "0", "--speed", "-3"], "--speed"), (["--port", "0", "--speed", "inf"], "--speed"),
    (["--port", "0", "--host", "nowhere.invalid"], "nowhere.invalid"),
    (["--port", "0", "--host", "192.0.2.1"], "192.0.2.1"),
])
def test_sandbox_names_a_bad_setting(tillbridge, tmp_path, arguments, names):
    tillbridge(tmp_path, "sandbox", *arguments, names=names)


def test_sandbox_names_a_port_in_use(tillbridge, tmp_path, taken_port):
    tillbridge(tmp_path, "sandbox", "--port", taken_port, names=taken_port)
    tillbridge(tmp_path, "sandbox", "--port", "0", "--tls-port", taken_port, names=taken_port)


def test_sandbox_refuses_books_and_keys_that_it_cannot_use(tillbridge, here):
    data = here / "sandbox"
    arguments = ["sandbox", "--port", "0", "--data", data]
    keys, books = data / "keys.json", data / "sandbox.sqlite"
    keys.chmod(0o644)
    tillbridge(here, *arguments, names=[keys, "600"])
    keys.chmod(0o600)
    good = keys.read_bytes()
    keys.write_bytes(good[:100])
    tillbridge(here, *arguments, names=keys)
    keys.write_bytes(good)
    with sqlite3.connect(books) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    tillbridge(here, *arguments, names=[books, "99"])
    for side in data.glob("sandbox.sqlite-*"):
        side.unlink()
    books.write_bytes(b"not a database at all" * 400)
    tillbridge(here, *arguments, names=[books, "damaged"])


# ---- till ----

def till(folder, **settings):
    given = {"plugin": "http://127.0.0.1:1", "token_file": folder / "register-1" / "register.token",
             "listen": "127.0.0.1:0", "data": folder / "till-1", **settings}
    return ["till", *(part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value))]


@pytest.mark.parametrize("settings, names", [
    ({"plugin": "https://pay.example"}, "--plugin"), ({"token_file": "nowhere"}, "nowhere"),
    ({"listen": "0.0.0.0:0"}, "--listen"), ({"language": "fr"}, "--language"), ({"phone": "phone"}, "--phone"),
    ({"data": ""}, "--data"),
])
def test_till_names_a_bad_setting(tillbridge, here, settings, names):
    tillbridge(here, *till(here, **settings), names=names)


def test_till_names_a_port_in_use(tillbridge, here, taken_port):
    tillbridge(here, *till(here, listen=f"127.0.0.1:{taken_port}"), names=[taken_port, "--listen"])


def test_till_refuses_a_paper_log_of_something_else(tillbridge, here):
    paper = here / "till-1" / "paper.jsonl"
    paper.write_bytes(b"Dear diary,\ntoday it rained.\n")
    tillbridge(here, *till(here), names=paper)


def test_till_refuses_a_folder_that_another_till_uses(tillbridge, open_shop):
    run = subprocess.run(
        [tillbridge.program, *map(str, till(open_shop.folder))], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    assert str(open_shop.folder / "till-1") in run.stderr


# ---- admin ----

@pytest.mark.parametrize("arguments, names", [
    (["register", "list"], "--keys"),
    (["store", "add", "--name", "", "--keys", "KEYS"], "--name"),
    (["store", "add", "--name", "x", "--code", "abc", "--keys", "KEYS"], "--code"),
    (["register", "add", "--store", "ZZ99999", "--keys", "KEYS"], "ZZ99999"),
    (["register", "revoke", "NOBODY", "--keys", "KEYS"], "NOBODY"),
    (["account", "add", "--from", "nowhere.json", "--keys", "KEYS"], "nowhere.json"),
    (["account", "add", "--from", "demo.json", "--keys", "KEYS"], "demo.json"),
    (["routing", "set", "demo.json", "--keys", "KEYS"], "routing"),
    (["routing", "show", "--version", "99", "--keys", "KEYS"], "99"),
    (["limits", "--amount-limit", "0", "--keys", "KEYS"], "--amount-limit"),
    (["supervisor", "add", "--id", "x", "--keys", "KEYS"], "--id"),
    (["refund", "X", "--amount", "1", "--reference", "r", "--operator", "o", "--keys", "KEYS"], "X"),
    (["payments", "--limit", "0", "--keys", "KEYS"], "--limit"),
    (["register", "list", "--cloud", "C", "--keys", "KEYS"], "--cloud"),
    (["register", "list", "--keys", "nowhere"], "nowhere"),
])
def test_admin_names_what_is_wrong(tillbridge, here, arguments, names):
    arguments = [str(here / "keys") if part == "KEYS" else part for part in arguments]
    tillbridge(here, "admin", *arguments, "--data", here / "cloud-a", names=names)


def write_door(here, port):
    """The file by which a cloud's local door is found, of a cloud that is not there."""
    door = here / "cloud-a" / "admin.json"
    door.write_text(json.dumps({"port": port, "token": "of a dead cloud"}))
    door.chmod(0o600)


def test_admin_does_not_wait_for_a_cloud_that_was_killed(programs, here):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    write_door(here, port)
    run = subprocess.run(
        [programs[0], "admin", "register", "list", "--data", str(here / "cloud-a"), "--keys", str(here / "keys")],
        capture_output=True, text=True, timeout=15)
    assert run.returncode == 0 and "QF" in run.stdout, run.stderr


def test_admin_says_that_it_does_not_know_where_a_cloud_falls_silent(programs, here):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        write_door(here, listener.getsockname()[1])
        admin = subprocess.Popen(
            [programs[0], "admin", "store", "add", "--name", "x", "--data", str(here / "cloud-a"),
             "--keys", str(here / "keys")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        listener.settimeout(30)
        asked, _ = listener.accept()
        assert asked.recv(1 << 16).startswith(b"POST /admin ")
        asked.close()
        output, said = admin.communicate(timeout=30)
    assert (admin.returncode, output) == (1, "")
    assert "has not answered" in said and "not known" in said and len(said.splitlines()) == 1, said


def test_admin_never_overwrites_keys(tillbridge, here):
    tillbridge(here, "admin", "keys", "--data", here / "keys", names=here / "keys")


# ---- plug-in ----

def configure(here, **settings):
    """The configuration file of the register with other settings; None takes one away."""
    lines = {"data": here / "register-1", "listen": "127.0.0.1:0", "proxies": "127.0.0.1:1", **settings}
    file = here / "plugin.conf"
    file.write_text("".join(f"{name} = {value}\n" for name, value in lines.items() if value is not None))
    return ["run", "--config", file]


@pytest.mark.parametrize("settings, names", [
    ({"colour": "red"}, ["colour", "line 4"]), ({"data": None}, "data"), ({"data": ""}, "data"),
    ({"listen": "0.0.0.0:7600"}, "listen"), ({"listen": "here"}, "listen"),
    ({"proxies": "proxy.example:7500"}, "proxy.example"),
    ({"token": "perhaps"}, "token"), ({"acknowledges": "1"}, "acknowledges"),
])
def test_plugin_names_a_bad_setting(plugin, here, settings, names):
    plugin(here, *configure(here, **settings), names=names)


@pytest.mark.parametrize("arguments, names", [
    (["rn"], "rn"), (["run", "--config"], "--config"), (["run", "--config", "nowhere.conf"], "nowhere.conf"),
    (["run", "--config", "plugin.conf", "--colour", "red"], "--colour"),
    (["activate", "--config", "plugin.conf", "--proxy", "127.0.0.1:1", "K7Q2-9M4T"], "code"),
    (["activate", "--config", "plugin.conf", "K7Q2-9M4T-XW3P-8DHC"], "--proxy"),
    (["activate", "--config", "plugin.conf", "--proxy", "proxy.example:7500", "K7Q2-9M4T-XW3P-8DHC"], "--proxy"),
    (["activate", "--config", "plugin.conf", "--proxy", "127.0.0.1:1", "K7Q2-9M4T-XW3P-8DHC"], "activated already"),
])
def test_plugin_names_a_bad_command_line(plugin, here, arguments, names):
    configure(here)
    plugin(here, *arguments, names=names)


def test_plugin_names_a_missing_damaged_and_open_file(plugin, here):
    start = configure(here)
    for name, mode in ("device.key", 0o644), ("identity", 0o666):
        file = here / "register-1" / name
        good = file.read_bytes()
        file.chmod(mode)
        plugin(here, *start, names=[file, "mode"])
        file.chmod(0o600)
        file.write_bytes(good[:20])
        plugin(here, *start, names=file)
        file.unlink()
        plugin(here, *start, names="device key" if name == "device.key" else file)
        file.write_bytes(good)
        file.chmod(0o600)
    token = here / "register-1" / "register.token"
    token.chmod(0o666)
    plugin(here, *start, names=token)


def test_plugin_names_a_port_in_use(plugin, here, taken_port):
    plugin(here, *configure(here, listen=f"127.0.0.1:{taken_port}"), names=[taken_port, "listen"])


def test_plugin_refuses_a_folder_that_another_one_uses(plugin, open_shop, tmp_path):
    file = tmp_path / "plugin.conf"
    folder = open_shop.folder / "register-1"
    file.write_text(f"data = {folder}\nlisten = 127.0.0.1:0\n")
    plugin(tmp_path, "run", "--config", file, names=folder)


def test_a_damaged_journal_turns_the_lane_red_until_a_supervisor_has_looked(make_shop):
    shop = make_shop()
    shop.sell(900)
    held = shop.held()
    shop.kill("plugin1")
    journal = sorted((shop.folder / "register-1").glob("journal.*"))[0]
    raw = bytearray(journal.read_bytes())
    raw[60] ^= 0xFF
    journal.write_bytes(raw)
    shop.start_plugin()
    until("the lane to be red", lambda: (shop.status() or {}).get("lane") == "red")
    _, answer = shop.pay(shop.new_sale(), 800, shop.code())
    assert (answer["outcome"], answer["reason"]) == ("unavailable", "journal-damaged")
    # The record that was hit is kept as it is.
    assert journal.read_bytes()[:100] == bytes(raw[:100])

    def release(code):
        return shop.register("POST", "/v1/lane/release", {"supervisorCode": code, "reason": "records compared"})

    until("the supervisors to be known", lambda: release("2580")[0] == 200)
    until("the lane to be free", lambda: shop.status()["lane"] == "free")
    shop.wait_available()
    shop.sell(400)
    assert shop.held() == held + 400


# ---- demo ----

@pytest.mark.parametrize("more, names", [
    (["--port-base", "80"], "--port-base"), (["--port-base", "65001"], "--port-base"), (["--data", ""], "--data"),
    (["--plugin-binary", "nowhere"], "nowhere"),
])
def test_demo_names_a_bad_setting(tillbridge, programs, tmp_path, more, names):
    tillbridge(tmp_path, "demo", "--headless", "--data", "shop", "--plugin-binary", programs[1], "--port-base", "0",
               *more, names=names)


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_demo_names_a_port_in_use(tillbridge, programs, tmp_path):
    # All other ports of the row are free, so that only this one can be the one in use.
    base = next(base for base in range(12_000, 19_000, 500)
                if all(is_free(base + place) for place in (0, 43, 101, 102, 200, 201, 300, 350, 400)))
    port = base + 300
    with socket.create_server(("127.0.0.1", port)):
        tillbridge(tmp_path, "demo", "--headless", "--data", "shop", "--plugin-binary", programs[1],
                   "--port-base", base, names=[port, "--port-base"])


def test_demo_refuses_folders_that_are_not_its_own(tillbridge, programs, here):
    def refuse(folder, names):
        tillbridge(here, "demo", "--headless", "--data", folder, "--plugin-binary", programs[1], "--port-base", "0",
                   names=names)

    refuse(here / "keys", here / "keys")
    refuse(here / "demo.json", here / "demo.json")
    mark = json.loads((here / "demo.json").read_text())
    (here / "demo.json").write_text(json.dumps({**mark, "version": 99}))
    refuse(here, "version 99")
    (here / "demo.json").write_text("{")
    refuse(here, "demo.json")


def test_demo_refuses_a_folder_that_a_running_demo_uses(tillbridge, programs, open_shop):
    run = subprocess.run(
        [programs[0], "demo", "--headless", "--data", str(open_shop.folder), "--plugin-binary", programs[1],
         "--port-base", "0"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr.count("\n"), run.stdout) == (2, 1, ""), run.stderr
    assert str(open_shop.folder) in run.stderr and "--data" in run.stderr
    open_shop.sell(100)
