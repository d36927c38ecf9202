// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A query for the file's address, and a plain request to that, which is good for thirty seconds.
extension AlipayClient: StatementSource {
    private static let method: StaticString = "alipay.data.dataservice.bill.downloadurl.query"

    package var statements: any StatementSource { self }

    package func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        var content = JSONText()
        content.beginObject()
        content.text("bill_type", "trade")
        content.text("bill_date", day.dashed)
        content.endObject()
        let request = try signed(AlipayClient.method, content.bytes, at: now, readTimeout: 15_000)
        return StatementRequest(request, step: StatementStep(day: day, expected: .answer))
    }

    package func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        guard response.status == 200 else { return .notYet(code: "HTTP \(response.status)") }
        if case .file = step.expected {
            return .file { () throws(StatementError) in try AlipayStatement.read(response.body) }
        }
        guard response.body.count <= AlipayClient.answerLimit,
            let envelope = AlipayEnvelope(response.body, node: AlipayCodec.node(AlipayClient.method))
        else { return .failed(.unreadable(.malformed("it is no answer of Alipay"))) }
        // The code of an unsigned refusal is worth reading, but an address is never taken from one.
        let signed = signing.verified(envelope)
        guard let answer = AlipayAnswer(signed ?? envelope.node, encoding: envelope.encoding) else {
            return .failed(.badSignature)
        }
        guard answer.code == "10000" else { return refusal(answer.subCode ?? answer.code, step.day, response) }
        guard signed != nil, !envelope.isError else { return .failed(.badSignature) }
        guard let text = answer.text("bill_download_url") else {
            let code = answer.text("bill_file_code").flatMap { DisplayText.phrase($0) }
            return step.day.missing(code ?? "EMPTY", at: response.receivedAt)
        }
        guard let link = StatementLink(text, secure: isSecure) else {
            return .failed(.unreadable(.malformed("its address is no URL")))
        }
        let request = OutboundRequest(
            method: "GET",
            target: link.target,
            headers: [],
            body: [],
            connectTimeout: WalletTimeouts.connect,
            readTimeout: WalletTimeouts.file
        )
        return .next(
            StatementRequest(
                request,
                baseURL: link.base,
                step: StatementStep(day: step.day, expected: .file(sha1: nil))
            )
        )
    }

    private func refusal(_ code: String, _ day: StatementDay, _ response: InboundResponse) -> StatementReading {
        switch AlipayErrorMap.bare(code) {
        case "NO_BILL_DATA", "BILL_NOT_EXIST", "isp.bill_not_exist": day.missing(code, at: response.receivedAt)
        case "UNKNOWN_ERROR", "SYSTEM_ERROR", "SYSTEM_RATE_LIMIT", "USER_RATE_LIMIT", "20000", "isp.unknow-error",
            "aop.unknow-error", "isv.app-call-limited", "isv.method-call-limited":
            .notYet(code: code)
        default: .failed(.code(code))
        }
    }
}
