// Part of Tillbridge. See LICENSE.
import Crypto
import TillDomain

/// The signature of WeChat Pay V2 and QQ Wallet: a hash over the sorted fields and the API key, in both directions.
struct KeyedSigning: Sendable, CustomStringConvertible, CustomReflectable {
    enum Kind: Equatable, Sendable {
        case md5, hmacSHA256

        /// As WeChat Pay's field `sign_type` names it. It is a signed field itself.
        var name: StaticString {
            switch self {
            case .md5: "MD5"
            case .hmacSHA256: "HMAC-SHA256"
            }
        }
    }

    let kind: Kind
    private let key: [UInt8]
    /// The key before a change, for the answers of the hours in which the wallet switches over.
    private let previousKey: [UInt8]?

    init(kind: Kind, key: [UInt8], previousKey: [UInt8]? = nil) {
        self.kind = kind
        self.key = key
        self.previousKey = previousKey
    }

    var description: String { "API keys (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    func sign(_ fields: MessageFields) -> [UInt8] {
        digest(fields.signedText(without: "sign"), key: key)
    }

    /// Whether the answer carries the signature that its fields, known or not, ask for. A type that the answer itself
    /// names has no say: an answer is signed as the request was.
    func isValid(_ answer: FlatXML) -> Bool {
        guard let signature = answer["sign"] else { return false }
        let text = answer.fields.signedText(without: "sign")
        if KeyedSigning.equal(digest(text, key: key), signature) { return true }
        guard let previousKey else { return false }
        return KeyedSigning.equal(digest(text, key: previousKey), signature)
    }

    private func digest(_ text: [UInt8], key: [UInt8]) -> [UInt8] {
        let keyed = text + ("&key=" as StaticString).bytes + key
        let bytes =
            switch kind {
            case .md5: [UInt8](Insecure.MD5.hash(data: keyed))
            case .hmacSHA256:
                [UInt8](HMAC<Crypto.SHA256>.authenticationCode(for: keyed, using: SymmetricKey(data: key)))
            }
        return Hex.encode(bytes).map { (97...102).contains($0) ? $0 - 32 : $0 }
    }

    /// In time that does not tell how much of it was right.
    private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension WalletSettings {
    /// The account's API key, and the one before a change. `advice` says which key is meant.
    func apiKeys(_ advice: String) throws(WalletSettingsError) -> (key: [UInt8], previous: [UInt8]?) {
        let key = try required("apiKey")
        let previous = optional("previousAPIKey")
        for (name, value) in [("apiKey", key), ("previousAPIKey", previous ?? key)] where value.utf8.count != 32 {
            throw unusable(name, advice)
        }
        return ([UInt8](key.utf8), previous.map { [UInt8]($0.utf8) })
    }
}
