// Part of Tillbridge. See LICENSE.
import Hummingbird
import Logging
import NIOCore

/// What is known of a request beside its content.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: String

    init(source: Source) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? ""
    }

    /// Without a connection.
    init(address: String) {
        coreContext = CoreRequestContextStorage(source: Detached())
        remoteAddress = address
    }

    private struct Detached: RequestContextSource {
        let logger = Logger(label: "tillbridge.console") { _ in SwiftLogNoOpLogHandler() }
    }
}
