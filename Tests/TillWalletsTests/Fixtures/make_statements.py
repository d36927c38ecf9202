#!/usr/bin/env python3
# Part of Tillbridge. See LICENSE.
"""Writes the statements: small files as the wallets' documents describe them, and files that were made to hurt."""
import base64, gzip, io, pathlib, struct, zipfile, zlib

from make import HERE, NUMBER, OTHER_NUMBER, REFUND, TRADE, WX_TRADE

FOLDER = HERE / "statements"
DAY = "2026-11-22"
PART = NUMBER + "R01"


def save(name, content):
    (FOLDER / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# Alipay

COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注")


def alipay_row(number, kind="交易", amount="12.90", fee="-0.08", goods="示例门店购物", refund="", note="", done="18:30:02",
               trade=TRADE):
    return [
        trade + "\t", number + "\t", kind, goods, f"{DAY} 18:30:00", f"{DAY} {done}" if done else "", "QF000K7", "示例门店",
        "c07", "QF000K703", "159****5620", amount, amount, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00",
        refund + "\t", fee, "0.00", note]


ROWS = [
    alipay_row(NUMBER, goods="牛奶, 1L, 袋装"),
    alipay_row(OTHER_NUMBER, amount="100000.01", fee="-600.00", done="", note="自提, 已付", trade=TRADE[:-1] + "2"),
    alipay_row(NUMBER, kind="退款", amount="-2.90", fee="0.02", refund=PART, done="19:00:00"),
]
TOTALS = ("2笔，商家实收共100012.91元，商家优惠共0.00元", "1笔，商家实收退款共-2.90元，商家优惠退款共0.00元")


def alipay_details(rows=ROWS, columns=COLUMNS, totals=TOTALS, end=True, line="\r\n"):
    lines = [
        "#支付宝业务明细查询", "#账号：[20881234567890120156]",
        "#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------", columns]
    lines += [",".join(row) for row in rows]
    if end:
        lines += [
            "#-----------------------------------------业务明细列表结束------------------------------------",
            f"#交易合计：{totals[0]}", f"#退款合计：{totals[1]}", "#导出时间：[2026年11月23日 09:10:11]"]
    return line.join(lines) + line


SUMMARY = (
    "#支付宝业务汇总查询\r\n#-----------------------------------------业务汇总列表----------------------------------------\r\n"
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,"
    "分润（元）,实收净额（元）\r\nQF000K7,示例门店,2,1,100010.01,100010.01,0.00,0.00,0.00,-600.06,0.00,99409.95\r\n"
    "合计,,2,1,100010.01,100010.01,0.00,0.00,0.00,-600.06,0.00,99409.95\r\n"
    "#----------------------------------------业务汇总列表结束-------------------------------------\r\n")


class GBKName(zipfile.ZipInfo):
    """Alipay's names are GBK, and no flag says so."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits


def pack(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            info = GBKName(name, (2026, 11, 23, 9, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
    return buffer.getvalue()


def alipay_zip(details, method=zipfile.ZIP_DEFLATED):
    return pack([
        ("20881234567890120156_20261122_业务明细(汇总).csv", SUMMARY.encode("gbk")),
        ("20881234567890120156_20261122_业务明细.csv", details.encode("gbk"))], method)


def alipay():
    good = alipay_zip(alipay_details())
    save("alipay.zip", good)
    save("alipay-stored.zip", alipay_zip(alipay_details(line="\n"), zipfile.ZIP_STORED))
    save("alipay-empty.zip", alipay_zip(alipay_details([], totals=("0笔，商家实收共0.00元", "0笔，商家实收退款共0.00元"))))
    save("alipay-positive-refund.zip", alipay_zip(alipay_details(ROWS[:2] + [
        alipay_row(NUMBER, kind="退款", amount="2.90", fee="0.00", refund=PART, done="19:00:00")])))
    save("alipay-other-kind.zip", alipay_zip(alipay_details(ROWS + [alipay_row("X1", kind="分账", amount="1.00")])))
    save("alipay-totals-differ.zip", alipay_zip(alipay_details(totals=("3笔，商家实收共100012.91元", TOTALS[1]))))
    save("alipay-quoted.zip", alipay_zip(alipay_details([alipay_row(NUMBER, goods='"a,""b"",c"')],
         totals=("1笔，商家实收共12.90元", "0笔，商家实收退款共0.00元"))))
    # What broke off, and what is no statement.
    save("bad-alipay-no-end.zip", alipay_zip(alipay_details(end=False)))
    save("bad-alipay-columns.zip", alipay_zip(alipay_details(columns=COLUMNS.replace("商户订单号", "商户单号"))))
    save("bad-alipay-amount.zip", alipay_zip(alipay_details([alipay_row(NUMBER, amount="1e2")])))
    save("bad-alipay-negative-sale.zip", alipay_zip(alipay_details([alipay_row(NUMBER, amount="-12.90")])))
    save("bad-alipay-half-fen.zip", alipay_zip(alipay_details([alipay_row(NUMBER, amount="12.905")])))
    save("bad-alipay-time.zip", alipay_zip(alipay_details([alipay_row(NUMBER, done="25:00:00")])))
    save("bad-alipay-short-row.zip", alipay_zip(alipay_details([alipay_row(NUMBER)[:-1]])))
    save("bad-alipay-huge-amount.zip", alipay_zip(alipay_details([alipay_row(NUMBER, amount="9" * 17 + ".00")])))
    save("bad-zip-cut.zip", good[:len(good) // 2])
    save("bad-zip-empty.zip", b"")
    flags = bytearray(good)
    for signature, place in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)]:
        at = flags.find(signature)
        flags[at + place] |= 1
    save("bad-zip-encrypted.zip", bytes(flags))
    broken = bytearray(good)
    broken[good.find(b"PK\x01\x02") + 16] ^= 1
    save("bad-zip-checksum.zip", bytes(broken))
    lying = bytearray(good)
    struct.pack_into("<I", lying, good.find(b"PK\x01\x02") + 24, 10)
    save("bad-zip-size.zip", bytes(lying))
    far = bytearray(good)
    struct.pack_into("<I", far, good.find(b"PK\x01\x02") + 42, 0xfffffff0)
    save("bad-zip-outside.zip", bytes(far))
    save("large-zip-entries.zip", pack([(f"{n}.csv", b"#") for n in range(17)]))
    save("large-zip-bomb.zip", pack([("a.csv", b"\0" * (64 << 20))]))


# WeChat Pay

WX_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注")
WX_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


def wx_row(number, state="SUCCESS", amount="12.90", back="0.00", refund="0", wallet_refund="0", fee="0.07740",
           goods="示例门店购物", time="18:30:02", trade=WX_TRADE):
    return [
        f"{DAY} {time}", "wx0000000000000001", "1900000001", "0", "QF000K703", trade, number, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "MICROPAY", state, "OTHERS", "CNY", amount, "0.00", wallet_refund, refund, back, "0.00", "", "", goods,
        "5f1c3a9be0d24b7f", fee, "0.60%", amount, back, ""]


WX_ROWS = [
    wx_row(NUMBER),
    wx_row(OTHER_NUMBER, amount="100.00", fee="0.60000", goods="牛奶, 1L, 袋装", trade=WX_TRADE[:-1] + "2"),
    wx_row(NUMBER, "REFUND", amount="0.00", back="2.90", refund=PART, wallet_refund="50000002026112200000000000001",
           fee="-0.01740", time="19:00:00"),
    wx_row(OTHER_NUMBER, "REVOKED", amount="0.00", back="100.00", fee="-0.60000", time="19:00:01",
           trade=WX_TRADE[:-1] + "2"),
]
WX_SUMS = ["4", "112.90", "102.90", "0.00", "0.06000", "112.90", "102.90"]


def ticked(cells):
    return "`" + ",`".join(cells)


def wx_file(rows=WX_ROWS, sums=WX_SUMS, columns=WX_COLUMNS, totals=WX_TOTALS, line="\r\n", bom=""):
    lines = [columns] + [ticked(row) for row in rows]
    if sums:
        lines += [totals, ticked(sums)]
    return (bom + line.join(lines) + line).encode()


def old(row):
    # Before the order's own amount was added: 24 columns.
    return row[:24]


def wechat():
    save("wechatpay.csv", wx_file())
    save("wechatpay-bom.csv", wx_file(line="\n", bom="\ufeff"))
    save("wechatpay.csv.gz", gzip.compress(wx_file(), mtime=0))
    save("wechatpay-empty.csv", wx_file([], ["0"] + ["0.00"] * 6))
    save("wechatpay-back-tick.csv", wx_file(
        [wx_row(NUMBER, goods="a,`b,`c")], ["1", "12.90", "0.00", "0.00", "0.07740", "12.90", "0.00"]))
    save("wechatpay-old.csv", wx_file(
        [old(row) for row in WX_ROWS], WX_SUMS[:5], ",".join(WX_COLUMNS.split(",")[:24]),
        ",".join(WX_TOTALS.split(",")[:5])))
    save("wechatpay-other-state.csv", wx_file(
        WX_ROWS + [wx_row("X1", "PAUSED", amount="0.00", fee="0.00000")], ["5"] + WX_SUMS[1:]))
    save("wechatpay-totals-differ.csv", wx_file(sums=WX_SUMS[:5] + ["112.91"] + WX_SUMS[6:]))
    save("bad-wechatpay-no-totals.csv", wx_file(sums=None))
    save("bad-wechatpay-columns.csv", wx_file(columns=WX_COLUMNS.replace("交易状态", "状态")))
    save("bad-wechatpay-amount.csv", wx_file([wx_row(NUMBER, amount="12.9O")]))
    save("bad-wechatpay-time.csv", wx_file([wx_row(NUMBER, time="18:30")]))
    save("bad-wechatpay-short-row.csv", wx_file([wx_row(NUMBER)[:-1]]))
    save("bad-wechatpay-page.csv", b"<html><body>502</body></html>")
    save("bad-wechatpay-nothing.csv", b"")
    good = gzip.compress(wx_file(), mtime=0)
    save("bad-wechatpay-cut.csv", good[:-30])
    save("bad-wechatpay-more.csv", good + b"more")
    save("large-wechatpay-bomb.csv", gzip.compress(b"\0" * (64 << 20), mtime=0))


# QQ Wallet: the columns are our own choice.

QQ_COLUMNS = (
    "time_end,mch_id,device_info,transaction_id,out_trade_no,trade_type,trade_state,bank_type,total_fee,coupon_fee,"
    "out_refund_no,refund_id,refund_fee,refund_status,attach")


def qq_row(number, state="SUCCESS", amount=1290, back="", refund="", wallet_refund="", attach="5f1c3a9be0d24b7f"):
    return f"20261122183002,1900000109,QF000K703,910000000001,{number},MICROPAY,{state},BALANCE,{amount},0,{refund}," \
        f"{wallet_refund},{back},,{attach}"


def qq():
    rows = [qq_row(NUMBER, attach="a,b"), qq_row(NUMBER, "REFUND", back=290, refund=PART, wallet_refund="910000000009")]
    save("qqwallet.csv", "\n".join([QQ_COLUMNS] + rows + [",,,,,,,,1290,0,,,290,,"]) + "\n")
    save("qqwallet-totals-differ.csv", "\n".join([QQ_COLUMNS] + rows + [",,,,,,,,1291,0,,,290,,"]) + "\n")
    save("qqwallet-other-totals.csv", "\n".join([QQ_COLUMNS] + rows + ["total,1,1290"]) + "\n")
    save("bad-qqwallet-no-totals.csv", "\n".join([QQ_COLUMNS] + rows) + "\n")
    save("bad-qqwallet-amount.csv", "\n".join([QQ_COLUMNS, qq_row(NUMBER, amount="12.90"), "total"]) + "\n")


# UnionPay: widths as in its SDK's samples.

WIDTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
          13, 8, 32, 13, 13, 12, 2, 1, 32, 98]


def zm_line(order, kind, amount, query, fee, time="1122183002", original=""):
    values = {
        0: "S22", 1: "00010000", 3: "123456", 4: time, 5: "621626******0018", 6: f"{amount:012d}", 7: "5411", 8: "08",
        9: query, 11: order, 12: "01", 15: fee, 16: f"C{amount:012d}", 17: "0501", 19: kind, 20: "06", 21: "000000",
        26: original, 27: "777290058110048"}
    cells = [values.get(place, "").encode().ljust(width) for place, width in enumerate(WIDTHS)]
    cells[30] = "二级商户".encode("gbk").ljust(32)
    return b" ".join(cells) + b"\r\n"


def union_zip(files):
    return base64.b64encode(zlib.compress(pack(files)))


def union():
    first, second = "262211221830021234568", "262211221830021234578"
    lines = [
        zm_line(NUMBER, "01", 1290, first, "D000000000008"), zm_line(OTHER_NUMBER, "01", 10000, second, "D000000000060"),
        zm_line(PART, "04", 290, "262211221900001234588", "C000000000002", "1122190000", first),
        zm_line("VOID20261122190001", "31", 10000, "262211221900011234598", "C000000000060", "1122190001", second),
        zm_line(OTHER_NUMBER + "R00", "04", 10000, "262211221900021234608", "", "1122190002", "not in this file"),
        zm_line("P1", "71", 1, "262211221900031234618", "", "1122190003"),
    ]
    name = "INN26112288ZM_777290058110048"
    save("unionpay.txt", union_zip([
        (name, b"".join(lines)), ("INN26112288ZME_777290058110048", b"E74 one error\r\n"), ("RD3002", b"totals\r\n")]))
    save("unionpay-new-year.txt", union_zip([(name, zm_line(NUMBER, "01", 1290, first, "", "1231235959"))]))
    save("bad-unionpay-no-trades.txt", union_zip([("RD3002", b"totals\r\n")]))
    save("bad-unionpay-short.txt", union_zip([(name, lines[0][:200] + b"\r\n")]))
    save("bad-unionpay-amount.txt", union_zip([(name, lines[0].replace(b"000000001290", b"0000000012.9"))]))
    save("bad-unionpay-base64.txt", b"no Base64!")
    save("bad-unionpay-zip.txt", base64.b64encode(zlib.compress(b"no zip")))
    save("bad-unionpay-cut.txt", base64.b64encode(zlib.compress(pack([(name, lines[0])]))[:-9]))
    save("large-unionpay-bomb.txt", base64.b64encode(zlib.compress(b"\0" * (64 << 20))))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    alipay()
    wechat()
    qq()
    union()
