# Part of Tillbridge. See LICENSE.
"""Alipay through python-alipay-sdk, unmodified: GET, everything in the query. It verifies every reply's signature."""

import datetime
import io
import urllib.request
import zipfile

import pytest
from alipay import AliPay
from alipay.exceptions import AliPayValidationError

from conftest import bill_day, eventually


@pytest.fixture(params=["merchantPrivateKeyPKCS1", "merchantPrivateKeyPKCS8"])
def alipay(sandbox, request):
    keys = sandbox.keys["alipay"]
    client = AliPay(
        appid=keys["appID"], app_private_key_string=keys[request.param],
        alipay_public_key_string=keys["alipayPublicKey"], sign_type="RSA2")
    client._gateway = f"{sandbox.url}/gateway.do"
    return client


def pay(alipay, number, code, amount="12.90", **more):
    return alipay.api_alipay_trade_pay(
        out_trade_no=number, scene="bar_code", auth_code=code, subject="示例门店购物", total_amount=amount, **more)


def status(alipay, number):
    return alipay.api_alipay_trade_query(out_trade_no=number).get("trade_status")


def test_pay_query_cancel(sandbox, alipay, number):
    reply = pay(alipay, number, sandbox.code("alipay"), passback_params="9f86d081884c7d65")
    assert (reply["code"], reply["msg"], reply["total_amount"]) == ("10000", "Success", "12.90")
    assert sandbox.trade(number)["net"] == 1290

    eventually(lambda: status(alipay, number) == "TRADE_SUCCESS")
    query = alipay.api_alipay_trade_query(trade_no=reply["trade_no"])
    assert query["out_trade_no"] == number
    assert query["passback_params"] == "9f86d081884c7d65"
    assert query["fund_bill_list"] == [{"amount": "12.90", "fund_channel": "ALIPAYACCOUNT"}]

    for _ in range(2):
        cancel = alipay.api_alipay_trade_cancel(out_trade_no=number)
        assert (cancel["code"], cancel["retry_flag"], cancel["action"]) == ("10000", "N", "refund")
    assert status(alipay, number) == "TRADE_CLOSED"
    assert (sandbox.trade(number)["state"], sandbox.trade(number)["net"]) == ("reversed", 0)


def test_refunds(sandbox, alipay, number):
    pay(alipay, number, sandbox.code("alipay"), amount=12.9)
    first = alipay.api_alipay_trade_refund("4.00", out_trade_no=number, out_request_no="R1", refund_reason="退货")
    assert (first["fund_change"], first["refund_fee"]) == ("Y", "4.00")
    again = alipay.api_alipay_trade_refund("4.00", out_trade_no=number, out_request_no="R1")
    assert (again["fund_change"], again["refund_fee"]) == ("N", "4.00")
    other = alipay.api_alipay_trade_refund("5.00", out_trade_no=number, out_request_no="R1")
    assert other["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    rest = alipay.api_alipay_trade_refund("8.90", out_trade_no=number, out_request_no="R2")
    assert (rest["fund_change"], rest["refund_fee"]) == ("Y", "12.90")

    found = alipay.api_alipay_trade_fastpay_refund_query("R1", out_trade_no=number)
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "4.00")
    missing = alipay.api_alipay_trade_fastpay_refund_query("R9", out_trade_no=number)
    assert missing["code"] == "10000" and "refund_status" not in missing
    assert (sandbox.trade(number)["state"], sandbox.trade(number)["refunded"]) == ("refunded", 1290)


def test_password(sandbox, alipay, number):
    code = sandbox.code("alipay", "password")
    reply = pay(alipay, number, code)
    assert (reply["code"], reply["msg"]) == ("10003", " order success pay inprocess")
    eventually(lambda: status(alipay, number) == "WAIT_BUYER_PAY")
    sandbox.control("POST", f"codes/{code}/confirm")
    assert status(alipay, number) == "TRADE_SUCCESS"


def test_unpaid_is_closed(sandbox, alipay, number):
    pay(alipay, number, sandbox.code("alipay", "never"))
    cancel = alipay.api_alipay_trade_cancel(out_trade_no=number)
    assert (cancel["retry_flag"], cancel["action"]) == ("N", "close")


