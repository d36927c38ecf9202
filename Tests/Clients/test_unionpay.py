# Part of Tillbridge. See LICENSE.
"""UnionPay ACP 5.1.0. No client library for it is published where this project can take it from: plain requests, written
from the documents alone, and the openssl program for every key, certificate and signature."""

import base64
import datetime
import hashlib
import io
import re
import subprocess
import time
import zipfile
import zlib

import pytest
import requests

from conftest import eventually, fresh_day

TRADE, QUERY = "/gateway/api/backTransReq.do", "/gateway/api/queryTrans.do"
# The widths of a ZM line, one blank after each, as merchants' public programs count them.
WIDTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
          13, 8, 32, 13, 13, 12, 2, 1, 32, 98]


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


def signed_text(fields):
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature" and fields[name] != "")


def digest(fields):
    return hashlib.sha256(signed_text(fields).encode()).hexdigest()


class Gateway:
    def __init__(self, sandbox, folder):
        self.sandbox, self.folder = sandbox, folder
        self.keys = sandbox.keys["unionpay"]
        for name in ("signPrivateKey", "rootCertificate", "middleCertificate"):
            (folder / name).write_text(self.keys[name])
        self.trusted = {}

    def call(self, path, signs=True, **fields):
        """The reply's fields, its certificate and its signature checked."""
        message = {"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "bizType": "000000",
                   "channelType": "08", "accessType": "0", "merId": self.keys["merID"], "certId": self.keys["certID"],
                   **fields}
        signature = openssl("dgst", "-sha256", "-sign", self.folder / "signPrivateKey", data=digest(message).encode())
        message["signature"] = base64.b64encode(signature).decode() if signs else "AAAA"
        reply = requests.post(self.sandbox.url + path, data=message, timeout=30)
        assert reply.status_code == 200
        # Nothing is percent-encoded: split at "&", then at the first "=".
        answer = dict(pair.split("=", 1) for pair in reply.content.decode().split("&"))
        self.verify(answer)
        return answer

    def verify(self, answer):
        key = self.public_key(answer["signPubKeyCert"])
        (self.folder / "signature").write_bytes(base64.b64decode(answer["signature"], validate=True))
        openssl("dgst", "-sha256", "-verify", key, "-signature", self.folder / "signature",
                data=digest(answer).encode())

    def public_key(self, certificate):
        if certificate not in self.trusted:
            leaf, key = self.folder / "leaf", self.folder / f"key-{len(self.trusted)}"
            leaf.write_text(certificate)
            openssl("verify", "-CAfile", self.folder / "rootCertificate", "-untrusted",
                    self.folder / "middleCertificate", leaf)
            subject = openssl("x509", "-in", leaf, "-noout", "-subject", "-nameopt", "multiline").decode()
            name = re.search(r"commonName\s*= (.*)", subject).group(1)
            assert name.split("@")[2] == "00040000:SIGN"
            key.write_bytes(openssl("x509", "-in", leaf, "-noout", "-pubkey"))
            self.trusted[certificate] = key
        return self.trusted[certificate]

    def consume(self, order, code, amount=1290, **more):
        return self.call(TRADE, txnType="01", txnSubType="06", **order, txnAmt=str(amount), currencyCode="156",
                         qrNo=code, backUrl="https://pay.example.test/up/notify", termId="00010002", **more)

    def query(self, order, **more):
        return self.call(QUERY, txnType="00", txnSubType="00", **order, **more)

    def decided(self, order):
        """The query's answer, when the order is decided."""
        def look():
            answer = self.query(order)
            if answer["respCode"] == "34" or answer["origRespCode"] in ("03", "04", "05"):
                return None
            assert answer["respCode"] == "00"
            return answer
        return eventually(look)

    def reverse(self, order):
        return self.call(TRADE, txnType="99", txnSubType="01", **order)

    def give_back(self, kind, order, original, amount):
        return self.call(TRADE, txnType=kind, txnSubType="00", **order, **original, txnAmt=str(amount),
                         backUrl="https://pay.example.test/up/notify")


@pytest.fixture
def gateway(sandbox, tmp_path):
    return Gateway(sandbox, tmp_path)


