// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillRegister

@Suite("What a till is told at its start") struct TillSettingsTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        var plugin = "http://127.0.0.1:7600"
        var listen = "127.0.0.1:7350"
        var language = "en"
        var phone: String?
        /// The sentence names it.
        var names: String

        var testDescription: String { names }
    }

    @Test(
        "a setting that is not usable is named in one sentence",
        arguments: [
            Wrong(plugin: "http://192.168.1.5:7600", names: "--plugin http://192.168.1.5:7600"),
            Wrong(plugin: "127.0.0.1:7600", names: "--plugin 127.0.0.1:7600"),
            Wrong(plugin: "http://127.0.0.1", names: "--plugin http://127.0.0.1 "),
            Wrong(listen: "0.0.0.0:7350", names: "--listen 0.0.0.0:7350"),
            Wrong(listen: "127.0.0.1:99999", names: "--listen 127.0.0.1:99999"),
            Wrong(listen: "7350", names: "--listen 7350"), Wrong(language: "fr", names: "--language fr"),
            Wrong(phone: "https://example.com/phone", names: "--phone https://example.com/phone"),
        ]
    )
    func wrong(_ wrong: Wrong) async throws {
        try await withTemporaryFolder { folder in
            let token = try makeToken(in: folder, "abc\n")
            let error = #expect(throws: TillStartError.self) {
                _ = try TillSettings(
                    plugin: wrong.plugin,
                    tokenFile: token,
                    listen: wrong.listen,
                    data: folder,
                    language: wrong.language,
                    phone: wrong.phone
                )
            }
            #expect(error?.sentence.contains(wrong.names) == true)
        }
    }

    @Test("the token is the file's content without its line end")
    func token() async throws {
        try await withTemporaryFolder { folder in
            let token = try makeToken(in: folder, "abc-DEF_1\n")
            let settings = try TillSettings(
                plugin: "http://127.0.0.1:7600/",
                tokenFile: token,
                listen: "127.0.0.1:0",
                data: folder
            )
            #expect(settings.token == "abc-DEF_1")
            #expect(settings.plugin == "http://127.0.0.1:7600")
        }
    }

    @Test("a missing or empty token file is named", arguments: ["", "two words", " \n"])
    func noToken(content: String) async throws {
        try await withTemporaryFolder { folder in
            let token = try makeToken(in: folder, content)
            let error = #expect(throws: TillStartError.self) {
                _ = try TillSettings(
                    plugin: "http://127.0.0.1:7600",
                    tokenFile: token,
                    listen: "127.0.0.1:0",
                    data: folder
                )
            }
            #expect(error?.sentence.contains(token) == true)
        }
    }

    private func makeToken(in folder: String, _ content: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/register.token"
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }
}
