// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@testable import TillDemo

@Suite("Sales that come in by themselves") struct LiveSaleTests {
    @Test("a hundred shares, and every kind is drawn about as often as it says")
    func shares() {
        #expect(LiveSale.allCases.reduce(0) { $0 + $1.share } == 100)
        var generator = SeededGenerator(seed: 7)
        var drawn: [LiveSale: Int] = [:]
        for _ in 0..<10_000 { drawn[LiveSale.draw(using: &generator), default: 0] += 1 }
        for kind in LiveSale.allCases {
            #expect(abs(drawn[kind, default: 0] - kind.share * 100) < 40 + kind.share * 10, "\(kind)")
        }
    }

    @Test("the sandbox knows what its shoppers are told to do")
    func behaviours() {
        for kind in LiveSale.allCases { #expect(Behaviour(text: kind.behaviour(seconds: 5)) != nil, "\(kind)") }
    }

    @Test("the rate stands in the words for people, and nothing where no sale comes in")
    func words() {
        let plugin = DemoStack.Plugin(register: "QF0000102", url: "http://127.0.0.1:1", tokenFile: "/nowhere")
        let sales = LiveSales(plugins: [plugin, plugin], sandbox: "http://127.0.0.1:2", perMinute: 12)
        #expect(sales.text?.contains("about 12 a minute at 2 registers") == true)
        for kind in LiveSale.allCases { #expect(sales.text?.contains(kind.words) == true) }
        #expect(LiveSales(plugins: [plugin], sandbox: "", perMinute: 0).text == nil)
        #expect(LiveSales(plugins: [], sandbox: "", perMinute: 12).text == nil)
    }

    @Test("a rate out of range is named")
    func rate() throws {
        #expect(throws: DemoFailure.self) {
            _ = try DemoOptions(data: "d", portBase: 0, executable: "", pluginBinary: "", salesPerMinute: 121)
        }
    }
}
