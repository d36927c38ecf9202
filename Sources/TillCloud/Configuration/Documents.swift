// Part of Tillbridge. See LICENSE.
import Foundation

/// A store: a name for people, and the first seven characters of its registers.
package struct StoreDocument: Codable, Equatable, Sendable {
    package var code: String
    package var name: String
}

/// A register and its device keys.
package struct RegisterDocument: Codable, Equatable, Sendable {
    package struct Key: Codable, Equatable, Sendable {
        package var generation: Int
        /// Base64 of the 65-byte point.
        package var publicKey: String
        /// Milliseconds since 1970 UTC.
        package var activatedAt: Int64
        package var revokedAt: Int64?
    }

    /// 9 characters.
    package var id: String
    package var name: String
    /// Oldest first. Empty until the one-time code is used.
    package var keys: [Key]
    package var acknowledges: Bool
    package var addedAt: Int64
    package var revokedAt: Int64?
    /// Switched off from afar: it begins no new payment, and ends what it has begun. Nil while it is on.
    package var disabledAt: Int64?
}

/// A contract with a wallet.
package struct AccountDocument: Codable, Equatable, Sendable {
    package var id: String
    package var wallet: String
    /// The version of the wallet's protocol.
    package var version: String
    /// Whether no real money moves here.
    package var sandbox: Bool
    package var baseURL: String
    /// The credentials as JSON, sealed by ``CredentialVault`` under the account's id.
    package var credentials: String
    package var addedAt: Int64
}

/// What the chain lets registers do.
package struct ChainDocument: Codable, Equatable, Sendable {
    package struct Supervisor: Codable, Equatable, Sendable {
        package var id: String
        package var salt: String
        package var hash: String
    }

    package var version: Int
    /// The largest sale, in fen.
    package var amountLimit: Int64
    /// The largest refund that a register may give by itself, in fen; 0 for none.
    package var refundLimit: Int64
    package var supervisors: [Supervisor]
    package var enabled: Bool

    package static let standard = ChainDocument(
        version: 1,
        amountLimit: 500_000,
        refundLimit: 0,
        supervisors: [],
        enabled: true
    )
}

/// JSON of the documents: sorted names, so that equal documents have equal bytes.
enum DocumentCoder {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    static func text(_ value: some Encodable) throws -> String { String(decoding: try encode(value), as: UTF8.self) }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
