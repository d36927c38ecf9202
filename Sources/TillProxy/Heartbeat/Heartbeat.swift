// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine
import TillProtocol

/// The one call that the proxy answers itself, unsigned: it chooses and refuses, and cannot move money.
extension Shard {
    func answerHeartbeat(_ body: ByteBuffer) throws(MessageError) -> HeartbeatAnswer {
        let request = try HeartbeatRequest(decoding: Array(body.readableBytesView))
        counters.countHeartbeat(request.lane.value)
        heard(request.register)
        let now = eventLoop.milliseconds
        let next = Balancer.next(
            for: request.register,
            line: view.line,
            a: takesPayments(.a, at: now),
            b: takesPayments(.b, at: now)
        )
        return HeartbeatAnswer(
            time: view.time(at: now),
            next: next,
            clouds: settings.clouds.map { .init(name: $0.name, isUp: view[$0.name].isUp) },
            routing: view.routing,
            configuration: view.configuration,
            dark: view.dark(at: next)
        )
    }

    private func takesPayments(_ name: CloudName, at now: Int64) -> Bool {
        view[name].takesPayments && upstream(name).breaker.wouldAdmit(at: now)
    }
}
