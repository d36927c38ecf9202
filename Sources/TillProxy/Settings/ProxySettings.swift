// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// Everything a proxy process is told at its start, checked once.
package struct ProxySettings: Sendable {
    /// Where registers connect. Port 0 takes a free one.
    package var listen: HostPort
    /// Where operators read metrics: plain HTTP, loopback only.
    package var admin: HostPort
    package var clouds: [CloudAddress]
    /// Nil speaks plain HTTP to registers, which only tests on loopback do.
    package var keys: KeyFiles?
    package var times = Times()
    package var limits = Limits()
    package var accessLog = AccessLogTarget.off
    /// Event loops. Each has its own connections, pools and counters.
    package var threads = 2

    package init(listen: HostPort, admin: HostPort, clouds: [CloudAddress], keys: KeyFiles?) {
        self.listen = listen
        self.admin = admin
        self.clouds = clouds
        self.keys = keys
    }

    package func address(of cloud: CloudName) -> CloudAddress? { clouds.first { $0.name == cloud } }

    /// PEM files. The same certificate (`proxy.tillbridge`) is shown to registers and to clouds.
    package struct KeyFiles: Equatable, Sendable {
        package var certificate: String
        package var key: String
        /// The private CA that the clouds' certificates must chain to.
        package var authority: String
        /// If given, a register must show a certificate of this CA as well. It is never the authority for money.
        package var clientAuthority: String?

        package init(certificate: String, key: String, authority: String, clientAuthority: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.authority = authority
            self.clientAuthority = clientAuthority
        }
    }

    /// Milliseconds.
    package struct Times: Equatable, Sendable {
        package var healthInterval: Int64 = 500
        package var healthTimeout: Int64 = 400
        /// TCP and TLS to a cloud, all tries together.
        package var connect: Int64 = 1_000
        /// From the last byte of the request to the last byte of the answer. The plug-in waits 3 s.
        package var answer: Int64 = 2_850
        /// A register's TLS handshake.
        package var handshake: Int64 = 5_000
        /// From the first byte of a request to its last.
        package var request: Int64 = 5_000
        /// A connection without a request. Registers ask every second.
        package var idle: Int64 = 60_000
        /// How long a register may refuse to take bytes of an answer.
        package var stall: Int64 = 10_000
        /// How long a connection that was told its last answer may take to close.
        package var linger: Int64 = 1_000
        /// A connection to a cloud without a request. Shorter than the cloud's own, so that it is us who close.
        package var cloudIdle: Int64 = 30_000
        /// How long requests in flight may take to end after SIGTERM.
        package var drain: Int64 = 30_000
        /// How long connections without a request stay open after SIGTERM, so that the next answer can say `close`.
        package var drainIdle: Int64 = 2_000

        package init() {}
    }

    package struct Limits: Equatable, Sendable {
        /// Register connections of this process.
        package var connections = 10_000
        package var connectionsPerAddress = 1_000
        /// Requests at the same time per cloud, of this process.
        package var concurrency = AdaptiveLimit.Policy(initial: 512, minimum: 16, maximum: 2_048)
        /// Requests of one connection, far above what a register needs that sells without a pause; nil does not limit.
        package var requests: TokenBucket.Policy? = TokenBucket.Policy(perSecond: 500, burst: 1_000)
        /// TLS handshakes to one cloud at the same time, per event loop.
        package var connecting = 16

        package init() {}
    }

    package enum AccessLogTarget: Equatable, Sendable {
        case off
        case standardError
        case file(String)
    }
}

/// A host name or address, and a port.
package struct HostPort: Equatable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, with brackets around an IPv6 address.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains(" ") else { return nil }
        self.init(host: host, port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// Where a cloud is, from `NAME=URL`.
package struct CloudAddress: Equatable, Sendable {
    package var name: CloudName
    package var address: HostPort
    package var usesTLS: Bool
    /// The cloud's size relative to the other, 1 … 1000.
    package var weight = 100

    package init(name: CloudName, address: HostPort, usesTLS: Bool) {
        self.name = name
        self.address = address
        self.usesTLS = usesTLS
    }

    /// `A=https://HOST:PORT`. Plain `http` is for loopback only.
    package init(parsing text: String) throws(SettingError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw SettingError("--cloud is \"\(text)\"; it must be A=https://HOST:PORT or B=https://HOST:PORT.")
        }
        guard let name = CloudName(wireName: Array(parts[0].utf8)) else {
            throw SettingError("--cloud names an unknown cloud \"\(parts[0])\" in \"\(text)\"; the clouds are A and B.")
        }
        let usesTLS = parts[1].hasPrefix("https://")
        var rest = parts[1].dropFirst(usesTLS ? 8 : 7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard usesTLS || parts[1].hasPrefix("http://"), let address = HostPort(String(rest)), address.port > 0 else {
            throw SettingError("--cloud is \"\(text)\"; the address must be https://HOST:PORT.")
        }
        guard usesTLS || address.isLoopback else {
            throw SettingError("--cloud is \"\(text)\"; plain http is allowed only to 127.0.0.1, so use https.")
        }
        self.init(name: name, address: address, usesTLS: usesTLS)
    }

    /// The name that the cloud's certificate must carry, whatever its address.
    package var dnsName: String {
        switch name {
        case .a: "a.cloud.tillbridge"
        case .b: "b.cloud.tillbridge"
        }
    }
}
