// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `/v1/activate`: a new register shows that it holds the one-time code, and leaves its public key.
package struct ActivationRequest: WireMessage {
    package let id: MessageID
    /// The public part of the one-time code: 4 characters of base 32.
    package let code: [UInt8]
    /// 65 bytes, the uncompressed point. The request is signed with its private half.
    package let publicKey: [UInt8]
    /// 64 hexadecimal digits: ``ActivationProof/requestProof(publicKey:)``.
    package let proof: [UInt8]
    /// The plug-in's version, for people.
    package let version: [UInt8]
    package let acknowledges: Bool

    package init(
        id: MessageID,
        code: [UInt8],
        publicKey: [UInt8],
        proof: [UInt8],
        version: [UInt8],
        acknowledges: Bool
    ) {
        self.id = id
        self.code = code
        self.publicKey = publicKey
        self.proof = proof
        self.version = version
        self.acknowledges = acknowledges
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        code = try object.string("code", length: 4...4)
        guard Base32.isText(code) else { throw object.invalid("code") }
        publicKey = try object.base64("publicKey", count: 65)
        guard publicKey[0] == 4 else { throw object.invalid("publicKey") }
        proof = Hex.encode(try object.hex("proof", count: 32))
        version = try object.text("version", length: 1...40)
        acknowledges = try object.bool("acknowledges")
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.string("code", code)
        json.string("publicKey", Base64.encode(publicKey))
        json.string("proof", proof)
        json.string("version", version)
        json.bool("acknowledges", acknowledges)
    }
}

/// What the register becomes. Bound to the request by ``ActivationProof/answerProof(requestDigest:answerDigest:)``.
package struct ActivationAnswer: WireMessage {
    package struct Cloud: Equatable, Sendable {
        package let name: CloudName
        package let keys: [PublicKeyEntry]

        package init(name: CloudName, keys: [PublicKeyEntry]) {
            self.name = name
            self.keys = keys
        }
    }

    package let id: MessageID
    package let register: RegisterID
    /// Of the register's key, from 1.
    package let generation: Int
    /// The first character of this register's order numbers.
    package let installation: Installation
    package let storeCode: [UInt8]
    /// UTF-8.
    package let storeName: [UInt8]
    package let clouds: [Cloud]
    /// The CA's certificate, PEM.
    package let authority: [UInt8]
    /// `HOST:PORT`, where HOST is an IP address.
    package let proxies: [[UInt8]]
    package let times: ProtocolTimes
    package let time: Timestamp

    package init(
        id: MessageID,
        register: RegisterID,
        generation: Int,
        installation: Installation,
        storeCode: [UInt8],
        storeName: [UInt8],
        clouds: [Cloud],
        authority: [UInt8],
        proxies: [[UInt8]],
        times: ProtocolTimes,
        time: Timestamp
    ) {
        self.id = id
        self.register = register
        self.generation = generation
        self.installation = installation
        self.storeCode = storeCode
        self.storeName = storeName
        self.clouds = clouds
        self.authority = authority
        self.proxies = proxies
        self.times = times
        self.time = time
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        register = try object.identifier("register", as: RegisterID.self)
        generation = Int(try object.integer("generation", in: 1...Int64(KeyID.maxGeneration)))
        let letter = try object.string("installation", length: 1...1)
        guard let installation = Installation(rawValue: letter[0]) else { throw object.invalid("installation") }
        self.installation = installation
        let store = try object.object("store")
        storeCode = try store.text("code", length: 1...40)
        storeName = try store.text("name", length: 0...200)
        var clouds: [Cloud] = []
        for entry in try object.objects("clouds", atMost: 16) {
            let keys = try PublicKeyEntry.list(entry, "keys")
            guard let name = try entry.name("name", as: CloudName.self).value else { continue }
            clouds.append(Cloud(name: name, keys: keys))
        }
        self.clouds = clouds
        authority = try object.string("ca", length: 1...4096)
        proxies = try object.strings("proxies", atMost: 32, length: 3...64)
        times = try ProtocolTimes(object)
        time = try object.time("time")
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.identifier("register", register)
        json.integer("generation", Int64(generation))
        json.string("installation", [installation.rawValue])
        json.object("store") { json in
            json.string("code", storeCode)
            json.string("name", storeName)
        }
        json.array("clouds") { json in
            for cloud in clouds {
                json.object { json in
                    json.name("name", cloud.name)
                    PublicKeyEntry.write(cloud.keys, "keys", to: &json)
                }
            }
        }
        json.string("ca", authority)
        json.array("proxies") { json in
            for proxy in proxies { json.string(proxy) }
        }
        times.write(to: &json)
        json.time("time", time)
    }
}
