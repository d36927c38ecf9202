# Part of Tillbridge. See LICENSE.
"""The demo's chain: made once, made anew where that was killed, and as real as any other history."""

import json
import pathlib
import signal
import sqlite3
import subprocess

from shop import Shop, until


def rows(database, statement):
    """A look at a database that a service has open."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def mark(folder):
    path = pathlib.Path(folder) / "demo.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def test_a_chain_whose_making_was_killed_is_made_anew_and_its_payments_are_refunded(programs, tmp_path):
    tillbridge, plugin = programs
    folder = tmp_path / "chain"
    making = subprocess.Popen(
        [tillbridge, "demo", "--headless", "--chain", "--data", folder, "--port-base", "0", "--plugin-binary", plugin],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # In the middle: the clouds' databases are there, and the day is not.
        until("the making to begin", lambda: (folder / "cloud-b" / "cloud.sqlite").exists(), 60)
    finally:
        making.send_signal(signal.SIGKILL)
        making.wait()
    assert mark(folder)["chain"] == "begun"

    shop = Shop(tillbridge, plugin, folder, options=["--chain"])
    try:
        assert mark(folder)["chain"] == "made"
        assert len(shop.ready["plugins"]) == 4
        paid = {}
        for cloud in "ab":
            found = rows(folder / f"cloud-{cloud}" / "cloud.sqlite",
                         "SELECT number, amount, wallet FROM payment WHERE state = 'confirmed' AND refund_sent = 0 "
                         "AND number NOT IN (SELECT number FROM refund) ORDER BY created_at")
            assert len(found) > 500
            for number, amount, wallet in found:
                paid.setdefault(wallet, (cloud, number, amount))
        assert set(paid) == {"alipay", "wechatpay", "qqwallet", "unionpay"}

        # A refund of each wallet's first payment of the day ends in that wallet's ledger.
        held = shop.held()
        for cloud, number, amount in paid.values():
            subprocess.run(
                [tillbridge, "admin", "refund", number, "--amount", str(amount), "--reference", f"E2E-{number}",
                 "--reason", "returned", "--operator", "test", "--data", folder / f"cloud-{cloud}"],
                check=True, capture_output=True, timeout=60)
        for _, number, amount in paid.values():
            until(f"the refund of {number}", lambda number=number: shop.trade(number)["net"] == 0, 60)
        assert held - shop.held() == sum(amount for _, _, amount in paid.values())

        # The till's register sells as in any shop.
        shop.sell(1280)
    finally:
        shop.close()
    payments = set(rows(folder / "cloud-a" / "cloud.sqlite", "SELECT number FROM payment"))

    again = Shop(tillbridge, plugin, folder, options=["--chain"])
    try:
        assert again.ready["plugins"] == shop.ready["plugins"]
        # The history is there once; sales go on coming in by themselves.
        found = set(rows(folder / "cloud-a" / "cloud.sqlite", "SELECT number FROM payment"))
        assert payments <= found and len(found - payments) < 100
    finally:
        again.close()
