// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What a cloud is started with. Everything is checked before anything is opened.
package struct CloudSettings: Sendable {
    package var name: CloudName
    /// The folder for the database and the local door of the admin commands.
    package var data: String
    package var keys: KeyFolder
    package var host = "127.0.0.1"
    /// 0 for any free one.
    package var port = 0
    /// Plain HTTP: on loopback only, for tests.
    package var isPlain = false
    package var peer: PeerURL?
    /// The cloud at which registers, accounts and routing are changed.
    package var configurationHome = CloudName.a
    package var times = ProtocolTimes()
    /// `HOST:PORT` of the proxies, told to registers at their activation.
    package var proxies: [String] = []

    package init(name: CloudName, data: String, keys: KeyFolder) {
        self.name = name
        self.data = data
        self.keys = keys
    }

    /// - Throws: ``StartError`` that names the setting, the value seen and what is allowed.
    package func check() throws(StartError) {
        guard !isPlain || CloudSettings.isLoopback(host) else {
            throw StartError("--plain with --listen \(host):\(port): plain HTTP is for loopback (127.0.0.1) only.")
        }
        if let peer, peer.isTLS == isPlain {
            throw StartError(
                "--peer \(peer.isTLS ? "https" : "http")://\(peer.host):\(peer.port): "
                    + "both clouds speak TLS, or with --plain both speak plain HTTP on loopback."
            )
        }
        if let peer, !peer.isTLS, !CloudSettings.isLoopback(peer.host) {
            throw StartError("--peer http://\(peer.host):\(peer.port): plain HTTP is for loopback (127.0.0.1) only.")
        }
        for proxy in proxies where !CloudSettings.isAddress(proxy) {
            throw StartError("--proxies \(proxy): give IP-ADDRESS:PORT, since registers look no names up.")
        }
    }

    package static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    private static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return false }
        let host = text[..<colon]
        return !host.isEmpty && host.allSatisfy { $0.isHexDigit || $0 == "." || $0 == ":" || $0 == "[" || $0 == "]" }
    }

    /// Reads `HOST:PORT`.
    package static func address(_ text: String, setting: String) throws(StartError) -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), !text[..<colon].isEmpty
        else { throw StartError("\(setting) \(text): give HOST:PORT with a port from 0 (any free one) to 65535.") }
        return (String(text[..<colon]), port)
    }

    /// Reads a factor above 0 and up to 1, with at most three decimals.
    package static func times(_ text: String) throws(StartError) -> ProtocolTimes {
        guard let factor = Double(text), factor >= 0.001, factor <= 1 else {
            throw StartError("--time-factor \(text): give a number from 0.001 to 1.")
        }
        return ProtocolTimes(thousandths: Int64((factor * 1000).rounded()))
    }

    package static func cloudName(_ text: String, setting: String) throws(StartError) -> CloudName {
        guard let name = CloudName(wireName: text.utf8) else { throw StartError("\(setting) \(text): give A or B.") }
        return name
    }
}
