// Part of Tillbridge. See LICENSE.
import Crypto
import TillDomain

/// The order's free data field as a wallet echoes it.
enum EchoedNonce {
    /// Nil where the wallet echoes nothing. A text that is no nonce of ours belongs to a stranger's order: its digest
    /// stands for it, so that it is compared, and differs, like any other nonce.
    static func read(_ text: [UInt8]?) -> Nonce? {
        guard let text, !text.isEmpty else { return nil }
        if let nonce = Nonce(text) { return nonce }
        var bits: UInt64 = 0
        for byte in Crypto.SHA256.hash(data: text).prefix(8) { bits = bits << 8 | UInt64(byte) }
        return Nonce(bits)
    }
}
