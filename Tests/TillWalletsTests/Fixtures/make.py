#!/usr/bin/env python3
# Part of Tillbridge. See LICENSE.
"""Writes the fixtures: what the wallets' documents say a request and an answer look like, with real signatures."""
import base64, hashlib, hmac, pathlib, subprocess, tempfile
from urllib.parse import quote

HERE = pathlib.Path(__file__).parent
NUMBER = "TQF000K703343G7H2000016R"
OTHER_NUMBER = "TQF000K703343G7H2000026L"
REFUND = NUMBER + "R00"
NONCE = "5f1c3a9be0d24b7f"
TRADE = "2026112222001400000000000001"
SUBJECT = "示例门店购物"
GOODS = [("6901234567892", '牛奶 "1L"', 2, 545), ("BAG-1", "购物袋", 1, 200)]


def rsa(key, data):
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", HERE / "keys" / key], input=data, capture_output=True, check=True)
    return base64.b64encode(done.stdout).decode()


def save(name, head, body):
    path = HERE / name
    path.write_bytes("\r\n".join(head).encode() + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode()))


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def text(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def members(**fields):
    return ",".join(f"{text(name)}:{value if name in RAW else text(value)}" for name, value in fields.items())


RAW = {"goods_detail", "fund_bill_list"}


# Alipay


def alipay_request(case, method, content):
    common = {
        "app_id": "2021000000000001", "charset": "utf-8", "format": "JSON", "method": method, "sign_type": "RSA2",
        "timestamp": "2026-11-22 18:30:01", "version": "1.0",
    }
    signed = "&".join(f"{k}={v}" for k, v in sorted({**common, "biz_content": content}.items()))
    common["sign"] = rsa("merchant-pkcs8.pem", signed.encode())
    query = "&".join(f"{k}={quote(v, safe='')}" for k, v in common.items())
    save(
        f"alipay/{case}.request",
        [f"POST /gateway.do?{query} HTTP/1.1", "Content-Type: application/x-www-form-urlencoded;charset=utf-8"],
        "biz_content=" + quote(content, safe=""))


def alipay_requests():
    goods = ",".join(
        "{" + f'"goods_id":{text(sku)},"goods_name":{text(name)},"quantity":{count},"price":{text(yuan(price))}' + "}"
        for sku, name, count, price in GOODS)
    alipay_request("pay", "alipay.trade.pay", "{" + members(
        out_trade_no=NUMBER, scene="bar_code", auth_code="283456789012345678", subject=SUBJECT, total_amount="12.90",
        goods_detail="[" + goods + "]", operator_id="c07", store_id=NUMBER[1:8], terminal_id=NUMBER[1:10],
        timeout_express="5m", passback_params=NONCE) + "}")
    alipay_request("query", "alipay.trade.query", "{" + members(out_trade_no=NUMBER) + "}")
    alipay_request("cancel", "alipay.trade.cancel", "{" + members(out_trade_no=NUMBER) + "}")
    alipay_request("refund", "alipay.trade.refund", "{" + members(
        out_trade_no=NUMBER, refund_amount="12.90", out_request_no=REFUND, refund_reason="payment revoked") + "}")
    alipay_request("refund-query", "alipay.trade.fastpay.refund.query", "{" + members(
        out_trade_no=NUMBER, out_request_no=REFUND) + "}")


def alipay_body(node, content, name_signed=None):
    sign = rsa("wallet-private.pem", content if name_signed is None else name_signed)
    return b'{"' + node.encode() + b'":' + content + b',"sign":"' + sign.encode() + b'"}'


def alipay_answer(case, node, content, encoding="utf-8", body=None, head=None):
    raw = content.encode(encoding)
    save(
        f"alipay/{case}.response",
        head or ["HTTP/1.1 200 OK", "Content-Type: text/html;charset=utf-8"], body or alipay_body(node, raw))


PAY, QUERY, CANCEL = "alipay_trade_pay_response", "alipay_trade_query_response", "alipay_trade_cancel_response"
FOUND, REFUNDED = "alipay_trade_fastpay_refund_query_response", "alipay_trade_refund_response"
ZERO = dict(
    buyer_pay_amount="0.00", invoice_amount="0.00", out_trade_no=NUMBER, point_amount="0.00", receipt_amount="0.00")


def ok(**fields):
    return "{" + members(code="10000", msg="Success", **fields) + "}"


def failed(code, sub_msg="", **fields):
    return "{" + members(code="40004", msg="Business Failed", sub_code=code, sub_msg=sub_msg, **fields) + "}"


def paid_fields(amount="12.90", number=NUMBER):
    return dict(
        buyer_logon_id="159****5620", buyer_pay_amount=amount, buyer_user_id="2088000000000001",
        fund_bill_list='[{"amount":"%s","fund_channel":"ALIPAYACCOUNT"}]' % amount,
        gmt_payment="2026-11-22 18:30:02", invoice_amount=amount, out_trade_no=number, point_amount="0.00",
        receipt_amount=amount, total_amount=amount, trade_no=TRADE)


def found_fields(status, nonce=NONCE):
    return dict(
        buyer_logon_id="159****5620", buyer_pay_amount="12.90", buyer_user_id="2088000000000001",
        invoice_amount="12.90", out_trade_no=NUMBER, **({"passback_params": nonce} if nonce else {}),
        point_amount="0.00", receipt_amount="12.90", send_pay_date="2026-11-22 18:30:02", store_id=NUMBER[1:8],
        terminal_id=NUMBER[1:10], total_amount="12.90", trade_no=TRADE, trade_status=status)


def alipay_pay_answers():
    alipay_answer("pay-paid", PAY, ok(**paid_fields()))
    alipay_answer("pay-paid-other-amount", PAY, ok(**paid_fields(amount="12.91")))
    alipay_answer("pay-paid-other-order", PAY, ok(**paid_fields(number=OTHER_NUMBER)))
    alipay_answer("pay-paid-number-amount", PAY, ok(**paid_fields()).replace('"total_amount":"12.90"', '"total_amount":12.9'))
    alipay_answer("pay-paid-old-list", PAY, ok(**{
        **paid_fields(), "fund_bill_list": '{"trade_fund_bill":[{"amount":"12.90","fund_channel":"ALIPAYACCOUNT"}]}'}))
    alipay_answer("pay-waiting", PAY, "{" + members(
        code="10003", msg=" order success pay inprocess", buyer_logon_id="159****5620", buyer_pay_amount="0.00",
        buyer_user_id="2088000000000001", invoice_amount="0.00", open_id="", out_trade_no=NUMBER, point_amount="0.00",
        receipt_amount="0.00", total_amount="12.90", trade_no=TRADE) + "}")
    alipay_answer("pay-balance-too-low", PAY, failed("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足", **ZERO))
    alipay_answer("pay-system-error", PAY, failed("ACQ.SYSTEM_ERROR", "接口返回错误", **ZERO))
    alipay_answer("pay-has-success", PAY, failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付", **ZERO))
    alipay_answer("pay-unlisted", PAY, failed("ACQ.SOMETHING_NEW", "", **ZERO))
    alipay_answer("pay-braces", PAY, failed("ACQ.PAYMENT_AUTH_CODE_INVALID", 'code {"a":"}"} expired \\', **ZERO))
    # 繁 ends in a backslash in GBK, and so do others: a reader that does not know it loses the end of the text.
    alipay_answer("pay-unknown-in-gbk", PAY, "{" + members(
        code="20000", msg="Service Currently Unavailable", sub_code="aop.unknow-error", sub_msg="系统繁忙，誠") + "}",
        encoding="gbk")
    alipay_answer("pay-paid-in-gbk", PAY, ok(**{**paid_fields(), "store_name": "上海誠店"}), encoding="gbk")
    slashed = ok(**{**paid_fields(), "store_name": "A/B"}).replace("A/B", "A\\/B")
    alipay_answer("pay-slashes-escaped", PAY, slashed)
    alipay_answer("pay-slashes-signed-plain", PAY, "", body=alipay_body(
        PAY, slashed.encode(), slashed.replace("\\/", "/").encode()))
    alipay_answer("pay-slashes-signed-escaped", PAY, "", body=alipay_body(
        PAY, slashed.replace("\\/", "/").encode(), slashed.encode()))
    genuine = alipay_body(PAY, ok(**paid_fields()).encode())
    unsigned = '{"%s":%s}' % (PAY, ok(**paid_fields()))
    alipay_answer("pay-paid-unsigned", PAY, "", body=unsigned)
    alipay_answer("pay-paid-bad-signature", PAY, "", body=genuine.replace(b'"12.90"', b'"12.91"'))
    alipay_answer("pay-paid-own-key", PAY, "", body=('{"%s":%s,"sign":"%s"}' % (
        PAY, ok(**paid_fields()), rsa("merchant-pkcs8.pem", ok(**paid_fields()).encode()))))
    alipay_answer("pay-node-twice", PAY, "", body=genuine[:-1] + b',"' + PAY.encode() + b'":{"code":"10000"}}')
    alipay_answer("pay-node-twice-inside", PAY, "", body=genuine[:-1] + b',"x":{"' + PAY.encode() + b'":{}}}')
    alipay_answer("pay-certificate-mode", PAY, "", body=genuine.replace(
        b',"sign"', b',"alipay_cert_sn":"50fa7bc5dc305a4fbdbe166689ddc827","sign"'))
    refused = "{" + members(
        code="40002", msg="Invalid Arguments", sub_code="isv.invalid-app-id", sub_msg="无效的AppID参数") + "}"
    alipay_answer("pay-invalid-app-unsigned", PAY, "", body='{"%s":%s}' % (PAY, refused))
    alipay_answer("pay-invalid-app-error-node", PAY, "", body='{"error_response":%s}' % refused)
    alipay_answer("pay-invalid-app-signed", PAY, refused)
    alipay_answer("pay-error-node-success", "error_response", ok(**paid_fields()))
    page = "<html><head><title>502 Bad Gateway</title></head><body>{}</body></html>\n"
    alipay_answer("html-page", PAY, "", body=page)
    alipay_answer("bad-gateway", PAY, "", body=page, head=["HTTP/1.1 502 Bad Gateway", "Content-Type: text/html"])
    alipay_answer("bad-gateway-signed", PAY, "", body=genuine, head=["HTTP/1.1 502 Bad Gateway", "Content-Type: text/html"])


def alipay_other_answers():
    for case, status in [
        ("waiting", "WAIT_BUYER_PAY"), ("paid", "TRADE_SUCCESS"), ("finished", "TRADE_FINISHED"),
        ("closed", "TRADE_CLOSED"), ("new-status", "TRADE_PAUSED"),
    ]:
        alipay_answer(f"query-{case}", QUERY, ok(**found_fields(status)))
    alipay_answer("query-paid-no-echo", QUERY, ok(**found_fields("TRADE_SUCCESS", nonce=None)))
    alipay_answer("query-paid-stranger", QUERY, ok(**found_fields("TRADE_SUCCESS", nonce="00000000deadbeef")))
    alipay_answer("query-paid-stranger-text", QUERY, ok(**found_fields("TRADE_SUCCESS", nonce="table 12")))
    alipay_answer("query-paid-dollars", QUERY, ok(**found_fields("TRADE_SUCCESS"), trans_currency="USD"))
    alipay_answer("query-not-found", QUERY, failed("ACQ.TRADE_NOT_EXIST", "交易不存在", **ZERO))
    gone = dict(out_trade_no=NUMBER, retry_flag="N")
    alipay_answer("cancel-closed", CANCEL, ok(action="close", **gone, trade_no=TRADE))
    alipay_answer("cancel-refunded", CANCEL, ok(action="refund", **gone, trade_no=TRADE))
    alipay_answer("cancel-nothing-found", CANCEL, ok(**gone))
    alipay_answer("cancel-no-action", CANCEL, ok(**gone, trade_no=TRADE))
    alipay_answer("cancel-misspelled", CANCEL, failed(
        "AQC.SYSTEM_ERROR", "系统错误", out_trade_no=NUMBER, retry_flag="Y"))
    alipay_answer("cancel-retry", CANCEL, ok(out_trade_no=NUMBER, retry_flag="Y"))
    alipay_answer("cancel-too-late", CANCEL, failed("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间", **gone))
    back = dict(
        buyer_logon_id="159****5620", buyer_user_id="2088000000000001", gmt_refund_pay="2026-11-22 18:31:00",
        out_trade_no=NUMBER, refund_fee="12.90", send_back_fee="12.90", trade_no=TRADE)
    alipay_answer("refund-done", REFUNDED, ok(fund_change="Y", **back))
    alipay_answer("refund-not-decided", REFUNDED, ok(fund_change="N", **back))
    alipay_answer("refund-no-flag", REFUNDED, ok(**back))
    alipay_answer("refund-merchant-empty", REFUNDED, failed("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"))
    shown = dict(
        out_request_no=REFUND, out_trade_no=NUMBER, refund_amount="12.90", refund_status="REFUND_SUCCESS",
        total_amount="12.90", trade_no=TRADE)
    alipay_answer("refund-query-done", FOUND, ok(**shown))
    alipay_answer("refund-query-other-amount", FOUND, ok(**{**shown, "refund_amount": "1.00"}))
    alipay_answer("refund-query-other-refund", FOUND, ok(**{**shown, "out_request_no": NUMBER + "R01"}))
    alipay_answer("refund-query-nothing", FOUND, ok())
    alipay_answer("refund-query-no-trade", FOUND, failed("TRADE_NOT_EXIST", "交易不存在"))


# WeChat Pay V2

KEY = "Sandbox0Key0For0Unit0Tests000001"
BASE = dict(appid="wx0000000000000001", mch_id="1900000001")
WX_TRADE = "4200002026112200000000000001"


def wx_sign(fields, kind="HMAC-SHA256", key=KEY):
    joined = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if fields[k] != "" and k != "sign") + "&key=" + key
    if kind == "MD5":
        return hashlib.md5(joined.encode()).hexdigest().upper()
    return hmac.new(key.encode(), joined.encode(), hashlib.sha256).hexdigest().upper()


def wx_xml(fields):
    return "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items()) + "</xml>"


def wx_request(case, path, fields):
    fields = {**BASE, "nonce_str": "7QK2M4T9XW3P8DHC5NRA6V0BEF", "sign_type": "HMAC-SHA256", **fields}
    fields["sign"] = wx_sign(fields)
    save(f"wechatpay/{case}.request", [f"POST {path} HTTP/1.1", "Content-Type: text/xml; charset=utf-8"], wx_xml(fields))


def wx_requests():
    goods = ",".join(
        "{" + f'"goods_id":{text(sku)},"goods_name":{text(name)},"quantity":{count},"price":{price}' + "}"
        for sku, name, count, price in GOODS)
    wx_request("pay", "/pay/micropay", dict(
        device_info=NUMBER[1:10], body=SUBJECT, detail='{"goods_detail":[' + goods + "]}", attach=NONCE,
        out_trade_no=NUMBER, total_fee="1290", fee_type="CNY", spbill_create_ip="127.0.0.1",
        time_start="20261122183000", time_expire="20261122183200", auth_code="134567890123456789"))
    wx_request("query", "/pay/orderquery", dict(out_trade_no=NUMBER))
    wx_request("cancel", "/secapi/pay/reverse", dict(out_trade_no=NUMBER))
    wx_request("refund", "/secapi/pay/refund", dict(
        out_trade_no=NUMBER, out_refund_no=REFUND, total_fee="1290", refund_fee="1290", refund_desc="payment revoked"))
    wx_request("refund-query", "/pay/refundquery", dict(out_refund_no=REFUND))


def wx_answer(case, body, status="200 OK"):
    save(f"wechatpay/{case}.response", [f"HTTP/1.1 {status}", "Content-Type: text/plain"], body)


def wx_fields(**fields):
    fields = {"return_code": "SUCCESS", "return_msg": "OK", **BASE, "nonce_str": "a1b2c3d4e5f60718", **fields}
    return {**fields, "sign": wx_sign(fields)}


def wx_signed(case, **fields):
    wx_answer(case, wx_xml(wx_fields(**fields)))


def wx_fail(case, code, text="", **fields):
    wx_signed(case, result_code="FAIL", err_code=code, err_code_des=text, **fields)


WX_PAID = dict(
    result_code="SUCCESS", openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", is_subscribe="N", trade_type="MICROPAY",
    bank_type="OTHERS", fee_type="CNY", total_fee="1290", cash_fee_type="CNY", cash_fee="1290",
    transaction_id=WX_TRADE, out_trade_no=NUMBER, attach=NONCE, time_end="20261122183002")


def wx_answers():
    wx_signed("pay-paid", **WX_PAID)
    wx_signed("pay-paid-new-field", **WX_PAID, a_new_field="一个 新字段 ")
    wx_signed("pay-paid-other-amount", **{**WX_PAID, "total_fee": "129"})
    wx_signed("pay-paid-decimal-amount", **{**WX_PAID, "total_fee": "12.90"})
    wx_signed("pay-paid-dollars", **{**WX_PAID, "fee_type": "USD"})
    wx_signed("pay-paid-stranger", **{**WX_PAID, "attach": "table 12"})
    wx_signed("pay-paid-other-merchant", **{**WX_PAID, "mch_id": "1900000002"})
    wx_signed("pay-paid-other-order", **{**WX_PAID, "out_trade_no": OTHER_NUMBER})
    good = wx_fields(**WX_PAID)
    wx_answer("pay-paid-unsigned", wx_xml({k: v for k, v in good.items() if k != "sign"}))
    wx_answer("pay-paid-bad-signature", wx_xml({**good, "total_fee": "1291"}))
    wx_answer("pay-paid-md5", wx_xml({**good, "sign": wx_sign(good, "MD5")}))
    wx_answer("pay-paid-bom", "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n" + wx_xml(good) + "\r\n")
    split = wx_fields(**WX_PAID, memo=" spaces and ]]> kept ")
    wx_answer("pay-paid-split-cdata", wx_xml(split).replace("and ]]> kept", "and ]]]]><![CDATA[> kept"))
    wx_answer("pay-paid-plain-text", "<xml>" + "".join(
        f"<{k}>{v.replace('&', '&amp;').replace('<', '&lt;')}</{k}>" for k, v in wx_fields(
            **WX_PAID, memo="a<b&c").items()) + "</xml>")
    wx_answer("pay-paid-empty-fields", wx_xml(good).replace("</xml>", "<sub_mch_id/><device_info></device_info></xml>"))
    wx_fail("pay-typing", "USERPAYING", "需要用户输入支付密码")
    wx_fail("pay-system-error", "SYSTEMERROR", "系统超时")
    wx_fail("pay-balance-too-low", "NOTENOUGH", "用户账号余额不足")
    wx_fail("pay-code-expired", "AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试")
    wx_fail("pay-order-paid", "ORDERPAID", "订单已支付")
    wx_fail("pay-unlisted", "SOMETHING_NEW", "")
    wx_answer("pay-refused-unsigned", wx_xml(dict(return_code="FAIL", return_msg="签名错误")))
    wx_answer("pay-system-error-outside", wx_xml(dict(return_code="SYSTEMERROR", return_msg="系统错误")))
    wx_answer("html-page", "<html><head><title>502 Bad Gateway</title></head><body></body></html>\n")
    wx_answer("bad-gateway-signed", wx_xml(good), status="502 Bad Gateway")
    wx_answer("pay-external-entity", '<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>' +
              wx_xml(good).replace("</xml>", "<memo>&x;</memo></xml>"))
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(10))
    wx_answer("pay-billion-laughs", f"<!DOCTYPE xml [{laughs}]>" + wx_xml(good).replace("</xml>", "<memo>&l9;</memo></xml>"))
    wx_answer("pay-nested", wx_xml(good).replace("</xml>", "<memo><xml><total_fee>1</total_fee></xml></memo></xml>"))
    wx_answer("pay-field-twice", wx_xml(good).replace("</xml>", "<total_fee>1</total_fee></xml>"))

    found = {k: v for k, v in WX_PAID.items() if k != "result_code"}
    little = dict(result_code="SUCCESS", out_trade_no=NUMBER, attach=NONCE, trade_state_desc="")
    wx_signed("query-paid", result_code="SUCCESS", trade_state="SUCCESS", trade_state_desc="支付成功", **found)
    wx_signed("query-paid-no-echo", result_code="SUCCESS", trade_state="SUCCESS", **{**found, "attach": ""})
    wx_signed("query-paid-no-amount", **little, trade_state="SUCCESS")
    for case, state in [
        ("refund-exists", "REFUND"), ("typing", "USERPAYING"), ("not-paid", "NOTPAY"), ("accepted", "ACCEPT"),
        ("closed", "CLOSED"), ("revoked", "REVOKED"), ("pay-error", "PAYERROR"), ("new-state", "PAUSED"),
    ]:
        wx_signed(f"query-{case}", **little, trade_state=state)
    wx_fail("query-not-found", "ORDERNOTEXIST", "此交易订单号不存在")

    wx_signed("cancel-done", result_code="SUCCESS", recall="N")
    wx_signed("cancel-again", result_code="SUCCESS", recall="Y")
    wx_signed("cancel-no-recall", result_code="SUCCESS")
    wx_fail("cancel-typing", "USERPAYING", "用户支付中", recall="Y")
    wx_fail("cancel-system-error", "SYSTEMERROR", "", recall="Y")
    wx_fail("cancel-nothing-found", "ORDERNOTEXIST", "", recall="N")
    wx_fail("cancel-too-late", "REVERSE_EXPIRE", "", recall="N")

    back = dict(
        result_code="SUCCESS", transaction_id=WX_TRADE, out_trade_no=NUMBER, out_refund_no=REFUND,
        refund_id="50000002026112200000000000001", refund_fee="1290", total_fee="1290", fee_type="CNY", cash_fee="1290",
        cash_refund_fee="1290", trade_type="MICROPAY")
    wx_signed("refund-accepted", **back)
    wx_signed("refund-other-amount", **{**back, "refund_fee": "100"})
    wx_fail("refund-merchant-empty", "NOTENOUGH", "")
    wx_fail("refund-again", "BIZERR_NEED_RETRY", "")

    def shown(case, state, place=0, number=REFUND, amount="1290"):
        wx_signed(case, **{
            "result_code": "SUCCESS", "transaction_id": WX_TRADE, "out_trade_no": NUMBER, "total_fee": "1290",
            "cash_fee": "1290", "refund_count": "1", f"out_refund_no_{place}": number,
            f"refund_id_{place}": "50000002026112200000000000001", f"refund_channel_{place}": "ORIGINAL",
            f"refund_fee_{place}": amount, f"refund_status_{place}": state,
            f"refund_recv_accout_{place}": "支付用户零钱", f"refund_success_time_{place}": "2026-11-22 18:31:00"})

    shown("refund-query-done", "SUCCESS")
    shown("refund-query-done-second", "SUCCESS", place=1)
    shown("refund-query-processing", "PROCESSING")
    shown("refund-query-closed", "REFUNDCLOSE")
    shown("refund-query-change", "CHANGE")
    shown("refund-query-new-state", "PAUSED")
    shown("refund-query-other-refund", "SUCCESS", number=NUMBER + "R01")
    shown("refund-query-other-amount", "SUCCESS", amount="1")
    wx_fail("refund-query-nothing", "REFUNDNOTEXIST", "not exist")


