# Part of Tillbridge. See LICENSE.
"""The Sign-Flag table, edited while the shop is open."""

import json
import random
import subprocess
import threading
import time

import pytest

from shop import runs, until


class Admin:
    """`tillbridge admin` at the configuration's home, as a person runs it."""

    def __init__(self, program, shop):
        self.program = program
        self.data = shop.folder / "cloud-a"
        self.folder = shop.folder

    def run(self, *arguments):
        return subprocess.run([self.program, "admin", *arguments, "--data", str(self.data)],
                              capture_output=True, text=True, timeout=60)

    def __call__(self, *arguments):
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def edit(self, *arguments):
        """A change made from the newest version; a change by somebody else in between would be refused."""
        return self("sign-flags", *arguments, "--base", str(self("sign-flags", "list")["version"]))

    def only(self, *wallets):
        """A routing that knows these wallets alone, in place of whatever is there."""
        plan = self("routing", "show")
        plan["rules"] = [rule for rule in plan["rules"] if rule["wallet"] in wallets]
        plan["accounts"] = [row for row in plan["accounts"] if row["wallet"] in wallets]
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan), encoding="utf-8")
        return self("routing", "set", str(file), "--allow-gap")["routing"]


@pytest.fixture
def admin(programs, shop):
    return Admin(programs[0], shop)


def wallets(shop):
    return (shop.status() or {}).get("wallets", [])


class Sales(threading.Thread):
    """Sales that follow each other, until somebody has seen enough. Every one must be paid."""

    def __init__(self, shop):
        super().__init__(daemon=True)
        self.shop = shop
        self.paid = 0
        self.failed = None
        self.over = threading.Event()
        self.register = threading.Lock()

    def run(self):
        try:
            while not self.over.is_set():
                with self.register:
                    self.shop.sell(random.randint(100, 900))
                self.paid += 1
        except BaseException as error:
            self.failed = error

    def end(self):
        self.over.set()
        self.join(60)
        assert self.failed is None, self.failed
        return self.paid


def test_a_wallet_is_added_while_sales_run_and_an_old_register_takes_it_within_5_seconds(shop, admin):
    version = admin.only("alipay")
    until("the register to know Alipay alone", lambda: wallets(shop) == ["alipay"])
    # A new installation of the merchant's keys for WeChat Pay; the shop has never had it.
    keys = json.loads(open(shop.ready["keys"]["sandbox"], encoding="utf-8").read())
    only_wechat = {name: value for name, value in keys.items() if name not in ("alipay", "qqwallet", "unionpay")}
    file = shop.folder / "wechat.json"
    file.write_text(json.dumps(only_wechat), encoding="utf-8")
    file.chmod(0o600)
    pids = dict(shop.ready["pids"])
    shop.wait_available()
    sales = Sales(shop)
    sales.start()
    until("sales to run", lambda: sales.paid >= 3 or sales.failed)
    # The account first: nobody is sent there before a rule leads to it.
    assert admin("account", "add", "--from", str(file))["routing"] == version + 1
    published = time.monotonic()
    edited = admin("sign-flags", "add", "--prefix", "10-15", "--length", "18", "--wallet", "wechatpay",
                   "--base", str(version + 1))
    assert edited["routing"] == version + 2
    until("the register to take WeChat Pay", lambda: "wechatpay" in wallets(shop), 10)
    with sales.register:
        answer = shop.sell(1234, "wechatpay")
    seconds = time.monotonic() - published
    before = sales.paid
    until("sales to go on", lambda: sales.paid >= before + 3 or sales.failed)
    assert sales.end() >= 6
    assert answer["wallet"] == "wechatpay"
    assert shop.trade(answer["orderNumber"])["net"] == 1234
    print(f"first WeChat payment {seconds:.2f} s after its rule was published, {sales.paid} other sales")
    assert seconds <= 5
    # Nothing was started again, and nothing else was sold in vain.
    assert shop.ready["pids"] == pids and all(runs(pid) for pid in pids.values())
    assert shop.held() >= 1234


