// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One document of the installation's configuration: a store, a register with its keys, a payment account with its
/// sealed credentials, a version of the routing, the chain's limits, a cloud's key. The store keeps every version and
/// does not look inside.
package struct StoredDocument: Equatable, Sendable {
    package let kind: LogKind
    package let key: String
    /// From 1, rising by one with every change.
    package let version: Int64
    /// JSON text, kept byte for byte.
    package let body: String
    package let changedAt: Timestamp

    package init(kind: LogKind, key: String, version: Int64, body: String, changedAt: Timestamp) {
        self.kind = kind
        self.key = key
        self.version = version
        self.body = body
        self.changedAt = changedAt
    }
}

package struct DocumentChange: Equatable, Sendable {
    package let kind: LogKind
    package let key: String
    package let body: String
    /// The version that the change was made from: 0 for a new document. Nil: whatever is there.
    package let from: Int64?

    package init(kind: LogKind, key: String, body: String, from: Int64?) {
        self.kind = kind
        self.key = key
        self.body = body
        self.from = from
    }
}

package enum DocumentResult: Equatable, Sendable {
    case stored
    /// Another version is there: read again. Nothing was stored.
    case lost(kind: LogKind, key: String)
}

/// A one-time code that is not used yet, or was. The secret part is stored nowhere.
package struct Activation: Equatable, Sendable {
    /// The public part of the code.
    package let code: String
    package let register: RegisterID
    /// 32 bytes, derived from the secret part. Empty once the code is used up.
    package let key: [UInt8]
    package let expiresAt: Timestamp
    package var wrongTriesLeft: Int
    package var usedAt: Timestamp?
    /// The public key that used it, 65 bytes.
    package var usedBy: [UInt8]?
    package var generation: Int?

    package init(code: String, register: RegisterID, key: [UInt8], expiresAt: Timestamp, wrongTriesLeft: Int = 5) {
        self.code = code
        self.register = register
        self.key = key
        self.expiresAt = expiresAt
        self.wrongTriesLeft = wrongTriesLeft
    }
}

package enum ActivationResult: Equatable, Sendable {
    case stored
    /// Used, expired or blocked in the meantime, or the register's document has changed: read again.
    case lost
}

/// The configuration documents, and the codes that enrol registers.
package protocol ConfigurationStore: Sendable {
    /// The newest version of every document of a kind, by key.
    func documents(_ kind: LogKind) async throws(StoreError) -> [StoredDocument]
    func document(_ kind: LogKind, key: String) async throws(StoreError) -> StoredDocument?
    func history(_ kind: LogKind, key: String) async throws(StoreError) -> [StoredDocument]

    /// Stores all changes or none, each with an entry of its kind, and one `audit` entry.
    func change(
        _ changes: [DocumentChange],
        at now: Timestamp,
        by note: AuditNote
    ) async throws(StoreError) -> DocumentResult

    /// - Returns: False if the public part is taken by a code that has not expired.
    func addActivation(_ activation: Activation, at now: Timestamp, by note: AuditNote) async throws(StoreError) -> Bool
    func activation(_ code: String) async throws(StoreError) -> Activation?
    /// Counts a wrong proof down.
    /// - Returns: How many are left.
    func wrongActivationTry(_ code: String) async throws(StoreError) -> Int
    /// Uses the code and stores the register's new document, in one commit.
    func useActivation(
        _ code: String,
        publicKey: [UInt8],
        generation: Int,
        change: DocumentChange,
        at now: Timestamp
    ) async throws(StoreError) -> ActivationResult
}
