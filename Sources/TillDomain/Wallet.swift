// Part of Tillbridge. See LICENSE.

/// A wallet by its name on the wire, in the journal and in every table: 1–20 of `a-z 0-9 -`.
///
/// The names are open: a register takes a wallet's codes, hears *paid* and finds it in its journal without having been
/// built for it. Which wallets are spoken to is the clouds' affair.
package struct Wallet: Identifier {
    // The characters, low bytes first, and zeros behind them: a plug-in remembers thousands, and copies them often.
    private let low, middle: UInt64
    private let high: UInt32

    package init?(_ bytes: some Collection<UInt8>) {
        guard (1...20).contains(bytes.count),
            bytes.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { return nil }
        self.init(packing: bytes)
    }

    private init(known name: StaticString) { self.init(packing: name.bytes) }

    private init(packing bytes: some Collection<UInt8>) {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for (place, byte) in bytes.enumerated() {
            let bits = UInt64(byte) << (UInt64(place & 7) * 8)
            if place < 8 { words.0 |= bits } else if place < 16 { words.1 |= bits } else { words.2 |= bits }
        }
        (low, middle, high) = (words.0, words.1, UInt32(truncatingIfNeeded: words.2))
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in [low, middle, UInt64(high)] {
            var rest = word
            while rest != 0 {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
        }
        return bytes
    }

    package static let alipay = Wallet(known: "alipay")
    package static let weChatPay = Wallet(known: "wechatpay")
    package static let qqWallet = Wallet(known: "qqwallet")
    package static let unionPay = Wallet(known: "unionpay")
}

// Without an adapter: their codes are known for what they are, and refused.
extension Wallet {
    package static let eCNY = Wallet(known: "ecny")
    package static let bestPay = Wallet(known: "bestpay")
    package static let jdPay = Wallet(known: "jdpay")
    /// Alipay's face-pay token: the same call with another scene.
    package static let alipayFace = Wallet(known: "alipay-face")
    /// EMVCo consumer-presented codes: UnionPay International and foreign schemes.
    package static let emvCPM = Wallet(known: "emv-cpm")
}
