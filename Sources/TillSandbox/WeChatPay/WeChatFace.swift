// Part of Tillbridge. See LICENSE.

/// WeChat Pay V2: one path per call, XML both ways.
package struct WeChatFace: WalletFace {
    package let wallet = SandboxWallet.wechatpay
    let keys: SandboxKeys.WeChatPay

    package init(keys: SandboxKeys.WeChatPay) { self.keys = keys }

    package func demandsCertificate(_ path: String) -> Bool { path.hasPrefix("/secapi/") }

    /// The checks, in this order: form, merchant, signature, certificate, fields.
    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<WeChatCall> {
        if demandsCertificate(request.path), request.clientCertificate == .missing {
            return .refused(.certificateRequired)
        }
        guard request.method == "POST" else { return .refused(failure("REQUIRE_POST_METHOD")) }
        guard !request.body.isEmpty else { return .refused(failure("POST_DATA_EMPTY")) }
        let xml: FlatXML
        do throws(FlatXML.Problem) {
            xml = try FlatXML(parsing: request.body)
        } catch {
            return .refused(failure(error == .notUTF8 ? "NOT_UTF8" : "XML_FORMAT_ERROR"))
        }
        if request.path == WeChatFace.billPath { return readBill(xml) }
        guard let mchID = xml["mch_id"], !mchID.isEmpty else { return .refused(failure("缺少参数mch_id")) }
        // An unknown merchant has no key with which an answer could be signed.
        guard mchID == keys.mchID else { return .refused(failure("MCHID_NOT_EXIST 商户号mch_id不存在")) }
        guard let kind = WeChatSignature.Kind(rawValue: xml["sign_type"].flatMap { $0.isEmpty ? nil : $0 } ?? "MD5")
        else { return .refused(failure("签名类型错误")) }
        var echoes: [String: String] = [:]
        for name in ["appid", "mch_id", "sub_appid", "sub_mch_id", "device_info"] { echoes[name] = xml[name] }
        let call = WeChatCall(content: .query(.merchantNumber("")), echoes: echoes, kind: kind)
        guard let appID = xml["appid"], !appID.isEmpty else { return .refused(failure("缺少参数appid")) }
        guard appID == keys.appID else { return .refused(business("APPID_NOT_EXIST", "appid不存在", to: call)) }
        guard let nonce = xml["nonce_str"], !nonce.isEmpty else { return .refused(failure("缺少参数nonce_str")) }
        guard nonce.utf8.count <= 32 else { return .refused(failure("nonce_str参数长度有误")) }
        guard let sign = xml["sign"], !sign.isEmpty else { return .refused(failure("缺少参数sign")) }
        guard sign == WeChatSignature.sign(xml.fields, key: keys.apiKey, kind: kind) else {
            return .refused(failure("签名错误，请检查后再试"))
        }
        if demandsCertificate(request.path), case .merchant(let owner) = request.clientCertificate, owner != mchID {
            return .refused(business("CERT_ERROR", "证书校验错误", to: call))
        }
        do throws(WeChatContentReader.Problem) {
            let content = try WeChatContentReader(xml: xml).content(of: request.path)
            return .call(WeChatCall(content: content, echoes: echoes, kind: kind))
        } catch {
            switch error {
            case .missing(let name): return .refused(failure("缺少参数\(name)"))
            case .invalid(let name): return .refused(business("PARAM_ERROR", "参数错误：\(name)", to: call))
            }
        }
    }

    /// Communication failed: the message was not processed. Carries no signature.
    func failure(_ message: String) -> WalletReply {
        let xml = FlatXML(fields: [("return_code", "FAIL"), ("return_msg", message)])
        return WalletReply(
            status: 200,
            contentType: WeChatFace.contentType,
            body: Array(xml.text.utf8),
            outcome: "FAIL"
        )
    }

    func business(_ code: String, _ description: String, to call: WeChatCall) -> WalletReply {
        write(
            [("result_code", "FAIL"), ("err_code", code), ("err_code_des", description)],
            to: call,
            distortion: .none
        )
    }

    static let contentType = "text/plain"

    /// A signed answer: the repeated fields, a fresh nonce, then `fields`.
    func write(_ fields: [FlatXML.Field], to call: WeChatCall, distortion: Distortion) -> WalletReply {
        var all: [FlatXML.Field] = [("return_code", "SUCCESS"), ("return_msg", "OK")]
        for name in ["appid", "mch_id", "sub_appid", "sub_mch_id", "device_info"] {
            if let value = call.echoes[name], !value.isEmpty { all.append((name, value)) }
        }
        var generator = SystemRandomNumberGenerator()
        let nonce = String(generator.next(), radix: 16, uppercase: true)
        all.append(("nonce_str", String(repeating: "0", count: 16 - nonce.count) + nonce))
        all += fields
        let key = distortion.breaksSignature ? String(keys.apiKey.reversed()) : keys.apiKey
        all.append(("sign", WeChatSignature.sign(all, key: key, kind: call.kind)))
        let xml = FlatXML(fields: all)
        let outcome = xml["err_code"] ?? xml["trade_state"] ?? xml["result_code"] ?? ""
        return WalletReply(
            status: 200,
            contentType: WeChatFace.contentType,
            body: Array(xml.text.utf8),
            outcome: outcome
        )
    }
}