def now():
    return datetime.datetime.now().strftime("%Y%m%d%H%M%S")


@pytest.fixture
def order(number):
    return {"orderId": number, "txnTime": now()}


def original(order):
    return {"origOrderId": order["orderId"], "origTxnTime": order["txnTime"]}


def test_documented_digest():
    text = ("accessType=0&backUrl=https://pay.example.test/up/notify&bizType=000000&certId=68759663125&channelType=08"
            "&currencyCode=156&encoding=UTF-8&merId=777290058135880&orderId=S0001R02T000123&qrNo=6220835931895481436"
            "&signMethod=01&termId=00010002&txnAmt=1280&txnSubType=06&txnTime=20261122100000&txnType=01&version=5.1.0")
    fields = dict(pair.split("=", 1) for pair in text.split("&"))
    assert signed_text({**fields, "signature": "x", "reqReserved": ""}) == text
    once = openssl("dgst", "-sha256", "-r", data=text.encode()).split()[0]
    assert once.decode() == digest(fields) == "0d2e31f60051da97659c829bcb6d6078a52492af4983443316f0c102349fd486"
    twice = openssl("dgst", "-sha256", "-r", data=once).split()[0]
    assert twice == b"e45ab3dce132c7382d4cdadfa59eda44b3e7ece6646a9681d357062c3cc1eb90"


def test_exported_keys(sandbox, tmp_path):
    keys, folder = sandbox.keys["unionpay"], sandbox.keys_file.parent
    certificate = folder / "unionpay-sign-certificate.pem"
    serial = openssl("x509", "-in", certificate, "-noout", "-serial").decode().strip().removeprefix("serial=")
    assert int(serial, 16) == int(keys["certID"])
    public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    for name, begin in [("pkcs8", b"-----BEGIN PRIVATE KEY-----"), ("pkcs1", b"-----BEGIN RSA PRIVATE KEY-----")]:
        key = folder / f"unionpay-sign-private-key-{name}.pem"
        assert key.read_bytes().startswith(begin) and key.stat().st_mode & 0o077 == 0
        assert openssl("pkey", "-in", key, "-pubout") == public
    openssl("verify", "-CAfile", folder / "unionpay-root-certificate.pem",
            "-untrusted", folder / "unionpay-middle-certificate.pem", certificate)


def test_pay_query_reverse(sandbox, gateway, order):
    code = sandbox.code("unionpay")
    reply = gateway.consume(order, code, reqReserved="9f86d081884c7d65")
    assert (reply["respCode"], reply["orderId"], reply["txnAmt"]) == ("00", order["orderId"], "1290")
    assert "origRespCode" not in reply
    answer = gateway.decided(order)
    assert (answer["origRespCode"], answer["txnAmt"], answer["settleAmt"]) == ("00", "1290", "1290")
    assert answer["queryId"] == reply["queryId"] and answer["reqReserved"] == "9f86d081884c7d65"
    assert answer["accNo"].startswith("6216") and "*" in answer["accNo"]
    by_number = gateway.call(QUERY, txnType="00", txnSubType="02", queryId=reply["queryId"])
    assert (by_number["origRespCode"], by_number["orderId"]) == ("00", order["orderId"])
    assert gateway.consume(order, code)["respCode"] == "12"

    assert gateway.reverse(order)["respCode"] == "00"
    assert gateway.reverse(order)["respCode"] == "46"
    assert gateway.query(order)["origRespCode"] == "46"
    assert (sandbox.trade(order["orderId"])["state"], sandbox.trade(order["orderId"])["net"]) == ("reversed", 0)


