// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A name from a vocabulary as it arrived. A newer sender may use a name this build does not know: it decodes, and
/// the receiver treats it as it treats *unknown*.
package enum Named<Value: WireName>: Equatable, Sendable {
    case known(Value)
    /// 1–64 visible ASCII characters.
    case other([UInt8])

    package init?(_ bytes: [UInt8]) {
        if let value = Value(wireName: bytes) {
            self = .known(value)
        } else if (1...64).contains(bytes.count), bytes.allSatisfy({ (33...126).contains($0) }) {
            self = .other(bytes)
        } else {
            return nil
        }
    }

    package var value: Value? {
        switch self {
        case .known(let value): value
        case .other: nil
        }
    }

    package var bytes: [UInt8] {
        switch self {
        case .known(let value): value.wireBytes
        case .other(let bytes): bytes
        }
    }
}
