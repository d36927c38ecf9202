# Part of Tillbridge. See LICENSE.
"""What an operator and a finance clerk do all day."""

import os
import signal

import pytest

from shop import until


def rows(page):
    return page.locator("#rows tr").count()


@pytest.mark.parametrize("language, paid", [("en", "Paid"), ("zh", "支付成功")])
def test_a_sale_is_on_the_screen_while_it_happens(shop, visit, language, paid):
    operator = visit("operator", language)
    operator.go("/payments")
    # The stream is open when the numbers above the list have moved.
    operator.page.wait_for_function("document.querySelector('[data-strip=dataAt]').textContent !== '–'")
    before = rows(operator.page)
    sale = shop.sell(1234)
    row = operator.page.locator("#rows tr", has_text=sale["saleRef"])
    row.wait_for(timeout=10_000)
    assert rows(operator.page) == before + 1
    assert "¥12.34" in row.inner_text()
    # It may have come as one that is being paid.
    row.filter(has_text=paid).wait_for(timeout=10_000)
    operator.picture(f"live-{language}")


def test_new_rows_wait_behind_a_bar_while_somebody_reads(shop, visit):
    shop.sell(100)
    operator = visit("operator")
    operator.go("/payments")
    operator.page.locator("#rows tr").first.wait_for()
    operator.page.keyboard.press("j")
    assert operator.page.locator("tr.chosen").count() == 1
    before = rows(operator.page)
    sale = shop.sell(200)
    bar = operator.page.locator("#news")
    bar.wait_for(timeout=10_000)
    assert rows(operator.page) == before and "1 new" in bar.inner_text()
    operator.page.keyboard.press("Escape")
    bar.click()
    operator.page.locator("#rows tr", has_text=sale["saleRef"]).wait_for()
    assert rows(operator.page) == before + 1


def test_pause_holds_everything_back(shop, visit):
    operator = visit("operator")
    operator.go("/payments")
    operator.page.click("#pause")
    before = rows(operator.page)
    shop.sell(300)
    operator.page.locator("#news").wait_for(timeout=10_000)
    assert rows(operator.page) == before
    operator.page.click("#pause")
    until("the rows to come", lambda: rows(operator.page) == before + 1, 10)


def test_search_and_filters_are_in_the_address_and_survive_the_language(shop, visit):
    sale = shop.sell(4321)
    shop.sell(100)
    operator = visit("operator")
    operator.go("/payments")
    operator.page.keyboard.press("/")
    operator.page.keyboard.type("43.21")
    operator.page.keyboard.press("Enter")
    operator.page.wait_for_url("**q=43.21**")
    operator.page.locator("#rows tr", has_text=sale["saleRef"]).wait_for()
    assert rows(operator.page) == 1
    address = operator.page.url
    operator.page.click("text=中文")
    operator.page.locator("h1", has_text="实时流水").wait_for()
    assert operator.page.url == address
    assert rows(operator.page) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_refund_goes_to_the_end(shop, visit, language):
    sale = shop.sell(5000)
    held = shop.held()
    clerk = visit("finance", language)
    clerk.go(f"/payments?q={sale['saleRef']}")
    clerk.page.locator("#rows tr").first.wait_for(timeout=10_000)
    clerk.page.keyboard.press("j")
    clerk.page.keyboard.press("r")
    clerk.page.check("[name=way][value=amount]")
    assert clerk.page.input_value("[name=amount]") == "50.00"
    clerk.page.fill("[name=amount]", "20.00")
    clerk.page.click("main form button")
    # Without a reason nothing happens, and what was typed stays.
    clerk.page.locator(".field.wrong [name=reason]").wait_for()
    assert clerk.page.input_value("[name=amount]") == "20.00"
    clerk.page.select_option("[name=reason]", "goods-returned")
    clerk.page.click("main form button")
    clerk.page.wait_for_selector(".said")
    until("the money to be back", lambda: shop.held() == held - 2000, 20)
    clerk.go(f"/payments?q={sale['saleRef']}")
    part = {"en": "Partly refunded", "zh": "部分退款"}[language]
    clerk.page.locator("#rows tr", has_text=part).wait_for(timeout=20_000)
    clerk.picture(f"refunded-{language}")


