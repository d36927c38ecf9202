// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `/v1/peer/log`: the other cloud's transaction log, from a place on.
package struct PeerLogRequest: WireMessage {
    package static let maxLimit: Int64 = 500

    package let id: MessageID
    /// The last sequence the asking cloud holds; 0 for none.
    package let after: Int64
    package let limit: Int64
    /// Milliseconds.
    package let wait: Int64
    /// The newest routing version that the asking cloud holds; nil for none, and from a cloud that does not tell.
    package let routing: Int?

    package init(id: MessageID, after: Int64, limit: Int64, wait: Int64, routing: Int? = nil) {
        self.id = id
        self.after = after
        self.limit = limit
        self.wait = wait
        self.routing = routing
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        after = try object.integer("after")
        limit = try object.integer("limit", in: 1...PeerLogRequest.maxLimit)
        wait = try object.integer("wait", in: WaitRange.peerLog)
        routing = try object.optionalInteger("routing", in: 1...Int64(1) << 31).map { Int($0) }
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.integer("after", after)
        json.integer("limit", limit)
        json.integer("wait", wait)
        if let routing { json.integer("routing", Int64(routing)) }
    }
}

/// What an entry of the transaction log is about.
package enum PeerLogKind: WireName, Hashable {
    case payment, refund, register, account, routing, configuration, user, audit

    package static let allCases: [PeerLogKind] = [
        .payment, .refund, .register, .account, .routing, .configuration, .user, .audit,
    ]

    package var wireName: StaticString {
        switch self {
        case .payment: "payment"
        case .refund: "refund"
        case .register: "register"
        case .account: "account"
        case .routing: "routing"
        case .configuration: "configuration"
        case .user: "user"
        case .audit: "audit"
        }
    }
}

/// One entry of a transaction log, chained to the one before it.
package struct PeerLogEntry: Equatable, Sendable {
    package let sequence: Int64
    package let time: Timestamp
    package let kind: Named<PeerLogKind>
    /// Order number, register id, …: UTF-8.
    package let key: [UInt8]
    /// UTF-8; its bytes are exact.
    package let body: [UInt8]
    /// 32 bytes.
    package let hash: [UInt8]

    package init(
        sequence: Int64,
        time: Timestamp,
        kind: Named<PeerLogKind>,
        key: [UInt8],
        body: [UInt8],
        hash: [UInt8]
    ) {
        self.sequence = sequence
        self.time = time
        self.kind = kind
        self.key = key
        self.body = body
        self.hash = hash
    }

    /// Makes the entry that follows another one.
    ///
    /// - Parameter previousHash: 32 bytes; ``firstPreviousHash`` for the first entry of a log.
    package init(
        following previousHash: [UInt8],
        sequence: Int64,
        time: Timestamp,
        kind: Named<PeerLogKind>,
        key: [UInt8],
        body: [UInt8]
    ) {
        self.init(
            sequence: sequence,
            time: time,
            kind: kind,
            key: key,
            body: body,
            hash: PeerLogEntry.hash(
                previousHash,
                sequence: sequence,
                time: time,
                kind: kind,
                key: key,
                body: body
            )
        )
    }

    package static let firstPreviousHash = [UInt8](repeating: 0, count: 32)

    /// Whether the entry is what its hash says, after an entry with another hash.
    package func follows(_ previousHash: [UInt8]) -> Bool {
        hash == PeerLogEntry.hash(previousHash, sequence: sequence, time: time, kind: kind, key: key, body: body)
    }

    /// SHA-256 of the previous hash and `sequence|time|kind|key|body`.
    private static func hash(
        _ previous: [UInt8],
        sequence: Int64,
        time: Timestamp,
        kind: Named<PeerLogKind>,
        key: [UInt8],
        body: [UInt8]
    ) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(previous)
        hasher.update(Decimal.text(sequence))
        hasher.update("|")
        hasher.update(Decimal.text(time.milliseconds))
        hasher.update("|")
        hasher.update(kind.bytes)
        hasher.update("|")
        hasher.update(key)
        hasher.update("|")
        hasher.update(body)
        return hasher.finalize()
    }

    fileprivate init(_ object: JSONObject) throws(MessageError) {
        sequence = try object.integer("sequence", in: 1...Int64(1) << 53 - 1)
        time = try object.time("time")
        kind = try object.name("kind", as: PeerLogKind.self)
        key = try object.text("key", length: 1...100)
        body = try object.string("body", length: 0...HTTPLimits.peerLog.body)
        hash = try object.hex("hash", count: 32)
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.integer("sequence", sequence)
        json.time("time", time)
        json.string("kind", kind.bytes)
        json.string("key", key)
        json.string("body", body)
        json.string("hash", Hex.encode(hash))
    }
}

package struct PeerLogAnswer: WireMessage {
    package let head: AnswerHead
    package let entries: [PeerLogEntry]
    /// The newest sequence of this log.
    package let newest: Int64
    /// When this cloud's database was last promoted; zero if never.
    package let promotedAt: Timestamp

    package init(head: AnswerHead, entries: [PeerLogEntry], newest: Int64, promotedAt: Timestamp) {
        self.head = head
        self.entries = entries
        self.newest = newest
        self.promotedAt = promotedAt
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        var entries: [PeerLogEntry] = []
        for entry in try object.objects("entries", atMost: Int(PeerLogRequest.maxLimit)) {
            entries.append(try PeerLogEntry(entry))
        }
        self.entries = entries
        newest = try object.integer("head")
        promotedAt = try object.time("promotedAt")
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
        json.array("entries") { json in
            for entry in entries { json.object { entry.write(to: &$0) } }
        }
        json.integer("head", newest)
        json.time("promotedAt", promotedAt)
    }
}
