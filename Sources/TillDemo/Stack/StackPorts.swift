// Part of Tillbridge. See LICENSE.

/// Where each part of a stack listens.
struct StackPorts: Codable, Equatable, Sendable {
    let sandbox: Int
    let sandboxTLS: Int
    let cloudA: Int
    let cloudB: Int
    let proxy: Int
    let proxyAdmin: Int
    let till: Int
    let console: Int
    let plugins: [Int]

    /// The documented layout: sandbox N, its TLS N+43, clouds N+101 and N+102, proxy N+200, its admin N+201, plug-in
    /// N+300 and, where there are more, those that follow; till N+350, console N+400.
    init(base: Int, registers: Int = 1) {
        sandbox = base
        sandboxTLS = base + 43
        cloudA = base + 101
        cloudB = base + 102
        proxy = base + 200
        proxyAdmin = base + 201
        plugins = (0..<registers).map { base + 300 + $0 }
        till = base + 350
        console = base + 400
    }

    /// Free ports, for so many registers.
    init(free registers: Int) throws {
        let ports = try FreePorts.draw(8 + registers)
        sandbox = ports[0]
        sandboxTLS = ports[1]
        cloudA = ports[2]
        cloudB = ports[3]
        proxy = ports[4]
        proxyAdmin = ports[5]
        till = ports[6]
        console = ports[7]
        plugins = Array(ports[8...])
    }

    var all: [Int] { [sandbox, sandboxTLS, cloudA, cloudB, proxy, proxyAdmin, till, console] + plugins }
}
