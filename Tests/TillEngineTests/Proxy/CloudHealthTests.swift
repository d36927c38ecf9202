// Part of Tillbridge. See LICENSE.
import Testing
import TillEngine

@Suite("Whether a cloud is reachable")
struct CloudHealthTests {
    private func health(_ events: CloudHealth.Event...) -> CloudHealth {
        var health = CloudHealth()
        for event in events { health.handle(event) }
        return health
    }

    @Test("the first good check of a cloud that was never heard is enough, however late it comes")
    func start() {
        #expect(!CloudHealth().isUp)
        #expect(health(.checkSucceeded).isUp)
        #expect(health(.checkFailed, .checkFailed, .checkFailed, .connectFailed, .checkSucceeded).isUp)
    }

    @Test("one failed check is an accident, two in a row are a loss")
    func loss() {
        #expect(health(.checkSucceeded, .checkFailed).isUp)
        #expect(health(.checkSucceeded, .checkFailed, .checkSucceeded, .checkFailed).isUp)
        #expect(!health(.checkSucceeded, .checkFailed, .checkFailed).isUp)
    }

    @Test("three connections that fail in traffic are a loss without waiting for a check")
    func passiveLoss() {
        #expect(health(.checkSucceeded, .connectFailed, .connectFailed).isUp)
        #expect(!health(.checkSucceeded, .connectFailed, .connectFailed, .connectFailed).isUp)
        #expect(health(.checkSucceeded, .connectFailed, .connectFailed, .checkSucceeded, .connectFailed).isUp)
    }

    @Test("a cloud that was down is up again after two good checks in a row")
    func recovery() {
        var health = health(.checkSucceeded, .checkFailed, .checkFailed)
        health.handle(.checkSucceeded)
        #expect(!health.isUp)
        health.handle(.checkFailed)
        health.handle(.checkSucceeded)
        #expect(!health.isUp)
        health.handle(.checkSucceeded)
        #expect(health.isUp)
    }

    @Test("connections that fail late do not spoil a recovery")
    func lateFailures() {
        var health = health(.checkSucceeded, .checkFailed, .checkFailed, .checkSucceeded, .connectFailed)
        health.handle(.checkSucceeded)
        #expect(health.isUp)
    }
}
