// Part of Tillbridge. See LICENSE.
import ServiceLifecycle

/// Waiting that a graceful shutdown ends at once.
enum Pause {
    static func milliseconds(_ milliseconds: Int64) async {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(milliseconds)) }
    }
}
