// Part of Tillbridge. See LICENSE.

/// The payment code on a shopper's phone: whoever holds it can take money. Never stored, never logged; its
/// description is masked.
package struct PaymentCode: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The code itself, normalised. The only legitimate readers are the Sign-Flag rules and the pay call.
    package let secret: [UInt8]

    /// Takes a scanned text as it comes: strips white space, NUL and line ends around it.
    /// Nil for an empty text, more than 512 bytes, or anything but visible ASCII.
    package init?(scanned text: some Collection<UInt8>) {
        var slice = [UInt8](text)[...]
        while let first = slice.first, PaymentCode.isPadding(first) { slice = slice.dropFirst() }
        while let last = slice.last, PaymentCode.isPadding(last) { slice = slice.dropLast() }
        guard (1...512).contains(slice.count), slice.allSatisfy({ (33...126).contains($0) }) else { return nil }
        secret = [UInt8](slice)
    }

    private static func isPadding(_ byte: UInt8) -> Bool {
        byte == 13 || byte == 10 || byte == 9 || byte == 32 || byte == 0
    }

    package var description: String { "payment code (masked)" }
    package var debugDescription: String { description }
}