# QQ Wallet

QQ_BASE = dict(mch_id="1900000109")
QQ_TRADE = "1900000109471612220000000001"


def qq_request(case, path, fields):
    fields = {**QQ_BASE, "nonce_str": "7QK2M4T9XW3P8DHC5NRA6V0BEF", **fields}
    fields["sign"] = wx_sign(fields, "MD5")
    save(
        f"qqwallet/{case}.request",
        [f"POST /cgi-bin/pay/{path}.cgi HTTP/1.1", "Content-Type: text/xml; charset=utf-8"], wx_xml(fields))


def qq_requests():
    login = dict(op_user_id="1900000109", op_user_passwd="96e79218965eb72c92a549dd5a330112")
    qq_request("pay", "qpay_micro_pay", dict(
        body=SUBJECT, attach=NONCE, out_trade_no=NUMBER, fee_type="CNY", total_fee="1290",
        spbill_create_ip="127.0.0.1", notify_url="https://notices.invalid/qqwallet", device_info=NUMBER[1:10],
        auth_code="910728310408849937", trade_type="MICROPAY"))
    qq_request("query", "qpay_order_query", dict(out_trade_no=NUMBER))
    qq_request("cancel", "qpay_reverse", dict(out_trade_no=NUMBER, **login))
    qq_request("refund", "qpay_refund", dict(
        out_trade_no=NUMBER, out_refund_no=REFUND, refund_fee="1290", **login))
    qq_request("refund-query", "qpay_refund_query", dict(out_refund_no=REFUND))


