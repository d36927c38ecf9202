// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A person who may release a locked register by hand.
package struct Supervisor: Equatable, Sendable {
    package static let rounds = 20_000

    /// 1–40 bytes of UTF-8.
    package let id: [UInt8]
    /// 16 bytes.
    package let salt: [UInt8]
    /// 32 bytes: PBKDF2 with HMAC-SHA256, 20,000 rounds.
    package let hash: [UInt8]

    package init(id: [UInt8], salt: [UInt8], hash: [UInt8]) {
        self.id = id
        self.salt = salt
        self.hash = hash
    }

    /// - Parameter salt: 16 random bytes.
    package init(id: [UInt8], code: [UInt8], salt: [UInt8]) {
        self.init(id: id, salt: salt, hash: Supervisor.hash(code, salt))
    }

    package func accepts(code: [UInt8]) -> Bool { ConstantTime.equal(hash, Supervisor.hash(code, salt)) }

    private static func hash(_ code: [UInt8], _ salt: [UInt8]) -> [UInt8] {
        PBKDF2.key(password: code, salt: salt, rounds: rounds)
    }
}

/// What a store's registers may do.
package struct ConfigurationDocument: Equatable, Sendable {
    package static let maxSupervisors = 20

    package let version: Int
    /// The largest payment.
    package let amountLimit: Money
    /// The largest refund a register may ask for; zero for none.
    package let refundLimit: Money
    package let supervisors: [Supervisor]
    /// Whether the register takes mobile payments at all.
    package let isEnabled: Bool

    package init(
        version: Int,
        amountLimit: Money,
        refundLimit: Money,
        supervisors: [Supervisor],
        isEnabled: Bool
    ) {
        self.version = version
        self.amountLimit = amountLimit
        self.refundLimit = refundLimit
        self.supervisors = supervisors
        self.isEnabled = isEnabled
    }

    package init(decoding bytes: [UInt8]) throws(MessageError) {
        try self.init(try JSONObject(parsing: bytes, limits: .wire))
    }

    package func encode() -> [UInt8] { JSONWriter.object { write(to: &$0) } }

    package init(_ object: JSONObject) throws(MessageError) {
        version = Int(try object.integer("version", in: 1...Int64(1) << 31))
        amountLimit = try object.money("amountLimit")
        refundLimit = try object.money("refundLimit")
        var supervisors: [Supervisor] = []
        for entry in try object.objects("supervisors", atMost: ConfigurationDocument.maxSupervisors) {
            supervisors.append(
                Supervisor(
                    id: try entry.text("id", length: 1...40),
                    salt: try entry.hex("salt", count: 16),
                    hash: try entry.hex("hash", count: 32)
                )
            )
        }
        self.supervisors = supervisors
        isEnabled = try object.bool("enabled")
    }

    package func write(to json: inout JSONWriter) {
        json.integer("version", Int64(version))
        json.money("amountLimit", amountLimit)
        json.money("refundLimit", refundLimit)
        json.array("supervisors") { json in
            for supervisor in supervisors {
                json.object { json in
                    json.string("id", supervisor.id)
                    json.string("salt", Hex.encode(supervisor.salt))
                    json.string("hash", Hex.encode(supervisor.hash))
                }
            }
        }
        json.bool("enabled", isEnabled)
    }
}