def test_refunds_and_void(sandbox, gateway, order):
    gateway.consume(order, sandbox.code("unionpay"))
    gateway.decided(order)
    first = {"orderId": "R1" + order["orderId"], "txnTime": now()}
    assert gateway.give_back("04", first, original(order), 400)["respCode"] == "00"
    assert gateway.give_back("04", first, original(order), 400)["respCode"] == "12"
    answer = gateway.decided(first)
    assert (answer["origRespCode"], answer["txnAmt"], answer["txnType"]) == ("00", "400", "04")
    assert answer["origOrderId"] == order["orderId"]
    assert sandbox.trade(order["orderId"])["refunded"] == 400
    for name, amount, code in [("R2", 891, "36"), ("R3", 890, "00"), ("R4", 1, "45")]:
        more = {"orderId": name + order["orderId"], "txnTime": now()}
        assert gateway.give_back("04", more, original(order), amount)["respCode"] == code
    eventually(lambda: sandbox.trade(order["orderId"])["state"] == "refunded")

    other = {"orderId": "V" + order["orderId"][1:], "txnTime": now()}
    sale = gateway.consume(other, sandbox.code("unionpay"))
    gateway.decided(other)
    void = {"orderId": "W" + order["orderId"][1:], "txnTime": now()}
    assert gateway.give_back("31", void, {"origQryId": sale["queryId"]}, 1290)["respCode"] == "00"
    assert gateway.decided(void)["origRespCode"] == "00"
    assert sandbox.trade(other["orderId"])["net"] == 0


def test_the_same_number_at_another_time_is_another_order(sandbox, gateway, order):
    later = {**order, "txnTime": (datetime.datetime.now() + datetime.timedelta(seconds=1)).strftime("%Y%m%d%H%M%S")}
    for one in (order, later):
        gateway.consume(one, sandbox.code("unionpay"))
        assert gateway.decided(one)["origRespCode"] == "00"
    trades = sandbox.control("GET", f"trades?merchantOrderNumber={order['orderId']}")
    assert [trade["net"] for trade in trades] == [1290, 1290]


def test_a_reversal_stops_the_consume_that_comes_after_it(sandbox, gateway, order):
    assert gateway.reverse(order)["respCode"] == "34"
    assert gateway.consume(order, sandbox.code("unionpay"))["respCode"] == "46"
    assert gateway.query(order)["respCode"] == "34"


@pytest.mark.parametrize("answer,code", [("confirm", "00"), ("reject", "60")])
def test_password(sandbox, gateway, order, answer, code):
    payment = sandbox.code("unionpay", "password")
    assert gateway.consume(order, payment)["respCode"] == "00"
    eventually(lambda: gateway.query(order).get("origRespCode") == "05")
    sandbox.control("POST", f"codes/{payment}/{answer}")
    assert gateway.decided(order)["origRespCode"] == code


@pytest.mark.parametrize("behaviour,code", [("insufficient", "64"), ("risk-refused", "38"), ("never", "69")])
def test_fails_after_it_was_accepted(sandbox, gateway, order, behaviour, code):
    assert gateway.consume(order, sandbox.code("unionpay", behaviour))["respCode"] == "00"
    if behaviour == "never":
        sandbox.control("POST", "clock", {"advance": 120})
    assert gateway.decided(order)["origRespCode"] == code


@pytest.mark.parametrize("behaviour,code", [("expired", "86"), ("used", "86")])
def test_refused_codes(sandbox, gateway, order, behaviour, code):
    assert gateway.consume(order, sandbox.code("unionpay", behaviour))["respCode"] == code


def test_door(sandbox, gateway, order):
    assert gateway.call(QUERY, signs=False, txnType="00", txnSubType="00", **order)["respCode"] == "11"
    assert gateway.call(QUERY, txnType="00", txnSubType="00", orderId=order["orderId"])["respCode"] == "13"
    assert gateway.consume({**order, "orderId": "A-0000001"}, "62" + "1" * 17)["respCode"] == "10"
    assert gateway.consume(order, "62" + "1" * 17)["respCode"] == "88"
    assert gateway.call(TRADE, txnType="76", txnSubType="01")["respCode"] == "32"


def test_settlement_day(sandbox, gateway, order):
    gateway.consume(order, sandbox.code("unionpay"))
    gateway.decided(order)
    sandbox.control("POST", "clock", {"advance": 86_400})
    assert gateway.reverse(order)["respCode"] == "35"
    assert sandbox.trade(order["orderId"])["net"] == 1290


def settlement_day(sandbox, advance=33 * 3600):
    """The settlement day of now, from 23:00 to 23:00; the clock goes on to when its file exists."""
    moment = sandbox.control("GET", "clock")["now"] / 1000 + 3600
    if advance:
        sandbox.control("POST", "clock", {"advance": advance})
    return time.strftime("%Y%m%d", time.localtime(moment))


