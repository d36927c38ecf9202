// Part of Tillbridge. See LICENSE.

/// How a sandbox is started.
package struct SandboxConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 for a free one.
    package var port = 7300
    /// Nil for no TLS port, 0 for a free one.
    package var tlsPort: Int?
    /// Where the books and the keys are; nil to forget them at the end.
    package var data: String?
    /// Where the merchant's side of the keys is written.
    package var export: String?
    /// Nil for a different one each time.
    package var seed: UInt64?
    /// How many times faster the wallet's waiting times pass.
    package var speed = 1.0
    package var realisticShoppers = false

    package init() {}

    /// - Throws: ``SandboxError`` naming the first setting that cannot be.
    package func validate() throws(SandboxError) {
        guard (0...65_535).contains(port) else {
            throw SandboxError("--port \(port) is no port: use 1 to 65535, or 0 for a free one.")
        }
        if let tlsPort, !(0...65_535).contains(tlsPort) {
            throw SandboxError("--tls-port \(tlsPort) is no port: use 1 to 65535, or 0 for a free one.")
        }
        if let tlsPort, tlsPort == port, port != 0 {
            throw SandboxError("--port and --tls-port are both \(port): use two different ports.")
        }
        guard speed.isFinite, (0.01...10_000).contains(speed) else {
            throw SandboxError("--speed \(speed) is out of range: use a number from 0.01 to 10000.")
        }
    }
}
