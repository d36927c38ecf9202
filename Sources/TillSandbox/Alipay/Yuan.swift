// Part of Tillbridge. See LICENSE.

/// Amounts as Alipay writes them: yuan with up to two decimals, as text.
package enum Yuan {
    /// Fen; nil for anything but 0.01 … 100000000 with at most two decimals.
    package static func fen(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, (1...9).contains(whole.count), digits(whole) else { return nil }
        let decimals = parts.count == 2 ? parts[1] : "00"
        guard (1...2).contains(decimals.count), digits(decimals) else { return nil }
        guard let yuan = Int64(whole), let rest = Int64(decimals) else { return nil }
        let fen = yuan * 100 + (decimals.count == 1 ? rest * 10 : rest)
        return (1...10_000_000_000).contains(fen) ? fen : nil
    }

    private static func digits(_ text: Substring) -> Bool { text.utf8.allSatisfy { (48...57).contains($0) } }

    package static func text(_ fen: Int64) -> String {
        let rest = String(fen.magnitude % 100)
        return "\(fen < 0 ? "-" : "")\(fen.magnitude / 100).\(rest.count == 1 ? "0" : "")\(rest)"
    }
}
