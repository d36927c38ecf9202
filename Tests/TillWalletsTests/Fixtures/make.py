#!/usr/bin/env python3
# Part of Tillbridge. See LICENSE.
"""Writes the fixtures: what the wallets' documents say a request and an answer look like, with real signatures."""
import base64, hashlib, hmac, pathlib, subprocess
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


if __name__ == "__main__":
    for name in ["alipay", "wechatpay"]:
        (HERE / name).mkdir(exist_ok=True)
    alipay_requests()
    alipay_pay_answers()
    alipay_other_answers()
    wx_requests()
    wx_answers()
