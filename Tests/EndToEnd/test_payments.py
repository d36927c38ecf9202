# Part of Tillbridge. See LICENSE.
"""The main job through real processes: sandbox, two clouds, proxy, the plug-in's file, till."""

import json
import urllib.request

import pytest

from shop import until


def test_the_first_sale_is_possible_within_15_seconds(shop):
    assert shop.seconds_to_start < 15
    assert shop.sell(1280)["amount"] == 1280


@pytest.mark.parametrize("wallet", ["alipay", "wechatpay", "qqwallet", "unionpay"])
def test_a_scanned_code_pays_the_sale(open_shop, wallet):
    before = open_shop.held()
    answer = open_shop.sell(2350, wallet)
    assert answer["wallet"] == wallet
    trade = open_shop.trade(answer["orderNumber"])
    assert (trade["state"], trade["net"], trade["amount"]) == ("paid", 2350, 2350)
    assert open_shop.held() - before == 2350
    assert set(answer["message"]) == {"en", "zh"}
    # The receipt of the last sale can be had again.
    status, last = open_shop.register("GET", "/v1/payments/last")
    assert (status, last["orderNumber"]) == (200, answer["orderNumber"])


def test_a_declined_sale_holds_no_money_and_does_not_lock_the_register(open_shop):
    before = open_shop.held()
    sale = open_shop.new_sale()
    _, declined = open_shop.pay(sale, 9900, open_shop.code("alipay", "insufficient"))
    assert (declined["outcome"], declined["reason"]) == ("declined", "insufficient-funds")
    assert open_shop.held() == before
    _, paid = open_shop.pay(sale, 9900, open_shop.code("wechatpay"))
    assert paid["outcome"] == "paid"
    assert paid["orderNumber"] != declined["orderNumber"]
    assert open_shop.held() - before == 9900
    open_shop.acknowledge(sale)


def test_a_stopped_payment_is_undone_before_the_next_one(open_shop):
    before = open_shop.held()
    sale = open_shop.new_sale()
    code = open_shop.code("alipay", "password")
    waiting = open_shop.start_paying(sale, 4500, code)
    open_shop.wait_trade(code, "waiting")
    open_shop.register("POST", f"/v1/payments/{sale}/cancel", {})
    assert waiting.result(20)[1]["outcome"] == "cancelled"
    undone = open_shop.wait_undone(sale)
    assert open_shop.trade(undone["orderNumber"])["net"] == 0
    # Too late for the shopper.
    status, _ = open_shop.http("POST", f"{open_shop.ready['sandbox']}/sandbox/v1/codes/{code}/confirm", {})
    assert status == 409
    open_shop.sell(500)
    assert open_shop.held() - before == 500


def test_a_disowned_sale_is_given_back_and_a_taken_one_is_not(open_shop):
    before = open_shop.held()
    sale = open_shop.new_sale()
    _, paid = open_shop.pay(sale, 700, open_shop.code())
    assert paid["outcome"] == "paid"
    _, blocked = open_shop.pay(open_shop.new_sale(), 800, open_shop.code())
    assert (blocked["outcome"], blocked["blockedBy"]) == ("unacknowledged", sale)
    open_shop.register("POST", f"/v1/payments/{sale}/disown", {})
    open_shop.wait_undone(sale)
    assert open_shop.held() == before
    taken = open_shop.new_sale()
    open_shop.pay(taken, 900, open_shop.code())
    open_shop.acknowledge(taken)
    status, _ = open_shop.register("POST", f"/v1/payments/{taken}/disown", {})
    assert status == 409
    assert open_shop.held() - before == 900


GOOD = {"saleRef": "S1", "amount": 100, "currency": "CNY", "paymentCode": "280123456789012345"}
MALFORMED = [
    ("amount", {**GOOD, "amount": 0}), ("amount", {**GOOD, "amount": -1}), ("amount", {**GOOD, "amount": 12.5}),
    ("amount", {**GOOD, "amount": 10**20}), ("amount", {**GOOD, "amount": "100"}),
    ("amount", {**GOOD, "amount": 5_000_001}), ("currency", {**GOOD, "currency": "EUR"}),
    ("saleRef", {**GOOD, "saleRef": "S 1"}), ("saleRef", {**GOOD, "saleRef": "S" * 41}),
    ("paymentCode", {name: value for name, value in GOOD.items() if name != "paymentCode"}),
]


def test_a_malformed_sale_is_named_and_journals_nothing(shop):
    before = shop.status()["journalIndex"]
    for field, body in MALFORMED:
        status, problem = shop.register("POST", "/v1/payments", body)
        assert (status, problem["field"]) == (400, field), body
    assert shop.register("POST", "/v1/payments", b"{")[0] == 400
    assert shop.status()["journalIndex"] == before


def test_only_the_register_may_speak_to_the_plugin(open_shop):
    before = open_shop.held()
    url = open_shop.plugin["url"] + "/v1/payments"
    body = {"saleRef": "S1", "amount": 1, "currency": "CNY", "paymentCode": open_shop.code()}
    right = {"Authorization": f"Bearer {open_shop.token}"}
    assert open_shop.http("POST", url, body)[0] == 401
    assert open_shop.http("POST", url, body, {"Authorization": "Bearer wrong"})[0] == 401
    assert open_shop.http("POST", url, body, {**right, "Content-Type": "text/plain"})[0] == 415
    assert open_shop.http("POST", url, body, {**right, "Host": "shop.example"})[0] == 400
    assert open_shop.held() == before


def test_the_till_sells_through_the_plugin_and_keeps_its_paper(open_shop):
    till = open_shop.ready["till"]
    code = open_shop.code("wechatpay")
    _, sale = open_shop.http("POST", f"{till}/till/v1/sales", {})
    status, paid = open_shop.http("POST", f"{till}/till/v1/payments", {
        "saleRef": sale["saleRef"], "amount": 3300, "paymentCode": code, "items": []})
    assert (status, paid["outcome"]) == (200, "paid")
    with urllib.request.urlopen(till) as page:
        assert "Tillbridge" in page.read().decode()
    with open(open_shop.folder / "till-1" / "paper.jsonl", encoding="utf-8") as paper:
        lines = [json.loads(line) for line in paper]
    assert [line.get("outcome") for line in lines if line["kind"] == "told"] == ["paid", "paid"]
    assert {line["call"] for line in lines} == {"pay", "acknowledge"}
    until("the lane to be free", lambda: open_shop.status()["lane"] == "free")


def test_no_payment_code_stays_anywhere(shop):
    """Logs, journals, databases and the till's paper, searched byte for byte. The sandbox is the wallet: it knows."""
    codes = [shop.code("alipay"), shop.code("wechatpay")]
    for code in codes:
        sale = shop.new_sale()
        assert shop.pay(sale, 600, code)[1]["outcome"] == "paid"
        shop.acknowledge(sale)
    until("both clouds to know of both sales", lambda: shop.status()["openAttempts"] == 0)
    shop.close()
    searched = 0
    for path in shop.folder.rglob("*"):
        part = path.relative_to(shop.folder).parts[0]
        if not path.is_file() or part == "sandbox" or path.name == "sandbox.log":
            continue
        content = path.read_bytes()
        searched += 1
        for code in codes:
            assert code.encode() not in content, f"{path} holds a payment code"
    assert searched > 10
