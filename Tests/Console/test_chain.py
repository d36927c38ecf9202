# Part of Tillbridge. See LICENSE.
"""What a newcomer sees: a chain with a day behind it, and sales that come in."""

import re

import pytest

from conftest import Shop, program
from shop import until


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Shop(program("TILLBRIDGE_BIN"), program("TILLBRIDGE_PLUGIN"), tmp_path_factory.mktemp("chain") / "shop",
                options=["--console", "--chain", "--sales-per-minute", "60"])
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def passwords(shop):
    text = (shop.folder / "demo-users.txt").read_text(encoding="utf-8")
    return dict(line.split() for line in text.splitlines() if re.fullmatch(r"[a-z]+ \S+", line))


def numbers(visitor):
    """The payments that the dashboard's first two periods count, today and yesterday together."""
    total = 0
    for period in ("today", "yesterday"):
        visitor.go(f"/dashboard?period={period}")
        total += int(re.sub(r"\D", "", visitor.page.locator(".cards li b").first.inner_text()))
    return total


@pytest.mark.parametrize("language, screen", [("en", "wide"), ("zh", "phone")])
def test_the_console_opens_on_a_day_and_sales_come_in(visit, language, screen):
    operator = visit("operator", language, screen)
    until("the day to be read", lambda: numbers(operator) > 2_000, 60)
    operator.picture(f"chain-dashboard-{language}-{screen}")

    operator.go("/payments")
    first = operator.page.locator("#rows tr").first
    first.wait_for()
    newest = first.get_attribute("id")
    until("a sale to come in",
          lambda: (first.get_attribute("id")) != newest, 30)
    operator.picture(f"chain-live-{language}-{screen}")


def test_the_manager_has_one_region_and_the_chain_stands_in_the_tree(visit):
    admin = visit("admin")
    admin.go("/organisation")
    text = admin.page.inner_text("main")
    assert all(region in text for region in ("华东 East", "华北 North", "华南 South", "西部 West"))
    manager = visit("manager")
    manager.go("/organisation")
    assert sum(region in manager.page.inner_text("main")
               for region in ("华东 East", "华北 North", "华南 South", "西部 West")) == 1


@pytest.mark.parametrize("language, screen", [("en", "wide"), ("en", "phone"), ("zh", "wide"), ("zh", "phone")])
def test_forty_stores_and_a_day_fit_on_every_page(visit, language, screen):
    admin = visit("admin", language, screen)

    def has_alert():
        admin.go("/audit")
        return admin.page.locator(".system-badge").count() == 1

    until("the alert of an undo that failed", has_alert, 120)
    admin.go("/launches")
    launch = admin.page.locator("main tbody a").first.get_attribute("href")
    for path in [*admin.pages(), launch, "/sign-flags/stores", "/payments?tab=problems"]:
        assert admin.go(path).status == 200, path
        admin.page.locator("h1").first.wait_for()
        admin.assert_fits()
        # The page that is open is in sight in the menu.
        current = admin.page.locator(".menu [aria-current]")
        if current.count():
            box = current.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= admin.page.viewport_size["width"], path
        admin.picture(f"chain{path.split('?')[0].replace('/', '-')}-{language}-{screen}")
