# Part of Tillbridge. See LICENSE.
"""QQ Wallet. No client library for it is published where this project can take it from, but its messages and its
signature are those of WeChat Pay V2: wechatpy, unmodified, sends, signs, reads and verifies them. The signatures of the
documents are checked with the openssl program besides."""

import csv
import gzip
import hashlib
import io
import subprocess

import pytest
import requests
import xmltodict
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay
from wechatpy.pay.utils import calculate_signature, dict_to_xml

from conftest import bill_day, eventually, fresh_day


class QQWallet(WeChatPay):
    def call(self, name, **fields):
        return self.post(f"cgi-bin/pay/qpay_{name}.cgi", data=fields)

    def pay(self, number, code, amount=1290, **more):
        return self.call(
            "micro_pay", body="示例门店-牛奶", out_trade_no=number, fee_type="CNY", total_fee=amount,
            spbill_create_ip="127.0.0.1", device_info="S0001R02", auth_code=code, trade_type="MICROPAY",
            notify_url="https://pay.example.test/qq/notify", **more)

    def query(self, **reference):
        return self.call("order_query", **reference)

    def state(self, number):
        try:
            return self.query(out_trade_no=number)["trade_state"]
        except WeChatPayException as error:
            assert error.errcode == "ORDERNOTEXIST"
            return None

    def refund(self, operator, **fields):
        return self.call("refund", **operator, **fields)


def make_client(sandbox, base):
    keys = sandbox.keys["qqwallet"]
    client = QQWallet("", keys["apiKey"], keys["mchID"])
    client.API_BASE_URL = base
    return client


@pytest.fixture
def operator(sandbox):
    keys = sandbox.keys["qqwallet"]
    return {"op_user_id": keys["opUserID"], "op_user_passwd": hashlib.md5(keys["opUserPassword"].encode()).hexdigest()}


@pytest.fixture
def qq(sandbox):
    return make_client(sandbox, f"{sandbox.url}/")


@pytest.fixture
def secure(sandbox):
    """Over TLS, with the merchant's certificate."""
    base = sandbox.keys.get("tlsBaseURL")
    if not base:
        pytest.skip("the sandbox has no TLS port")
    client = make_client(sandbox, f"{base}/")
    folder = sandbox.keys_file.parent
    client.mch_cert = str(folder / "qqwallet-client-certificate.pem")
    client.mch_key = str(folder / "qqwallet-client-key.pem")
    client._http.trust_env = False
    client._http.verify = str(folder / "sandbox-ca.pem")
    return client


def early_reversals_are_over(sandbox):
    """Five minutes after the payment, by the wallet's own clock."""
    sandbox.control("POST", "clock", {"advance": 301})


def test_documented_signatures():
    official = "appid=d930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA"
    payment = ("auth_code=910728310408849937&body=便利店-商品&device_info=S0001R02&fee_type=CNY&mch_id=1900000109"
               "&nonce_str=0f1e2d3c4b5a69788796a5b4c3d2e1f0&notify_url=https://pay.example.test/qq/notify"
               "&out_trade_no=S0001R02T000123&spbill_create_ip=10.1.2.3&total_fee=1280&trade_type=MICROPAY")
    key = "192006250b4c09247ec02edce69f6a2d"
    for text, expected in [(official, "C16640534B737634F08566717AD030EB"),
                           (payment, "B425B6CEB326B8E50844BC61664ACC0E")]:
        hashed = subprocess.run(["openssl", "dgst", "-md5", "-r"], input=f"{text}&key={key}".encode(),
                                capture_output=True, check=True)
        assert hashed.stdout.split()[0].decode().upper() == expected
        # The client that is let loose on the sandbox below signs in the same way.
        assert calculate_signature(dict(pair.split("=", 1) for pair in text.split("&")), key) == expected


def test_pay_query_reverse(sandbox, qq, secure, operator, number):
    reply = qq.pay(number, sandbox.code("qqwallet"), attach="9f86d081884c7d65")
    assert qq.check_signature(dict(reply))
    assert (reply["total_fee"], reply["out_trade_no"], reply["trade_state"]) == ("1290", number, "SUCCESS")
    assert (reply["retcode"], reply["retmsg"]) == ("0", "ok") and len(reply["transaction_id"]) == 28

    eventually(lambda: qq.state(number) == "SUCCESS")
    query = qq.query(transaction_id=reply["transaction_id"])
    assert qq.check_signature(dict(query))
    assert query["attach"] == "9f86d081884c7d65" and query["device_info"] == "S0001R02"

    early_reversals_are_over(sandbox)
    for client in (secure, qq):
        reverse = client.call("reverse", out_trade_no=number, **operator)
        assert client.check_signature(dict(reverse)) and reverse["recall"] == "N"
    assert qq.state(number) == "REVOKED"
    assert (sandbox.trade(number)["state"], sandbox.trade(number)["net"]) == ("reversed", 0)


