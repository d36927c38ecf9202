// Part of Tillbridge. See LICENSE.
import TillDomain

/// A key as it is announced.
package struct PublicKeyEntry: Equatable, Sendable {
    package let id: KeyID
    /// 65 bytes, the uncompressed point.
    package let publicKey: [UInt8]

    package init(id: KeyID, publicKey: [UInt8]) {
        self.id = id
        self.publicKey = publicKey
    }

    /// Reads a list. Keys with an id that this build cannot read are left out.
    static func list(_ object: JSONObject, _ name: StaticString) throws(MessageError) -> [PublicKeyEntry] {
        var keys: [PublicKeyEntry] = []
        for entry in try object.objects(name, atMost: 16) {
            let publicKey = try entry.base64("publicKey", count: 65)
            guard publicKey[0] == 4 else { throw entry.invalid("publicKey") }
            guard let id = KeyID(try entry.string("id", length: 1...64)) else { continue }
            keys.append(PublicKeyEntry(id: id, publicKey: publicKey))
        }
        return keys
    }

    static func write(_ keys: [PublicKeyEntry], _ name: StaticString, to json: inout JSONWriter) {
        json.array(name) { json in
            for key in keys {
                json.object { json in
                    json.string("id", key.id.bytes)
                    json.string("publicKey", Base64.encode(key.publicKey))
                }
            }
        }
    }
}
