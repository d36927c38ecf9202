// Part of Tillbridge. See LICENSE.

/// A short name made of bytes, checked when it is made. Two are equal when their bytes are.
package protocol Identifier: Hashable, Sendable, CustomStringConvertible {
    var bytes: [UInt8] { get }
    init?(_ bytes: some Collection<UInt8>)
}

extension Identifier {
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// Crockford's base 32, upper case: the alphabet of register, order and message numbers.
package enum Base32 {
    package static let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    /// The character for the low five bits of `value`.
    package static func character(_ value: UInt64) -> UInt8 {
        alphabet.withUTF8Buffer { $0[Int(value & 31)] }
    }

    /// The five bits that a character stands for, or nil outside the alphabet.
    package static func value(_ character: UInt8) -> UInt64? {
        switch character {
        case 48...57: UInt64(character - 48)
        case 65...72: UInt64(character - 55)
        case 74, 75: UInt64(character - 56)
        case 77, 78: UInt64(character - 57)
        case 80...84: UInt64(character - 58)
        case 86...90: UInt64(character - 59)
        default: nil
        }
    }

    /// `value` in exactly `count` characters, most significant first. Higher bits are dropped.
    package static func encode(_ value: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { position in
            let shift = 5 * (count - 1 - position)
            return character(shift < 64 ? value >> UInt64(shift) : 0)
        }
    }

    /// The number that up to 12 characters stand for.
    package static func decode(_ text: some Collection<UInt8>) -> UInt64? {
        guard text.count <= 12 else { return nil }
        var result: UInt64 = 0
        for character in text {
            guard let value = value(character) else { return nil }
            result = result << 5 | value
        }
        return result
    }

    package static func isText(_ text: some Collection<UInt8>) -> Bool {
        text.allSatisfy { value($0) != nil }
    }
}

/// A register: chain 3, store 4, register 2 characters. Assigned at activation, for example `QF000K703`.
package struct RegisterID: Identifier {
    package let bytes: [UInt8]

    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 9, Base32.isText(bytes) else { return nil }
        self.bytes = [UInt8](bytes)
    }

    package var chain: [UInt8] { [UInt8](bytes[0..<3]) }
    /// Chain and store together: the store's identity.
    package var store: [UInt8] { [UInt8](bytes[0..<7]) }
}

/// Whether money is real. It is the first character of every order number.
package enum Installation: UInt8, Hashable, Sendable {
    /// Sandbox wallets: `T`.
    case sandbox = 84
    /// Live wallets: `1`.
    case live = 49
}

/// The number n of one attempt to collect money: 24 letters and digits, unique over registers, restarts and clones.
///
/// Installation 1, register 9, epoch 7 (35 bits drawn at each start of the plug-in), sequence 6 (never restarts),
/// check character 1 (ISO 7064 MOD 37,36 over the first 23).
package struct OrderNumber: Identifier {
    package let bytes: [UInt8]

    @specialized(where Bytes == [UInt8])
    package init?<Bytes: Collection<UInt8>>(_ bytes: Bytes) {
        let bytes = [UInt8](bytes)
        guard bytes.count == 24, Installation(rawValue: bytes[0]) != nil, Base32.isText(bytes[1..<23]),
            ISO7064.check(bytes[0..<23]) == bytes[23]
        else { return nil }
        self.bytes = bytes
    }

    /// - Parameters:
    ///   - epoch: 35 random bits; higher bits are dropped.
    ///   - sequence: 1 ..< 2^30.
    package init(installation: Installation, register: RegisterID, epoch: UInt64, sequence: UInt64) {
        precondition(sequence > 0 && sequence < 1 << 30, "sequence out of range")
        var bytes = [installation.rawValue]
        bytes += register.bytes
        bytes += Base32.encode(epoch, count: 7)
        bytes += Base32.encode(sequence, count: 6)
        bytes.append(ISO7064.check(bytes[...]))
        self.bytes = bytes
    }

    package var installation: Installation { Installation(rawValue: bytes[0]) ?? .sandbox }
    package var epoch: UInt64 { Base32.decode(bytes[10..<17]) ?? 0 }
    package var sequence: UInt64 { Base32.decode(bytes[17..<23]) ?? 0 }

    package var register: RegisterID {
        guard let register = RegisterID(bytes[1..<10]) else { preconditionFailure("checked at creation") }
        return register
    }

    /// The number of one refund of this payment: `R00` is the undo's own, `R01` and up are refunds by authority.
    package func refundNumber(_ counter: Int) -> RefundNumber { RefundNumber(order: self, counter: counter) }
}

