# Part of Tillbridge. See LICENSE.
"""SIGKILL in the middle of a payment, against the plug-in's own file. Whatever is killed, register and wallet agree."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from shop import runs, traced, until


def test_a_plugin_killed_while_the_shopper_is_asked_revokes_after_its_restart(shop):
    sale = shop.new_sale()
    code = shop.code("alipay", "password")
    torn = shop.start_paying(sale, 3900, code)
    number = shop.wait_trade(code, "waiting")["merchantOrderNumber"]
    shop.kill("plugin1")
    assert torn.result(20) == (0, None)
    shop.start_plugin()
    # The register does not ask: a question within five seconds would take the payment up again.
    until("the plug-in to decide", lambda: shop.status()["lane"] != "waiting", 40)
    shop.wait_undone(sale, 90)
    assert shop.sale(sale)["reason"] == "restart"
    assert shop.trade(number)["net"] == 0
    shop.wait_available()
    shop.sell(500)
    assert shop.held() == 500


def test_a_plugin_killed_after_the_wallet_booked_gives_the_money_back(shop):
    shop.wallet("PUT", "faults", [{"wallet": "alipay", "operation": "pay", "fault": "drop-reply", "count": 1}])
    sale = shop.new_sale()
    code = shop.code("alipay")
    torn = shop.start_paying(sale, 5100, code)
    number = shop.wait_trade(code, "paid")["merchantOrderNumber"]
    shop.kill("plugin1")
    torn.result(20)
    assert shop.held() == 5100
    shop.start_plugin()
    until("the plug-in to decide", lambda: shop.status()["lane"] != "waiting", 40)
    shop.wait_undone(sale, 90)
    assert shop.trade(number)["net"] == 0
    assert shop.held() == 0
    shop.wait_available()
    shop.sell(500)


def test_a_plugin_killed_after_it_was_told_paid_still_says_paid(shop):
    sale = shop.new_sale()
    _, paid = shop.pay(sale, 1700, shop.code())
    assert paid["outcome"] == "paid"
    shop.kill("plugin1")
    shop.start_plugin()
    again = shop.sale(sale)
    assert (again["outcome"], again["orderNumber"]) == ("paid", paid["orderNumber"])
    shop.acknowledge(sale)
    assert shop.held() == 1700
    shop.wait_available()
    shop.sell(300)


@pytest.mark.parametrize("cloud", ["A", "B"])
def test_a_cloud_killed_after_the_wallet_booked_is_rescued_or_undone(shop, cloud):
    """Whichever cloud the payment went to: the register is told paid and the money is there, through the other one."""
    shop.wallet("PUT", "faults", [{"wallet": "wechatpay", "operation": "pay", "fault": "drop-reply", "count": 1}])
    sale = shop.new_sale()
    code = shop.code("wechatpay")
    asking = shop.start_paying(sale, 9300, code)
    number = shop.wait_trade(code, "paid")["merchantOrderNumber"]
    shop.kill(f"cloud{cloud}")
    status, told = asking.result(90)
    assert (status, told["outcome"], told["orderNumber"]) == (200, "paid", number)
    assert shop.trade(number)["net"] == 9300
    shop.acknowledge(sale)
    shop.wait_available()
    shop.sell(500)
    assert shop.held() == 9800


def test_without_clouds_a_payment_is_refused_at_once(shop):
    shop.sell(500)
    shop.kill("cloudA")
    shop.kill("cloudB")
    until("the tender key to go dark", lambda: not shop.status()["available"])
    started = time.monotonic()
    _, answer = shop.pay(shop.new_sale(), 800, shop.code())
    assert answer["outcome"] == "unavailable"
    assert time.monotonic() - started < 1
    assert "orderNumber" not in answer
    assert shop.held() == 500


def test_a_payment_whose_wallet_dies_under_it_is_undone_for_as_long_as_the_wallet_stays_away(shop):
    shop.sell(500)
    sale = shop.new_sale()
    code, other = shop.code("alipay", "password"), shop.code()
    asking = shop.start_paying(sale, 800, code)
    shop.wait_trade(code, "waiting")
    shop.kill("sandbox")
    assert shop.status()["lane"] == "waiting"
    shop.register("POST", f"/v1/payments/{sale}/cancel", {})
    assert asking.result(30)[1]["outcome"] == "cancelled"
    assert shop.status()["lane"] == "revoking"
    _, busy = shop.pay(shop.new_sale(), 900, other)
    assert busy["outcome"] == "busy"


@pytest.mark.skipif(not shutil.which("strace"), reason="strace makes the disk fail")
def test_a_cloud_whose_disk_fails_ends_itself_and_goes_on_after_its_next_start(shop, programs):
    shop.sell(500)
    until("both clouds to know of it", lambda: shop.status()["openAttempts"] == 0)
    pid = shop.ready["pids"]["cloudB"]
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        command = [word.decode() for word in file.read().split(b"\0")[:-1]]
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid), "-e", "trace=fdatasync",
         "-e", "inject=fdatasync:error=EIO:when=1"], stderr=subprocess.PIPE, text=True)
    try:
        until("strace to have hold of it", lambda: tracer.poll() is not None or traced(pid))
        # What is set at cloud A is stored at cloud B as well.
        subprocess.run([programs[0], "admin", "supervisor", "add", "--id", "second", "--data",
                        shop.folder / "cloud-a"], input="1357\n", text=True, check=True, capture_output=True)
        until("the cloud to end", lambda: not runs(pid), 15)
    finally:
        # Asked to end while its process does, strace waits for a thread that waits for strace.
        tracer.kill()
        if "permitted" in tracer.communicate()[1]:
            pytest.skip("this machine does not permit tracing")
    again = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    shop.adopt(again)
    assert again.stdout.readline().startswith("ready ")
    shop.sell(700)
    until("both clouds to know of all sales", lambda: shop.status()["openAttempts"] == 0)


def test_a_restored_journal_turns_the_lane_red_and_a_supervisor_opens_it_for_good(shop):
    shop.sell(700)
    shop.kill("plugin1")
    folder, backup = shop.folder / "register-1", shop.folder.parent / "backup"
    shutil.copytree(folder, backup)
    plugin = shop.start_plugin()
    shop.wait_available()
    shop.sell(800)
    until("the clouds to know of it", lambda: shop.status()["openAttempts"] == 0)
    plugin.kill()
    plugin.wait()
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)
    shop.start_plugin()
    until("the lane to be red", lambda: (shop.status() or {}).get("lane") == "red")
    order = {"supervisorCode": "2580", "reason": "records compared"}
    until("the supervisors to be known", lambda: shop.register("POST", "/v1/lane/release", order)[0] == 200)
    # Both clouds name their newer records again: they are the ones that were compared.
    for _ in range(2):
        shop.wait_available()
        shop.sell(900)
        assert shop.status()["lane"] == "free"
    assert shop.held() == 700 + 800 + 2 * 900


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_process_outlives_the_demo(shop, with_signal):
    pids = shop.ready["pids"]
    assert set(pids) == {"sandbox", "cloudA", "cloudB", "proxy1", "plugin1", "till"}
    os.kill(shop.process.pid, with_signal)
    until("everything to end", lambda: not any(runs(pid) for pid in pids.values()), 30)
    assert shop.process.wait(30) == (-signal.SIGKILL if with_signal == signal.SIGKILL else 0)


def test_a_demo_goes_on_where_it_ended(make_shop, programs):
    shop = make_shop()
    first = shop.sell(1100)
    shop.close()
    again = make_shop()
    assert again.plugin["register"] == shop.plugin["register"]
    assert again.held() == 1100
    second = again.sell(1200)
    assert second["orderNumber"] != first["orderNumber"]
    # Its ports are its own: another choice is refused in one sentence.
    again.close()
    refused = subprocess.run(
        [programs[0], "demo", "--headless", "--data", str(again.folder), "--port-base", "18300",
         "--plugin-binary", programs[1]], capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1 and "--port-base" in refused.stderr