def qq_answer(case, body, status="200 OK"):
    save(f"qqwallet/{case}.response", [f"HTTP/1.1 {status}", "Content-Type: text/xml; charset=utf-8"], body)


def qq_fields(**fields):
    fields = {
        "return_code": "SUCCESS", "return_msg": "SUCCESS", "retcode": "0", "retmsg": "ok", **QQ_BASE,
        "nonce_str": "a1b2c3d4e5f60718", **fields}
    return {**fields, "sign": wx_sign(fields, "MD5")}


def qq_signed(case, **fields):
    qq_answer(case, wx_xml(qq_fields(**fields)))


def qq_fail(case, code, **fields):
    qq_signed(case, retcode="66228701", retmsg="fail", result_code="FAIL", err_code=code, err_code_des="", **fields)


QQ_PAID = dict(
    result_code="SUCCESS", trade_type="MICROPAY", trade_state="SUCCESS", bank_type="BALANCE", fee_type="CNY",
    total_fee="1290", cash_fee="1290", coupon_fee="0", transaction_id=QQ_TRADE, out_trade_no=NUMBER,
    device_info=NUMBER[1:10], attach=NONCE, time_end="20261122183002", openid="8A2B7A2D9E0F4D0B")


def qq_answers():
    qq_signed("pay-paid", **QQ_PAID)
    qq_signed("pay-paid-no-state", **{**QQ_PAID, "trade_state": ""})
    qq_signed("pay-paid-new-field", **QQ_PAID, coupon_fee_0="0", a_new_field="一个 新字段 ")
    qq_signed("pay-paid-other-amount", **{**QQ_PAID, "total_fee": "129"})
    qq_signed("pay-paid-decimal-amount", **{**QQ_PAID, "total_fee": "12.90"})
    qq_signed("pay-paid-dollars", **{**QQ_PAID, "fee_type": "USD"})
    qq_signed("pay-paid-stranger", **{**QQ_PAID, "attach": "table 12"})
    qq_signed("pay-paid-other-merchant", **{**QQ_PAID, "mch_id": "1900000110"})
    qq_signed("pay-paid-other-order", **{**QQ_PAID, "out_trade_no": OTHER_NUMBER})
    qq_signed("pay-paid-other-state", **{**QQ_PAID, "trade_state": "REVOKED"})
    good = qq_fields(**QQ_PAID)
    qq_answer("pay-paid-unsigned", wx_xml({k: v for k, v in good.items() if k != "sign"}))
    qq_answer("pay-paid-bad-signature", wx_xml({**good, "total_fee": "1291"}))
    qq_answer("pay-paid-hmac", wx_xml({**good, "sign": wx_sign(good)}))
    qq_answer("pay-paid-plain-text", "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<xml>\n" + "\n".join(
        f"<{k}>{v}</{k}>" for k, v in good.items()) + "\n</xml>\n")
    qq_fail("pay-typing", "USERPAYING")
    qq_fail("pay-typing-state", "", trade_state="USERPAYING")
    qq_signed("pay-typing-success", **{**QQ_PAID, "trade_state": "USERPAYING"})
    qq_fail("pay-system-error", "SYSTEMERROR")
    qq_fail("pay-balance-too-low", "NOTENOUGH")
    qq_fail("pay-code-expired", "AUTHCODEEXPIRE")
    qq_fail("pay-order-paid", "ORDERPAID")
    qq_fail("pay-unlisted", "SOMETHING_NEW")
    qq_answer("pay-refused-unsigned", wx_xml(dict(return_code="FAIL", return_msg="签名错误")))
    qq_answer("html-page", "<html><head><title>502 Bad Gateway</title></head><body></body></html>\n")
    qq_answer("bad-gateway-signed", wx_xml(good), status="502 Bad Gateway")
    qq_answer("pay-field-twice", wx_xml(good).replace("</xml>", "<total_fee>1</total_fee></xml>"))

    qq_signed("query-paid", **QQ_PAID)
    qq_signed("query-paid-no-echo", **{**QQ_PAID, "attach": ""})
    qq_signed("query-paid-no-state", **{**QQ_PAID, "trade_state": ""})
    little = dict(result_code="SUCCESS", out_trade_no=NUMBER, attach=NONCE)
    qq_signed("query-paid-no-amount", **little, trade_state="SUCCESS")
    for case, state in [
        ("refund-exists", "REFUND"), ("typing", "USERPAYING"), ("not-paid", "NOTPAY"), ("closed", "CLOSED"),
        ("revoked", "REVOKED"), ("pay-error", "PAYERROR"), ("new-state", "PAUSED"),
    ]:
        qq_signed(f"query-{case}", **little, trade_state=state)
    qq_fail("query-not-found", "ORDERNOTEXIST")

    qq_signed("cancel-done", result_code="SUCCESS", recall="N")
    qq_signed("cancel-again", result_code="SUCCESS", recall="Y")
    qq_signed("cancel-no-recall", result_code="SUCCESS")
    qq_fail("cancel-typing", "USERPAYING", recall="Y")
    qq_fail("cancel-unlisted-again", "SOMETHING_NEW", recall="Y")
    qq_fail("cancel-nothing-found", "ORDERNOTEXIST", recall="N")
    qq_fail("cancel-done-before", "ORDERREVERSED", recall="N")

    back = dict(
        result_code="SUCCESS", transaction_id=QQ_TRADE, out_trade_no=NUMBER, total_fee="1290", out_refund_no=REFUND,
        refund_id="1100000109201611220000000001", refund_channel="ORIGINAL", refund_fee="1290")
    qq_signed("refund-accepted", **back)
    qq_signed("refund-other-amount", **{**back, "refund_fee": "100"})
    qq_fail("refund-merchant-empty", "NOTENOUGH")
    qq_fail("refund-system-error", "SYSTEMERROR")

    def shown(case, state, place=0, number=REFUND, amount="1290"):
        qq_signed(case, **{
            "result_code": "SUCCESS", "transaction_id": QQ_TRADE, "out_trade_no": NUMBER, "total_fee": "1290",
            "cash_fee": "1290", "fee_type": "CNY", "refund_count": "1", f"out_refund_no_{place}": number,
            f"refund_id_{place}": "1100000109201611220000000001", f"refund_channel_{place}": "ORIGINAL",
            f"refund_fee_{place}": amount, f"coupon_refund_fee_{place}": "0", f"cash_refund_fee_{place}": amount,
            f"refund_status_{place}": state, f"refund_recv_accout_{place}": "用户零钱"})

    shown("refund-query-done", "SUCCESS")
    shown("refund-query-done-second", "SUCCESS", place=1)
    shown("refund-query-processing", "PROCESSING")
    shown("refund-query-failed", "FAIL")
    shown("refund-query-change", "CHANGE")
    shown("refund-query-new-state", "PAUSED")
    shown("refund-query-other-refund", "SUCCESS", number=NUMBER + "R01")
    shown("refund-query-other-amount", "SUCCESS", amount="1")
    qq_fail("refund-query-nothing", "REFUNDNOTEXIST")


