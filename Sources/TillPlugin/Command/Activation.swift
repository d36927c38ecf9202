// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillProtocol

/// `activate`: the register gets its key and learns who it is, with a one-time code whose secret never travels.
///
/// The proxy's certificate is not checked on this one connection, because the CA only comes with the answer; that
/// both sides know the code is proved in both directions instead.
enum Activation {
    /// Milliseconds for one try, connection included.
    private static let patience: Int64 = 10_000
    private static let tries = 3

    static func run(_ configuration: PluginConfiguration, _ arguments: Arguments) throws(StartError) -> Int32 {
        var arguments = arguments
        let text = try arguments.required("--proxy")
        guard let proxy = IPAddress(text), proxy.port > 0 else {
            throw StartError("--proxy \(quoted: text) is not an IP address with a port, such as 10.0.0.5:7500.")
        }
        guard let word = arguments.next() else {
            throw StartError(
                "The one-time code from the console is missing; write it last, such as K7Q2-9M4T-XW3P-8DHC."
            )
        }
        try arguments.finish()
        guard let code = OneTimeCode(typed: word) else {
            throw StartError(
                "The one-time code must have 16 letters and digits, such as K7Q2-9M4T-XW3P-8DHC; type it again."
            )
        }
        let folder = DataFolder(configuration.data)
        try folder.create()
        if let identity = try folder.identity() {
            throw StartError(
                "This register is activated already, as \(identity.register.bytes); move \(folder.identityPath) away to activate it anew."
            )
        }
        let key = try deviceKey(folder)
        let identity = try enrol(key, code, through: proxy, acknowledges: configuration.acknowledges)
        _ = try folder.token()
        // Last, because its presence means that the activation is complete.
        try folder.store(identity)
        Log.write(1, "activated \(identity.register.bytes) \(identity.storeName)\n")
        return 0
    }

    /// A key of an earlier try is used again: the cloud lets the same key repeat a call whose answer was lost.
    private static func deviceKey(_ folder: DataFolder) throws(StartError) -> SigningKey {
        if let key = try folder.key() { return key }
        guard let key = SigningKey() else {
            throw StartError("The TLS library cannot make a key; reinstall the plug-in.")
        }
        try folder.store(key)
        return key
    }

    private static func enrol(
        _ key: SigningKey,
        _ code: OneTimeCode,
        through proxy: IPAddress,
        acknowledges: Bool
    ) throws(StartError) -> Identity {
        let proof = ActivationProof(code)
        guard let trust = TLSTrust.unchecked(name: "proxy.tillbridge") else {
            throw StartError("The TLS library does not start; reinstall the plug-in.")
        }
        var created = Timestamp(milliseconds: Clock.real)
        var failure: Text = "the proxy \(proxy.text) does not answer"
        for _ in 0..<tries {
            let id = MessageID(Random.bits(), Random.bits())
            let body = ActivationRequest(
                id: id,
                code: code.publicPart,
                publicKey: key.publicKey.bytes,
                proof: proof.requestProof(publicKey: key.publicKey.bytes),
                version: PluginCommand.version.bytes,
                acknowledges: acknowledges
            ).encode()
            guard
                let request = OutgoingRequest(
                    .activate,
                    host: UpstreamCodec.host,
                    cloud: .any,
                    body: body,
                    created: created,
                    keyID: .activation,
                    signer: key
                )
            else { throw StartError("The TLS library cannot sign; reinstall the plug-in.") }
            guard let answer = exchange(request.bytes, with: proxy, trust) else { continue }
            guard answer.status == 200 else {
                let problem = problem(answer)
                failure = "the cloud answered \(answer.status): \(problem.detail)"
                // The register's clock may be wrong; the answer says what time it is.
                if problem.type == .known(.stale), let time = time(answer) {
                    created = time
                    continue
                }
                if answer.status < 500, answer.status != 429 { break }
                continue
            }
            guard
                proof.acceptsAnswer(
                    headers: answer.headers,
                    body: answer.body,
                    requestDigest: request.binding.contentDigest
                )
            else {
                throw StartError(
                    "The answer through \(proxy.text) does not prove that it knows the one-time code; check the address and ask for a new code."
                )
            }
            return try identity(answer.body, id, proxy)
        }
        throw StartError("The activation failed: \(failure); try again.")
    }

    private static func identity(_ body: [UInt8], _ id: MessageID, _ proxy: IPAddress) throws(StartError) -> Identity {
        do throws(MessageError) {
            let answer = try ActivationAnswer(decoding: body)
            guard answer.id == id else { throw .invalid(field: ("id" as StaticString).bytes) }
            let identity = Identity(answer)
            guard TLSTrust.pinned(ca: identity.authority, name: "proxy.tillbridge") != nil else {
                throw .invalid(field: ("ca" as StaticString).bytes)
            }
            return identity
        } catch {
            throw StartError("The answer through \(proxy.text) cannot be used (\(error.detail)); update the plug-in.")
        }
    }

    private static func problem(_ answer: HTTPResponse) -> Problem {
        do throws(MessageError) {
            return try Problem(decoding: answer.body)
        } catch {
            return Problem(.noAnswer, detail: "no reason given")
        }
    }

    /// The cloud's time, from `created` in its signature's parameters. Not verified: it only helps to be heard.
    private static func time(_ answer: HTTPResponse) -> Timestamp? {
        guard let input = answer.headers.only(HeaderName.signatureInput) else { return nil }
        let marker = (";created=" as StaticString).bytes
        var start = 0
        while start + marker.count < input.count {
            if input[start..<start + marker.count].elementsEqual(marker) {
                let digits = input[(start + marker.count)...].prefix { (48...57).contains($0) }
                guard digits.count <= 12, let seconds = Decimal.parse(digits) else { return nil }
                return Timestamp(milliseconds: seconds * 1000)
            }
            start += 1
        }
        return nil
    }

    /// One request and its answer, waited for. Nil where none came.
    private static func exchange(_ request: [UInt8], with proxy: IPAddress, _ trust: TLSTrust) -> HTTPResponse? {
        let connection = ProxyConnection(to: proxy, trust: trust)
        let deadline = Clock.monotonic + patience
        var isSent = false
        while let interest = connection.interest {
            let left = deadline - Clock.monotonic
            guard left > 0 else { return nil }
            var entry = cp_poll_entry(fd: interest.socket, wanted: interest.events, happened: 0)
            guard cp_poll(&entry, 1, left) >= 0 else { return nil }
            if entry.happened != 0, let answer = connection.handle(entry.happened).first { return answer }
            if connection.state == .ready, !isSent {
                isSent = true
                connection.send(request)
            }
        }
        return nil
    }
}
