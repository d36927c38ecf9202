// Part of Tillbridge. See LICENSE.

/// Payment codes that no Sign-Flag rule knows, counted by first digits and length: how people learn of a new wallet
/// or a new number range. A code itself is never kept.
///
/// Texts with other characters than digits, and goods' numbers of up to 14 digits, are not counted.
package struct UnknownCodes: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        /// 1–4 digits; none in the row of all further kinds.
        package let prefix: [UInt8]
        /// 0 in the row of all further kinds.
        package let length: Int
        package var count: Int

        /// Nil for what cannot be a row.
        package init?(prefix: [UInt8], length: Int, count: Int) {
            guard UnknownCodes.isKind(prefix, length) || (prefix.isEmpty && length == 0), count > 0,
                count <= UnknownCodes.most
            else { return nil }
            self.prefix = prefix
            self.length = length
            self.count = count
        }
    }

    /// What a register keeps and sends; clouds keep more.
    package static let registerRows = 16
    /// Where a count stops.
    package static let most = 1 << 30

    /// In the order in which the kinds were first seen.
    package private(set) var rows: [Row] = []
    /// The last row is kept for all further kinds, so that no stream of codes takes more memory.
    private let limit: Int

    package init(limit: Int = UnknownCodes.registerRows) { self.limit = limit }

    /// - Parameters:
    ///   - sign: The first characters of the code, as they go into an intent. At most four are kept.
    ///   - length: The length of the code.
    package mutating func count(sign: [UInt8], length: Int) {
        let prefix = [UInt8](sign.prefix(4))
        guard UnknownCodes.isKind(prefix, length), let row = Row(prefix: prefix, length: length, count: 1) else {
            return
        }
        add(row)
    }

    /// Adds what somebody else has counted.
    package mutating func add(_ row: Row) {
        var row = row
        if let place = place(of: row) {
            rows[place].count = min(rows[place].count + row.count, UnknownCodes.most)
            return
        }
        if rows.count >= limit - 1, !row.prefix.isEmpty {
            guard let others = Row(prefix: [], length: 0, count: row.count) else { return }
            row = others
        }
        if let place = place(of: row) {
            rows[place].count = min(rows[place].count + row.count, UnknownCodes.most)
        } else {
            rows.append(row)
        }
    }

    /// Takes away what has been told.
    package mutating func remove(_ told: [Row]) {
        for row in told {
            guard let place = place(of: row) else { continue }
            rows[place].count -= row.count
            if rows[place].count <= 0 { rows.remove(at: place) }
        }
    }

    private func place(of row: Row) -> Int? {
        rows.firstIndex { $0.length == row.length && $0.prefix == row.prefix }
    }

    private static func isKind(_ prefix: [UInt8], _ length: Int) -> Bool {
        (15...32).contains(length) && (1...4).contains(prefix.count) && prefix.allSatisfy { (48...57).contains($0) }
    }
}
