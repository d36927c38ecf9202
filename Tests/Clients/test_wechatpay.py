# Part of Tillbridge. See LICENSE.
"""WeChat Pay V2 through wechatpy, unmodified: XML over HTTP and, for reverse and refund, TLS with a certificate."""

import pytest
import requests
from wechatpy.pay import WeChatPay
from wechatpy.pay.utils import calculate_signature_hmac, dict_to_xml
from wechatpy.exceptions import WeChatPayException
import xmltodict

from conftest import bill_day, eventually


def make_client(sandbox, base):
    keys = sandbox.keys["wechatpay"]
    client = WeChatPay(keys["appID"], keys["apiKey"], keys["mchID"])
    client.API_BASE_URL = base
    return client


@pytest.fixture
def wechat(sandbox):
    return make_client(sandbox, f"{sandbox.url}/")


@pytest.fixture
def secure(sandbox):
    """Over TLS, with the merchant's certificate."""
    base = sandbox.keys.get("tlsBaseURL")
    if not base:
        pytest.skip("the sandbox has no TLS port")
    client = make_client(sandbox, f"{base}/")
    folder = sandbox.keys_file.parent
    client.mch_cert = str(folder / "wechatpay-client-certificate.pem")
    client.mch_key = str(folder / "wechatpay-client-key.pem")
    # Otherwise a bundle named in the environment would win over the one named here.
    client._http.trust_env = False
    client._http.verify = str(folder / "sandbox-ca.pem")
    return client


def pay(client, number, code, amount=1290, **more):
    return client.micropay.create("示例门店-牛奶", amount, code, client_ip="127.0.0.1", out_trade_no=number, **more)


def state(client, number):
    try:
        return client.micropay.query(out_trade_no=number)["trade_state"]
    except WeChatPayException as error:
        assert error.errcode == "ORDERNOTEXIST"
        return None


def early_reversals_are_over(sandbox, number):
    """Fifteen seconds after the payment, by the wallet's own clock."""
    sandbox.control("POST", "clock", {"advance": 16})


def test_pay_query_reverse(sandbox, wechat, secure, number):
    reply = pay(wechat, number, sandbox.code("wechatpay"), attach="9f86d081884c7d65")
    assert wechat.check_signature(dict(reply))
    assert (reply["total_fee"], reply["out_trade_no"], reply["trade_type"]) == ("1290", number, "MICROPAY")

    eventually(lambda: state(wechat, number) == "SUCCESS")
    query = wechat.micropay.query(transaction_id=reply["transaction_id"])
    assert wechat.check_signature(dict(query))
    assert query["attach"] == "9f86d081884c7d65"

    early_reversals_are_over(sandbox, number)
    for client in (secure, wechat):
        reverse = client.order.reverse(out_trade_no=number)
        assert client.check_signature(dict(reverse)) and reverse["recall"] == "N"
    assert state(wechat, number) == "REFUND"
    eventually(lambda: wechat.refund.query(out_trade_no=number)["refund_status_0"] == "SUCCESS")
    sandbox.control("PUT", "policies", {"Q8": "revoked"})
    assert state(wechat, number) == "REVOKED"
    sandbox.control("PUT", "policies", {"Q8": "refund"})
    assert (sandbox.trade(number)["state"], sandbox.trade(number)["net"]) == ("reversed", 0)


def test_refunds(sandbox, wechat, secure, number):
    pay(wechat, number, sandbox.code("wechatpay"))
    refund = dict(out_trade_no=number, total_fee=1290, refund_fee=400)
    first = secure.refund.apply(out_refund_no=number + "R01", **refund)
    again = wechat.refund.apply(out_refund_no=number + "R01", **refund)
    assert first["refund_id"] == again["refund_id"] and first["refund_fee"] == "400"
    with pytest.raises(WeChatPayException) as other:
        wechat.refund.apply(out_refund_no=number + "R01", out_trade_no=number, total_fee=1290, refund_fee=500)
    assert other.value.errcode == "REFUND_FEE_MISMATCH"
    with pytest.raises(WeChatPayException) as excess:
        wechat.refund.apply(out_refund_no=number + "R02", out_trade_no=number, total_fee=1290, refund_fee=891)
    assert excess.value.errcode == "INVALID_REQUEST"

    def done():
        found = wechat.refund.query(out_refund_no=number + "R01")
        assert wechat.check_signature(dict(found))
        assert found["refund_status_0"] in ("PROCESSING", "SUCCESS")
        return found["refund_status_0"] == "SUCCESS"

    eventually(done)
    eventually(lambda: state(wechat, number) == "REFUND")
    assert sandbox.trade(number)["refunded"] == 400
    with pytest.raises(WeChatPayException) as unknown:
        wechat.refund.query(out_refund_no=number + "R09")
    assert unknown.value.errcode == "REFUNDNOTEXIST"


def test_password_and_its_repetition(sandbox, wechat, number):
    code = sandbox.code("wechatpay", "password")
    fields = {"appid": wechat.appid, "mch_id": wechat.mch_id, "nonce_str": "1", "body": "牛奶", "out_trade_no": number,
              "total_fee": "1290", "spbill_create_ip": "127.0.0.1", "auth_code": code, "sign_type": "HMAC-SHA256"}

    def send(nonce):
        fields["nonce_str"] = nonce
        body = dict_to_xml(fields, calculate_signature_hmac(fields, wechat.api_key)).encode()
        reply = xmltodict.parse(requests.post(f"{sandbox.url}/pay/micropay", data=body).content)["xml"]
        sign = reply.pop("sign")
        assert sign == calculate_signature_hmac(dict(reply), wechat.api_key)
        return reply

    assert send("1")["err_code"] == "USERPAYING"
    assert send("2")["err_code"] == "USERPAYING"
    sandbox.control("POST", f"codes/{code}/confirm")
    assert send("3")["result_code"] == "SUCCESS"
    assert sandbox.trade(number)["net"] == 1290


