// Part of Tillbridge. See LICENSE.
import CPlatform

/// An IP address with a port. Names are not accepted: looking one up would stop the loop.
struct IPAddress: Sendable {
    /// As it was written.
    let text: [UInt8]
    let native: cp_address

    /// `10.0.0.5:7500` or `[fd00::5]:7500`.
    init?(_ text: some Collection<UInt8>) {
        var native = cp_address()
        let text = [UInt8](text)
        guard cp_parse_address(text, text.count, &native) == 0 else { return nil }
        self.text = text
        self.native = native
    }

    var port: UInt16 { native.port }

    /// The text up to the port.
    var host: [UInt8] { [UInt8](text[..<(text.lastIndex(of: 58) ?? text.count)]) }

    var isLoopback: Bool {
        var native = native
        return cp_is_loopback(&native) != 0
    }
}