def test_codes_that_no_rule_knows_are_reported_and_the_register_asks_for_the_table_at_once(shop, admin):
    admin.only("alipay")
    until("the register to know Alipay alone", lambda: wallets(shop) == ["alipay"])
    shop.wait_available()
    code = shop.code("wechatpay")
    sale = shop.new_sale()
    for _ in range(3):
        _, refused = shop.pay(sale, 700, code)
        assert (refused["outcome"], refused["reason"]) == ("declined", "unsupported-code")

    def counted():
        rows = admin("sign-flags", "unknown")["unknown"]
        return sum(row["count"] for row in rows
                   if (row["seen"], row["prefix"], row["length"]) == ("registers", code[:2], 18))

    # The clouds share the counts between them: a register tells each of its codes to one of them.
    def counted_at_both():
        other = Admin(admin.program, shop)
        other.data = shop.folder / "cloud-b"
        rows = other("sign-flags", "unknown")["unknown"]
        return counted() + sum(row["count"] for row in rows if row["seen"] == "registers")

    until("the clouds to hear of it", lambda: counted_at_both() == 3)
    told = admin.run("sign-flags", "test", code).stdout
    assert "No rule begins like this code." in told and code not in told and f"{code[:6]}********{code[-4:]}" in told
    # The stores first: under a rule that leads to no account the code goes up, and the cloud refuses it for this sale.
    admin.edit("enable", "--wallet", "wechatpay")
    admin.edit("add", "--prefix", "10-15", "--length", "18", "--wallet", "wechatpay")
    store = shop.plugin["register"][:7]
    assert admin("sign-flags", "test", code, "--store", store)["result"] == "taken"
    # The same code of the same sale: what was refused at the register has left no trace.
    until("the register to take it", lambda: shop.pay(sale, 700, code)[1]["outcome"] == "paid")
    shop.acknowledge(sale)
    everything = "".join(path.read_text(encoding="utf-8", errors="replace") for path in shop.folder.rglob("*")
                         if path.is_file() and path.stat().st_size < 1 << 24 and "sandbox" not in str(path))
    assert code not in everything


def test_a_store_is_turned_off_and_on_by_itself(shop, admin):
    store = shop.plugin["register"][:7]
    shop.wait_available()
    shop.sell(300, "wechatpay")
    told = admin.edit("disable", "--wallet", "wechatpay", "--stores", store)
    assert any("would not be taken any more" in note for note in told["notes"])
    until("the register to hear of it", lambda: "wechatpay" not in wallets(shop))
    _, refused = shop.pay(shop.new_sale(), 300, shop.code("wechatpay"))
    assert refused["outcome"] == "declined" and refused["reason"] == "unsupported-code"
    shop.sell(300, "alipay")
    admin.edit("enable", "--wallet", "wechatpay", "--stores", store)
    until("the register to hear of it", lambda: "wechatpay" in wallets(shop))
    shop.sell(300, "wechatpay")


@pytest.mark.parametrize("arguments, names", [
    (["add", "--prefix", "10-15-20", "--length", "18", "--wallet", "wechatpay"], "--prefix"),
    (["add", "--prefix", "44", "--length", "x", "--wallet", "wechatpay"], "--length"),
    (["add", "--prefix", "44", "--length", "18", "--wallet", "WeChat"], "--wallet"),
    (["add", "--prefix", "44", "--length", "18", "--wallet", "bestpay", "--from", "tomorrow"], "--from"),
    (["add", "--prefix", "44", "--length", "18", "--wallet", "bestpay", "--until", "2020-01-01T00:00:00Z"], "--until"),
    (["add", "--prefix", "28", "--length", "18", "--wallet", "bestpay"], "overlap"),
    (["add", "--prefix", "44", "--length", "18", "--wallet", "bestpay", "--stores", "NOSTORE"], "--stores"),
    (["end", "99"], "99"),
    (["end", "2"], "--allow-gap"),
    (["enable"], "--rule or --wallet"),
    (["enable", "--rule", "1", "--wallet", "alipay"], "--rule or --wallet"),
    (["enable", "--rule", "1", "--stores", "QF00001"], "--rule"),
    (["enable", "--wallet", "alipay", "--account", "nobody"], "--account"),
    (["disable", "--wallet", "bestpay"], "--wallet"),
])
def test_a_bad_change_is_named_and_nothing_is_published(programs, open_shop, arguments, names):
    admin = Admin(programs[0], open_shop)
    version = admin("sign-flags", "list")["version"]
    done = admin.run("sign-flags", *arguments, "--base", str(version))
    assert (done.returncode, done.stdout) == (2, ""), done
    assert names in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert admin("sign-flags", "list")["version"] == version


def test_a_stale_change_is_refused_and_the_history_tells_who_came_first(shop, admin):
    version = admin("sign-flags", "list")["version"]
    change = ["sign-flags", "add", "--prefix", "44", "--length", "18", "--wallet", "bestpay", "--base", str(version)]
    admin(*change)
    done = admin.run(*change)
    assert done.returncode == 2 and f"somebody has published version {version + 1}" in done.stderr
    last = admin("sign-flags", "history")["versions"][-1]
    assert (last["version"], last["base"]) == (version + 1, version)
    assert last["change"] == "added 44 of 18 for bestpay"
