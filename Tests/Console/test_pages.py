# Part of Tillbridge. See LICENSE.
"""Every page of the menu, for everybody: it fits, it can be read, and nothing in it complains."""

import gzip
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe

PEOPLE = ["operator", "finance", "admin", "manager"]


@pytest.mark.parametrize("screen", ["wide", "phone"])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("person", PEOPLE)
def test_pages_fit_and_open(shop, visit, person, language, screen):
    visitor = visit(person, language, screen)
    for path in visitor.pages():
        assert visitor.go(path).status == 200, path
        visitor.page.locator("h1").first.wait_for()
        visitor.assert_fits()
        visitor.picture(f"{person}{path.replace('/', '-')}-{language}-{screen}")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_can_be_read_by_everybody(shop, visit, language):
    """WCAG 2.1 A and AA, as axe-core checks them: names, contrast, order, roles."""
    shop.sell(100)
    for person in PEOPLE:
        visitor = visit(person, language)
        for path in visitor.pages():
            visitor.go(path)
            result = Axe().run(visitor.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
            assert result.violations_count == 0, f"{path}: {result.generate_report()}"


def test_scripts_and_styles_are_small(shop):
    """150 KB a page, compressed."""
    size = 0
    for name in ("console.css", "console.js", "icons.svg"):
        with urllib.request.urlopen(f"{shop.ready['console']}/assets/{name}") as answer:
            size += len(gzip.compress(answer.read()))
    assert size < 150_000


def test_who_may_not_is_told_which_permission_is_missing(visit):
    manager = visit("manager")
    answer = manager.go("/audit")
    assert answer.status == 403
    assert "View the audit log" in manager.page.inner_text("main")
    manager.complaints.clear()  # the browser reports the status 403
