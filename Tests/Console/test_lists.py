# Part of Tillbridge. See LICENSE.
"""Lists of payments as people set them up for themselves: columns, saved views, problems by age, notes."""

import pytest


def headings(page):
    return [cell.inner_text() for cell in page.locator("table.payments thead th").all()]


def test_columns_are_chosen_once_and_stay(shop, visit):
    shop.sell(100)
    clerk = visit("finance")
    clerk.go("/payments?tab=paid")
    assert "Register" in headings(clerk.page)
    clerk.page.click(".list-columns summary")
    clerk.page.uncheck(".list-columns [value=register]")
    clerk.page.check(".list-columns [value=cloud]")
    clerk.page.click("text=Save columns")
    clerk.page.wait_for_url("**/payments?tab=paid&said=columnsChosen")
    assert "Register" not in headings(clerk.page) and "Cloud" in headings(clerk.page)
    # What comes live has the same columns.
    sale = shop.sell(1700)
    row = clerk.page.locator("#rows tr", has_text=sale["saleRef"])
    row.wait_for(timeout=10_000)
    assert row.locator("td").count() == len(headings(clerk.page))
    clerk.page.click(".list-columns summary")
    clerk.page.click("text=Standard columns")
    clerk.page.wait_for_url("**said=columnsChosen")
    assert "Register" in headings(clerk.page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_filter_is_saved_opened_and_deleted(shop, visit, language):
    operator = visit("operator", language)
    operator.go("/payments?tab=unpaid&period=week")
    operator.page.click(".list-views a[href*='views/new']")
    operator.page.fill("[name=name]", f"Week {language}")
    operator.page.click("main form button")
    operator.page.wait_for_url("**tab=unpaid&period=week**")
    operator.go("/payments")
    operator.page.click(f"text=Week {language}")
    operator.page.wait_for_url("**tab=unpaid&period=week")
    operator.go("/payments/views")
    operator.picture(f"views-{language}")
    operator.page.locator(".list-view", has_text=f"Week {language}").locator("a").nth(1).click()
    operator.page.locator("main form button").nth(1).click()
    operator.page.wait_for_selector(".said")
    operator.go("/payments")
    assert operator.page.locator(f"text=Week {language}").count() == 0


@pytest.mark.parametrize("language, nothing", [("en", "There is no problem"), ("zh", "没有异常交易")])
def test_the_board_of_problems_says_that_there_is_none(visit, language, nothing):
    operator = visit("operator", language)
    operator.go("/payments?tab=problems")
    operator.page.locator("#board", has_text=nothing).wait_for()
    operator.page.wait_for_function("document.querySelector('[data-strip=dataAt]').textContent !== '–'")


def test_a_note_stands_on_the_payment(shop, visit):
    sale = shop.sell(700)
    operator = visit("operator")
    operator.go(f"/payments?q={sale['saleRef']}")
    operator.page.locator("#rows tr a").first.click(timeout=10_000)
    operator.page.fill("[name=text]", "The store called")
    operator.page.click("text=Add note")
    operator.page.wait_for_selector(".list-notes >> text=The store called")
