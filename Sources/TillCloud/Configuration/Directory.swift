// Part of Tillbridge. See LICENSE.
import Synchronization
package import TillDomain
package import TillProtocol
package import TillStore

/// All configuration of this cloud, in memory, as it was last stored. Changes take effect with the next request.
package final class Directory: Sendable {
    /// A register's device key, ready to verify with.
    package struct DeviceKey: Sendable {
        package let register: RegisterID
        package let key: VerifyingKey
        package let isRevoked: Bool
    }

    package struct Snapshot: Sendable {
        package fileprivate(set) var stores: [String: StoreDocument] = [:]
        package fileprivate(set) var registers: [String: RegisterDocument] = [:]
        package fileprivate(set) var accounts: [String: AccountDocument] = [:]
        package fileprivate(set) var routings: [Int: Routing] = [:]
        package fileprivate(set) var chain = ChainDocument.standard
        fileprivate var deviceKeys: [KeyID: DeviceKey] = [:]

        /// The newest version that both clouds are known to hold.
        package fileprivate(set) var held: Int?
        let waitsForPeer: Bool

        fileprivate init(waitsForPeer: Bool) { self.waitsForPeer = waitsForPeer }

        /// The newest routing, or nil if none was ever published.
        package var routing: Routing? { routings.keys.max().flatMap { routings[$0] } }

        /// The routing that registers are given. A version that the other cloud does not hold would lock registers
        /// that have it out of that cloud, if this one died before handing it on. Before the clouds have ever agreed
        /// on a version there is nothing older to give.
        package var offered: Routing? { waitsForPeer ? held.flatMap { routings[$0] } ?? routing : routing }

        /// Whether a register may begin payments: nobody has switched it off.
        func isOn(_ register: RegisterID) -> Bool { registers[register.description]?.disabledAt == nil }

        /// Whether real money moves. Without accounts none does.
        package var installation: Installation {
            accounts.values.contains { !$0.sandbox } ? .live : .sandbox
        }
    }

    private let state: Mutex<Snapshot>

    /// - Parameter waitsForPeer: Whether a new routing is given to registers only when the other cloud holds it.
    package init(waitsForPeer: Bool = false) { state = Mutex(Snapshot(waitsForPeer: waitsForPeer)) }

    /// The kinds that configure an installation, in the order in which they refer to each other.
    package static let kinds: [LogKind] = [.store, .account, .routing, .configuration, .register]

    /// Reads everything that is stored.
    package func load(from store: any ConfigurationStore) async throws {
        for kind in Directory.kinds {
            for document in try await store.documents(kind) { try apply(kind, key: document.key, body: document.body) }
        }
    }

    package var snapshot: Snapshot { state.withLock { $0 } }

    package func deviceKey(_ id: KeyID) -> DeviceKey? { state.withLock { $0.deviceKeys[id] } }
    package func routing(_ version: Int) -> Routing? { state.withLock { $0.routings[version] } }
    package func account(_ id: String) -> AccountDocument? { state.withLock { $0.accounts[id] } }

    /// Takes a stored document over.
    /// - Throws: If it does not decode; nothing changes then.
    package func apply(_ kind: LogKind, key: String, body: String) throws {
        let body = Array(body.utf8)
        switch kind {
        case .store:
            let store = try DocumentCoder.decode(StoreDocument.self, from: body)
            state.withLock { $0.stores[key] = store }
        case .register:
            let register = try DocumentCoder.decode(RegisterDocument.self, from: body)
            let keys = try Directory.deviceKeys(of: register)
            state.withLock { state in
                state.registers[key] = register
                state.deviceKeys.merge(keys) { _, new in new }
            }
        case .account:
            let account = try DocumentCoder.decode(AccountDocument.self, from: body)
            state.withLock { $0.accounts[key] = account }
        case .routing:
            let routing = try Routing(DocumentCoder.decode(RoutingPlan.self, from: body))
            // Versions are append-only: what payments were decided by never changes.
            state.withLock { state in
                if state.routings[routing.version] == nil { state.routings[routing.version] = routing }
                if routing.document.held == true { state.held = max(state.held ?? 0, routing.version) }
            }
        case .configuration:
            let chain = try DocumentCoder.decode(ChainDocument.self, from: body)
            state.withLock { $0.chain = chain }
        case .payment, .refund, .sale, .user, .audit: break
        }
    }

    private static func deviceKeys(of register: RegisterDocument) throws -> [KeyID: DeviceKey] {
        guard let id = RegisterID(register.id.utf8) else { throw StartError("A stored register has no valid number.") }
        var keys: [KeyID: DeviceKey] = [:]
        for key in register.keys {
            guard let point = Base64.decode(key.publicKey.utf8), let verifying = VerifyingKey(publicKey: point) else {
                throw StartError("A stored key of register \(register.id) is damaged: restore the database.")
            }
            keys[.register(id, generation: key.generation)] = DeviceKey(
                register: id,
                key: verifying,
                isRevoked: key.revokedAt != nil || register.revokedAt != nil
            )
        }
        return keys
    }
}