def test_refunds(sandbox, qq, secure, operator, number):
    qq.pay(number, sandbox.code("qqwallet"))
    first = secure.refund(operator, out_trade_no=number, out_refund_no="R1" + number[:20], refund_fee=400)
    again = qq.refund(operator, out_trade_no=number, out_refund_no="R1" + number[:20], refund_fee=400)
    assert qq.check_signature(dict(first))
    assert first["refund_id"] == again["refund_id"] and first["refund_fee"] == "400"
    for more, code in [({"out_refund_no": "R1" + number[:20], "refund_fee": 500}, "REFUND_FEE_MISMATCH"),
                       ({"out_refund_no": "R2" + number[:20], "refund_fee": 891}, "INVALID_REQUEST")]:
        with pytest.raises(WeChatPayException) as refused:
            qq.refund(operator, out_trade_no=number, **more)
        assert refused.value.errcode == code

    def done():
        found = qq.call("refund_query", out_refund_no="R1" + number[:20])
        assert qq.check_signature(dict(found)) and found["refund_count"] == "1"
        assert found["refund_status_0"] in ("PROCESSING", "SUCCESS")
        return found["refund_status_0"] == "SUCCESS"

    eventually(done)
    eventually(lambda: qq.state(number) == "REFUND")
    assert sandbox.trade(number)["refunded"] == 400
    with pytest.raises(WeChatPayException) as unknown:
        qq.call("refund_query", out_refund_no="R9" + number[:20])
    assert unknown.value.errcode == "REFUNDNOTEXIST"


def test_password(sandbox, qq, number):
    for turn in range(2):
        order, code = f"{number}{turn}", sandbox.code("qqwallet", "password")
        try:
            assert qq.pay(order, code)["trade_state"] == "USERPAYING"
        except WeChatPayException as waiting:
            assert waiting.errcode == "USERPAYING"
        sandbox.control("POST", f"codes/{code}/{'confirm' if turn else 'reject'}")
        eventually(lambda: qq.state(order) == ("SUCCESS" if turn else "CLOSED"))


@pytest.mark.parametrize("behaviour,code", [
    ("insufficient", "NOTENOUGH"), ("expired", "AUTHCODEEXPIRE"), ("used", "AUTH_CODE_ERROR"),
    ("risk-refused", "TRADE_ERROR"),
])
def test_refused(sandbox, qq, number, behaviour, code):
    with pytest.raises(WeChatPayException) as refused:
        qq.pay(number, sandbox.code("qqwallet", behaviour))
    assert refused.value.errcode == code


def test_wrong_operator(sandbox, qq, operator, number):
    with pytest.raises(WeChatPayException) as refused:
        qq.call("reverse", out_trade_no=number, **{**operator, "op_user_passwd": "0" * 32})
    assert refused.value.errcode == "NOAUTH"


def test_wrong_key_is_refused_without_a_signature(qq, number):
    qq.api_key = "0" * 32
    with pytest.raises(WeChatPayException) as refused:
        qq.query(out_trade_no=number)
    assert refused.value.return_code == "FAIL" and b"<sign>" not in refused.value.response.content


def test_giving_back_over_tls_demands_the_own_certificate(sandbox, secure, operator, number):
    folder = sandbox.keys_file.parent
    secure.mch_cert = str(folder / "wechatpay-client-certificate.pem")
    secure.mch_key = str(folder / "wechatpay-client-key.pem")
    with pytest.raises(WeChatPayException) as other:
        secure.call("reverse", out_trade_no=number, **operator)
    assert other.value.errcode == "NOAUTH"
    secure.mch_cert = secure.mch_key = None
    secure._http.close()
    with pytest.raises(WeChatPayException) as refused:
        secure.call("reverse", out_trade_no=number, **operator)
    assert refused.value.response.status_code == 400
    # Without one the other calls are answered.
    assert secure.state(number) is None


def test_faults(sandbox, qq, operator, number):
    sandbox.fault("qqwallet", "pay", "bad-signature")
    assert not qq.check_signature(dict(qq.pay(number, sandbox.code("qqwallet"))))

    sandbox.fault("qqwallet", "pay", "error-but-done")
    with pytest.raises(WeChatPayException) as unknown:
        qq.pay(number + "C", sandbox.code("qqwallet"))
    assert unknown.value.errcode == "SYSTEMERROR"
    assert sandbox.trade(number + "C")["net"] == 1290

    early_reversals_are_over(sandbox)
    sandbox.fault("qqwallet", "cancel", "cancel-retry")
    for recall, net in [("Y", 1290), ("N", 0)]:
        assert qq.call("reverse", out_trade_no=number, **operator)["recall"] == recall
        assert sandbox.trade(number)["net"] == net

    sandbox.fault("qqwallet", "refund", "refund-fails-later", seconds=1)
    refund = dict(out_refund_no=number + "R", out_trade_no=number + "C", refund_fee=1290)
    qq.refund(operator, **refund)
    eventually(lambda: qq.call("refund_query", out_refund_no=number + "R")["refund_status_0"] == "FAIL")
    qq.refund(operator, **refund)
    eventually(lambda: sandbox.trade(number + "C")["refunded"] == 1290)


