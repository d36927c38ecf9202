// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One request, whose answer is the file, without a signature, or an XML document that says why not.
extension QQWalletClient: StatementSource {
    package var statements: any StatementSource { self }

    package func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        let request = signed(
            QQWalletCodec.statement(of: day, for: merchant, message: message),
            target: QQWalletCodec.statementPath,
            readTimeout: WalletTimeouts.file
        )
        return StatementRequest(request, step: StatementStep(day: day, expected: .file(sha1: nil)))
    }

    package func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        QQStatement.reading(response, of: step.day)
    }
}
