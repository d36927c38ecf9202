// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillDemo

@Suite("The demo's processes") struct ProcessTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("demo-\(UUID().uuidString)").path
        try DemoFolder.make(path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func shell(_ script: String, in folder: String) throws -> ChildProcess {
        try ChildProcess(name: "part", program: "/bin/sh", arguments: ["-c", script], log: folder + "/part.log")
    }

    @Test("a part is ready when it says so, however much it says before")
    func ready() async throws {
        try await withFolder { folder in
            let child = try shell(#"echo 'not {yet}'; echo 'ready {"a":1}'; exec sleep 60"#, in: folder)
            let json = try await child.waitUntilReady()
            #expect(String(decoding: json, as: UTF8.self) == #"{"a":1}"#)
            child.send(SIGKILL)
            #expect(try await child.waitForExit() == .signal(SIGKILL))
        }
    }

    @Test("a part that ends at its start is quoted")
    func failing() async throws {
        try await withFolder { folder in
            let child = try shell("echo 'Port 7300 is in use.' >&2; exit 2", in: folder)
            let failure = await #expect(throws: DemoFailure.self) { _ = try await child.waitUntilReady() }
            #expect(failure?.sentence.contains("exit code 2") == true)
            #expect(failure?.sentence.contains("Port 7300 is in use.") == true)
        }
    }

    @Test("the second life of a part is not ready by the words of the first")
    func restart() async throws {
        try await withFolder { folder in
            let first = try shell(#"echo 'ready {"life":1}'"#, in: folder)
            _ = try await first.waitForExit()
            let second = try shell(#"echo 'ready {"life":2}'"#, in: folder)
            #expect(String(decoding: try await second.waitUntilReady(), as: UTF8.self) == #"{"life":2}"#)
            // Who is not collected here keeps a test that waits for a process of its own from ever seeing that one's end.
            _ = try await second.waitForExit()
        }
    }

    @Test("a command's output comes back, its failure with its last words")
    func command() async throws {
        let answer = try await Command.run("/bin/sh", ["-c", "read line; echo \"got $line\""], input: "code\n")
        #expect(answer == "got code\n")
        let failure = await #expect(throws: DemoFailure.self) {
            _ = try await Command.run("/bin/sh", ["-c", "echo 'Name a store.' >&2; exit 2"])
        }
        #expect(failure?.sentence.hasSuffix("failed (exit code 2): Name a store.") == true)
    }

    @Test("a program that is not there is named")
    func missingProgram() async throws {
        try await withFolder { folder in
            #expect(throws: DemoFailure.self) {
                _ = try ChildProcess(name: "x", program: folder + "/x", arguments: [], log: folder + "/x.log")
            }
        }
    }

    /// Found when two demos started at once and one's sandbox found its port taken.
    @Test("a port that was drawn is not drawn again while whoever drew it lives")
    func drawnOnce() throws {
        let ports = try (0..<20).flatMap { _ in try FreePorts.draw(10) }
        #expect(Set(ports).count == 200)
    }

    /// Found when one demo drew a port that another, started again on its folder, was about to open.
    @Test("a port that was known is taken once, and drawn by nobody then")
    func known() throws {
        let port = try #require((19_000..<20_000).first { FreePorts.take($0) })
        #expect(!FreePorts.take(port), "drawing it would take it")
        #expect(FreePorts.isFree(port))
    }

    @Test("drawn ports are free and different; a base gives the documented ones")
    func ports() throws {
        let ports = try FreePorts.draw(12)
        #expect(Set(ports).count == 12)
        #expect(ports.allSatisfy { FreePorts.isFree($0) })
        let base = StackPorts(base: 7300)
        #expect(base.sandboxTLS == 7343 && base.cloudB == 7402 && base.plugins == [7600] && base.till == 7650)
        #expect(StackPorts(base: 7300, registers: 3).plugins == [7600, 7601, 7602])
    }

    @Test("a folder of something else, or of another version, is left alone")
    func folder() async throws {
        try await withFolder { folder in
            #expect(try DemoFolder.read(folder) == nil)
            try DemoFolder.write(folder, .init(ports: StackPorts(base: 7300), registers: ["TB0000101"]))
            let known = try #require(try DemoFolder.read(folder))
            #expect(known.registers == ["TB0000101"])
            #expect(known.ports == StackPorts(base: 7300) && known.chain == nil)
            let chain = DemoFolder.Mark(ports: StackPorts(base: 7300, registers: 4), registers: [], chain: .begun)
            try DemoFolder.write(folder, chain)
            #expect(try DemoFolder.read(folder) == chain)
            let mark = URL(fileURLWithPath: folder + "/demo.json")
            try Data(#"{"version":9,"registers":[],"ports":{}}"#.utf8).write(to: mark)
            #expect(throws: DemoFailure.self) { _ = try DemoFolder.read(folder) }
            try FileManager.default.removeItem(at: mark)
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/thesis.txt"))
            #expect(throws: DemoFailure.self) { _ = try DemoFolder.read(folder) }
        }
    }

    @Test("the line for programs has every name, and a console that is null")
    func readyLine() throws {
        let line = ReadyLine(
            sandbox: "http://127.0.0.1:1",
            sandboxTLS: nil,
            clouds: ["A": "a", "B": "b"],
            proxies: ["127.0.0.1:2"],
            proxyAdmin: ["http://127.0.0.1:3"],
            plugins: [.init(register: "R", url: "u", tokenFile: "t")],
            till: "http://127.0.0.1:4",
            pids: ["till": 5],
            logs: ["till": "/l"],
            keys: ["ca": "/c"]
        )
        #expect(line.text.hasPrefix("ready {"))
        let json = try JSONSerialization.jsonObject(with: Data(line.text.dropFirst(6).utf8))
        let fields = try #require(json as? [String: Any])
        #expect(
            Set(fields.keys) == [
                "sandbox", "sandboxTLS", "clouds", "proxies", "proxyAdmin", "plugins", "till", "console", "pids",
                "logs",
                "keys",
            ]
        )
        #expect(fields["console"] is NSNull)
    }

    @Test("the table and the JSON show the same rows")
    func result() throws {
        let row = OnceResult.Row(
            scenario: "Alipay paid",
            told: "paid",
            walletNet: 1280,
            seconds: 0.314,
            agree: true,
            remarks: []
        )
        var result = OnceResult(rows: [row])
        #expect(result.table.contains("Alipay paid  paid               ") && result.table.contains("¥12.80"))
        #expect(result.table.contains("0.31") && result.table.hasSuffix("yes"))
        #expect(
            result.json
                == #"{"agree":true,"rows":[{"agree":true,"scenario":"Alipay paid","seconds":0.314,"told":"paid","walletNet":1280}]}"#
        )
        result.rows[0].remarks = ["late"]
        #expect(result.agree && !result.isAsExpected)
    }
}
