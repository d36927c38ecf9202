# Part of Tillbridge. See LICENSE.
"""Other systems: a program with a key, a receiver of webhooks, and the document that tells how."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import threading

import pytest

from shop import until

DOCUMENT = (pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def is_genuine(secret, headers, body):
    """As the document tells receivers to check."""
    names = {}
    exec(blocks("python")[0], names)  # noqa: S102 (our own document)
    return names["is_genuine"](secret, headers, body)


class Receiver:
    """Another system: takes what comes, and first refuses as often as it is told."""

    def __init__(self):
        self.taken, self.refusals, outer = [], 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.taken.append((dict(self.headers.items()), body))
                outer.refusals -= 1
                self.send_response(500 if outer.refusals >= 0 else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, kind):
        return [(headers, body) for headers, body in self.taken if json.loads(body)["type"] == kind]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def given(request):
    return {}


def secret_of(visitor):
    return visitor.page.inner_text(".secrets li")


def key(visit, given):
    """A key with both rights: made by the clerk, who may make keys since an administrator has given her that."""
    if "key" in given:
        return given["key"]
    admin = visit("admin")
    admin.go("/people/roles/new")
    admin.page.fill("[name=name]", "integrator")
    admin.page.check("[name='apikeys.manage']")
    admin.page.click("main form button")
    admin.page.wait_for_selector(".said")
    admin.go("/people")
    admin.page.click("tbody a:text-is('Felix Finance')")
    admin.page.wait_for_selector("[name=role-1]")
    admin.page.select_option("[name=role-1]", "integrator")
    admin.page.select_option("[name=place-1]", "GROUP")
    admin.page.click("button:text-is('Save')")
    admin.page.wait_for_selector(".said")
    clerk = visit("finance")
    clerk.go("/system/api-keys")
    clerk.picture("api-keys-empty-en-wide")
    clerk.page.click(".actions a")
    clerk.page.fill("[name=name]", "Shop App")
    clerk.page.click("main form button")
    clerk.page.wait_for_selector("#problem-rights")
    assert clerk.page.input_value("[name=name]") == "Shop App"
    clerk.picture("api-key-refused-en-wide")
    clerk.page.fill("[name=name]", "shop-app")
    clerk.page.check("[name=right-payments]")
    clerk.page.check("[name=right-refunds]")
    clerk.page.click("main form button")
    clerk.page.wait_for_selector(".secrets")
    given["key"] = secret_of(clerk)
    clerk.page.click("main a.button")
    clerk.page.wait_for_selector("dl")
    assert given["key"] not in clerk.page.content()
    clerk.picture("api-key-en-wide")
    return given["key"]


def test_the_document_s_calls_do_what_it_says(shop, visit, given):
    secret = key(visit, given)
    sale = shop.sell(500)
    held = shop.held()
    place = {"KEY": secret, "NUMBER": sale["orderNumber"], "PATH": os.environ["PATH"]}

    def call(number):
        command = blocks("sh")[number].replace("https://console.example", shop.ready["console"])
        done = subprocess.run(["bash", "-ec", command], env=place, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert len(blocks("sh")) == 4
    until("the sale in the list", lambda: any(
        row["number"] == sale["orderNumber"] and row["amount"] == 500 for row in call(0)["payments"]), 10)
    payment = call(1)
    assert payment["payment"]["state"] == "succeeded" and payment["timeline"]
    refund = call(2)
    assert refund["amount"] == 100 and refund["requestedBy"] == "key shop-app"
    place["REFERENCE"] = refund["reference"]
    # Sent once more, it is the same refund.
    assert call(2)["reference"] == refund["reference"]
    until("the refund to be done", lambda: call(3)["state"] == "succeeded", 20)
    assert shop.held() == held - 100
    assert [row["reference"] for row in call(1)["refunds"]] == [refund["reference"]]
    place["KEY"] = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert call(0)["status"] == 401


def test_a_receiver_hears_of_a_sale_signed_and_once_more_after_it_refused(shop, visit, receiver):
    admin = visit("admin")
    admin.go("/system/webhooks")
    admin.page.click(".actions a")
    admin.page.fill("[name=url]", "http://10.0.0.1/")
    admin.page.click("main form button")
    admin.page.wait_for_selector("#problem-url")
    admin.picture("webhook-refused-en-wide")
    admin.page.fill("[name=url]", receiver.address)
    for kind in ("payment.succeeded", "payment.failed", "refund.succeeded"):
        admin.page.check(f"[name='kind-{kind}']")
    admin.page.click("main form button")
    admin.page.wait_for_selector(".secrets")
    secret = secret_of(admin)
    receiver.refusals = 1
    sale = shop.sell(700)

    def told():
        return [entry for entry in receiver.of("payment.succeeded")
                if json.loads(entry[1])["data"]["payment"]["number"] == sale["orderNumber"]]

    until("the sale to be told twice", lambda: len(told()) == 2, 30)
    for headers, body in told():
        assert is_genuine(secret, headers, body)
        assert not is_genuine(secret, headers, body + b" ")
    assert len({headers["webhook-id"] for headers, _ in told()}) == 1
    assert json.loads(told()[0][1])["data"]["payment"]["amount"] == 700
    admin.page.click("main a.button")
    admin.page.click("button[value=test]")
    admin.page.locator(".chip.green").first.wait_for(timeout=10_000)
    admin.picture("webhook-delivery-en-wide")
    assert len(receiver.of("webhook.test")) == 1
    admin.page.click("main p a")
    admin.page.wait_for_selector("table tbody tr")
    admin.picture("webhook-en-wide")
    admin.go(f"/payments/{sale['orderNumber']}")
    admin.picture("payment-webhooks-en-wide")
    admin.page.locator("form[action$='/again'] button").first.click()
    until("the sale to be told again", lambda: len(told()) == 3, 10)


@pytest.mark.parametrize("language,screen", [("en", "wide"), ("zh", "wide"), ("zh", "phone")])
def test_an_alert_rule_is_made_and_the_badge_leads_to_what_is_wrong(shop, visit, language, screen):
    admin = visit("admin", language, screen)
    page = admin.page
    admin.go("/system/alerts/rules/new")
    admin.picture(f"alert-kinds-{language}-{screen}")
    page.click("a[href$='kind=success_rate']")
    page.fill("[name=percent]", "0")
    page.click("main form button")
    page.wait_for_selector("#problem-percent")
    admin.picture(f"alert-rule-refused-{language}-{screen}")
    page.fill("[name=percent]", "100")
    page.fill("[name=payments]", "1")
    page.click("main form button")
    page.wait_for_selector(".said")
    shop.pay(shop.new_sale(), 300, shop.code("alipay", behaviour="insufficient"))

    def has_badge():
        admin.go("/payments")
        return page.locator(".system-badge").count() == 1
    until("the badge", has_badge, 30)
    page.click(".system-badge")
    page.wait_for_selector("[name=note]")
    admin.picture(f"alerts-{language}-{screen}")
    admin.assert_fits()
    for _ in range(page.locator("[name=note]").count()):
        page.locator("[name=note]").first.fill("calling the bank")
        page.locator("form[action$='/acknowledge'] button").first.click()
        page.wait_for_selector(".said")
    assert page.locator(".system-badge").count() == 0
    assert "calling the bank" in page.inner_text("main")
    # The next one makes a rule of its own.
    page.locator("a[href^='/system/alerts/rules/']:not([href$=new])").last.click()
    page.locator("button.danger").click()
    page.wait_for_selector(".said")
