// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillRegister

/// The words of the page, read as text: what the page shows must be there in both languages.
@Suite("The till's words") struct WordsTests {
    private let words = String(decoding: PackageResources.words_js, as: UTF8.self)
    private let script = String(decoding: PackageResources.till_js, as: UTF8.self)

    /// Keys with their values of one language; those of an inner table as `reasons.code-used`.
    private func table(_ language: String) throws -> [String: String] {
        let start = try #require(words.range(of: "\n  \(language): {"))
        let end = try #require(words.range(of: "\n  }", range: start.upperBound..<words.endIndex))
        var table: [String: String] = [:]
        var inner = ""
        let form = #/(?:(?<name>[A-Za-z]+)|"(?<quoted>[a-z-]*)"):\s*(?:(?<opens>\{)|"(?<value>[^"]*)")|(?<closes>\})/#
        for match in words[start.upperBound..<end.lowerBound].matches(of: form) {
            let name = String(match.name ?? match.quoted ?? "")
            if match.closes != nil {
                inner = ""
            } else if match.opens != nil {
                inner = "\(name)."
            } else if let value = match.value {
                let isNew = table.updateValue(String(value), forKey: inner + name) == nil
                #expect(isNew, "\(language) has \(inner + name) twice")
            }
        }
        return table
    }

    @Test("English and Chinese say the same things, and none of the Chinese is English")
    func bothLanguages() throws {
        let english = try table("en")
        let chinese = try table("zh")
        #expect(english.count > 150)
        #expect(Set(english.keys) == Set(chinese.keys))
        for (key, value) in chinese {
            #expect(value.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }, "\(key) is not Chinese")
        }
        for (key, value) in english {
            let other = try #require(chinese[key])
            #expect(value.matches(of: #/\{[a-z]+\}/#).count == other.matches(of: #/\{[a-z]+\}/#).count, "\(key)")
        }
    }

    @Test("every word that the page asks for is there, and every word there is asked for")
    func used() throws {
        let table = try table("en")
        let mentioned = Set(script.matches(of: #/"([A-Za-z]+)"/#).map { String($0.1) })
        for match in script.matches(of: #/\bt\("([A-Za-z.]+)"/#) {
            #expect(table[String(match.1)] != nil, "the page asks for \(match.1)")
        }
        // Names that are put together: `${key}Title`.
        let stages = ["idle", "ready", "waiting", "shopper", "lost", "undone", "owed", "silent", "refused", "till"]
        let composed = Set(stages.flatMap { ["\($0)Title", "\($0)Text"] })
        for key in table.keys where !key.contains(".") {
            #expect(mentioned.contains(key) || composed.contains(key), "nothing shows \(key)")
        }
    }

    /// The machine-readable words of the register interface.
    @Test(
        "every reason, problem, outcome and wallet that a plug-in may name has words",
        arguments: [
            "reasons": [
                "code-expired", "code-used", "code-invalid", "unsupported-code", "insufficient-funds",
                "payer-declined", "payer-restricted", "limit-exceeded", "risk", "merchant-configuration", "closed",
                "timeout", "cashier", "restart", "disowned", "mismatch", "conflict", "offline", "starting",
                "clock-unknown", "journal-full", "journal-damaged", "disabled", "wallet-dark", "overload", "late",
                "clock", "routing-unknown", "sequence",
            ],
            "problems": [
                "malformed", "too-large", "unauthorized", "unsupported-media-type", "not-found", "method-not-allowed",
                "unknown-sale", "amount-differs", "wrong-state", "supervisor-unknown", "supervisors-missing",
                "supervisor-locked", "not-releasable",
            ],
            "status": [
                "paid", "declined", "cancelled", "unavailable", "busy", "unacknowledged", "waiting",
            ],
            "wallets": ["alipay", "wechatpay", "qqwallet", "unionpay"],
        ]
    )
    func machineWords(group: String, names: [String]) throws {
        let table = try table("zh")
        for name in names { #expect(table["\(group).\(name)"] != nil, "\(group) lacks \(name)") }
    }
}
