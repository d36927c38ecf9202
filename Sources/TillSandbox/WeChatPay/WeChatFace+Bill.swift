// Part of Tillbridge. See LICENSE.

/// `/pay/downloadbill`: an XML request, a plain file as the answer, errors in a form of their own without signature.
extension WeChatFace {
    static let billPath = "/pay/downloadbill"

    /// The checks after those of the form, in this order: merchant, signature, fields.
    func readBill(_ xml: FlatXML) -> Reading<WeChatCall> {
        for name in ["mch_id", "appid", "nonce_str", "sign"] where xml[name] ?? "" == "" {
            return .refused(billFailure("missing parameter"))
        }
        let kindName = xml["sign_type"].flatMap { $0.isEmpty ? nil : $0 } ?? "MD5"
        guard xml["mch_id"] == keys.mchID, xml["appid"] == keys.appID,
            let signing = WeChatSignature.Kind(rawValue: kindName),
            xml["sign"] == WeChatSignature.sign(xml.fields, key: keys.apiKey, kind: signing)
        else { return .refused(billFailure("SIGN ERROR")) }
        guard let date = xml["bill_date"], !date.isEmpty else { return .refused(billFailure("missing parameter")) }
        guard date.utf8.count == 8, let period = BillPeriod(day: date) else {
            return .refused(billFailure("data format error"))
        }
        let kindText = xml["bill_type"].flatMap { $0.isEmpty ? nil : $0 } ?? WeChatBill.Kind.all.rawValue
        guard let kind = WeChatBill.Kind(rawValue: kindText) else { return .refused(billFailure("invalid bill_type")) }
        let compression = xml["tar_type"] ?? ""
        guard ["", "GZIP"].contains(compression) else { return .refused(billFailure("data format error")) }
        let request = WeChatBillRequest(kind: kind, period: period, isCompressed: compression == "GZIP")
        return .call(WeChatCall(content: .bill(request), echoes: [:], kind: signing))
    }

    func reply(_ bill: Result<WeChatBill, WeChatBill.Absence>, isCompressed: Bool) -> WalletReply {
        switch bill {
        case .success(let bill):
            return WalletReply(
                status: 200,
                contentType: isCompressed ? "application/x-gzip" : "text/plain",
                body: isCompressed ? Compression.gzip.compress(bill.bytes) : bill.bytes,
                outcome: "SUCCESS"
            )
        case .failure(.notExist): return billFailure("No Bill Exist")
        case .failure(.creating): return billFailure("Bill Creating")
        }
    }

    /// SANDBOX CHOICE: of the numbers only 20002 is documented.
    func billFailure(_ message: String) -> WalletReply {
        let code =
            switch message {
            case "No Bill Exist": "20002"
            case "Bill Creating": "20003"
            case "SYSTEMERROR": "20100"
            default: "20001"
            }
        let xml = FlatXML(fields: [("return_code", "FAIL"), ("return_msg", message), ("error_code", code)])
        return WalletReply(status: 200, contentType: WeChatFace.contentType, body: Array(xml.text.utf8), outcome: code)
    }
}
