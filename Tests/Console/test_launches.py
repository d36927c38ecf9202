# Part of Tillbridge. See LICENSE.
"""A store is opened in the browser: account tried, rules looked at, a launch from its first step to its last."""

import itertools

import pytest

from shop import until

NAMES = itertools.count(1)


@pytest.mark.parametrize("language,screen", [("en", "wide"), ("zh", "phone")])
def test_a_launch_from_choosing_stores_to_going_live(shop, visit, language, screen):
    admin = visit("admin", language, screen)
    page = admin.page
    kind = f"{language}-{screen}"
    name = f"December {next(NAMES)}"
    admin.go("/launches/new")
    admin.picture(f"launch-stores-{kind}")
    page.fill("[name=name]", name)
    page.locator("[name=store]:not(:disabled)").first.check()
    page.click("form[action='/launches/new'] button")
    page.wait_for_url("**/wallets**")
    admin.picture(f"launch-wallets-{kind}")
    page.select_option("[name=wallet-alipay]", "alipay-sandbox")
    page.click("main section button")
    page.wait_for_selector(".checks")
    launch = page.url.split("?")[0]
    code = shop.code("alipay")
    page.click("a[href$='/test']")
    page.wait_for_selector("[name=code]")
    admin.picture(f"launch-test-{kind}")
    page.fill("[name=code]", code)
    page.click("main section button")
    page.wait_for_selector(".checks .done >> nth=1", timeout=90_000)
    assert code not in page.content()

    def is_back():
        page.goto(launch)
        return page.locator(".checks .done").count() >= 3
    until("the test payment to come back", is_back, 60)
    admin.picture(f"launch-tested-{kind}")
    page.click("a[href$='/go']")
    page.wait_for_selector("[name=waveSize]")
    admin.picture(f"launch-go-{kind}")
    page.fill("[name=waveMinutes]", "")
    page.click("main section button")

    def is_live():
        page.goto(launch)
        return page.locator(".chip.green").count() >= 2
    until("the launch to finish", is_live, 30)
    admin.picture(f"launch-finished-{kind}")
    admin.assert_fits()


@pytest.mark.parametrize("language,screen", [("en", "wide"), ("zh", "wide"), ("en", "phone")])
def test_accounts_are_shown_masked_and_tried(visit, language, screen):
    admin = visit("admin", language, screen)
    admin.go("/accounts")
    assert admin.page.locator(".accounts tbody tr").count() >= 4
    admin.picture(f"accounts-{language}-{screen}")
    admin.page.click("form[action='/accounts/alipay-sandbox/test'] button")
    admin.page.wait_for_selector(".chip.green")
    admin.picture(f"account-test-{language}-{screen}")
    admin.go("/accounts/new")
    admin.picture(f"account-new-{language}-{screen}")


@pytest.mark.parametrize("language,screen", [("en", "wide"), ("zh", "wide"), ("zh", "phone")])
def test_the_sign_flag_table_is_read_tried_and_edited(shop, visit, language, screen):
    admin = visit("admin", language, screen)
    page = admin.page
    admin.go("/sign-flags")
    admin.picture(f"sign-flags-{language}-{screen}")
    code = shop.code("wechatpay")
    page.fill("[name=code]", code)
    page.click("form[action='/sign-flags/test'] button")
    page.wait_for_selector(".result")
    assert "wechatpay-sandbox" in page.inner_text(".result") and code not in page.content()
    admin.picture(f"sign-flags-tried-{language}-{screen}")
    admin.go("/sign-flags/rules/new")
    for name, value in [("prefix", "13"), ("length", "18"), ("wallet", "other")]:
        page.fill(f"[name={name}]", value)
    page.click("form[action='/sign-flags/rules/new'] button")
    page.wait_for_selector("#problem-prefix")
    assert page.input_value("[name=wallet]") == "other"
    admin.picture(f"sign-flag-refused-{language}-{screen}")
    admin.complaints.clear()  # the browser reports the status 422
