// Part of Tillbridge. See LICENSE.
import Foundation

/// Everything a till is told at its start, checked once.
package struct TillSettings: Sendable {
    package enum Language: String, CaseIterable, Sendable { case english = "en", chinese = "zh" }

    /// The plug-in's address without a slash at the end, `http://127.0.0.1:7600`.
    package let plugin: String
    /// The content of `register.token`.
    package let token: String
    package let host: String
    /// 0: a free port.
    package let port: Int
    /// The folder of the paper log.
    package let data: String
    package let language: Language
    /// The shopper's phone page to show beside the till, if any.
    package let phone: String?

    /// - Throws: ``TillStartError`` naming the option, what was given and what is allowed.
    package init(
        plugin: String,
        tokenFile: String,
        listen: String,
        data: String,
        language: String = "en",
        phone: String? = nil
    ) throws(TillStartError) {
        self.plugin = try TillSettings.loopbackAddress(plugin, option: "--plugin")
        self.token = try TillSettings.readToken(tokenFile)
        (host, port) = try TillSettings.parseListen(listen)
        guard !data.isEmpty else { throw TillStartError("--data is empty: name the folder for the paper log.") }
        self.data = data
        guard let known = Language(rawValue: language) else {
            throw TillStartError("--language \(language) is not known: use en or zh.")
        }
        self.language = known
        if let phone {
            self.phone = try TillSettings.loopbackAddress(phone, option: "--phone")
        } else {
            self.phone = nil
        }
    }

    /// The bearer token goes over this address in the clear, so it stays on this machine.
    private static func loopbackAddress(_ text: String, option: String) throws(TillStartError) -> String {
        let loopback = ["127.0.0.1", "localhost", "::1", "[::1]"]
        guard let parts = URLComponents(string: text), parts.scheme == "http", let host = parts.host,
            loopback.contains(host), parts.port != nil, parts.user == nil, parts.query == nil
        else {
            throw TillStartError("\(option) \(text) is not usable: give a loopback address like http://127.0.0.1:7600.")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func readToken(_ path: String) throws(TillStartError) -> String {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw TillStartError(
                "The token file \(path) cannot be read: give the plug-in's register.token with --token-file."
            )
        }
        let token = String(decoding: content.prefix(4096), as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        let isPlain = token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !token.isEmpty, token.utf8.count <= 512, isPlain else {
            throw TillStartError("The token file \(path) holds no token: give the plug-in's register.token.")
        }
        return token
    }

    private static func parseListen(_ text: String) throws(TillStartError) -> (host: String, port: Int) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = Int(parts[1]), (0...65535).contains(port),
            parts[0] == "127.0.0.1" || parts[0] == "localhost"
        else {
            throw TillStartError("--listen \(text) is not usable: give 127.0.0.1:PORT, for example 127.0.0.1:7350.")
        }
        return ("127.0.0.1", port)
    }
}
