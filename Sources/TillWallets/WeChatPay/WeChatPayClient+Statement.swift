// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One request, whose answer is the file, without a signature, or an XML document that says why not.
extension WeChatPayClient: StatementSource {
    package var statements: any StatementSource { self }

    package func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        let request = signed(
            [
                "bill_date": day.compact,
                "bill_type": ("ALL" as StaticString).bytes,
                "tar_type": ("GZIP" as StaticString).bytes,
            ],
            path: "/pay/downloadbill",
            message: message,
            readTimeout: WalletTimeouts.file
        )
        return StatementRequest(request, step: StatementStep(day: day, expected: .file(sha1: nil)))
    }

    package func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        guard response.status == 200 else { return .notYet(code: "HTTP \(response.status)") }
        if let document = FlatXML(response.body) {
            let code = ["err_code", "return_msg", "error_code"].lazy.compactMap { document[$0] }
                .compactMap { DisplayText.phrase($0) }.first
            return WeChatPayStatement.refusal(code ?? "FAIL", of: step.day, at: response.receivedAt)
        }
        return StatementReading.file { () throws(StatementError) in try WeChatPayStatement.read(response.body) }
    }
}
