// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The kinds of journal records. Their numbers are the file format.
package enum JournalKind: UInt8, CaseIterable, Sendable {
    case start = 1
    case intent = 2
    case paid = 4
    case acked = 5
    case declined = 6
    case unsent = 7
    case revoke = 8
    case duty = 9
    case released = 10
    case final = 11
    case closed = 12
    case checkpoint = 13
    case refund = 14
}

/// What one journal record says. Fields are joined with LF; none contains one.
package struct JournalEntry: Equatable, Sendable {
    package static let implicitFlag: UInt8 = 1
    package static let supervisorFlag: UInt8 = 2
    package static let payloadLimit = 1024

    package let kind: JournalKind
    package let flags: UInt8
    /// Cloud time, or ``Timestamp/unknown``.
    package let time: Timestamp
    package let payload: [UInt8]

    package init(kind: JournalKind, flags: UInt8 = 0, time: Timestamp, fields: [[UInt8]]) {
        var payload: [UInt8] = []
        payload.reserveCapacity(fields.reduce(fields.count) { $0 + $1.count })
        for (position, field) in fields.enumerated() {
            if position > 0 { payload.append(10) }
            payload += field
        }
        self.init(kind: kind, flags: flags, time: time, payload: payload)
    }

    package init(kind: JournalKind, flags: UInt8, time: Timestamp, payload: [UInt8]) {
        precondition(payload.count <= JournalEntry.payloadLimit, "journal payload too long")
        self.kind = kind
        self.flags = flags
        self.time = time
        self.payload = payload
    }

    package var fields: [[UInt8]] {
        var fields: [[UInt8]] = []
        fields.reserveCapacity(4)
        var start = 0
        for position in payload.indices where payload[position] == 10 {
            fields.append([UInt8](payload[start..<position]))
            start = position + 1
        }
        fields.append([UInt8](payload[start...]))
        return fields
    }

    /// The first field alone: of most kinds the order number.
    var number: [UInt8] { [UInt8](payload.prefix { $0 != 10 }) }

    /// The second field alone, where there is one.
    var word: [UInt8]? {
        guard let end = payload.firstIndex(of: 10) else { return nil }
        return [UInt8](payload[(end + 1)...].prefix { $0 != 10 })
    }
}
