// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What an entry of the transaction log is about.
package enum LogKind: String, CaseIterable, Sendable {
    case payment, refund, store, register, account, routing, configuration, user, audit
    /// A payment's ``SaleNote``, under its order number.
    case sale
}

/// One entry of a cloud's transaction log: append-only, hash-chained, written in the commit of what it records.
package struct LogEntry: Equatable, Sendable {
    /// From 1, without gaps.
    package let sequence: Int64
    package let time: Timestamp
    /// The name of a ``LogKind``; a peer of a newer version may know more.
    package let kind: String
    /// n, register id, …: no `|`.
    package let key: String
    /// JSON text, kept byte for byte.
    package let body: String
    /// 32 bytes.
    package let hash: [UInt8]

    package init(sequence: Int64, time: Timestamp, kind: String, key: String, body: String, hash: [UInt8]) {
        self.sequence = sequence
        self.time = time
        self.kind = kind
        self.key = key
        self.body = body
        self.hash = hash
    }

    /// The entry that follows `previous`.
    package init(after previous: LogHead, time: Timestamp, kind: String, key: String, body: String) {
        let sequence = previous.sequence + 1
        self.init(
            sequence: sequence,
            time: time,
            kind: kind,
            key: key,
            body: body,
            hash: LogEntry.hash(
                after: previous.hash,
                sequence: sequence,
                time: time,
                kind: kind,
                key: key,
                body: body
            )
        )
    }

    /// SHA-256 of the previous hash and `sequence|time|kind|key|body` in UTF-8.
    package static func hash(
        after previous: [UInt8],
        sequence: Int64,
        time: Timestamp,
        kind: String,
        key: String,
        body: String
    ) -> [UInt8] {
        var text = previous
        text.reserveCapacity(previous.count + key.utf8.count + body.utf8.count + 64)
        text += Decimal.text(sequence)
        text.append(124)
        text += Decimal.text(time.milliseconds)
        text.append(124)
        text += kind.utf8
        text.append(124)
        text += key.utf8
        text.append(124)
        text += body.utf8
        return SHA256.hash(text)
    }

    /// Whether this entry follows `previous` and its hash is right.
    package func follows(_ previous: LogHead) -> Bool {
        sequence == previous.sequence + 1
            && hash
                == LogEntry.hash(
                    after: previous.hash,
                    sequence: sequence,
                    time: time,
                    kind: kind,
                    key: key,
                    body: body
                )
    }

    package var head: LogHead { LogHead(sequence: sequence, hash: hash) }
}

/// The end of a log.
package struct LogHead: Equatable, Sendable {
    package let sequence: Int64
    package let hash: [UInt8]

    package init(sequence: Int64, hash: [UInt8]) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Before the first entry: 32 zero bytes.
    package static let start = LogHead(sequence: 0, hash: [UInt8](repeating: 0, count: 32))
}

package struct LogPage: Equatable, Sendable {
    package let entries: [LogEntry]
    /// The sequence of the newest entry there is.
    package let head: Int64
    /// When this database was last promoted.
    package let promotedAt: Timestamp?

    package init(entries: [LogEntry], head: Int64, promotedAt: Timestamp?) {
        self.entries = entries
        self.head = head
        self.promotedAt = promotedAt
    }
}

/// Who did something that is not a payment's own step, and why.
package struct AuditNote: Equatable, Sendable {
    /// For example `admin`, a user's name, `register QF000K703`.
    package let actor: String
    /// For example `register-revoked`.
    package let action: String
    package let detail: String

    package init(actor: String, action: String, detail: String = "") {
        self.actor = actor
        self.action = action
        self.detail = detail
    }

    package func body(of key: String) -> String {
        EntryText.object { text in
            text.string("actor", actor)
            text.string("action", action)
            text.string("key", key)
            if !detail.isEmpty { text.string("detail", detail) }
        }
    }
}

/// The own transaction log.
package protocol TransactionLog: Sendable {
    /// Entries after a sequence, at most `limit`.
    func log(after sequence: Int64, limit: Int) async throws(StoreError) -> LogPage
    /// One entry of the kind `audit`.
    func audit(_ note: AuditNote, key: String, at now: Timestamp) async throws(StoreError)
    /// Reads the whole chain.
    /// - Returns: The sequence of the first entry that does not follow the one before it, or nil if all is well.
    func verifyLog() async throws(StoreError) -> Int64?
    /// When this database last became the primary, or was restored. Nil: never since it was made.
    func lastPromotion() async throws(StoreError) -> Timestamp?
    /// To be stored before a promoted or restored database takes its first payment. It never goes back.
    func promote(at now: Timestamp, by note: AuditNote) async throws(StoreError)
}