# UnionPay

UP_TEST, UP_PRODUCTION = "00040000:SIGN", "中国银联股份有限公司"
UP_CERTIFICATES = [  # name, signed by, key, third part of the common name, serial, from, to
    ("merchant", "middle", "merchant-pkcs8", "777290058135880", 68759663125, "20200101", "20450101"),
    ("sign", "middle", "wallet-private", UP_TEST, 1101, "20250101", "20270101"),
    ("production", "middle", "wallet-private", UP_PRODUCTION, 1102, "20250101", "20270101"),
    ("expired", "middle", "wallet-private", UP_TEST, 1103, "20240101", "20261122"),
    ("renewed", "middle", "wallet-private", UP_TEST, 1104, "20261201", "20281201"),
    ("customer", "middle", "wallet-private", "777290058135881", 1105, "20250101", "20270101"),
    ("stranger", "stranger-middle", "wallet-private", UP_TEST, 1101, "20250101", "20270101"),
    ("by-customer", "customer", "wallet-private", UP_TEST, 1106, "20250101", "20270101"),
]


def up_certificates():
    """Root, middle and signing certificates, and some that must not be believed. Made once; they are not the same twice."""
    keys = HERE / "keys"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)

        def issue(name, issuer, key, subject, serial, begin, end, authority):
            (folder / "index").write_text("")
            (folder / "serial").write_text(f"{serial:010x}\n")
            (folder / "ca.cnf").write_text(
                "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                "policy=p\nx509_extensions=e\nunique_subject=no\n[p]\ncountryName=optional\ncommonName=supplied\n"
                + "[e]\nbasicConstraints=critical,CA:" + ("TRUE" if authority else "FALSE") + "\nkeyUsage=critical,"
                + ("keyCertSign,cRLSign" if authority else "digitalSignature,nonRepudiation") + "\n")
            openssl("req", "-new", "-utf8", "-key", key, "-subj", f"/C=CN/CN={subject}", "-out", "request")
            signer = ["-selfsign", "-keyfile", key] if issuer is None else [
                "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"]
            openssl(
                "ca", "-batch", "-notext", "-utf8", "-config", "ca.cnf", "-preserveDN", "-startdate",
                begin + "000000Z", "-enddate", end + "000000Z", "-in", "request", "-out", f"{name}.pem", *signer)
            (folder / f"{name}.key").write_bytes(pathlib.Path(folder / key).read_bytes())

        for prefix in ["", "stranger-"]:
            for name, issuer in [("root", None), ("middle", f"{prefix}root")]:
                openssl("genrsa", "-out", f"{prefix}{name}.new", "2048")
                issue(
                    prefix + name, issuer, f"{prefix}{name}.new", f"Fixture {name}", 1, "20200101", "20500101", True)
        for name, issuer, key, third, serial, begin, end in UP_CERTIFICATES:
            issue(name, issuer, keys / f"{key}.pem", f"041@Z12@{third}@00000062", serial, begin, end, False)
        for name in ["root", "middle", *(row[0] for row in UP_CERTIFICATES)]:
            (keys / f"unionpay-{name}.pem").write_bytes((folder / f"{name}.pem").read_bytes())