@pytest.mark.parametrize("language, screen", [("en", "wide"), ("zh", "phone")])
def test_one_line_of_a_basket_goes_back(shop, visit, language, screen):
    sale = shop.sell(2300, items=[
        {"sku": "6901", "name": "茉莉花茶", "quantity": 3, "unitPrice": 500},
        {"sku": "6902", "name": "Cheesecake <b>", "quantity": 1, "unitPrice": 800}])
    held = shop.held()
    clerk = visit("finance", language, screen)
    clerk.go(f"/payments?q={sale['saleRef']}")
    clerk.page.locator("#rows tr a").first.click(timeout=10_000)
    lines = clerk.page.locator(".basket tbody tr")
    assert lines.count() == 2 and "¥15.00" in lines.nth(0).inner_text()
    clerk.page.locator("[data-key=r]").click()
    clerk.page.check("[name=way][value=lines]")
    assert not clerk.page.locator("[name=amount]").is_visible()
    clerk.page.fill("[name=line-1]", "2")
    assert "¥10.00" in clerk.page.locator(".refund-sum").inner_text()
    clerk.page.check("[name=line-2]")
    clerk.page.uncheck("[name=line-2]")
    clerk.page.select_option("[name=reason]", "goods-returned")
    clerk.assert_fits()
    clerk.picture(f"refund-lines-{language}-{screen}")
    clerk.page.click("main form button")
    clerk.page.wait_for_selector(".said")
    assert "2 × 茉莉花茶" in clerk.page.inner_text("main")
    # What is left of the line is offered, and no more.
    clerk.page.check("[name=way][value=lines]")
    assert clerk.page.get_attribute("[name=line-1]", "type") == "checkbox"
    until("the money to be back", lambda: shop.held() == held - 1000, 20)
    clerk.page.locator("main a").first.click()
    clerk.page.locator(".basket .chip").first.wait_for()
    clerk.assert_fits()
    clerk.picture(f"basket-{language}-{screen}")


def test_a_refund_above_the_limit_waits_for_a_second_person(shop, visit):
    sale = shop.sell(60_000)
    held = shop.held()
    clerk = visit("finance")
    clerk.go(f"/payments?q={sale['saleRef']}")
    clerk.page.locator("#rows tr a").first.click(timeout=10_000)
    clerk.page.click("text=Refund >> nth=-1")
    clerk.page.select_option("[name=reason]", "wrong-amount")
    clerk.page.click("main form button")
    clerk.page.locator("text=waits for a second person").first.wait_for()
    clerk.go("/refunds")
    assert clerk.page.locator("button", has_text="Agree").count() == 0
    assert shop.held() == held


def test_a_payment_shows_its_steps(shop, visit):
    sale = shop.sell(700)
    operator = visit("operator")
    operator.go(f"/payments?q={sale['saleRef']}")
    operator.page.locator("#rows tr a").first.click(timeout=10_000)
    steps = operator.page.locator(".timeline").first
    steps.locator("text=Register took the tender").wait_for(timeout=10_000)
    assert steps.locator("text=Register asks for the payment").count() == 1
    assert steps.locator("text=Wallet answers: paid").count() == 1
    steps.locator("summary", has_text="Wallet answers: paid").click()
    step = steps.locator("details[open]").inner_text()
    assert "alipay.trade.pay" in step and "HTTP status" in step and "10000" in step
    operator.picture("payment-en")


def test_an_operator_orders_the_undo_of_a_payment_whose_register_is_silent(shop, visit):
    code = shop.code(behaviour="password")
    held = shop.held()
    sale = shop.new_sale()
    paying = shop.start_paying(sale, 4200, code)
    shop.wait_trade(code, "waiting")
    plugin = shop.ready["pids"]["plugin1"]
    os.kill(plugin, signal.SIGSTOP)
    try:
        operator = visit("operator")
        operator.go(f"/payments?q={sale}")
        operator.page.locator("#rows tr a").first.click(timeout=10_000)
        operator.page.locator(".timeline").first.wait_for()
        payment = operator.page.url
        button = operator.page.get_by_role("link", name="Revoke", exact=True)
        # For a minute the register decides by itself.
        assert button.count() == 0

        def is_offered():
            operator.page.goto(payment)
            return button.count()
        until("the register's time to be over", is_offered, 90)
        button.click()
        operator.page.locator("main form button").wait_for()
        operator.picture("revoke-en")
        reader = visit("operator", "zh", "phone")
        reader.page.goto(operator.page.url)
        assert "下达撤销指令" in reader.page.inner_text("main")
        reader.picture("revoke-zh-phone")
        operator.page.click("main form button")
        operator.page.locator(".field.wrong [name=reason]").wait_for()
        operator.page.select_option("[name=reason]", "register-down")
        operator.page.click("main form button")
        operator.page.wait_for_selector(".said")
        operator.picture("revoke-ordered-en")
        until("the wallet to end the payment",
              lambda: shop.wallet("GET", f"codes/{code}")["trade"]["state"] in ("closed", "reversed"))
        operator.page.goto(payment)
        operator.page.locator(".timeline", has_text="Person orders the undo").first.wait_for()
        operator.picture("revoked-en")
    finally:
        os.kill(plugin, signal.SIGCONT)
    # The register is back, and hears what has become of it.
    assert paying.result(60)[1]["outcome"] == "cancelled"
    shop.wait_undone(sale)
    assert shop.held() == held
    shop.wait_available()
