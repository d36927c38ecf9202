// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// A request's connection: who is at the other end, and a way to break it.
struct SandboxContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Whether the caller is this machine.
    var isLoopback: Bool {
        guard let address = channel.remoteAddress?.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// The client certificate of a TLS connection, which has been checked against the sandbox's authority.
    func clientCertificate() async throws -> WalletRequest.ClientCertificate {
        guard let certificate = try await channel.nioSSL_peerCertificate().get() else { return .missing }
        let parsed = try Certificate(derEncoded: try certificate.toDERBytes())
        for name in parsed.subject {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                return .merchant(String(describing: attribute.value))
            }
        }
        return .missing
    }

    /// Waits until the caller hangs up, the time is over, or the sandbox shuts down; then hangs up.
    func keepSilent(milliseconds: Int64) async {
        let channel = channel
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await channel.closeFuture.get() }
            group.addTask { await Pause.milliseconds(milliseconds) }
            await group.next()
            channel.close(promise: nil)
            group.cancelAll()
        }
    }

    /// Ends the connection with a reset instead of an answer.
    func reset() async {
        if let provider = channel as? any SocketOptionProvider {
            // A linger time of zero makes the kernel send RST.
            try? await provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await channel.close().get()
    }
}