UP_TIME, UP_MERCHANT = "20261122183000", "777290058135880"


def up_digest(fields):
    joined = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if fields[k] != "" and k != "signature")
    return hashlib.sha256(joined.encode()).hexdigest().encode()


def up_request(case, path, kind, subtype, order=NUMBER, time=UP_TIME, **fields):
    fields = {
        "version": "5.1.0", "encoding": "UTF-8", "certId": "68759663125", "signMethod": "01", "txnType": kind,
        "txnSubType": subtype, "bizType": "000000", "accessType": "0", "merId": UP_MERCHANT, "orderId": order,
        "txnTime": time, **fields}
    fields["signature"] = rsa("merchant-pkcs8.pem", up_digest(fields))
    save(
        f"unionpay/{case}.request",
        [f"POST /gateway/api/{path}.do HTTP/1.1", "Content-Type: application/x-www-form-urlencoded;charset=UTF-8"],
        "&".join(f"{k}={quote(v, safe='')}" for k, v in fields.items()))


def up_requests():
    money = dict(channelType="08", txnAmt="1290", currencyCode="156", backUrl="http://www.specialUrl.com")
    up_request("pay", "backTransReq", "01", "06", **money, qrNo="6220835931895481436", reqReserved=NONCE)
    up_request("query", "queryTrans", "00", "00")
    up_request("cancel", "backTransReq", "99", "01", channelType="08")
    up_request("refund", "backTransReq", "04", "00", REFUND, **money, origOrderId=NUMBER, origTxnTime=UP_TIME)
    up_request("refund-query", "queryTrans", "00", "00", REFUND)


