// Part of Tillbridge. See LICENSE.
import ServiceLifecycle

/// Rings the bell every second, so that live pages move although nothing is sold.
struct Heartbeat: Service {
    let bell: Bell

    func run() async throws {
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
                bell.ring()
            }
        } catch is CancellationError {
            // The end.
        }
    }
}
