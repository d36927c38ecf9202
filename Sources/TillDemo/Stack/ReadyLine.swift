// Part of Tillbridge. See LICENSE.
import Foundation

/// What a headless demo prints once, as JSON after the word `ready`.
struct ReadyLine: Encodable, Sendable {
    struct Plugin: Encodable, Sendable {
        var register: String
        var url: String
        var tokenFile: String
    }

    var sandbox: String
    var sandboxTLS: String?
    var clouds: [String: String]
    /// HOST:PORT
    var proxies: [String]
    var proxyAdmin: [String]
    var plugins: [Plugin]
    var till: String?
    var console: String?
    var pids: [String: Int32]
    var logs: [String: String]
    /// `sandbox`: sandbox.json, `ca`: the private CA's certificate.
    var keys: [String: String]

    private enum Key: String, CodingKey {
        case sandbox, sandboxTLS, clouds, proxies, proxyAdmin, plugins, till, console, pids, logs, keys
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(sandbox, forKey: .sandbox)
        try fields.encode(sandboxTLS, forKey: .sandboxTLS)
        try fields.encode(clouds, forKey: .clouds)
        try fields.encode(proxies, forKey: .proxies)
        try fields.encode(proxyAdmin, forKey: .proxyAdmin)
        try fields.encode(plugins, forKey: .plugins)
        try fields.encode(till, forKey: .till)
        try fields.encode(console, forKey: .console)
        try fields.encode(pids, forKey: .pids)
        try fields.encode(logs, forKey: .logs)
        try fields.encode(keys, forKey: .keys)
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(self) else { return "ready {}" }
        return "ready \(String(decoding: json, as: UTF8.self))"
    }
}
