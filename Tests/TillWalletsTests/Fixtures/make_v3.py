#!/usr/bin/env python3
# Part of Tillbridge. See LICENSE.
"""Writes the requests of WeChat Pay V3, as its documents describe them, with real signatures."""
from make import GOODS, HERE, NONCE, NUMBER, REFUND, SUBJECT, rsa, save, text

TIME = "1795343401"
RANDOM = "7QK2M4T9XW3P8DHC5NRA6V0BEF"
SERIAL = "5DFB34A1C0FFEE5DFB34A1C0FFEE5DFB34A1C0FF"
KEY_ID = "PUB_KEY_ID_0119000000012026112200000000000001"


def request(case, method, path, body=""):
    signed = f"{method}\n{path}\n{TIME}\n{RANDOM}\n{body}\n"
    head = [
        f"{method} {path} HTTP/1.1",
        f'Authorization: WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="{RANDOM}",timestamp="{TIME}",'
        f'serial_no="{SERIAL}",signature="{rsa("merchant-pkcs8.pem", signed.encode())}"',
        "Accept: application/json", "User-Agent: Tillbridge"]
    if body:
        head.append("Content-Type: application/json")
    save(f"wechatpay-v3/{case}.request", head + [f"Wechatpay-Serial: {KEY_ID}"], body)


if __name__ == "__main__":
    (HERE / "wechatpay-v3").mkdir(exist_ok=True)
    order = f"/v3/pay/transactions/out-trade-no/{NUMBER}"
    goods = ",".join(
        "{" + f'"merchant_goods_id":{text(sku)},"goods_name":{text(name)},"quantity":{count},"unit_price":{price}' + "}"
        for sku, name, count, price in GOODS)
    request("pay", "POST", "/v3/pay/transactions/codepay", (
        f'{{"appid":"wx0000000000000001","mchid":"1900000001","description":{text(SUBJECT)},"out_trade_no":"{NUMBER}",'
        f'"attach":"{NONCE}","payer":{{"auth_code":"134567890123456789"}},"amount":{{"total":1290,"currency":"CNY"}},'
        f'"scene_info":{{"device_id":"{NUMBER[1:10]}","device_ip":"127.0.0.1","store_info":{{"out_id":"{NUMBER[1:8]}"}}}},'
        f'"detail":{{"goods_detail":[{goods}]}}}}'))
    request("query", "GET", order + "?mchid=1900000001")
    request("cancel", "POST", order + "/reverse", '{"appid":"wx0000000000000001","mchid":"1900000001"}')
    request("refund", "POST", "/v3/refund/domestic/refunds", (
        f'{{"out_trade_no":"{NUMBER}","out_refund_no":"{REFUND}","reason":"payment revoked",'
        '"amount":{"refund":1290,"total":1290,"currency":"CNY"}}'))
    request("refund-query", "GET", f"/v3/refund/domestic/refunds/{REFUND}")
    request("statement", "GET", "/v3/bill/tradebill?bill_date=2026-11-22&bill_type=ALL&tar_type=GZIP")
