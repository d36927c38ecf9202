// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The statements of one account: which requests lead to a day's file, and what the answers mean. Like the adapter it
/// belongs to, it opens no connection and reads no clock.
package protocol StatementSource: Sendable {
    /// The first request for a day's statement.
    func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest

    /// What an answer means. It never fails, whatever the bytes are.
    ///
    /// - Parameter message: 128 fresh random bits, for the request that may follow.
    func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading
}

/// A request on the way to a statement.
package struct StatementRequest: Equatable, Sendable {
    package let request: OutboundRequest
    /// Where it goes, in place of the account's base URL: wallets keep files at other places.
    package let baseURL: String?
    /// What its answer is read as.
    package let step: StatementStep

    init(_ request: OutboundRequest, baseURL: String? = nil, step: StatementStep) {
        self.request = request
        self.baseURL = baseURL
        self.step = step
    }
}

package struct StatementStep: Equatable, Sendable {
    enum Expected: Equatable, Sendable {
        /// The answer of the wallet's interface.
        case answer
        /// The file itself. `sha1`: what the wallet signed of it, where it did.
        case file(sha1: [UInt8]?)
    }

    package let day: StatementDay
    let expected: Expected
}

package enum StatementReading: Equatable, Sendable {
    case file(Statement)
    /// To be sent at once: links live for seconds.
    case next(StatementRequest)
    /// The same again, later.
    case notYet(code: String)
    case noTrades(code: String)
    case failed(StatementFailure)
}

package enum StatementFailure: Equatable, Sendable {
    /// The wallet's own code or text: visible ASCII, at most 64 characters.
    case code(String)
    /// The answer's signature is missing or wrong, or the file is not the one that the wallet signed.
    case badSignature
    case unreadable(StatementError)
    case notSigned
}

/// A link that a wallet gave, apart.
struct StatementLink {
    let base: String
    let target: String

    /// - Parameter secure: Whether the account itself is spoken to over TLS: its files then are as well, even where
    ///   the wallet writes `http`.
    init?(_ text: [UInt8], secure: Bool) {
        guard (1...2_048).contains(text.count), text.allSatisfy({ (33...126).contains($0) && $0 != 35 }) else {
            return nil
        }
        let url = String(decoding: text, as: UTF8.self)
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        base = (secure ? "https://" : scheme) + host
        let tail = rest.dropFirst(host.count)
        target = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }
}

extension StatementReading {
    /// A file, or why it is none.
    static func file(_ parse: () throws(StatementError) -> Statement) -> StatementReading {
        do throws(StatementError) {
            return .file(try parse())
        } catch {
            return .failed(.unreadable(error))
        }
    }
}
