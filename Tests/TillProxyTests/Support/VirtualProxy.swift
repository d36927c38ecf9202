// Part of Tillbridge. See LICENSE.
import Logging
import NIOCore
import NIOEmbedded
import TillDomain
import TillEngine
import Testing

@testable import TillProxy

/// A proxy with its registers and clouds on one event loop in virtual time: nothing happens but what a test does.
final class VirtualProxy {
    let loop = EmbeddedEventLoop()
    let a: VirtualCloud
    let b: VirtualCloud
    let shard: Shard
    let monitor: HealthMonitor

    init(a door: VirtualCloud.Door = .accepting, settings change: (inout ProxySettings) -> Void = { _ in }) {
        let loop = loop
        let clouds = CloudName.allCases.map { VirtualCloud(name: $0, loop: loop) }
        a = clouds[0]
        a.door = door
        b = clouds[1]
        let connectors = clouds.map { cloud in
            CloudConnector(
                address: CloudAddress(name: cloud.name, address: HostPort(host: "127.0.0.1", port: 1), usesTLS: false),
                usesTLS: false
            ) { connection, _ in cloud.open(connection.value) }
        }
        var settings = ProxySettings(
            listen: HostPort(host: "127.0.0.1", port: 0),
            admin: HostPort(host: "127.0.0.1", port: 0),
            clouds: connectors.map(\.address),
            keys: nil
        )
        settings.limits.requests = nil
        change(&settings)
        let monitorBox = NIOLoopBoundBox.makeEmptyBox(valueType: HealthMonitor.self, eventLoop: loop)
        let shard = Shard(
            eventLoop: loop,
            settings: settings,
            connectors: connectors,
            shards: 1,
            accessLog: nil
        ) { name in
            loop.execute { monitorBox.value?.connectFailed(name) }
        }
        self.shard = shard
        monitor = HealthMonitor(
            eventLoop: loop,
            connectors: connectors,
            times: settings.times,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { shard.apply($0) }
        monitorBox.value = monitor
        for cloud in clouds { cloud.settle = { [unowned self] in settle() } }
        monitor.start()
        settle()
    }

    /// Both clouds have answered a health check.
    var isUp: Bool { shard.view.a.isUp && shard.view.b.isUp }

    func cloud(_ name: CloudName) -> VirtualCloud { name == .a ? a : b }

    func register() -> VirtualRegister { VirtualRegister(self) }

    /// Lets `milliseconds` pass, one at a time, with everything that happens meanwhile.
    func advance(_ milliseconds: Int) {
        for _ in 0..<milliseconds {
            loop.advanceTime(by: .milliseconds(1))
            settle()
        }
    }

    /// Lets everything happen that needs no time.
    func settle() {
        repeat { loop.run() } while a.work() || b.work()
    }

    /// Milliseconds until `condition` holds, or nil if it does not within `limit`.
    func time(limit: Int, until condition: () -> Bool) -> Int? {
        for passed in 0...limit {
            if condition() { return passed }
            advance(1)
        }
        return nil
    }

    func stop() {
        monitor.stop()
        shard.stop()
        settle()
    }
}

/// A cloud that does what the test says. `@unchecked`: a test and its event loop share one thread.
final class VirtualCloud: @unchecked Sendable {
    enum Door {
        case accepting, refusing
        /// Connections neither succeed nor fail.
        case silent
    }

    struct Request {
        let channel: EmbeddedChannel
        let text: String
    }

    let name: CloudName
    private let loop: EmbeddedEventLoop
    var door = Door.accepting
    /// Whether health checks are answered.
    var isHealthy = true
    var report = CloudReport(
        time: Timestamp(milliseconds: 1_795_343_400_000),
        takesPayments: true,
        load: 0,
        routing: 12,
        configuration: 7,
        dark: []
    )
    /// What health checks are answered with instead of the report.
    var healthOverride: String?
    /// Requests that arrived and were not answered yet.
    private(set) var requests: [Request] = []
    /// Everything that ever arrived, health checks and presence left out.
    private(set) var arrived: [String] = []
    /// Reports about the registers that are there.
    private(set) var presence: [String] = []
    /// What such a report is answered with; nil for nothing.
    var presenceStatus: Int? = 200
    private(set) var connections: [EmbeddedChannel] = []
    private(set) var opened = 0

    /// Lets everything happen that needs no time, at the other cloud too.
    var settle: () -> Void = {}

    init(name: CloudName, loop: EmbeddedEventLoop) {
        self.name = name
        self.loop = loop
    }