@pytest.mark.parametrize("behaviour,sub_code", [
    ("insufficient", "ACQ.BUYER_BALANCE_NOT_ENOUGH"),
    ("expired", "ACQ.PAYMENT_AUTH_CODE_INVALID"),
    ("used", "ACQ.PAYMENT_AUTH_CODE_INVALID"),
    ("risk-refused", "ACQ.PAYMENT_REQUEST_HAS_RISK"),
])
def test_refused(sandbox, alipay, number, behaviour, sub_code):
    reply = pay(alipay, number, sandbox.code("alipay", behaviour))
    assert (reply["code"], reply["sub_code"]) == ("40004", sub_code)
    assert alipay.api_alipay_trade_query(out_trade_no=number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"


def test_cancel_of_an_unknown_number_finds_nothing(sandbox, alipay, number):
    cancel = alipay.api_alipay_trade_cancel(out_trade_no=number)
    assert cancel["code"] == "10000" and "action" not in cancel and "trade_no" not in cancel


def test_wrong_signature_is_refused_with_the_text_to_sign(sandbox, alipay, number):
    unsigned = alipay.build_body("alipay.trade.query", {"out_trade_no": number})
    query = alipay.sign_data(unsigned).replace("trade.query", "trade.cancel")
    with urllib.request.urlopen(f"{alipay._gateway}?{query}") as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Type"] == "text/html;charset=utf-8"
    assert '"sub_code":"isv.invalid-signature"' in text
    assert "method=alipay.trade.cancel&amp;sign_type=RSA2" in text


def test_old_request_is_refused(sandbox, alipay, number):
    body = alipay.build_body("alipay.trade.query", {"out_trade_no": number})
    body["timestamp"] = (datetime.datetime.now() - datetime.timedelta(minutes=11)).strftime("%Y-%m-%d %H:%M:%S")
    reply = alipay.verified_sync_response(body, "alipay_trade_query_response")
    assert reply["sub_code"] == "isv.invalid-timestamp"


def test_faults(sandbox, alipay, number):
    sandbox.fault("alipay", "pay", "bad-signature")
    with pytest.raises(AliPayValidationError):
        pay(alipay, number, sandbox.code("alipay"))
    assert sandbox.trade(number)["net"] == 1290

    sandbox.fault("alipay", "pay", "error-but-done")
    assert pay(alipay, number + "B", sandbox.code("alipay"))["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert sandbox.trade(number + "B")["net"] == 1290

    sandbox.fault("alipay", "pay", "error-not-done")
    assert pay(alipay, number + "C", sandbox.code("alipay"))["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert sandbox.control("GET", f"trades?merchantOrderNumber={number}C") == []

    sandbox.fault("alipay", "cancel", "cancel-retry")
    assert alipay.api_alipay_trade_cancel(out_trade_no=number)["retry_flag"] == "Y"
    assert alipay.api_alipay_trade_cancel(out_trade_no=number)["retry_flag"] == "N"

    sandbox.fault("alipay", "pay", "duplicate")
    assert pay(alipay, number + "D", sandbox.code("alipay"))["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"
    assert sandbox.trade(number + "D")["net"] == 1290


def test_bill(sandbox, alipay, number):
    pay(alipay, number, sandbox.code("alipay"), store_id="S0001")
    alipay.api_alipay_trade_refund("4.00", out_trade_no=number, out_request_no="R1")
    day = bill_day(sandbox)
    reply = alipay.server_api(
        "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": day})
    assert reply["code"] == "10000" and "bill_file_code" not in reply
    with urllib.request.urlopen(reply["bill_download_url"], timeout=10) as response:
        archive = zipfile.ZipFile(io.BytesIO(response.read()))
    assert archive.testzip() is None
    # Names without the flag for UTF-8 are read as code page 437.
    files = {entry.filename.encode("cp437").decode("gbk"): archive.read(entry).decode("gbk")
             for entry in archive.infolist()}
    assert {name.split("_", 2)[2] for name in files} == {"业务明细.csv", "业务明细(汇总).csv"}
    (detail,) = [text for text in files.values() if text.startswith("#支付宝业务明细查询")]
    (summary,) = [text for text in files.values() if text.startswith("#支付宝业务汇总查询")]
    lines = [line for line in detail.splitlines() if not line.startswith("#")]
    names = lines[0].split(",")
    rows = [dict(zip(names, (value.strip() for value in line.split(",")))) for line in lines[1:]]
    sale, refund = [row for row in rows if row["商户订单号"] == number]
    assert (sale["业务类型"], sale["商家实收（元）"], sale["门店编号"]) == ("交易", "12.90", "S0001")
    assert (refund["业务类型"], refund["商家实收（元）"], refund["退款批次号/请求号"]) == ("退款", "-4.00", "R1")
    assert summary.splitlines()[-3].startswith("合计")

    empty = alipay.server_api(
        "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": "trade", "bill_date": "2020-01-01"})
    assert empty["bill_file_code"] == "EMPTY_DATA_WITH_BILL_FILE"
