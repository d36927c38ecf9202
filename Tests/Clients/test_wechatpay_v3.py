# Part of Tillbridge. See LICENSE.
"""WeChat Pay V3 through wechatpayv3, unmodified. It verifies the signature of every answer with a status of 2xx."""

import gzip
import hashlib
import json

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from conftest import bill_day, eventually


def make_client(monkeypatch, sandbox, **more):
    keys = sandbox.keys["wechatpay"]
    # Its constructor may call already, and has no argument for the host.
    import wechatpayv3.core
    original = wechatpayv3.core.Core._init_certificates

    def elsewhere(core):
        core._gate_way = sandbox.url
        original(core)

    monkeypatch.setattr(wechatpayv3.core.Core, "_init_certificates", elsewhere)
    client = WeChatPay(
        wechatpay_type=WeChatPayType.CODEPAY, mchid=keys["mchID"], private_key=keys["merchantPrivateKey"],
        cert_serial_no=keys["merchantSerial"], apiv3_key=keys["apiV3Key"], appid=keys["appID"], **more)
    client._core._gate_way = sandbox.url
    return client


@pytest.fixture(params=["public key", "platform certificate"])
def wechat(sandbox, request, monkeypatch):
    keys = sandbox.keys["wechatpay"]
    if request.param == "platform certificate":
        return make_client(monkeypatch, sandbox)
    return make_client(monkeypatch, sandbox, public_key=keys["wechatpayPublicKey"],
                       public_key_id=keys["wechatpayPublicKeyID"])


def answer(reply, status=200):
    code, body = reply
    assert code == status, body
    return json.loads(body)


def pay(client, number, code, status=200, amount=1290, **more):
    return answer(client.pay(
        description="示例门店-牛奶, 面包", out_trade_no=number, amount={"total": amount, "currency": "CNY"},
        payer={"auth_code": code}, scene_info={"device_id": "T03", "store_info": {"id": "S0001"}},
        pay_type=WeChatPayType.CODEPAY, **more), status)


def state(client, number):
    code, body = client.query(out_trade_no=number)
    found = json.loads(body)
    assert code == 200 or found["code"] == "ORDER_NOT_EXIST"
    return found.get("trade_state")


def test_pay_query_reverse(sandbox, wechat, number):
    paid = pay(wechat, number, sandbox.code("wechatpay"), attach="9f86d081884c7d65")
    assert (paid["trade_state"], paid["amount"]["total"], paid["attach"]) == ("SUCCESS", 1290, "9f86d081884c7d65")
    eventually(lambda: state(wechat, number) == "SUCCESS")
    assert answer(wechat.query(transaction_id=paid["transaction_id"]))["out_trade_no"] == number
    sandbox.control("POST", "clock", {"advance": 16})
    for _ in range(2):
        assert answer(wechat.codepay_reverse(out_trade_no=number))["out_trade_no"] == number
    assert (sandbox.trade(number)["state"], sandbox.trade(number)["net"]) == ("reversed", 0)


def test_password(sandbox, wechat, number):
    code = sandbox.code("wechatpay", "password")
    assert pay(wechat, number, code, status=202)["trade_state"] == "USERPAYING"
    sandbox.control("POST", f"codes/{code}/confirm")
    eventually(lambda: state(wechat, number) == "SUCCESS")


@pytest.mark.parametrize("behaviour,status,code", [
    ("insufficient", 403, "NOT_ENOUGH"), ("expired", 400, "AUTH_CODE_EXPIRE"), ("risk-refused", 403, "TRADE_ERROR"),
])
def test_refused(sandbox, wechat, number, behaviour, status, code):
    assert pay(wechat, number, sandbox.code("wechatpay", behaviour), status=status)["code"] == code


def test_refunds(sandbox, wechat, number):
    pay(wechat, number, sandbox.code("wechatpay"))
    refund = dict(out_trade_no=number, amount={"refund": 400, "total": 1290, "currency": "CNY"}, reason="退货")
    first = answer(wechat.refund(out_refund_no=number + "R01", **refund))
    again = answer(wechat.refund(out_refund_no=number + "R01", **refund))
    assert first["refund_id"] == again["refund_id"] and first["amount"]["refund"] == 400
    eventually(lambda: answer(wechat.query_refund(out_refund_no=number + "R01"))["status"] == "SUCCESS")
    assert sandbox.trade(number)["refunded"] == 400
    refund["amount"]["refund"] = 891
    assert answer(wechat.refund(out_refund_no=number + "R02", **refund), 400)["code"] == "INVALID_REQUEST"
    assert answer(wechat.query_refund(out_refund_no=number + "R09"), 404)["code"] == "RESOURCE_NOT_EXISTS"


def test_bill(sandbox, wechat, number):
    pay(wechat, number, sandbox.code("wechatpay"))
    day = bill_day(sandbox)
    for tar_type in ("GZIP", ""):
        bill = answer(wechat.trade_bill(bill_date=day, tar_type=tar_type))
        status, content = wechat.download_bill(bill["download_url"])
        assert status == 200
        content = gzip.decompress(content) if tar_type else content
        assert hashlib.sha1(content).hexdigest() == bill["hash_value"]
        lines = content.decode("utf-8-sig").splitlines()
        names = lines[0].split(",")
        rows = [dict(zip(names, line[1:].split(",`"))) for line in lines[1:-2]]
        (row,) = [row for row in rows if row["商户订单号"] == number]
        assert (row["交易状态"], row["订单金额"], row["商品名称"]) == ("SUCCESS", "12.90", "示例门店-牛奶, 面包")


def test_no_bill_of_today(sandbox, wechat):
    now = bill_day(sandbox, advance=0)
    assert answer(wechat.trade_bill(bill_date=now), 400)["code"] == "NO_STATEMENT_EXIST"


def test_a_forged_answer_is_noticed(sandbox, wechat, number):
    sandbox.fault("wechatpay", "pay", "bad-signature")
    with pytest.raises(Exception, match="failed to verify the signature"):
        pay(wechat, number, sandbox.code("wechatpay"))
    assert sandbox.trade(number)["net"] == 1290