    func open(_ connection: UpstreamConnection) {
        switch door {
        case .silent: break
        case .refusing: connection.openingFailed()
        case .accepting:
            opened += 1
            let channel = EmbeddedChannel(handler: connection, loop: loop)
            connections.append(channel)
            channel.connect(to: SocketAddress.loopback, promise: nil)
        }
    }

    /// Takes what was written to it. False if there was nothing.
    func work() -> Bool {
        var hasWorked = false
        for channel in connections {
            while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
                hasWorked = true
                let text = String(buffer: buffer)
                if text.hasPrefix("GET /healthz ") {
                    if isHealthy { write(healthOverride ?? healthAnswer, to: channel) }
                } else if text.hasPrefix("POST /presence ") {
                    presence.append(text)
                    if let presenceStatus { write(Self.text("ok", status: presenceStatus), to: channel) }
                } else {
                    arrived.append(text)
                    requests.append(Request(channel: channel, text: text))
                }
            }
        }
        return hasWorked
    }

    /// Answers the oldest request.
    func answer(_ body: String = "{\"state\":\"paid\"}", status: Int = 200, headers: String = "") {
        answer(with: Self.text(body, status: status, headers: headers))
    }

    func answer(with text: String) {
        guard let request = next() else { return }
        write(text, to: request.channel)
        settle()
    }

    /// Ends the connection of the oldest request.
    func hangUp() {
        guard let request = next() else { return }
        request.channel.close(promise: nil)
        settle()
    }

    private func next() -> Request? {
        guard !requests.isEmpty else {
            Issue.record("cloud \(name.letter) has no request to answer")
            return nil
        }
        return requests.removeFirst()
    }

    /// Ends all connections, those in use and those that are not.
    func hangUpAll() {
        for channel in connections { channel.close(promise: nil) }
        connections.removeAll()
        requests.removeAll()
        settle()
    }

    func write(_ text: String, to channel: EmbeddedChannel) {
        guard channel.isActive else { return }
        _ = try? channel.writeInbound(ByteBuffer(string: text))
    }

    static func text(_ body: String, status: Int = 200, headers: String = "") -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    private var healthAnswer: String {
        let dark = report.dark.map { "\"\(String(decoding: $0.bytes, as: UTF8.self))\"" }.joined(separator: ",")
        let time = report.time.milliseconds + loop.milliseconds
        return Self.text(
            "{\"time\":\(time),\"takesPayments\":\(report.takesPayments),\"load\":\(report.load),"
                + "\"routing\":\(report.routing),\"configuration\":\(report.configuration),\"dark\":[\(dark)]}"
        )
    }
}

/// A register's connection to the virtual proxy.
final class VirtualRegister {
    private let proxy: VirtualProxy
    let channel: EmbeddedChannel
    private var inbox: String?

    init(_ proxy: VirtualProxy) {
        self.proxy = proxy
        channel = EmbeddedChannel(
            handler: FrontConnection(shard: proxy.shard, usesTLS: false, address: nil),
            loop: proxy.loop
        )
        channel.connect(to: SocketAddress.loopback, promise: nil)
        proxy.settle()
    }

    var isOpen: Bool { channel.isActive }

    static func request(_ call: String, cloud: String = "A", body: String = "{}", headers: String = "") -> String {
        "POST /v1/\(call) HTTP/1.1\r\nHost: proxy.tillbridge\r\nTillbridge-Cloud: \(cloud)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    func send(_ call: String, cloud: String = "A", body: String = "{}", headers: String = "") {
        send(raw: Self.request(call, cloud: cloud, body: body, headers: headers))
    }

    func send(raw text: String) {
        _ = try? channel.writeInbound(ByteBuffer(string: text))
        proxy.settle()
    }

    func leave() {
        channel.close(promise: nil)
        proxy.settle()
    }

    /// Whether something has come that ``received()`` has not returned yet.
    var hasAnswer: Bool {
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
            inbox = (inbox ?? "") + String(buffer: buffer)
        }
        return inbox != nil
    }

    /// What has come since the last time, or nil.
    func received() -> String? {
        defer { inbox = nil }
        return hasAnswer ? inbox : nil
    }
}

extension SocketAddress {
    /// Any address: embedded channels ask for one and do nothing with it.
    static var loopback: SocketAddress {
        guard let address = try? SocketAddress(ipAddress: "127.0.0.1", port: 1) else { fatalError("no address") }
        return address
    }
}