UP_TYPES = {"pay": ("01", "06"), "query": ("00", "00"), "cancel": ("99", "01"), "refund": ("04", "00")}


def up_fields(case, code, certificate="sign", **fields):
    kind, subtype = UP_TYPES["query" if "query" in case else case.split("-")[0]]
    order = REFUND if case.startswith("refund") else NUMBER
    return {
        "accessType": "0", "bizType": "000000", "encoding": "UTF-8", "merId": UP_MERCHANT, "orderId": order,
        "respCode": code, "respMsg": "成功[0000000]" if code == "00" else "失败[1234567]", "signMethod": "01",
        "txnSubType": subtype, "txnTime": UP_TIME, "txnType": kind, "version": "5.1.0",
        "signPubKeyCert": (HERE / "keys" / f"unionpay-{certificate}.pem").read_text().replace("\n", "\r\n"), **fields}


def up_signed(fields):
    return {**fields, "signature": rsa("wallet-private.pem", up_digest(fields))}


def up_text(fields):
    return "&".join(f"{k}={v}" for k, v in fields.items())


def up_write(case, body, status="200 OK"):
    save(f"unionpay/{case}.response", [f"HTTP/1.1 {status}", "Content-Type: text/html;charset=UTF-8"], body)


def up_answer(case, code="00", certificate="sign", **fields):
    up_write(case, up_text(up_signed(up_fields(case, code, certificate, **fields))))


