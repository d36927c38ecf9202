// Part of Tillbridge. See LICENSE.

/// What one attempt to collect money is about: one line of ASCII that never changes.
///
/// `1|n|saleRef|amount|currency|sign|codeLength|routing|t0|nonce`. The plug-in builds the line once, journals its
/// bytes, and sends the same bytes in every later message. Two requests are about the same payment exactly when
/// their lines are equal byte for byte. The full payment code is not part of it.
///
/// It is carried by every message, row and attempt, so its fields lie in one object that copies share.
package struct Intent: Equatable, Sendable {
    private final class Fields: Sendable {
        let orderNumber: OrderNumber
        let saleReference: SaleReference
        let amount: Money
        let sign: [UInt8]
        let codeLength: Int
        let routing: Int
        let startedAt: Timestamp
        let nonce: Nonce

        init(
            _ orderNumber: OrderNumber,
            _ saleReference: SaleReference,
            _ amount: Money,
            _ sign: [UInt8],
            _ codeLength: Int,
            _ routing: Int,
            _ startedAt: Timestamp,
            _ nonce: Nonce
        ) {
            self.orderNumber = orderNumber
            self.saleReference = saleReference
            self.amount = amount
            self.sign = sign
            self.codeLength = codeLength
            self.routing = routing
            self.startedAt = startedAt
            self.nonce = nonce
        }
    }

    private let fields: Fields

    package var orderNumber: OrderNumber { fields.orderNumber }
    package var saleReference: SaleReference { fields.saleReference }
    /// Positive.
    package var amount: Money { fields.amount }
    /// The first characters of the payment code, as many as the routing document says, at most 8.
    package var sign: [UInt8] { fields.sign }
    package var codeLength: Int { fields.codeLength }
    /// The version of the routing document that decides wallet and payment account.
    package var routing: Int { fields.routing }
    /// When the intent became durable, by cloud time.
    package var startedAt: Timestamp { fields.startedAt }
    package var nonce: Nonce { fields.nonce }

    package init(
        orderNumber: OrderNumber,
        saleReference: SaleReference,
        amount: Money,
        sign: [UInt8],
        codeLength: Int,
        routing: Int,
        startedAt: Timestamp,
        nonce: Nonce
    ) {
        fields = Fields(orderNumber, saleReference, amount, sign, codeLength, routing, startedAt, nonce)
    }

    package static func == (left: Intent, right: Intent) -> Bool {
        left.fields === right.fields
            || left.orderNumber == right.orderNumber
                && left.saleReference == right.saleReference && left.amount == right.amount && left.sign == right.sign
                && left.codeLength == right.codeLength && left.routing == right.routing
                && left.startedAt == right.startedAt && left.nonce == right.nonce
    }

    /// Reads a line. Nil for anything but the one spelling that ``line`` writes.
    package init?(line: some Collection<UInt8>) {
        let line = [UInt8](line)
        guard line.count <= 200 else { return nil }
        let fields = line.split(separator: 124, omittingEmptySubsequences: false)
        guard fields.count == 10, fields[0].elementsEqual([49]), let orderNumber = OrderNumber(fields[1]),
            let saleReference = SaleReference(fields[2]), let fen = Decimal.parse(fields[3]), fen > 0,
            ("CNY" as StaticString).matches(fields[4]), (1...8).contains(fields[5].count),
            fields[5].allSatisfy({ (33...126).contains($0) }), let codeLength = Decimal.parse(fields[6]),
            (1...512).contains(codeLength), let routing = Decimal.parse(fields[7]), routing <= 1 << 31,
            let startedAt = Decimal.parse(fields[8]), startedAt > 0, startedAt < 1 << 53, let nonce = Nonce(fields[9])
        else { return nil }
        self.init(
            orderNumber: orderNumber,
            saleReference: saleReference,
            amount: Money(fen: fen),
            sign: [UInt8](fields[5]),
            codeLength: Int(codeLength),
            routing: Int(routing),
            startedAt: Timestamp(milliseconds: startedAt),
            nonce: nonce
        )
    }

    package var line: [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(128)
        line += [49, 124]
        line += orderNumber.bytes
        line.append(124)
        line += saleReference.bytes
        line.append(124)
        line += Decimal.text(amount.fen)
        line += ("|CNY|" as StaticString).bytes
        line += sign
        line.append(124)
        line += Decimal.text(Int64(codeLength))
        line.append(124)
        line += Decimal.text(Int64(routing))
        line.append(124)
        line += Decimal.text(startedAt.milliseconds)
        line.append(124)
        line += nonce.bytes
        return line
    }
}

/// Whole numbers as ASCII digits, in their one shortest spelling.
package enum Decimal {
    package static func text(_ value: Int64) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(20)
        var magnitude = value.magnitude
        repeat {
            digits.append(UInt8(48 + magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        if value < 0 { digits.append(45) }
        digits.reverse()
        return digits
    }

    /// Nil for an empty text, a sign, a leading zero, anything but digits, and anything that does not fit.
    @specialized(where Text == [UInt8])
    @specialized(where Text == ArraySlice<UInt8>)
    package static func parse<Text: Collection<UInt8>>(_ text: Text) -> Int64? {
        guard let first = text.first, text.count <= 19, text.count == 1 || first != 48 else { return nil }
        var value: Int64 = 0
        for character in text {
            guard (48...57).contains(character) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(character - 48))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
