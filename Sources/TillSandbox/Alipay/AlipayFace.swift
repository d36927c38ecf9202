// Part of Tillbridge. See LICENSE.
import Crypto

/// Alipay's gateway, `/gateway.do`: one address for every method, GET and POST, query and body merged.
package struct AlipayFace: WalletFace {
    package let wallet = SandboxWallet.alipay
    let appID: String
    let signature: AlipaySignature
    /// Proves that a download address was given out here.
    let billKey: SymmetricKey

    package init(keys: SandboxKeys.Alipay) throws {
        appID = keys.appID
        billKey = AlipayBillFace.key(of: keys)
        signature = try AlipaySignature(
            merchantPublicKey: keys.merchantPublicKey,
            walletPrivateKey: keys.walletPrivateKey
        )
    }

    /// The checks, in this order: application, method, time, kind of signature, signature, content, fields.
    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<AlipayCall> {
        guard let fields = AlipayFace.merge(request) else {
            return refuse("40002", "isv.invalid-parameter", "请求体无法解析", to: .error, signed: false)
        }
        func raw(_ name: String) -> [UInt8]? {
            fields.first { $0.name == name && !$0.value.isEmpty }?.value
        }
        func text(_ name: String) -> String? { raw(name).map { String(decoding: $0, as: UTF8.self) } }

        let method = text("method") ?? ""
        let isKnown = AlipayContentReader.methods.contains(method)
        let nodeName = method.replacing(".", with: "_") + "_response"
        var envelope =
            isKnown ? AlipayEnvelope(nodeName: nodeName, charset: .utf8, kind: .rsa2) : AlipayEnvelope.error
        // Until the application is known there is no key to sign with.
        guard let givenApp = text("app_id") else {
            return refuse("40001", "isv.missing-app-id", "缺少AppID参数", to: envelope, signed: false)
        }
        guard givenApp == appID else {
            return refuse("40002", "isv.invalid-app-id", "无效的AppID参数", to: envelope, signed: false)
        }
        guard !method.isEmpty else {
            return refuse("40001", "isv.missing-method", "缺少方法名参数", to: envelope, signed: false)
        }
        guard isKnown else {
            return refuse("40002", "isv.invalid-method", "不存在的方法名", to: envelope, signed: false)
        }
        guard let charset = Charset(name: text("charset") ?? "utf-8") else {
            return refuse("40002", "isv.invalid-charset", "字符集错误", to: envelope)
        }
        envelope = AlipayEnvelope(nodeName: nodeName, charset: charset, kind: .rsa2)
        guard (text("format") ?? "JSON").lowercased() == "json" else {
            return refuse("40002", "isv.invalid-format", "无效的数据格式", to: envelope)
        }
        guard let version = text("version") else {
            return refuse("40001", "isv.missing-version", "缺少版本参数", to: envelope)
        }
        guard version == "1.0" else {
            return refuse("40002", "isv.invalid-parameter", "版本参数无效", to: envelope)
        }
        guard let timestamp = text("timestamp") else {
            return refuse("40001", "isv.missing-timestamp", "缺少时间戳参数", to: envelope)
        }
        let oldest: Int64 = policies[.oldestRequest] == "strict" ? 60_000 : 600_000
        guard let sentAt = ChinaTime(timestamp)?.milliseconds, sentAt <= realNow + 600_000, sentAt >= realNow - oldest
        else { return refuse("40002", "isv.invalid-timestamp", "非法的时间戳参数", to: envelope) }
        guard let kindName = text("sign_type") else {
            return refuse("40001", "isv.missing-signature-type", "缺少签名类型参数", to: envelope)
        }
        guard let kind = AlipaySignature.Kind(rawValue: kindName) else {
            return refuse("40002", "isv.invalid-signature-type", "无效的签名类型", to: envelope)
        }
        envelope = AlipayEnvelope(nodeName: nodeName, charset: charset, kind: kind)
        guard let sign = raw("sign") else {
            return refuse("40001", "isv.missing-signature", "缺少签名参数", to: envelope)
        }
        let signedText = AlipaySignature.signedText(of: fields)
        guard signature.isValid(sign, over: signedText, kind: kind) else {
            // The text the gateway built saves an integrator hours. Braces are written as entities: one client
            // library counts them without regard to quotes.
            let shown = (charset.decode(signedText) ?? "?").replacingScalars("&", with: "&amp;")
                .replacingScalars("{", with: "&#123;").replacingScalars("}", with: "&#125;")
            return refuse("40002", "isv.invalid-signature", "验签出错，网关生成的验签字符串：\(shown)", to: envelope)
        }
        guard let content = raw("biz_content").flatMap(charset.decode), let object = JSONValue(content.utf8)?.object
        else { return refuse("40002", "isv.illegal-json", "biz_content不是有效的JSON", to: envelope) }
        do throws(AlipayContentReader.InvalidField) {
            let content = try AlipayContentReader(fields: object, origin: request.origin).content(of: method)
            return .call(AlipayCall(content: content, envelope: envelope))
        } catch {
            // The bill's codes have neither the prefix nor the spelling of the others.
            let code = method == AlipayFace.billMethod ? "INVAILID_ARGUMENTS" : "ACQ.INVALID_PARAMETER"
            let node = AlipayErrors.business(code, detail: error.name)
            return .refused(write(node, to: envelope, signed: true, distortion: .none))
        }
    }

    /// Parameters of the query, then those of the body that the query does not have.
    private static func merge(_ request: WalletRequest) -> [FormFields.Field]? {
        var fields = FormFields.parse(urlEncoded: request.query.utf8)
        guard !request.body.isEmpty else { return fields }
        let body: [FormFields.Field]?
        if request.contentType.lowercased().hasPrefix("multipart/form-data") {
            body = FormFields.parse(multipart: request.body, contentType: request.contentType)
        } else {
            body = FormFields.parse(urlEncoded: request.body)
        }
        guard let body else { return nil }
        for field in body where !fields.contains(where: { $0.name == field.name }) { fields.append(field) }
        return fields
    }

    private func refuse(
        _ code: String,
        _ subCode: String,
        _ subMessage: String,
        to envelope: AlipayEnvelope,
        signed: Bool = true
    ) -> Reading<AlipayCall> {
        let node = AlipayNode(
            code: code,
            message: AlipayErrors.message(of: code),
            subCode: subCode,
            subMessage: subMessage
        )
        return .refused(write(node, to: envelope, signed: signed, distortion: .none))
    }

    /// The reply as it goes out: `{"<method>_response":{…},"sign":"…"}`.
    func write(_ node: AlipayNode, to envelope: AlipayEnvelope, signed: Bool, distortion: Distortion) -> WalletReply {
        // A character the merchant's encoding lacks can only come from our own texts.
        let bytes = envelope.charset.encode(node.json) ?? Array(node.json.utf8)
        var body = Array("{\"\(envelope.nodeName)\":".utf8) + bytes
        if signed {
            // A signature over other bytes is as well-formed and as wrong as a forged one.
            let covered = distortion.breaksSignature ? bytes + [32] : bytes
            let sign = (try? signature.sign(covered, kind: envelope.kind)) ?? ""
            body += Array(",\"sign\":\"\(sign)\"".utf8)
        }
        body += Array("}".utf8)
        let charset = envelope.charset == .gbk ? "GBK" : "utf-8"
        let outcome = node.subCode.map { "\(node.code)/\($0)" } ?? node.code
        return WalletReply(status: 200, contentType: "text/html;charset=\(charset)", body: body, outcome: outcome)
    }
}
