# Part of Tillbridge. See LICENSE.
"""The main job through real processes: sandbox, two clouds, proxy, the plug-in's file, till."""

import json
import time
import urllib.request

import pytest

from shop import until


def test_the_first_sale_is_possible_within_15_seconds(shop):
    assert shop.seconds_to_start < 15
    assert shop.sell(1280)["amount"] == 1280


@pytest.mark.parametrize("wallet", ["alipay", "wechatpay"])
def test_a_scanned_code_pays_the_sale(shop, wallet):
    answer = shop.sell(2350, wallet)
    assert answer["wallet"] == wallet
    trade = shop.trade(answer["orderNumber"])
    assert (trade["state"], trade["net"], trade["amount"]) == ("paid", 2350, 2350)
    assert shop.held() == 2350
    assert set(answer["message"]) == {"en", "zh"}
    # The receipt of the last sale can be had again.
    status, last = shop.register("GET", "/v1/payments/last")
    assert (status, last["orderNumber"]) == (200, answer["orderNumber"])


def test_a_declined_sale_holds_no_money_and_does_not_lock_the_register(shop):
    sale = shop.new_sale()
    _, declined = shop.pay(sale, 9900, shop.code("alipay", "insufficient"))
    assert (declined["outcome"], declined["reason"]) == ("declined", "insufficient-funds")
    assert shop.trade(declined["orderNumber"])["net"] == 0
    _, paid = shop.pay(sale, 9900, shop.code("wechatpay"))
    assert paid["outcome"] == "paid"
    assert paid["orderNumber"] != declined["orderNumber"]
    assert shop.held() == 9900


def test_a_stopped_payment_is_undone_before_the_next_one(shop):
    sale = shop.new_sale()
    code = shop.code("alipay", "password")
    waiting = shop.start_paying(sale, 4500, code)
    shop.wait_trade(code, "waiting")
    shop.register("POST", f"/v1/payments/{sale}/cancel", {})
    assert waiting.result(20)[1]["outcome"] == "cancelled"
    undone = shop.wait_undone(sale)
    assert shop.trade(undone["orderNumber"])["net"] == 0
    # Too late for the shopper.
    status, _ = shop.http("POST", f"{shop.ready['sandbox']}/sandbox/v1/codes/{code}/confirm", {})
    assert status == 409
    shop.sell(500)
    assert shop.held() == 500


def test_a_disowned_sale_is_given_back_and_a_taken_one_is_not(shop):
    sale = shop.new_sale()
    _, paid = shop.pay(sale, 700, shop.code())
    assert paid["outcome"] == "paid"
    _, blocked = shop.pay(shop.new_sale(), 800, shop.code())
    assert (blocked["outcome"], blocked["blockedBy"]) == ("unacknowledged", sale)
    shop.register("POST", f"/v1/payments/{sale}/disown", {})
    shop.wait_undone(sale)
    assert shop.held() == 0
    taken = shop.new_sale()
    shop.pay(taken, 900, shop.code())
    shop.acknowledge(taken)
    status, _ = shop.register("POST", f"/v1/payments/{taken}/disown", {})
    assert status == 409
    assert shop.held() == 900


@pytest.mark.parametrize("body, field", [
    ({"saleRef": "S1", "amount": 0, "currency": "CNY", "paymentCode": "280123456789012345"}, "amount"),
    ({"saleRef": "S1", "amount": 12.5, "currency": "CNY", "paymentCode": "280123456789012345"}, "amount"),
    ({"saleRef": "S1", "amount": 100, "currency": "EUR", "paymentCode": "280123456789012345"}, "currency"),
    ({"saleRef": "S 1", "amount": 100, "currency": "CNY", "paymentCode": "280123456789012345"}, "saleRef"),
    ({"saleRef": "S1", "amount": 100, "currency": "CNY"}, "paymentCode"),
])
def test_a_malformed_sale_is_named_and_journals_nothing(shop, body, field):
    before = shop.status()["journalIndex"]
    status, problem = shop.register("POST", "/v1/payments", body)
    assert (status, problem["field"]) == (400, field)
    assert shop.status()["journalIndex"] == before


def test_only_the_register_may_speak_to_the_plugin(shop):
    url = shop.plugin["url"] + "/v1/payments"
    body = {"saleRef": "S1", "amount": 1, "currency": "CNY", "paymentCode": shop.code()}
    right = {"Authorization": f"Bearer {shop.token}"}
    assert shop.http("POST", url, body)[0] == 401
    assert shop.http("POST", url, body, {"Authorization": "Bearer wrong"})[0] == 401
    assert shop.http("POST", url, body, {**right, "Content-Type": "text/plain"})[0] == 415
    assert shop.http("POST", url, body, {**right, "Host": "shop.example"})[0] == 400
    assert shop.held() == 0


def test_the_till_sells_through_the_plugin_and_keeps_its_paper(shop):
    till = shop.ready["till"]
    code = shop.code("wechatpay")
    _, sale = shop.http("POST", f"{till}/till/v1/sales", {})
    status, paid = shop.http("POST", f"{till}/till/v1/payments", {
        "saleRef": sale["saleRef"], "amount": 3300, "paymentCode": code, "items": []})
    assert (status, paid["outcome"]) == (200, "paid")
    with urllib.request.urlopen(till) as page:
        assert "Tillbridge" in page.read().decode()
    with open(shop.folder / "till-1" / "paper.jsonl", encoding="utf-8") as paper:
        lines = [json.loads(line) for line in paper]
    assert [line.get("outcome") for line in lines if line["kind"] == "told"] == ["paid", "paid"]
    assert {line["call"] for line in lines} == {"pay", "acknowledge"}
    until("the lane to be free", lambda: shop.status()["lane"] == "free")


def test_no_payment_code_stays_anywhere(shop):
    """Logs, journals, databases and the till's paper, searched byte for byte. The sandbox is the wallet: it knows."""
    codes = [shop.code("alipay"), shop.code("wechatpay"), shop.code("alipay", "insufficient")]
    for code in codes:
        sale = shop.new_sale()
        _, answer = shop.pay(sale, 600, code)
        if answer["outcome"] == "paid":
            shop.acknowledge(sale)
    time.sleep(0.5)  # for whatever is written late; finding nothing too early proves nothing
    searched = 0
    for path in shop.folder.rglob("*"):
        if not path.is_file() or "sandbox" in path.relative_to(shop.folder).parts[0] or path.name == "sandbox.log":
            continue
        content = path.read_bytes()
        searched += 1
        for code in codes:
            assert code.encode() not in content, f"{path} holds a payment code"
    assert searched > 10