STATEMENT = "/cgi-bin/sp_download/qpay_mch_statement_down.cgi"
# No document lists the columns: these are the ones that docs/bills.md says the sandbox has.
COLUMNS = ("time_end,mch_id,device_info,transaction_id,out_trade_no,trade_type,trade_state,bank_type,total_fee,"
           "coupon_fee,out_refund_no,refund_id,refund_fee,refund_status,attach").split(",")


def statement(sandbox, day, kind="ALL", **more):
    """The bytes of the answer, asked for as section 9 of the documents says: no sign_type, no notify_url."""
    keys = sandbox.keys["qqwallet"]
    fields = {"mch_id": keys["mchID"], "nonce_str": "1", "bill_date": day, "bill_type": kind, **more}
    body = dict_to_xml(fields, calculate_signature(fields, keys["apiKey"])).encode()
    reply = requests.post(sandbox.url + STATEMENT, data=body, timeout=10)
    assert reply.status_code == 200
    return reply.content


def read_statement(content):
    """Rows and totals, by the csv module."""
    assert content.endswith(b"\n") and b"\r" not in content
    head, *rows, totals = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
    assert head == COLUMNS and all(len(row) == len(head) for row in [*rows, totals])
    return [dict(zip(head, row)) for row in rows], dict(zip(head, totals))


def test_bill(sandbox, qq, operator, number):
    fresh_day(sandbox)
    sale, undone = number, "U" + number[1:]
    attach = 'a,"b"\u0301,\u0301c'
    paid = qq.pay(sale, sandbox.code("qqwallet"), attach=attach)
    refund = qq.refund(operator, out_trade_no=sale, out_refund_no=sale + "R", refund_fee=400)
    eventually(lambda: sandbox.trade(sale)["refunded"] == 400)
    qq.pay(undone, sandbox.code("qqwallet"), amount=250)
    early_reversals_are_over(sandbox)
    assert qq.call("reverse", out_trade_no=undone, **operator)["recall"] == "N"
    day = bill_day(sandbox).replace("-", "")

    content = statement(sandbox, day)
    rows, totals = read_statement(content)
    assert [(row["out_trade_no"], row["trade_state"], row["total_fee"], row["refund_fee"]) for row in rows] == [
        (sale, "SUCCESS", "1290", "0"), (sale, "REFUND", "0", "400"),
        (undone, "SUCCESS", "250", "0"), (undone, "REVOKED", "0", "250")]
    first, back = rows[:2]
    assert (first["transaction_id"], first["attach"]) == (paid["transaction_id"], attach)
    assert (first["time_end"], first["device_info"]) == (paid["time_end"], "S0001R02")
    assert (back["out_refund_no"], back["refund_id"]) == (sale + "R", refund["refund_id"])
    assert back["refund_status"] == "SUCCESS" and back["transaction_id"] == paid["transaction_id"]
    assert all(row["time_end"].startswith(day) for row in rows)
    assert [totals[name] for name in ("time_end", "out_trade_no", "total_fee", "refund_fee")] == [
        "TOTAL", "4", "1540", "650"]
    # The wallet's books say the same.
    for order in (sale, undone):
        gain = sum(int(row["total_fee"]) - int(row["refund_fee"]) for row in rows if row["out_trade_no"] == order)
        assert gain == sandbox.trade(order)["net"]

    assert gzip.decompress(statement(sandbox, day, tar_type="GZIP")) == content
    sales, sold = read_statement(statement(sandbox, day, "SUCCESS"))
    refunds, returned = read_statement(statement(sandbox, day, "REFUND"))
    assert (sales, sold["total_fee"], sold["refund_fee"]) == (rows[::2], "1540", "0")
    assert (refunds, returned["total_fee"], returned["refund_fee"]) == (rows[1::2], "0", "650")
    tomorrow = bill_day(sandbox, advance=0).replace("-", "")
    absent = xmltodict.parse(statement(sandbox, tomorrow))["xml"]
    assert absent["return_code"] == "FAIL" and "sign" not in absent


def test_what_is_not_offered_is_refused_in_the_wallets_words(sandbox):
    reply = requests.post(f"{sandbox.url}/cgi-bin/sp_download/none.cgi", data=b"<xml></xml>", timeout=10)
    assert reply.status_code == 200 and "<return_code><![CDATA[FAIL]]>" in reply.text
