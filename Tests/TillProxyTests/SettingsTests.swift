// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix
import TillDomain
import Testing

@testable import TillProxy

@Suite("A setting that cannot work stops the start with one sentence that names it")
struct SettingsTests {
    private let nowhere = CloudAddress(name: .a, address: HostPort(host: "127.0.0.1", port: 1), usesTLS: false)

    private func failure(
        keys: ProxySettings.KeyFiles?,
        settings change: (inout ProxySettings) -> Void = { _ in }
    ) async -> String {
        do {
            try await SocketProxy.run(clouds: [nowhere], keys: keys, settings: change) { _ in }
            return "it started"
        } catch {
            return (error as? SettingError)?.description ?? "another error: \(error)"
        }
    }

    @Test(
        "key and certificate files",
        arguments: ["missing", "open", "not a key", "other key", "no certificate", "no ca"]
    )
    func keyFiles(problem: String) async throws {
        let authority = try TestAuthority()
        var files = authority.proxyFiles
        let expected: String
        switch problem {
        case "missing":
            files.key = authority.file("nothing.key")
            expected = "--key names \"\(files.key)\", which cannot be read"
        case "open":
            try authority.write("open.key", "x", mode: 0o640)
            files.key = authority.file("open.key")
            expected = "--key names \"\(files.key)\", which others may read (mode 640)"
        case "not a key":
            try authority.write("text.key", "hello")
            files.key = authority.file("text.key")
            expected = "--key names \"\(files.key)\", which holds no PEM private key."
        case "other key":
            files.key = authority.file("a.cloud.tillbridge.key")
            expected = "--certificate \"\(files.certificate)\" and --key \"\(files.key)\" do not belong together"
        case "no certificate":
            try authority.write("text.pem", "hello")
            files.certificate = authority.file("text.pem")
            expected = "--certificate names \"\(files.certificate)\", which holds no PEM certificate."
        default:
            files.authority = authority.file("nothing.pem")
            expected = "--ca names \"\(files.authority)\", which cannot be read"
        }
        let sentence = await failure(keys: files)
        #expect(sentence.hasPrefix(expected), "\(sentence)")
        #expect(!sentence.contains("\n"))
    }

    @Test("a port in use")
    func portInUse() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(taken.localAddress?.port)
        for setting in ["--listen", "--admin"] {
            let sentence = await failure(keys: nil) {
                if setting == "--listen" { $0.listen.port = port } else { $0.admin.port = port }
            }
            #expect(sentence.hasPrefix("\(setting) is 127.0.0.1:\(port), which is in use"), "\(sentence)")
        }
        try await taken.close()
    }

    @Test("an access log that cannot be written")
    func accessLog() async {
        let sentence = await failure(keys: nil) { $0.accessLog = .file("/nowhere/access.log") }
        #expect(sentence.hasPrefix("--access-log names \"/nowhere/access.log\""), "\(sentence)")
    }

    @Test(
        "a cloud's address",
        arguments: [
            ("A=https://10.0.0.1:7401", "10.0.0.1", 7401, true),
            ("B=https://cloud.example:443/", "cloud.example", 443, true),
            ("A=http://127.0.0.1:7401", "127.0.0.1", 7401, false), ("A=http://[::1]:7401", "::1", 7401, false),
            ("A=http://localhost:7401", "localhost", 7401, false), ("A=https://[fd00::1]:7401", "fd00::1", 7401, true),
        ]
    )
    func cloudAddress(text: String, host: String, port: Int, usesTLS: Bool) throws {
        let cloud = try CloudAddress(parsing: text)
        #expect(cloud.address == HostPort(host: host, port: port))
        #expect(cloud.usesTLS == usesTLS)
    }

    @Test(
        "what is no address of a cloud",
        arguments: [
            "C=https://127.0.0.1:1", "a=https://127.0.0.1:1", "https://127.0.0.1:1", "A", "A=", "A=127.0.0.1:1",
            "A=https://127.0.0.1", "A=https://127.0.0.1:0", "A=https://127.0.0.1:65536", "A=https://127.0.0.1:1/path",
            "A=ftp://127.0.0.1:1", "A=http://10.0.0.1:7401", "A=http://127.0.0.1.example:7401", "A=http://128.0.0.1:1",
            "A=https://:1", "A=https://fd00::1:7401",
        ]
    )
    func badCloudAddress(text: String) {
        let error = #expect(throws: SettingError.self) { try CloudAddress(parsing: text) }
        #expect(error?.description.contains("--cloud") == true)
        #expect(error?.description.contains("\"\(text)\"") == true)
    }
}