def test_declined_password(sandbox, wechat, number):
    code = sandbox.code("wechatpay", "password")
    with pytest.raises(WeChatPayException) as waiting:
        pay(wechat, number, code)
    assert waiting.value.errcode == "USERPAYING"
    sandbox.control("POST", f"codes/{code}/reject")
    eventually(lambda: state(wechat, number) == "PAYERROR")


@pytest.mark.parametrize("behaviour,code", [
    ("insufficient", "NOTENOUGH"), ("expired", "AUTHCODEEXPIRE"), ("used", "AUTH_CODE_ERROR"),
    ("risk-refused", "TRADE_ERROR"),
])
def test_refused(sandbox, wechat, number, behaviour, code):
    with pytest.raises(WeChatPayException) as refused:
        pay(wechat, number, sandbox.code("wechatpay", behaviour))
    assert refused.value.errcode == code


def test_unpaid_order_is_closed_by_the_wallet(sandbox, wechat, number):
    with pytest.raises(WeChatPayException):
        pay(wechat, number, sandbox.code("wechatpay", "never"))
    eventually(lambda: state(wechat, number) == "USERPAYING")
    sandbox.control("POST", "clock", {"advance": 46})
    assert state(wechat, number) == "CLOSED"


def test_reverse_of_an_unknown_number(sandbox, wechat, number):
    with pytest.raises(WeChatPayException) as unknown:
        wechat.order.reverse(out_trade_no=number)
    assert unknown.value.errcode == "ORDERNOTEXIST"


def test_reverse_over_tls_demands_a_certificate(sandbox, secure, number):
    secure.mch_cert = secure.mch_key = None
    with pytest.raises(WeChatPayException) as refused:
        secure.order.reverse(out_trade_no=number)
    assert refused.value.response.status_code == 400


def test_wrong_key_is_refused_without_a_signature(sandbox, wechat, number):
    wechat.api_key = "0" * 32
    with pytest.raises(WeChatPayException) as refused:
        wechat.micropay.query(out_trade_no=number)
    assert refused.value.return_code == "FAIL" and b"<sign>" not in refused.value.response.content


def test_faults(sandbox, wechat, number):
    sandbox.fault("wechatpay", "pay", "bad-signature")
    reply = pay(wechat, number, sandbox.code("wechatpay"))
    assert not wechat.check_signature(dict(reply))

    sandbox.fault("wechatpay", "pay", "wrong-amount")
    reply = pay(wechat, number + "B", sandbox.code("wechatpay"))
    assert wechat.check_signature(dict(reply)) and reply["total_fee"] == "1291"
    assert sandbox.trade(number + "B")["net"] == 1290

    sandbox.fault("wechatpay", "pay", "error-but-done")
    with pytest.raises(WeChatPayException) as unknown:
        pay(wechat, number + "C", sandbox.code("wechatpay"))
    assert unknown.value.errcode == "SYSTEMERROR"
    assert sandbox.trade(number + "C")["net"] == 1290

    early_reversals_are_over(sandbox, number)
    sandbox.fault("wechatpay", "cancel", "cancel-retry")
    assert wechat.order.reverse(out_trade_no=number)["recall"] == "Y"
    assert sandbox.trade(number)["net"] == 1290
    assert wechat.order.reverse(out_trade_no=number)["recall"] == "N"

    sandbox.fault("wechatpay", "refund", "refund-fails-later", seconds=1)
    refund = dict(out_refund_no=number + "R", out_trade_no=number + "B", total_fee=1290, refund_fee=1290)
    wechat.refund.apply(**refund)
    eventually(lambda: wechat.refund.query(out_refund_no=number + "R")["refund_status_0"] == "REFUNDCLOSE")
    wechat.refund.apply(**refund)
    eventually(lambda: sandbox.trade(number + "B")["refunded"] == 1290)


def test_bill(sandbox, wechat, number):
    pay(wechat, number, sandbox.code("wechatpay"))
    refunded = dict(out_refund_no=number + "R", out_trade_no=number, total_fee=1290, refund_fee=400)
    wechat.refund.apply(**refunded)
    day = bill_day(sandbox).replace("-", "")
    text = wechat.tools.download_bill(day)
    text = text if isinstance(text, str) else text.decode()
    lines = text.lstrip("\ufeff").splitlines()
    names = lines[0].split(",")
    rows = [dict(zip(names, line[1:].split(",`"))) for line in lines[1:-2]]
    sale, refund = [row for row in rows if row["商户订单号"] == number]
    assert len(names) == 27 and (sale["交易状态"], sale["订单金额"]) == ("SUCCESS", "12.90")
    assert (refund["商户退款单号"], refund["退款金额"]) == (number + "R", "4.00")
    totals = dict(zip(lines[-2].split(","), lines[-1][1:].split(",`")))
    assert totals["总交易单数"] == str(len(rows))

    with pytest.raises(WeChatPayException) as absent:
        wechat.tools.download_bill("20200101")
    assert absent.value.return_code == "FAIL" and absent.value.return_msg == "No Bill Exist"
