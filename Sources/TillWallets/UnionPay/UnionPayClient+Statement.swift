// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One request to the file host, whose answer has the settlement file in it. UnionPay's day ends at 23:00.
extension UnionPayClient: StatementSource {
    package var statements: any StatementSource { self }

    package func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        let fields = try codec.settlementFile(of: day, at: now, certificateID: signing.certificateID)
        let request = try signed(fields, target: "/", readTimeout: WalletTimeouts.file)
        return StatementRequest(request, baseURL: fileHost, step: StatementStep(day: day, expected: .answer))
    }

    package func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        guard response.status == 200 else { return .notYet(code: "HTTP \(response.status)") }
        // Base64 makes four bytes of three.
        guard let form = UnionPayForm(response.body, sizeLimit: StatementLimits.download / 3 * 4) else {
            return .failed(.unreadable(.malformed("it is no answer of UnionPay")))
        }
        guard signing.isValid(form, at: response.receivedAt), codec.isAbout(step.day, form) else {
            return .failed(.badSignature)
        }
        switch UnionPayAnswer(form: form).code("respCode") {
        case "00":
            return .file { () throws(StatementError) in
                try UnionPaySettlementFile.read(form["fileContent"] ?? [], day: step.day)
            }
        case "98": return step.day.missing("98", at: response.receivedAt)
        case .some(let code): return UnionPayErrorMap.isPassing(code) ? .notYet(code: code) : .failed(.code(code))
        case nil: return .failed(.unreadable(.malformed("it has no respCode")))
        }
    }
}
