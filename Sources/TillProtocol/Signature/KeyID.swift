// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Who signed: `<register>.<generation>`, `<cloud>.<generation>`, or `activation` for a key that is being enrolled.
package enum KeyID: Hashable, Sendable, CustomStringConvertible {
    /// Generations count from 1.
    case register(RegisterID, generation: Int)
    case cloud(CloudName, generation: Int)
    case activation

    package static let maxGeneration = 999_999

    /// Reads the one spelling that ``bytes`` writes.
    package init?(_ bytes: some Collection<UInt8>) {
        if ("activation" as StaticString).matches(bytes) {
            self = .activation
            return
        }
        let parts = [UInt8](bytes).split(separator: 46, omittingEmptySubsequences: false)
        guard parts.count == 2, let generation = Decimal.parse(parts[1]),
            (1...Int64(KeyID.maxGeneration)).contains(generation)
        else { return nil }
        if let cloud = CloudName(wireName: parts[0]) {
            self = .cloud(cloud, generation: Int(generation))
        } else if let register = RegisterID(parts[0]) {
            self = .register(register, generation: Int(generation))
        } else {
            return nil
        }
    }

    package var bytes: [UInt8] {
        switch self {
        case .register(let register, let generation): register.bytes + [46] + Decimal.text(Int64(generation))
        case .cloud(let cloud, let generation): cloud.wireBytes + [46] + Decimal.text(Int64(generation))
        case .activation: ("activation" as StaticString).bytes
        }
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// What a receiver knows of a key.
package enum KeyStatus: Equatable, Sendable {
    /// The public key: 65 bytes, the uncompressed point.
    case valid(publicKey: [UInt8])
    case revoked
    case unknown
}

/// Checks one ECDSA P-256 signature over the SHA-256 of a message.
package protocol SignatureVerifier {
    /// - Parameters:
    ///   - signature: r‖s, 64 bytes.
    ///   - publicKey: 65 bytes, the uncompressed point.
    func verify(signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool
}

/// Signs with one key: ECDSA P-256 over the SHA-256 of a message.
package protocol Signer {
    /// r‖s, 64 bytes; nil if the library fails.
    func sign(_ message: [UInt8]) -> [UInt8]?
}
