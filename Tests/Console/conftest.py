# Part of Tillbridge. See LICENSE.
"""The console in a real browser, on a whole installation: Debian's Chromium, driven from outside."""

import os
import pathlib
import re
import shutil
import sys

import pytest
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))
from shop import Shop  # noqa: E402

PICTURES = pathlib.Path(__file__).resolve().parent.parent.parent / "build-output" / "console"
SCREENS = {"wide": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
TAGS = {"en": "en-US", "zh": "zh-CN"}


def program(name):
    path = os.environ.get(name)
    if not path or not os.access(path, os.X_OK):
        pytest.exit(f"{name} must name the built program; './run test' sets it", returncode=2)
    return path


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    shop = Shop(program("TILLBRIDGE_BIN"), program("TILLBRIDGE_PLUGIN"), tmp_path_factory.mktemp("console") / "shop",
                options=["--console"])
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def passwords(shop):
    """The demo's users: name and password, a line each."""
    text = (shop.folder / "demo-users.txt").read_text(encoding="utf-8")
    return dict(line.split() for line in text.splitlines() if re.fullmatch(r"[a-z]+ \S+", line))


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or pytest.exit("no chromium found; './run test' installs it", returncode=2)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class Visitor:
    """A person at a browser. What the browser complains about fails the test."""

    def __init__(self, context, base, complaints):
        self.page = context.new_page()
        self.base = base
        self.complaints = complaints
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: complaints.append(str(error)))

    def note(self, message):
        # A form that comes back with what is wrong has the status 422, and the browser tells.
        if message.type in ("error", "warning") and "status of 422" not in message.text:
            self.complaints.append(message.text)

    def go(self, path):
        return self.page.goto(self.base + path)

    def sign_in(self, name, password):
        self.go("/sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.page.click("main button")
        self.page.wait_for_selector("nav.menu a")

    def pages(self):
        """The paths of the menu, and the person's own page."""
        return [link.get_attribute("href") for link in self.page.locator("nav.menu a").all()] + ["/me"]

    def assert_fits(self):
        """Nothing is wider than the screen, and no list is moved sideways to be read. On a phone the numbers behind a
        chart and the hours of a week may be."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"
        moved = self.page.evaluate("""
            [...document.querySelectorAll("main .table")]
                .filter((table) => innerWidth > 860 || !table.matches(".chart *, [role=region]"))
                .filter((table) => table.scrollWidth > table.clientWidth)
                .map((table) => `${table.scrollWidth - table.clientWidth} px: ${table.innerText.slice(0, 60)}`)""")
        assert not moved, f"{self.page.url} has tables that are too wide: {moved}"

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture
def visit(chromium, shop, passwords):
    """Opens browsers of their own: `visit("finance")` is somebody who is signed in."""
    contexts, complaints = [], []

    def visitor(name=None, language="en", screen="wide"):
        context = chromium.new_context(locale=TAGS[language], viewport=SCREENS[screen])
        contexts.append(context)
        visitor = Visitor(context, shop.ready["console"], complaints)
        if name:
            visitor.sign_in(name, passwords[name])
        return visitor

    yield visitor
    for context in contexts:
        context.close()
    assert complaints == []
