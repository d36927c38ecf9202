// Part of Tillbridge. See LICENSE.
import TillDomain

/// The configuration file: lines `name = value`, empty lines, and `#` comments.
struct PluginConfiguration: Sendable {
    enum Language: Equatable, Sendable { case chinese, english }

    /// The folder with identity, keys, token and journal. The one setting without a default.
    var data: [UInt8]
    /// Nil where the file does not say: then the proxies that activation and HELLO told. Empty: none.
    var proxies: [IPAddress]?
    var listen: IPAddress
    /// The register confirms each paid sale.
    var acknowledges = true
    var tokenRequired = true
    /// Of what the command line prints.
    var language = Language.chinese

    static let names: [StaticString] = [
        "data", "proxies", "listen", "acknowledges", "token", "line", "files", "language",
    ]

    /// - Parameters:
    ///   - text: The file's content.
    ///   - file: Its name, for the sentences.
    init(text: [UInt8], file: [UInt8]) throws(StartError) {
        guard let listen = IPAddress(("127.0.0.1:7600" as StaticString).bytes) else { preconditionFailure("valid") }
        data = []
        self.listen = listen
        var seen: [[UInt8]] = []
        var number = 0
        for line in text.split(separator: 10, omittingEmptySubsequences: false) {
            number += 1
            let content = PluginConfiguration.trimmed(line.prefix { $0 != 35 })
            if content.isEmpty { continue }
            let place: Text = "\(file), line \(number)"
            guard let equals = content.firstIndex(of: 61) else {
                throw StartError("\(place): \(quoted: content) is no setting; write 'name = value'.")
            }
            let name = [UInt8](PluginConfiguration.trimmed(content[..<equals]))
            let value = [UInt8](PluginConfiguration.trimmed(content[(equals + 1)...]))
            guard !seen.contains(name) else {
                throw StartError("\(place): \(quoted: name) is set twice; remove one of the two lines.")
            }
            seen.append(name)
            try set(name, to: value, place)
        }
        guard !data.isEmpty else {
            throw StartError("\(file): the setting 'data' is missing; add 'data = FOLDER' for identity and journal.")
        }
    }

    private mutating func set(_ name: [UInt8], to value: [UInt8], _ place: Text) throws(StartError) {
        if ("data" as StaticString).matches(name) {
            guard !value.isEmpty, !value.contains(0) else {
                throw StartError("\(place): 'data' is empty; name the folder for identity and journal.")
            }
            data = value
        } else if ("proxies" as StaticString).matches(name) {
            proxies = try PluginConfiguration.proxies(value, place)
        } else if ("listen" as StaticString).matches(name) {
            guard let address = IPAddress(value), address.isLoopback else {
                throw StartError(
                    "\(place): 'listen' is \(quoted: value); it must be a loopback address with a port, such as 127.0.0.1:7600."
                )
            }
            listen = address
        } else if ("acknowledges" as StaticString).matches(name) {
            acknowledges = try PluginConfiguration.choice(name, value, "yes", "no", place)
        } else if ("token" as StaticString).matches(name) {
            tokenRequired = try PluginConfiguration.choice(name, value, "required", "off", place)
        } else if ("language" as StaticString).matches(name) {
            language = try PluginConfiguration.choice(name, value, "zh", "en", place) ? .chinese : .english
        } else if ("line" as StaticString).matches(name) || ("files" as StaticString).matches(name) {
            guard ("off" as StaticString).matches(value) else {
                throw StartError(
                    "\(place): \(quoted: name) is \(quoted: value); this version knows 'off' only: use the HTTP interface."
                )
            }
        } else {
            var known: [UInt8] = []
            for (position, name) in PluginConfiguration.names.enumerated() {
                if position > 0 { known += [44, 32] }
                known += name.bytes
            }
            throw StartError("\(place): there is no setting \(quoted: name); the settings are \(known).")
        }
    }

    /// True for `yes`, false for `no`, whatever these two words are.
    private static func choice(
        _ name: [UInt8],
        _ value: [UInt8],
        _ yes: StaticString,
        _ no: StaticString,
        _ place: Text
    ) throws(StartError) -> Bool {
        if yes.matches(value) { return true }
        if no.matches(value) { return false }
        throw StartError("\(place): \(quoted: name) is \(quoted: value); write '\(yes)' or '\(no)'.")
    }

    static func proxies(_ value: [UInt8], _ place: Text) throws(StartError) -> [IPAddress] {
        var proxies: [IPAddress] = []
        if value.isEmpty { return proxies }
        for part in value.split(separator: 44, omittingEmptySubsequences: false) {
            let text = trimmed(part)
            guard let address = IPAddress(text), address.port > 0 else {
                throw StartError(
                    "\(place): the proxy \(quoted: text) is not an IP address with a port, such as 10.0.0.5:7500 (names are not looked up)."
                )
            }
            proxies.append(address)
        }
        guard proxies.count <= 16 else { throw StartError("\(place): more than 16 proxies; remove some.") }
        return proxies
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, first == 32 || first == 9 || first == 13 { text = text.dropFirst() }
        while let last = text.last, last == 32 || last == 9 || last == 13 { text = text.dropLast() }
        return text
    }

    /// Reads the file at `path`.
    static func load(_ path: [UInt8]) throws(StartError) -> PluginConfiguration {
        let text: [UInt8]
        do throws(SystemError) {
            text = try Files.read(path, limit: 65_537)
        } catch {
            throw StartError("The configuration file \(path) cannot be read (\(error)); name another with --config.")
        }
        guard text.count <= 65_536 else {
            throw StartError("The configuration file \(path) is larger than 64 KiB; it is not one of ours.")
        }
        return try PluginConfiguration(text: text, file: path)
    }
}