/// An order number, `R`, and two digits: 27 characters.
package struct RefundNumber: Identifier {
    package let bytes: [UInt8]

    package init?(_ bytes: some Collection<UInt8>) {
        let bytes = [UInt8](bytes)
        guard bytes.count == 27, OrderNumber(bytes[0..<24]) != nil, bytes[24] == 82,
            bytes[25...].allSatisfy({ (48...57).contains($0) })
        else { return nil }
        self.bytes = bytes
    }

    package init(order: OrderNumber, counter: Int) {
        precondition((0...99).contains(counter), "a payment has at most 99 refunds")
        bytes = order.bytes + [82, UInt8(48 + counter / 10), UInt8(48 + counter % 10)]
    }

    package var order: OrderNumber {
        guard let order = OrderNumber(bytes[0..<24]) else { preconditionFailure("checked at creation") }
        return order
    }
}

/// ISO 7064 MOD 37,36: one check character for letters and digits.
package enum ISO7064 {
    package static func check(_ text: some Collection<UInt8>) -> UInt8 {
        // Modulo 36 with 36 for 0, then modulo 37 of an even number below 73: no division.
        var remainder = 36
        for character in text {
            var sum = remainder + Int(character) - (character <= 57 ? 48 : 55)
            if sum > 36 { sum -= 36 }
            remainder = sum < 19 ? 2 * sum : 2 * sum - 37
        }
        let value = (37 - remainder) % 36
        return UInt8(value < 10 ? 48 + value : 55 + value)
    }
}

/// The register's own name of a tender: 1–40 of `A-Z a-z 0-9 . _ : -`.
package struct SaleReference: Identifier {
    package let bytes: [UInt8]

    @specialized(where Bytes == [UInt8])
    package init?<Bytes: Collection<UInt8>>(_ bytes: Bytes) {
        guard (1...40).contains(bytes.count), bytes.allSatisfy(SaleReference.allows) else { return nil }
        self.bytes = [UInt8](bytes)
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case 65...90, 97...122, 48...57, 46, 95, 58, 45: true
        default: false
        }
    }
}

/// The caller's own name of a refund, its idempotency key: 1–40 of `A-Z a-z 0-9 . _ : -`.
package struct RefundReference: Identifier {
    package let bytes: [UInt8]

    package init?(_ bytes: some Collection<UInt8>) {
        guard let reference = SaleReference(bytes) else { return nil }
        self.bytes = reference.bytes
    }
}

/// 64 random bits of one attempt, as 16 lower-case hexadecimal digits.
package struct Nonce: Identifier {
    package let bytes: [UInt8]

    @specialized(where Bytes == [UInt8])
    package init?<Bytes: Collection<UInt8>>(_ bytes: Bytes) {
        guard bytes.count == 16, bytes.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        self.bytes = [UInt8](bytes)
    }

    package init(_ bits: UInt64) {
        bytes = (0..<16).map { position in
            let digit = UInt8(bits >> UInt64(60 - 4 * position) & 15)
            return digit < 10 ? 48 + digit : 87 + digit
        }
    }
}

/// 128 random bits of one message, as 26 characters of base 32. Fresh for every send.
package struct MessageID: Identifier {
    package let bytes: [UInt8]

    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 26, Base32.isText(bytes) else { return nil }
        self.bytes = [UInt8](bytes)
    }

    package init(_ high: UInt64, _ low: UInt64) {
        bytes = Base32.encode(high, count: 13) + Base32.encode(low, count: 13)
    }
}

/// The wallet's own reference of a trade: 1–64 printable ASCII characters.
package struct WalletTransactionID: Identifier {
    package let bytes: [UInt8]

    @specialized(where Bytes == [UInt8])
    package init?<Bytes: Collection<UInt8>>(_ bytes: Bytes) {
        guard (1...64).contains(bytes.count), bytes.allSatisfy({ (33...126).contains($0) }) else { return nil }
        self.bytes = [UInt8](bytes)
    }
}
