// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillPlugin

@Suite struct PluginConfigurationTests {
    private func parse(_ text: String) throws(StartError) -> PluginConfiguration {
        try PluginConfiguration(text: [UInt8](text.utf8), file: [UInt8]("plugin.conf".utf8))
    }

    @Test("every setting is understood, with comments, blanks and either line end")
    func complete() throws {
        let configuration = try parse(
            """
            # The register at the door.
            data = /var/lib/tillbridge   # identity and journal\r
            proxies = 10.0.0.5:7500, [fd00::5]:7500
            listen=127.0.0.1:7601

            acknowledges = no
            token = off
            line = off
            files = off
            language = en
            """
        )
        #expect(configuration.data == [UInt8]("/var/lib/tillbridge".utf8))
        #expect(configuration.proxies?.map(\.text) == ["10.0.0.5:7500", "[fd00::5]:7500"].map { [UInt8]($0.utf8) })
        #expect(configuration.proxies?.map(\.port) == [7500, 7500])
        #expect(configuration.listen.port == 7601)
        #expect(!configuration.acknowledges)
        #expect(!configuration.tokenRequired)
        #expect(configuration.language == .english)
    }

    @Test("only the folder has no default; proxies that are not named are those of the activation")
    func defaults() throws {
        let configuration = try parse("data = d")
        #expect(configuration.proxies?.count == nil)
        #expect(configuration.listen.text == [UInt8]("127.0.0.1:7600".utf8))
        #expect(configuration.acknowledges && configuration.tokenRequired)
        #expect(configuration.language == .chinese)
        #expect(try parse("data = d\nproxies =").proxies?.isEmpty == true)
    }

    @Test(
        "a wrong line is refused in one sentence with its file, line, name and value",
        arguments: [
            ("data = d\nprox = 1.2.3.4:5", "plugin.conf, line 2: there is no setting 'prox'; the settings are data, "),
            ("data = d\ndata = e", "plugin.conf, line 2: 'data' is set twice"),
            ("data", "plugin.conf, line 1: 'data' is no setting; write 'name = value'."),
            ("data = ", "plugin.conf, line 1: 'data' is empty"),
            ("", "plugin.conf: the setting 'data' is missing"),
            (
                "data = d\nlisten = 0.0.0.0:7600",
                "plugin.conf, line 2: 'listen' is '0.0.0.0:7600'; it must be a loopback"
            ),
            ("data = d\nlisten = localhost:7600", "plugin.conf, line 2: 'listen' is 'localhost:7600'"),
            ("data = d\nlisten = 127.0.0.1:70000", "plugin.conf, line 2: 'listen' is '127.0.0.1:70000'"),
            (
                "data = d\nproxies = proxy.example:7500",
                "plugin.conf, line 2: the proxy 'proxy.example:7500' is not an IP"
            ),
            ("data = d\nproxies = 10.0.0.5:7500,", "plugin.conf, line 2: the proxy '' is not an IP"),
            ("data = d\nacknowledges = maybe", "plugin.conf, line 2: 'acknowledges' is 'maybe'; write 'yes' or 'no'."),
            ("data = d\ntoken = yes", "plugin.conf, line 2: 'token' is 'yes'; write 'required' or 'off'."),
            (
                "data = d\nline = 127.0.0.1:7601",
                "plugin.conf, line 2: 'line' is '127.0.0.1:7601'; this version knows 'off'"
            ),
            ("data = d\n\u{1b}[2J = 1", "plugin.conf, line 2: there is no setting '?[2J'"),
        ]
    )
    func refused(text: String, sentence: String) {
        do throws(StartError) {
            _ = try parse(text)
            Issue.record("accepted: \(text)")
        } catch {
            let said = String(decoding: error.sentence.bytes, as: UTF8.self)
            #expect(said.hasPrefix(sentence), "\(said)")
            #expect(!said.contains("\n"))
        }
    }

    @Test("a file that is missing is named")
    func missing() throws {
        let folder = try TemporaryFolder()
        do throws(StartError) {
            _ = try PluginConfiguration.load(folder.bytes + [UInt8]("/nothing.conf".utf8))
            Issue.record("loaded")
        } catch {
            let said = String(decoding: error.sentence.bytes, as: UTF8.self)
            #expect(said.contains("nothing.conf cannot be read (No such file or directory)"))
        }
    }
}
