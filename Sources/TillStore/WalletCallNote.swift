// Part of Tillbridge. See LICENSE.
import TillDomain

/// One call to a wallet, as people may read it. Neither key nor signature, payment code nor shopper's identity is in it:
/// it holds what is named here, and of request and answer only the pairs that the wallet's adapter calls harmless.
package struct WalletCallNote: Equatable, Sendable {
    /// Why there is no answer, or none that is believed.
    package enum Trouble: String, CaseIterable, Sendable {
        /// No connection; no byte left.
        case unreachable
        /// The last look at the clock forbade the request.
        case late
        case silent
        /// An answer came whose signature is missing or wrong, or which is about something else.
        case forged
    }

    /// What it is for: `pay`, `query`, `cancel`, `refund`, `refund-query`, `returns`.
    package let call: String
    package let account: String
    /// Host, and port where it is not the scheme's own.
    package let host: String
    /// Method and path: a query may hold a signature.
    package let target: String
    /// From the first try to write to the answer's last byte, in milliseconds.
    package let milliseconds: Int64
    /// Of HTTP; nil without an answer.
    package let status: Int?
    package let trouble: Trouble?
    /// `name=value`, in the wallet's own words.
    package let asked: [String]
    package let answered: [String]

    /// More than any adapter names. It bounds the log's entry.
    package static let mostPairs = 12
    package static let longestText = 160

    package init(
        call: String,
        account: String,
        host: String,
        target: String,
        milliseconds: Int64,
        status: Int?,
        trouble: Trouble?,
        asked: [String],
        answered: [String]
    ) {
        self.call = call
        self.account = account
        self.host = WalletCallNote.cut(host)
        self.target = WalletCallNote.cut(target)
        self.milliseconds = milliseconds
        self.status = status
        self.trouble = trouble
        self.asked = asked.prefix(WalletCallNote.mostPairs).map { WalletCallNote.cut($0) }
        self.answered = answered.prefix(WalletCallNote.mostPairs).map { WalletCallNote.cut($0) }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= longestText ? text : String(text.prefix(longestText / 4)) + "…"
    }

    func write(to text: inout EntryText) {
        text.string("call", call)
        text.string("account", account)
        text.string("host", host)
        text.string("target", target)
        text.integer("milliseconds", milliseconds)
        if let status { text.integer("status", Int64(status)) }
        if let trouble { text.string("trouble", trouble.rawValue) }
        text.strings("asked", asked)
        text.strings("answered", answered)
    }
}
