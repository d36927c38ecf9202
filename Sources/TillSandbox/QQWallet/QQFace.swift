// Part of Tillbridge. See LICENSE.

/// QQ Wallet: one path per call, XML both ways.
package struct QQFace: WalletFace {
    package let wallet = SandboxWallet.qqwallet
    let keys: SandboxKeys.QQWallet

    package init(keys: SandboxKeys.QQWallet) { self.keys = keys }

    package func demandsCertificate(_ path: String) -> Bool {
        QQContentReader.Path(rawValue: path)?.movesMoneyBack ?? false
    }

    /// The checks, in this order: certificate, form, fields present, merchant, signature, operator, fields. What is
    /// wrong up to the signature is answered without one.
    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<QQCall> {
        guard let path = QQContentReader.Path(rawValue: request.path) else {
            return .refused(failure("INVALID_REQUEST", "接口不存在"))
        }
        if path.movesMoneyBack, request.clientCertificate == .missing { return .refused(.certificateRequired) }
        guard request.method == "POST" else { return .refused(failure("REQUIRE_POST_METHOD", "请使用post方法")) }
        guard !request.body.isEmpty else { return .refused(failure("POST_DATA_EMPTY", "post数据为空")) }
        let xml: FlatXML
        do throws(FlatXML.Problem) {
            xml = try FlatXML(parsing: request.body)
        } catch {
            return .refused(
                error == .notUTF8 ? failure("NOT_UTF8", "编码格式错误") : failure("XML_FORMAT_ERROR", "XML格式错误")
            )
        }
        let reader = QQContentReader(xml: xml)
        if let name = reader.missing(of: path) { return .refused(failure("LACK_PARAMS", "缺少参数\(name)")) }
        guard xml["mch_id"] == keys.mchID else { return .refused(failure("MCHID_NOT_EXIST", "商户号mch_id不存在")) }
        guard xml["sign"] == QQSignature.sign(xml.fields, key: keys.apiKey) else {
            return .refused(failure("SIGNERROR", "签名错误"))
        }
        var echoes: [String: String] = [:]
        for name in QQFace.echoed { echoes[name] = xml[name] }
        let refused = QQCall(content: .query(.merchantNumber("")), echoes: echoes)
        if path.movesMoneyBack {
            if case .merchant(let owner) = request.clientCertificate, owner != keys.mchID {
                return .refused(error("NOAUTH", "证书与商户号不一致", to: refused))
            }
            guard xml["op_user_id"] == keys.opUserID,
                xml["op_user_passwd"] == QQSignature.password(keys.opUserPassword)
            else { return .refused(error("NOAUTH", "操作员帐号或密码错误", to: refused)) }
        }
        do throws(QQContentReader.InvalidField) {
            return .call(QQCall(content: try reader.content(of: path), echoes: echoes))
        } catch {
            return .refused(self.error("PARAM_ERROR", "参数错误：\(error.name)", to: refused))
        }
    }

    private static let echoed = ["appid", "mch_id", "sub_appid", "sub_mch_id"]
    private static let contentType = "text/xml; charset=utf-8"

    /// Communication failed: the message was not processed. Carries no signature.
    func failure(_ code: String, _ text: String) -> WalletReply {
        let message = "\(code) \(text)"
        let xml = FlatXML(
            fields: [("return_code", "FAIL"), ("return_msg", message), ("retcode", "1"), ("retmsg", text)]
        )
        return reply(xml, outcome: code)
    }

    func error(
        _ code: String,
        _ text: String? = nil,
        more: [FlatXML.Field] = [],
        to call: QQCall,
        _ distortion: Distortion = .none
    ) -> WalletReply {
        let text = text ?? QQErrors.text(of: code)
        return write(
            [("result_code", "FAIL"), ("err_code", code), ("err_code_des", text)] + more,
            result: ("1", text),
            to: call,
            distortion: distortion
        )
    }

    /// A signed answer: the raw result, the repeated fields, a fresh nonce, then `fields`.
    func write(
        _ fields: [FlatXML.Field],
        result: (code: String, text: String) = ("0", "ok"),
        to call: QQCall,
        distortion: Distortion
    ) -> WalletReply {
        var all: [FlatXML.Field] = [
            ("return_code", "SUCCESS"), ("return_msg", "SUCCESS"), ("retcode", result.code), ("retmsg", result.text),
        ]
        for name in QQFace.echoed {
            if let value = call.echoes[name], !value.isEmpty { all.append((name, value)) }
        }
        var generator = SystemRandomNumberGenerator()
        let nonce = String(generator.next(), radix: 16)
        all.append(("nonce_str", String(repeating: "0", count: 16 - nonce.count) + nonce))
        all += fields
        let key = distortion.breaksSignature ? String(keys.apiKey.reversed()) : keys.apiKey
        all.append(("sign", QQSignature.sign(all, key: key)))
        let xml = FlatXML(fields: all)
        return reply(xml, outcome: xml["err_code"] ?? xml["trade_state"] ?? xml["result_code"] ?? "")
    }

    func reply(_ xml: FlatXML, outcome: String, charset: Charset = .utf8) -> WalletReply {
        WalletReply(
            status: 200,
            contentType: QQFace.contentType,
            body: charset.encode(xml.text) ?? Array(xml.text.utf8),
            outcome: outcome
        )
    }
}