UP_MONEY = dict(currencyCode="156", txnAmt="1290", reqReserved=NONCE)
UP_FOUND = dict(
    **UP_MONEY, queryId="702611221830001234567", traceNo="123456", traceTime="1122183000", settleDate="1122",
    settleAmt="1290", settleCurrencyCode="156", accNo="6216***********0018", payCardType="01", issInsNo="01020000",
    origRespMsg="成功[0000000]")


def up_answers():
    accepted = dict(**UP_MONEY, queryId="702611221830001234567")
    up_answer("pay-accepted", **accepted)
    up_answer("pay-accepted-nested", **accepted, cardTransData="{a=1&b={c=2&d=3}&e=4}", discountInfo="[{x=1&y=2}]")
    up_answer("pay-accepted-claims-paid", **accepted, origRespCode="00")
    up_answer("pay-accepted-other-merchant", **{**accepted, "merId": "777290058135881"})
    up_answer("pay-accepted-other-order", **{**accepted, "orderId": OTHER_NUMBER})
    up_answer("pay-accepted-other-time", **{**accepted, "txnTime": "20261122183001"})
    for certificate in ["production", "expired", "renewed", "customer", "stranger", "by-customer"]:
        up_answer(f"pay-accepted-{certificate}", certificate=certificate, **accepted)
    good = up_signed(up_fields("pay", "00", **accepted))
    up_write("pay-accepted-empty-fields", up_text({**good, "issInsCode": ""}))
    up_write("pay-accepted-unsigned", up_text({k: v for k, v in good.items() if k != "signature"}))
    up_write("pay-accepted-no-certificate", up_text(up_signed({
        k: v for k, v in good.items() if k not in ("signature", "signPubKeyCert")})))
    up_write("pay-accepted-bad-signature", up_text({**good, "txnAmt": "1291"}))
    up_write("pay-accepted-hashed-once", up_text({**good, "signature": rsa("wallet-private.pem", "&".join(
        f"{k}={good[k]}" for k in sorted(good) if k != "signature").encode())}))
    up_write("pay-accepted-own-key", up_text({**good, "signature": rsa("merchant-pkcs8.pem", up_digest(good))}))
    up_write("pay-accepted-encoded", "&".join(f"{k}={quote(v, safe='')}" for k, v in good.items()))
    up_write("pay-field-twice", up_text(good) + "&txnAmt=1")
    up_write("pay-no-equals", up_text(good) + "&nothing")
    up_write("pay-empty", "")
    up_write("html-page", "<html><head><title>502 Bad Gateway</title></head><body></body></html>\n")
    up_write("bad-gateway-signed", up_text(good), status="502 Bad Gateway")
    for case, code in [
        ("balance-too-low", "64"), ("code-used", "86"), ("no-such-code", "88"), ("duplicate", "12"), ("unclear", "03"),
        ("later", "05"), ("busy", "06"), ("unlisted", "ZZ"),
    ]:
        up_answer(f"pay-{case}", code, **UP_MONEY)
    up_answer("pay-format-no-echo", "10", orderId="", txnTime="")
    up_answer("pay-accepted-no-echo", "00", orderId="")

    up_answer("query-paid", **UP_FOUND, origRespCode="00")
    up_answer("query-paid-flawed", **UP_FOUND, origRespCode="A6")
    up_answer("query-paid-no-echo", **{**UP_FOUND, "reqReserved": ""}, origRespCode="00")
    up_answer("query-paid-stranger", **{**UP_FOUND, "reqReserved": "table 12"}, origRespCode="00")
    up_answer("query-paid-other-amount", **{**UP_FOUND, "txnAmt": "129"}, origRespCode="00")
    up_answer("query-paid-decimal-amount", **{**UP_FOUND, "txnAmt": "12.90"}, origRespCode="00")
    up_answer("query-paid-dollars", **{**UP_FOUND, "currencyCode": "840"}, origRespCode="00")
    up_answer("query-paid-no-currency", **{**UP_FOUND, "currencyCode": ""}, origRespCode="00")
    up_answer("query-paid-no-number", **{**UP_FOUND, "queryId": ""}, origRespCode="00")
    up_answer("query-no-state", **UP_FOUND)
    for case, code in [
        ("later", "05"), ("unclear", "04"), ("reversed", "46"), ("balance-too-low", "64"), ("refunded", "45"),
        ("flawed", "75"), ("new-state", "ZZ"),
    ]:
        up_answer(f"query-{case}", **{**UP_FOUND, "origRespMsg": ""}, origRespCode=code)
    up_answer("query-not-found", "34")
    up_answer("query-too-often", "37")

    up_answer("cancel-done")
    for case, code in [("done-before", "46"), ("nothing-found", "34"), ("wrong-state", "35"), ("unclear", "03")]:
        up_answer(f"cancel-{case}", code)

    back = dict(
        currencyCode="156", txnAmt="1290", queryId="702611221831001234568", origOrderId=NUMBER, origTxnTime=UP_TIME)
    up_answer("refund-accepted", **back)
    up_answer("refund-other-amount", **{**back, "txnAmt": "100"})
    up_answer("refund-again", "12", **back)
    up_answer("refund-unclear", "03", **back)
    up_answer("refund-merchant-empty", "64", **back)
    for case, code, changes in [
        ("done", "00", {}), ("later", "05", {}), ("failed", "61", {}), ("new-state", "ZZ", {}),
        ("other-amount", "00", {"txnAmt": "1"}), ("other-refund", "00", {"orderId": NUMBER + "R01"}),
        ("other-time", "00", {"txnTime": "20261122183001"}),
    ]:
        up_answer(f"refund-query-{case}", **{**back, **changes}, origRespCode=code)
    up_answer("refund-query-nothing", "34")


if __name__ == "__main__":
    for name in ["alipay", "wechatpay", "qqwallet", "unionpay"]:
        (HERE / name).mkdir(exist_ok=True)
    if not (HERE / "keys" / "unionpay-root.pem").exists():
        up_certificates()
    alipay_requests()
    alipay_pay_answers()
    alipay_other_answers()
    wx_requests()
    wx_answers()
    qq_requests()
    qq_answers()
    up_requests()
    up_answers()
