// Part of Tillbridge. See LICENSE.
import NIOCore
import Testing

@testable import TillProxy

@Suite("Places for register connections")
struct ConnectionLedgerTests {
    private func address(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1) }

    private func ledger(all: Int, perAddress: Int) -> ConnectionLedger {
        var limits = ProxySettings.Limits()
        limits.connections = all
        limits.connectionsPerAddress = perAddress
        return ConnectionLedger(limits: limits)
    }

    @Test("one address cannot take the places of the others")
    func perAddress() throws {
        let ledger = ledger(all: 10, perAddress: 2)
        let greedy = try address("10.0.0.1")
        #expect(ledger.enter(greedy) && ledger.enter(greedy))
        #expect(!ledger.enter(greedy))
        #expect(ledger.enter(try address("10.0.0.2")))
        #expect(ledger.refused == 1)
        ledger.leave(greedy)
        #expect(ledger.enter(greedy))
    }

    @Test("all addresses together get no more than there is")
    func all() throws {
        let ledger = ledger(all: 3, perAddress: 2)
        for text in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] { #expect(ledger.enter(try address(text))) }
        #expect(!ledger.enter(try address("10.0.0.4")))
        ledger.leave(try address("10.0.0.2"))
        #expect(ledger.enter(try address("10.0.0.4")))
    }
}
