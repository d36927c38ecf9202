// Part of Tillbridge. See LICENSE.
import Crypto
package import TillDomain

/// A signed answer with the file's address and its SHA-1, and a signed request for the file, which is not signed itself.
extension WeChatPayV3Client: StatementSource {
    package var statements: any StatementSource { self }

    package func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        let target = "/v3/bill/tradebill?bill_date=\(day)&bill_type=ALL&tar_type=GZIP"
        let request = try signed(
            WeChatPayV3Codec.Call(method: "GET", target: target, body: []),
            at: now,
            message: message,
            readTimeout: 15_000
        )
        return StatementRequest(request, step: StatementStep(day: day, expected: .answer))
    }

    package func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        guard response.status == 200 else { return refused(response, step.day) }
        if case .file(let digest) = step.expected {
            return .file { () throws(StatementError) in try WeChatPayV3Client.file(response.body, digest) }
        }
        guard signing.verdict(response) == .genuine else { return .failed(.badSignature) }
        guard let answer = WeChatPayV3Answer(response.body), answer.says("SHA1", in: "hash_type"),
            let digest = answer.text("hash_value").flatMap({ WeChatPayV3Client.digest($0) }),
            let link = answer.text("download_url").flatMap({ StatementLink($0, secure: isSecure) })
        else { return .failed(.unreadable(.malformed("the answer does not say where it is"))) }
        do throws(WalletError) {
            let request = try signed(
                WeChatPayV3Codec.Call(method: "GET", target: link.target, body: []),
                at: response.receivedAt,
                message: message,
                readTimeout: WalletTimeouts.file
            )
            return .next(
                StatementRequest(
                    request,
                    baseURL: link.base,
                    step: StatementStep(day: step.day, expected: .file(sha1: digest))
                )
            )
        } catch {
            return .failed(.notSigned)
        }
    }

    /// The bytes of 40 hexadecimal digits, whose case the document does not say.
    private static func digest(_ text: [UInt8]) -> [UInt8]? {
        Hex.decode(text.map { (65...70).contains($0) ? $0 + 32 : $0 }).flatMap { $0.count == 20 ? $0 : nil }
    }

    /// The digest is that of the unpacked file.
    private static func file(_ body: [UInt8], _ digest: [UInt8]?) throws(StatementError) -> Statement {
        let file = Unpack.isGzip(body) ? try Unpack.inflate(body[...], .gzip) : body
        guard [UInt8](Insecure.SHA1.hash(data: file)) == digest else {
            throw .malformed("it is not the file whose digest the wallet signed")
        }
        return try WeChatPayStatement.read(file)
    }

    private func refused(_ response: InboundResponse, _ day: StatementDay) -> StatementReading {
        guard let code = WeChatPayV3Answer(response.body)?.code("code") else {
            return .notYet(code: "HTTP \(response.status)")
        }
        return WeChatPayStatement.refusal(code, of: day, at: response.receivedAt)
    }
}
