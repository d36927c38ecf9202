// Part of Tillbridge. See LICENSE.

/// A shopper's name as wallets show it to a merchant: always the same, and not the name.
package enum ShopperIdentity {
    package static func digits(of shopper: String, count: Int) -> String {
        var generator = SeededGenerator(seed: hash(shopper))
        return generator.digits(count)
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
