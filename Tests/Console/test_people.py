# Part of Tillbridge. See LICENSE.
"""People: from a new user's first sign-in to the entry in the audit log."""

import base64
import hashlib
import hmac
import re
import struct
import time


def digits(secret):
    """What an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    code = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = code[19] & 15
    return f"{(struct.unpack('>I', code[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_new_user_comes_in_with_a_password_of_his_own_and_a_second_factor(visit):
    admin = visit("admin")
    admin.go("/people/new")
    admin.page.fill("[name=name]", "nina")
    admin.page.fill("[name=fullName]", "Nina Zhang")
    admin.page.select_option("[name=role-0]", "finance")
    admin.page.click("main form button")
    admin.page.wait_for_selector(".secrets")
    password = admin.page.inner_text(".secrets li")
    admin.picture("people-password")

    nina = visit(language="zh")
    nina.go("/sign-in")
    nina.page.fill("[name=name]", "nina")
    nina.page.fill("[name=password]", password)
    nina.page.click("main button")
    nina.page.wait_for_url("**/me/password")
    own = "seven blue horses 7"
    for field, text in (("old", password), ("new", own), ("again", own)):
        nina.page.fill(f"[name={field}]", text)
    nina.page.click("main form button")
    nina.page.wait_for_url("**/me?said=passwordChanged")
    nina.go("/payments")
    nina.page.wait_for_url("**/me/second-factor")
    nina.picture("people-second-factor")
    nina.page.fill("[name=code]", digits(nina.page.inner_text(".offer .code").replace(" ", "")))
    nina.page.click("main form button")
    nina.page.wait_for_selector(".secrets")
    codes = nina.page.locator(".secrets li").all_inner_texts()
    assert len(set(codes)) == 10
    nina.picture("people-recovery-codes")
    assert nina.go("/payments").status == 200

    # The phone is lost: a recovery code takes its place, once.
    again = visit()
    again.go("/sign-in")
    again.page.fill("[name=name]", "nina")
    again.page.fill("[name=password]", own)
    again.page.click("main button")
    again.page.wait_for_url("**/sign-in/second-factor")
    again.page.fill("[name=code]", codes[0])
    again.page.click("main button")
    again.page.wait_for_selector("nav.menu a")

    admin.go("/audit?subject=user:nina")
    log = admin.page.inner_text("table.audit")
    for word in ("User added", "Password changed", "Second factor on", "Signed in"):
        assert word in log
    assert password not in log and own not in log
    admin.go("/audit/verify")
    assert re.search(r"All \d+ entries are there", admin.page.inner_text("main"))


def test_a_page_that_somebody_else_made_stale_shows_both(visit, shop):
    first, second = visit("admin"), visit("admin")
    for visitor in (first, second):
        visitor.go("/people")
        visitor.page.click("tbody a:text-is('Felix Finance')")
        visitor.page.wait_for_selector("[name=fullName]")
    first.page.fill("[name=fullName]", "Felix First")
    first.page.click("button:text-is('Save')")
    first.page.wait_for_selector(".said")
    second.page.fill("[name=fullName]", "Felix Second")
    second.page.click("button:text-is('Save')")
    second.page.wait_for_selector(".stale")
    told = second.page.inner_text(".stale")
    assert "Felix First" in told and "Felix Second" in told
    second.picture("people-stale")
    second.complaints.clear()  # the browser reports the status 409
    second.page.fill("[name=fullName]", "Felix Finance")
    second.page.click("button:text-is('Save')")
    second.page.wait_for_selector(".said")
