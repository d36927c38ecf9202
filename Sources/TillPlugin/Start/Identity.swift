// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// Who this register is and whom it trusts: the file `identity`, written at activation and after HELLO.
struct Identity: Equatable, Sendable {
    let register: RegisterID
    /// Of the register's key.
    let generation: Int
    let installation: Installation
    let storeCode: [UInt8]
    let storeName: [UInt8]
    /// The clouds' signing keys.
    var keys: [PublicKeyEntry]
    /// The CA's certificate, PEM.
    var authority: [UInt8]
    /// `HOST:PORT`.
    let proxies: [[UInt8]]
    var times: ProtocolTimes

    init(_ answer: ActivationAnswer) {
        register = answer.register
        generation = answer.generation
        installation = answer.installation
        storeCode = answer.storeCode
        storeName = answer.storeName
        keys = []
        for cloud in answer.clouds {
            // A key counts for the cloud that its id names, whoever announces it.
            for key in cloud.keys { if case .cloud(cloud.name, _) = key.id { keys.append(key) } }
        }
        authority = answer.authority
        proxies = answer.proxies
        times = answer.times
    }

    var keyID: KeyID { .register(register, generation: generation) }

    // MARK: - File

    /// Nil for anything but what ``encode()`` writes.
    init?(decoding bytes: [UInt8]) {
        do throws(MessageError) {
            let object = try JSONObject(parsing: bytes, limits: JSONLimits(depth: 4))
            _ = try object.integer("format", in: 1...1)
            register = try object.identifier("register", as: RegisterID.self)
            generation = Int(try object.integer("generation", in: 1...Int64(KeyID.maxGeneration)))
            let letter = try object.string("installation", length: 1...1)
            guard let installation = Installation(rawValue: letter[0]) else { return nil }
            self.installation = installation
            storeCode = try object.string("storeCode", length: 0...40)
            storeName = try object.string("storeName", length: 0...200)
            keys = []
            for entry in try object.objects("keys", atMost: 64) {
                guard let id = KeyID(try entry.string("id", length: 1...64)) else { return nil }
                keys.append(PublicKeyEntry(id: id, publicKey: try entry.base64("publicKey", count: 65)))
            }
            authority = try object.string("ca", length: 1...4096)
            proxies = try object.strings("proxies", atMost: 32, length: 3...64)
            times = ProtocolTimes(thousandths: try object.integer("timeFactorThousandths", in: 1...1000))
        } catch {
            return nil
        }
    }

    func encode() -> [UInt8] {
        JSONWriter.object { json in
            json.integer("format", 1)
            json.identifier("register", register)
            json.integer("generation", Int64(generation))
            json.string("installation", [installation.rawValue])
            json.string("storeCode", storeCode)
            json.string("storeName", storeName)
            json.array("keys") { json in
                for key in keys {
                    json.object { json in
                        json.string("id", key.id.bytes)
                        json.string("publicKey", Base64.encode(key.publicKey))
                    }
                }
            }
            json.string("ca", authority)
            json.array("proxies") { json in
                for proxy in proxies { json.string(proxy) }
            }
            json.integer("timeFactorThousandths", times.thousandths)
        } + [10]
    }

    // MARK: - Trust

    func status(of id: KeyID) -> KeyStatus {
        for key in keys where key.id == id { return .valid(publicKey: key.publicKey) }
        return .unknown
    }

    /// Takes over what a verified HELLO answer says about keys, CA and times. Returns whether anything changed.
    ///
    /// Each cloud is the authority for its own keys: what it no longer announces is not trusted any more. About the
    /// other cloud's keys it can only add. An id keeps its key for ever.
    mutating func learn(_ answer: HelloAnswer) -> Bool {
        let before = self
        let cloud = answer.head.cloud
        let own = answer.keys.filter { $0.id.isOf(cloud) }
        if !own.isEmpty { keys.removeAll { key in key.id.isOf(cloud) && !own.contains { $0.id == key.id } } }
        for key in answer.keys {
            guard case .cloud = key.id, keys.count < 64, case .unknown = status(of: key.id) else { continue }
            keys.append(key)
        }
        authority = answer.authority
        times = answer.times
        return self != before
    }
}

extension KeyID {
    func isOf(_ cloud: CloudName) -> Bool {
        guard case .cloud(cloud, _) = self else { return false }
        return true
    }
}
