// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The connections of one account that are kept for the next call, each for the event loop that it belongs to: a call
/// that finds one there changes no thread. How many are open follows from how many calls the account may have out.
final class WalletLines: Sendable {
    /// Where a URL leads.
    struct Origin: Hashable, Sendable {
        let usesTLS: Bool
        let host: String
        let port: Int

        /// - Parameter url: `http` or `https`, a host or an address, a port where it is not the scheme's own.
        /// - Returns: The origin, its text as the `Host` header wants it, and what follows it.
        static func split(_ url: String) -> (origin: Origin, authority: String, target: String)? {
            let scheme = url.hasPrefix("https://") ? "https://" : "http://"
            guard url.hasPrefix(scheme) else { return nil }
            let rest = url.dropFirst(scheme.count)
            let end = rest.utf8.firstIndex { $0 == 47 || $0 == 63 } ?? rest.endIndex
            let authority = rest[..<end]
            let target = rest[end...].utf8.first == 47 ? String(rest[end...]) : "/" + rest[end...]
            var host = authority
            var port = scheme == "https://" ? 443 : 80
            // A colon inside brackets is part of an address.
            if let colon = authority.utf8.lastIndex(of: 58), authority.utf8.last != 93 {
                guard let given = Int(authority[authority.utf8.index(after: colon)...]) else { return nil }
                port = given
                host = authority[..<colon]
            }
            if host.utf8.first == 91, host.utf8.last == 93 { host = host.dropFirst().dropLast() }
            guard !host.isEmpty, (1...65_535).contains(port) else { return nil }
            let origin = Origin(usesTLS: scheme == "https://", host: String(host), port: port)
            return (origin, String(authority), target)
        }
    }

    private struct Place: Hashable {
        let origin: Origin
        let loop: ObjectIdentifier
    }

    private struct State {
        var idle: [Place: [(channel: any Channel, since: NIODeadline)]] = [:]
        var open: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private static let idleTime = TimeAmount.seconds(50)

    private let tls: NIOSSLContext
    private let connectTimeout: TimeAmount
    private let state = Mutex(State())

    init(tls: NIOSSLContext, connectTimeout: TimeAmount) {
        self.tls = tls
        self.connectTimeout = connectTimeout
    }

    /// A connection that can take a request now. Called on `loop`; fails before `deadline`.
    func line(to origin: Origin, on loop: any EventLoop, before deadline: NIODeadline) -> EventLoopFuture<any Channel> {
        let place = Place(origin: origin, loop: ObjectIdentifier(loop))
        if let channel = takeIdle(place) { return loop.makeSucceededFuture(channel) }
        let patience = min(connectTimeout, deadline - .now())
        guard patience > .zero else { return loop.makeFailedFuture(WalletSilence.neverLeft) }
        let ready = loop.makePromise(of: Void.self)
        let alarm = loop.scheduleTask(in: patience) { ready.fail(WalletSilence.neverLeft) }
        ready.futureResult.whenComplete { _ in alarm.cancel() }
        let opening = connect(place, on: loop, within: patience, ready: ready)
        opening.whenFailure { _ in ready.fail(WalletSilence.neverLeft) }
        return ready.futureResult.flatMap { opening }.flatMapErrorThrowing { error in
            opening.whenSuccess { $0.close(promise: nil) }
            throw error
        }
    }

    private func connect(
        _ place: Place,
        on loop: any EventLoop,
        within patience: TimeAmount,
        ready: EventLoopPromise<Void>
    ) -> EventLoopFuture<any Channel> {
        let origin = place.origin
        let tls = origin.usesTLS ? tls : nil
        let address = try? SocketAddress(ipAddress: origin.host, port: origin.port)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        // A certificate for an address is compared with the address, one for a name with the name.
                        let name = address == nil ? origin.host : nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(
                        WalletLine(usesTLS: tls != nil, ready: ready) { self.giveBack($0, to: place) }
                    )
                    self.remember(channel)
                }
            }
        // An address as number needs no resolver, which would be a thread and a wait.
        return if let address { bootstrap.connect(to: address) } else {
            bootstrap.connect(host: origin.host, port: origin.port)
        }
    }

    private func remember(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isClosed = state.withLock { state in
            state.open[id] = channel
            return state.isClosed
        }
        channel.closeFuture.whenComplete { _ in self.state.withLock { $0.open[id] = nil } }
        if isClosed { channel.close(promise: nil) }
    }

    private func takeIdle(_ place: Place) -> (any Channel)? {
        let oldest = NIODeadline.now() - WalletLines.idleTime
        let (fresh, stale) = state.withLock { state -> ((any Channel)?, [any Channel]) in
            guard var line = state.idle.removeValue(forKey: place) else { return (nil, []) }
            let stale = line.filter { $0.since < oldest || !$0.channel.isActive }.map(\.channel)
            line.removeAll { $0.since < oldest || !$0.channel.isActive }
            // The one that was used last: what is not needed grows old.
            let fresh = line.popLast()?.channel
            if !line.isEmpty { state.idle[place] = line }
            return (fresh, stale)
        }
        for channel in stale { channel.close(promise: nil) }
        return fresh
    }

    private func giveBack(_ channel: any Channel, to place: Place) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.idle[place, default: []].append((channel, .now())) }
            return state.isClosed
        }
        if isClosed { channel.close(promise: nil) }
    }

    /// Ends all connections and what is on its way on them.
    func close() async {
        for channel in end() { try? await channel.close() }
    }

    /// Nothing new begins. The connections that are to be closed.
    func end() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            state.idle = [:]
            return Array(state.open.values)
        }
    }
}
