// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `POST /presence`, from a proxy to each cloud, unsigned: whose heartbeats it has answered since its last report.
/// People see by it which registers are in order; nothing is decided by it.
package struct PresenceReport: WireMessage {
    package static let path: StaticString = "/presence"
    /// Registers of one report, so that it stays below ``HTTPLimits/wire``.
    package static let limit = 1_000

    package let registers: [RegisterID]

    package init(registers: [RegisterID]) { self.registers = registers }

    package init(_ object: JSONObject) throws(MessageError) {
        var registers: [RegisterID] = []
        for text in try object.strings("registers", atMost: Self.limit, length: 1...32) {
            guard let register = RegisterID(text) else { throw object.invalid("registers") }
            registers.append(register)
        }
        self.registers = registers
    }

    package func write(to json: inout JSONWriter) {
        json.array("registers") { json in
            for register in registers { json.string(register.bytes) }
        }
    }
}
