// Part of Tillbridge. See LICENSE.

/// What a scanned text looks like before any rule is asked.
package enum PaymentCodeForm: Equatable, Sendable {
    /// Decimal digits alone (ASCII): the codes of every mainland wallet. They are text: leading zeros count.
    case digits
    /// `fp` and 33 letters and digits: Alipay's face-pay token.
    case faceToken
    /// Base64 that begins `hQVDUFYwMW`: an EMVCo consumer-presented code.
    case emv
    /// A code that asks for money instead of giving it: a link, or EMVCo's merchant-presented text.
    case receive
    /// Anything else: goods, member cards with letters, prose.
    case other

    package init(_ text: [UInt8]) {
        if PaymentCodeForm.isReceiveCode(text) {
            self = .receive
        } else if !text.isEmpty, text.allSatisfy({ (48...57).contains($0) }) {
            self = .digits
        } else if text.count == 35, PaymentCodeForm.begins(text, "fp"), text[2...].allSatisfy(isLetterOrDigit) {
            self = .faceToken
        } else if PaymentCodeForm.begins(text, "hQVDUFYwMW"), text.allSatisfy(isBase64) {
            self = .emv
        } else {
            self = .other
        }
    }

    /// `000201…`, or a scheme (`https`, `weixin`, `wxp`, `alipays`, …) followed by `://`.
    private static func isReceiveCode(_ text: [UInt8]) -> Bool {
        if begins(text, "000201") { return true }
        guard let colon = text.firstIndex(of: 58), (1...20).contains(colon), text.count > colon + 2 else {
            return false
        }
        return text[..<colon].allSatisfy(isLetterOrDigit) && text[colon + 1] == 47 && text[colon + 2] == 47
    }

    private static func begins(_ text: [UInt8], _ prefix: StaticString) -> Bool {
        text.count >= prefix.utf8CodeUnitCount && prefix.matches(text[..<prefix.utf8CodeUnitCount])
    }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: false
    }
}

private func isBase64(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || byte == 43 || byte == 47 || byte == 61 }

/// What a scanner adds around the text, as it was set up.
package struct ScannerFraming: Equatable, Sendable {
    package let prefix: [UInt8]
    package let suffix: [UInt8]

    package init(prefix: [UInt8] = [], suffix: [UInt8] = []) {
        self.prefix = prefix
        self.suffix = suffix
    }

    package static let none = ScannerFraming()
}

extension PaymentCode {
    /// Takes a scanned text as it comes: strips white space, NUL and line ends, the scanner's own prefix and suffix,
    /// and an AIM identifier (`]C0`, `]Q1`, …; no payment code begins with a bracket).
    package init?(scanned text: some Collection<UInt8>, framing: ScannerFraming) {
        guard let code = PaymentCode(scanned: text) else { return nil }
        var rest = code.secret[...]
        if !framing.prefix.isEmpty, rest.starts(with: framing.prefix) { rest = rest.dropFirst(framing.prefix.count) }
        if !framing.suffix.isEmpty, rest.count >= framing.suffix.count,
            rest.suffix(framing.suffix.count).elementsEqual(framing.suffix)
        {
            rest = rest.dropLast(framing.suffix.count)
        }
        let start = rest.startIndex
        if rest.count >= 3, rest[start] == 93, isLetter(rest[start + 1]), isLetterOrDigit(rest[start + 2]) {
            rest = rest.dropFirst(3)
        }
        self.init(scanned: rest)
    }
}

private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
