// Part of Tillbridge. See LICENSE.
import Foundation

/// What a stack needs besides its running parts: keys, configuration, activations. All of it through the commands
/// that an operator would use.
struct StackSetup: Sendable {
    /// The demo's supervisor, who may release a locked lane.
    static let supervisorCode = "2580"

    /// A register, and the one-time code that enrols it unless it is enrolled already.
    struct Register: Sendable {
        let id: String
        let code: String?
    }

    private let settings: StackSettings
    private let files = FileManager.default

    init(_ settings: StackSettings) { self.settings = settings }

    func makeKeys() async throws {
        guard !files.fileExists(atPath: settings.keys) else { return }
        try await admin(["keys", "--data", settings.keys])
    }

    // MARK: - At the running clouds

    /// Store, accounts, supervisor and registers.
    /// - Parameter known: The registers of an earlier start of this stack.
    func configure(known: [String]) async throws -> [Register] {
        let home = ["--data", settings.cloudData("A")]
        guard known.isEmpty else {
            var registers: [Register] = []
            for (position, id) in known.enumerated() {
                registers.append(Register(id: id, code: isEnrolled(position) ? nil : try await newCode(id, home)))
            }
            return registers
        }
        try await admin(["account", "add", "--from", "\(settings.sandboxKeys)/sandbox.json"] + home)
        try await admin(["supervisor", "add", "--id", "demo"] + home, input: StackSetup.supervisorCode + "\n")
        struct Store: Decodable { var store: String }
        let store = try await admin(["store", "add", "--name", "Tillbridge demo", "--json"] + home, as: Store.self)
        var registers: [Register] = []
        for position in 0..<settings.registers {
            let added = try await admin(
                ["register", "add", "--store", store.store, "--name", "Register \(position + 1)", "--json"] + home,
                as: Enrolment.self
            )
            registers.append(Register(id: added.register, code: added.code))
        }
        return registers
    }

    private struct Enrolment: Decodable {
        var register: String
        var code: String
    }

    private func newCode(_ register: String, _ home: [String]) async throws -> String {
        try await admin(["register", "code", register, "--json"] + home, as: Enrolment.self).code
    }

    /// Until cloud B has learned from cloud A what it needs to pay and to undo for these registers.
    func waitUntilShipped(_ registers: [Register]) async throws {
        struct List: Decodable {
            struct Entry: Decodable {
                var register: String
                var state: String
            }

            var registers: [Entry]
        }
        let deadline = ContinuousClock.now + .seconds(30)
        let target = ["register", "list", "--json", "--data", settings.cloudData("B")]
        while true {
            let list = try await admin(target, as: List.self)
            let active = list.registers.filter { $0.state == "active" }.map(\.register)
            if registers.allSatisfy({ active.contains($0.id) }) { return }
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("Cloud B has not read cloud A's log within 30 s: see \(settings.logs)/cloudB.log.")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: - At the registers

    private func isEnrolled(_ position: Int) -> Bool {
        files.fileExists(atPath: "\(settings.pluginData(position))/identity")
    }

    /// Writes the plug-in's configuration file and enrols its register.
    func enrol(_ position: Int, _ register: Register) async throws {
        try DemoFolder.make(settings.pluginData(position))
        let text = """
            data = \(settings.pluginData(position))
            listen = 127.0.0.1:\(settings.ports.plugins[position])
            proxies = 127.0.0.1:\(settings.ports.proxy)
            acknowledges = yes
            token = required

            """
        let path = settings.pluginConfiguration(position)
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw DemoFailure("\(path) cannot be written: make room there.")
        }
        guard let code = register.code else { return }
        let arguments = ["activate", "--proxy", "127.0.0.1:\(settings.ports.proxy)", "--config", path, code]
        // A proxy that has just started refuses until its first health checks have seen the clouds.
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do {
                _ = try await Command.run(settings.pluginBinary, arguments)
                return
            } catch let failure as DemoFailure {
                guard ContinuousClock.now < deadline else { throw failure }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    // MARK: - Commands

    @discardableResult
    private func admin(_ arguments: [String], input: String = "") async throws -> String {
        try await Command.run(settings.executable, ["admin"] + arguments, input: input)
    }

    private func admin<Answer: Decodable>(_ arguments: [String], as type: Answer.Type) async throws -> Answer {
        let output = try await admin(arguments)
        let line = output.split(separator: "\n").last ?? ""
        guard let answer = try? JSONDecoder().decode(type, from: Data(line.utf8)) else {
            throw DemoFailure("'admin \(arguments.prefix(2).joined(separator: " "))' printed something else than JSON.")
        }
        return answer
    }
}
