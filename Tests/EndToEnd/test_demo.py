# Part of Tillbridge. See LICENSE.
"""What `demo --headless` promises to whoever starts it: its ready line, its ports, its end, its folder."""

import concurrent.futures
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import urllib.request

from shop import Shop, runs, until

NAMES = {"sandbox", "cloudA", "cloudB", "proxy1", "plugin1", "till"}
OFFSETS = {"sandbox": 0, "sandboxTLS": 43, "A": 101, "B": 102, "proxy": 200, "proxyAdmin": 201, "plugin": 300,
           "till": 350}


def status(url, context=None):
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        return answer.status


def trusting(ca, certificate=None):
    context = ssl.create_default_context(cafile=ca)
    # The private CA names parts, not addresses.
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(f"{certificate}.pem", f"{certificate}.key")
    return context


def test_everything_in_the_ready_line_is_there(open_shop):
    ready = open_shop.ready
    assert set(ready) == {"sandbox", "sandboxTLS", "clouds", "proxies", "proxyAdmin", "plugins", "till", "console",
                          "pids", "logs", "keys"}
    assert ready["console"] is None

    assert status(f"{ready['sandbox']}/healthz") == 200
    with open(ready["keys"]["sandbox"], encoding="utf-8") as file:
        accounts = json.load(file)
    assert {"alipay", "wechatpay"} <= set(accounts)
    sandbox_ca = os.path.join(os.path.dirname(ready["keys"]["sandbox"]), "sandbox-ca.pem")
    assert status(f"{ready['sandboxTLS']}/healthz", trusting(sandbox_ca)) == 200

    # Clouds take calls of the proxy's certificate alone.
    ca = ready["keys"]["ca"]
    proxy = os.path.join(os.path.dirname(ca), "proxy")
    assert set(ready["clouds"]) == {"A", "B"}
    for url in ready["clouds"].values():
        assert status(f"{url}/healthz", trusting(ca, proxy)) == 200

    assert (len(ready["proxies"]), len(ready["proxyAdmin"])) == (1, 1)
    host, port = ready["proxies"][0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as plain:
        with ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname="proxy.tillbridge") as tls:
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    for path in ("healthz", "readyz", "metrics"):
        assert status(f"{ready['proxyAdmin'][0]}/{path}") == 200

    (plugin,) = ready["plugins"]
    assert set(plugin) == {"register", "url", "tokenFile"}
    seen = open_shop.status()
    assert (seen["register"], seen["available"]) == (plugin["register"], True)
    assert status(ready["till"]) == 200


def test_every_process_and_log_in_the_ready_line_is_its_own(open_shop):
    pids, logs = open_shop.ready["pids"], open_shop.ready["logs"]
    assert set(pids) == set(logs) == NAMES
    assert len(set(pids.values())) == len(set(logs.values())) == len(NAMES)
    words = {"cloudA": "cloud", "cloudB": "cloud", "proxy1": "proxy", "plugin1": "run"}
    for name, pid in pids.items():
        assert runs(pid)
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            assert file.read().split("\0")[1] == words.get(name, name)
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            assert f"PPid:\t{open_shop.process.pid}\n" in file.read()
        assert os.stat(logs[name]).st_mode & 0o077 == 0
        assert os.readlink(f"/proc/{pid}/fd/1") == logs[name]


def test_a_base_gives_the_documented_ports(make_shop):
    def is_free(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    base = next(base for base in (random.randrange(10_000, 19_000) for _ in range(100))
                if all(is_free(base + offset) for offset in OFFSETS.values()))
    shop = make_shop(port_base=base)
    ready = shop.ready
    addresses = {"sandbox": ready["sandbox"], "sandboxTLS": ready["sandboxTLS"], "A": ready["clouds"]["A"],
                 "B": ready["clouds"]["B"], "proxy": ready["proxies"][0], "proxyAdmin": ready["proxyAdmin"][0],
                 "plugin": ready["plugins"][0]["url"], "till": ready["till"]}
    assert {name: int(text.rstrip("/").rsplit(":", 1)[1]) - base for name, text in addresses.items()} == OFFSETS
    shop.sell(300)


def test_two_demos_run_side_by_side(programs, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        shops = list(pool.map(lambda name: Shop(*programs, tmp_path / name), ("left", "right")))
    try:
        for shop, amount in zip(shops, (1100, 2200)):
            shop.sell(amount)
            assert shop.held() == amount
        assert not set(shops[0].ready["pids"].values()) & set(shops[1].ready["pids"].values())
    finally:
        for shop in shops:
            shop.close()


def test_a_demo_whose_parent_was_killed_starts_again_at_once_with_its_history(make_shop):
    shop = make_shop()
    till = shop.ready["till"]
    _, sale = shop.http("POST", f"{till}/till/v1/sales", {})
    _, paid = shop.http("POST", f"{till}/till/v1/payments", {
        "saleRef": sale["saleRef"], "amount": 4400, "paymentCode": shop.code(), "items": []})
    assert paid["outcome"] == "paid"
    os.kill(shop.process.pid, signal.SIGKILL)
    shop.process.wait()
    again = make_shop()
    assert {**again.ready, "pids": {}} == {**shop.ready, "pids": {}}
    assert not any(runs(pid) for pid in shop.ready["pids"].values() if pid not in again.ready["pids"].values())
    receipt = again.http("GET", f"{again.ready['till']}/till/v1/status")[1]["lastReceipt"]
    assert (receipt["saleRef"], receipt["amount"], receipt["orderNumber"]) == (
        sale["saleRef"], 4400, paid["orderNumber"])
    assert again.sale(sale["saleRef"])["outcome"] == "paid"
    assert again.held() == 4400
    again.sell(100)


def test_help_for_people_names_what_to_open_and_ends_with_ctrl_c(programs, tmp_path):
    with open(tmp_path / "words", "w+", encoding="utf-8") as words:
        demo = subprocess.Popen([programs[0], "demo", "--data", str(tmp_path / "shop"), "--port-base", "0",
                                 "--plugin-binary", programs[1]], stdout=words, stderr=words)
        try:
            def told():
                words.seek(0)
                text = words.read()
                return text if "Ctrl-C ends everything" in text else None

            text = until("the welcome", told, 60)
            for url in {word for word in text.split() if word.startswith("http://")}:
                if "/sandbox/v1/" not in url and "readyz" not in url:
                    assert status(url) == 200, url
        finally:
            demo.send_signal(signal.SIGINT)
            assert demo.wait(40) == 0
