# Part of Tillbridge. See LICENSE.
"""`demo --once`: every scenario through real processes, at a fifth of the protocol's times."""

import json
import subprocess
import time

EXPECTED = {
    "Alipay paid": ("paid", 1280),
    "WeChat paid": ("paid", 2350),
    "QQ Wallet paid": ("paid", 1660),
    "UnionPay paid": ("paid", 4120),
    "Shopper types the password after some seconds": ("paid", 88800),
    "Shopper declines": ("declined", 0),
    "Balance too low": ("declined", 0),
    "Expired code": ("declined", 0),
    "Code of no wallet": ("declined", 0),
    "Amount 0, negative, huge, fractional": ("refused", 0),
    "Same saleRef twice": ("paid", 3100),
    "Two codes for one saleRef at once": ("paid", 7700),
    "Declined, then the same saleRef with another code": ("paid", 5400),
    "Reply lost after the wallet booked": ("paid", 6600),
    "Wallet silent until the decision time": ("cancelled", 0),
    "Late execution after the cancel": ("cancelled", 0),
    "Cloud A SIGKILLed after the wallet booked": ("paid", 9300),
    "Plug-in SIGKILLed in the middle": ("cancelled", 0),
    "Both clouds down": ("unavailable", 0),
    "Register never acknowledges": ("unacknowledged", 0),
}


def test_register_and_wallet_agree_in_every_scenario(programs, tmp_path):
    started = time.monotonic()
    run = subprocess.run(
        [programs[0], "demo", "--once", "--json", "--data", str(tmp_path / "once"), "--plugin-binary", programs[1]],
        capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert time.monotonic() - started < 120
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["agree"] is True
    assert {row["scenario"]: (row["told"], row["walletNet"]) for row in result["rows"]} == EXPECTED
    assert all(set(row) == {"scenario", "told", "walletNet", "seconds", "agree"} for row in result["rows"])
