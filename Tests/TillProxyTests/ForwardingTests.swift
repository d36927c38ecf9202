// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOEmbedded
import TillDomain
import Testing

@testable import TillProxy

@Suite("What goes in comes out, at the right cloud, once")
struct ForwardingTests {
    @Test("bytes pass unchanged in both directions", arguments: [CloudName.a, .b])
    func unchanged(name: CloudName) throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        let request = VirtualRegister.request(
            "pay",
            cloud: name == .a ? "A" : "B",
            body: "{\"code\":\"28763\"}",
            headers: "Signature:  tb=:abc=:\r\nX-Odd:value , with\tblanks \r\n"
        )
        register.send(raw: request)
        let cloud = proxy.cloud(name)
        #expect(cloud.arrived == [request])
        #expect(proxy.cloud(name.other).arrived.isEmpty)
        #expect(register.received() == nil)
        let answer = VirtualCloud.text("{\"state\":\"paid\"}", headers: "Signature: tb=:def=:\r\nX-Odd:  y\r\n")
        cloud.answer(with: answer)
        #expect(register.received() == answer)
        #expect(register.isOpen)
    }

    @Test("one connection to the cloud serves request after request")
    func pooling() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        let opened = proxy.a.opened
        for _ in 0..<10 {
            register.send("query")
            proxy.a.answer()
            #expect(register.received()?.hasPrefix("HTTP/1.1 200") == true)
        }
        // One was opened ahead when the cloud came up, one belongs to the health check.
        #expect(proxy.a.opened == opened)
        #expect(opened == 2)
    }

    @Test("as many connections as requests at the same time, and each answer to its own register")
    func multiplexing() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let registers = (0..<20).map { _ in proxy.register() }
        for (number, register) in registers.enumerated() { register.send("pay", body: "{\"n\":\(number)}") }
        #expect(proxy.a.requests.count == 20)
        for request in proxy.a.requests.reversed() {
            let body = String(request.text.drop { $0 != "{" })
            proxy.a.write(VirtualCloud.text(body), to: request.channel)
        }
        proxy.settle()
        for (number, register) in registers.enumerated() {
            #expect(register.received()?.hasSuffix("{\"n\":\(number)}") == true)
        }
    }

    @Test("an answer that comes byte by byte is delivered whole")
    func slowAnswer() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        let answer = VirtualCloud.text("{\"state\":\"pending\"}")
        for byte in answer.utf8 {
            #expect(register.received() == nil)
            proxy.a.write(String(decoding: [byte], as: UTF8.self), to: proxy.a.requests[0].channel)
        }
        #expect(register.received() == answer)
    }

    @Test("every status of the cloud passes as it is", arguments: [200, 400, 401, 403, 409, 413, 429, 500, 503])
    func statuses(status: Int) {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query")
        proxy.a.answer("{}", status: status)
        #expect(register.received() == VirtualCloud.text("{}", status: status))
    }

    @Test("any goes to a cloud that is up")
    func any() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        #expect(proxy.time(limit: 1_500) { !proxy.shard.view.a.isUp } != nil)
        let register = proxy.register()
        register.send("hello", cloud: "any")
        #expect(proxy.b.arrived.count == 1)
        proxy.b.answer()
        #expect(register.received()?.hasPrefix("HTTP/1.1 200") == true)
    }

    @Test("a connection that the cloud wants closed is not used again, and the register's ends too")
    func cloudCloses() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query")
        let channel = proxy.a.requests[0].channel
        proxy.a.answer("{}", headers: "Connection: close\r\n")
        #expect(register.received()?.contains("Connection: close\r\n") == true)
        proxy.settle()
        #expect(!register.isOpen)
        #expect(!channel.isActive)
    }

    @Test("bytes that nobody asked for end the connection and reach no register")
    func unsolicited() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query")
        let channel = proxy.a.requests[0].channel
        proxy.a.answer(with: VirtualCloud.text("{\"n\":1}") + VirtualCloud.text("{\"n\":2}"))
        #expect(register.received() == VirtualCloud.text("{\"n\":1}"))
        #expect(!channel.isActive)
        register.send("query")
        let second = proxy.a.requests[0].channel
        #expect(second !== channel)
        proxy.a.answer("{\"n\":3}")
        #expect(register.received() == VirtualCloud.text("{\"n\":3}"))
        // And while it is idle.
        proxy.a.write(VirtualCloud.text("{\"n\":4}"), to: second)
        #expect(!second.isActive)
        #expect(register.received() == nil)
    }
}

@Suite("An activation finds the cloud that holds the configuration")
struct ActivationTests {
    private let notHome = "{\"type\":\"/problems/not-home\",\"title\":\"x\",\"status\":409,\"detail\":\"y\"}"

    @Test("not-home is not told to the register: the other cloud is asked with the same bytes")
    func other() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("activate", cloud: "any")
        proxy.a.answer(notHome, status: 409)
        #expect(register.received() == nil)
        #expect(proxy.b.arrived == proxy.a.arrived)
        proxy.b.answer("{\"register\":\"QF000K703\"}")
        #expect(register.received()?.contains("QF000K703") == true)
        // From now on the right one is asked first.
        register.send("activate", cloud: "any")
        #expect(proxy.a.arrived.count == 1)
        #expect(proxy.b.arrived.count == 2)
    }

    @Test("if both say not-home, the register hears it, and nobody is asked a third time")
    func both() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("activate", cloud: "any")
        proxy.a.answer(notHome, status: 409)
        proxy.b.answer(notHome, status: 409)
        #expect(register.received()?.hasSuffix(notHome) == true)
        #expect(proxy.a.arrived.count == 1)
        #expect(proxy.b.arrived.count == 1)
    }

    @Test("if the other cloud cannot be asked, the register hears what the first one said")
    func otherIsDown() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        proxy.b.door = .refusing
        proxy.b.hangUpAll()
        register.send("activate", cloud: "any")
        proxy.a.answer(notHome, status: 409)
        proxy.settle()
        #expect(register.received()?.hasSuffix(notHome) == true)
    }

    @Test("another 409, and not-home for another call, are told as they are", arguments: ["activate", "hello"])
    func untouched(call: String) {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        let body = call == "hello" ? notHome : "{\"type\":\"/problems/code-used\",\"status\":409}"
        register.send(call, cloud: "any")
        proxy.a.answer(body, status: 409)
        #expect(register.received()?.hasSuffix(body) == true)
        #expect(proxy.b.arrived.isEmpty)
    }

    @Test("an activation for a named cloud stays there")
    func named() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("activate", cloud: "A")
        proxy.a.answer(notHome, status: 409)
        #expect(register.received()?.hasSuffix(notHome) == true)
        #expect(proxy.b.arrived.isEmpty)
    }
}