def settlement_file(gateway, day):
    return gateway.call("/", txnType="76", txnSubType="01", settleDate=day[4:], txnTime=now(), fileType="00")


def read_settlement_file(answer):
    """The ZM file's lines, each as its fields: Base64, zlib, zip and counting bytes."""
    packed = zlib.decompress(base64.b64decode(answer["fileContent"], validate=True))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    (errors,) = [content for name, content in contents.items() if "ZME_" in name]
    (trades,) = [content for name, content in contents.items() if "ZM_" in name]
    assert errors == b"" and trades.endswith(b"\r\n")
    lines = []
    for line in trades.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) == sum(WIDTHS) + len(WIDTHS)
        fields, place = [], 0
        for width in WIDTHS:
            assert line[place + width:place + width + 1] == b" "
            fields.append(line[place:place + width].decode("gbk").rstrip())
            place += width + 1
        lines.append(fields)
    return lines


def test_settlement_file(sandbox, gateway, order):
    fresh_day(sandbox)
    undone = {**order, "orderId": "U" + order["orderId"][1:]}
    sale = gateway.consume(order, sandbox.code("unionpay"), reqReserved="牛奶,9f86d081")
    gateway.decided(order)
    refund = {"orderId": "R1" + order["orderId"], "txnTime": now()}
    back = gateway.give_back("04", refund, original(order), 400)
    gateway.decided(refund)
    gateway.consume(undone, sandbox.code("unionpay"), amount=250)
    gateway.decided(undone)
    assert gateway.reverse(undone)["respCode"] == "00"
    day = settlement_day(sandbox)

    answer = settlement_file(gateway, day)
    assert (answer["respCode"], answer["settleDate"]) == ("00", day[4:])
    assert answer["fileName"] == f"{gateway.keys['merID']}_{day}.zip"
    lines = read_settlement_file(answer)

    def gain(line):
        """Fen that the merchant is credited; negative for what it is debited."""
        assert line[16][0] in "CD" and int(line[16][1:]) == int(line[6])
        return int(line[6]) * (1 if line[16][0] == "C" else -1)

    # Code, type and gain of each, in the order of time.
    assert [(line[0], line[19], gain(line)) for line in lines] == [
        ("S22", "01", 1290), ("S30", "04", -400), ("S22", "01", 250), ("S31", "31", -250)]
    assert all(line[27] == gateway.keys["merID"] for line in lines)
    paid, returned, before, after = lines
    assert (paid[9], paid[11], paid[33], paid[34]) == (sale["queryId"], order["orderId"], "00010002", "牛奶,9f86d081")
    assert (returned[9], returned[11]) == (back["queryId"], refund["orderId"])
    assert (returned[26], returned[40]) == (sale["queryId"], order["orderId"])
    assert (before[11], after[26], after[40]) == (undone["orderId"], before[9], undone["orderId"])
    # The wallet's books say the same.
    for number, net in [(order["orderId"], 890), (undone["orderId"], 0)]:
        assert sandbox.trade(number)["net"] == net
        assert sum(gain(line) for line in lines if number in (line[11], line[40])) == net
    assert settlement_file(gateway, settlement_day(sandbox, advance=0))["respCode"] == "98"


def test_faults(sandbox, gateway, order):
    sandbox.fault("unionpay", "pay", "bad-signature")
    with pytest.raises(subprocess.CalledProcessError):
        gateway.consume(order, sandbox.code("unionpay"))
    assert gateway.decided(order)["origRespCode"] == "00"

    for fault, code in [("error-but-done", "00"), ("error-not-done", None)]:
        sandbox.fault("unionpay", "pay", fault)
        other = {**order, "orderId": fault.replace("-", "")[:8] + order["orderId"]}
        assert gateway.consume(other, sandbox.code("unionpay"))["respCode"] == "03"
        if code:
            assert gateway.decided(other)["origRespCode"] == code
        else:
            assert gateway.query(other)["respCode"] == "34"

    sandbox.fault("unionpay", "cancel", "cancel-retry")
    for code, net in [("03", 1290), ("00", 0)]:
        assert gateway.reverse(order)["respCode"] == code
        assert sandbox.trade(order["orderId"])["net"] == net
