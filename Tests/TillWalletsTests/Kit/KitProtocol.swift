// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillSandbox

@testable import TillWallets

/// A wallet's side of the conversation, in virtual time and without sockets.
protocol KitWallet: Sendable {
    /// A fresh code whose shopper does what `behaviour` says.
    mutating func code(_ behaviour: Behaviour, at now: Timestamp) -> String
    /// The next `count` calls of this kind go wrong.
    mutating func strike(_ fault: FaultKind, _ operation: SandboxOperation, count: Int)
    /// The shopper who showed the code types the password, or declines. Nothing where nobody asks any more.
    mutating func decide(code: String, pays: Bool, at now: Timestamp)
    mutating func call(_ request: OutboundRequest, at now: Timestamp) -> VirtualWallets.Arrival
    /// Fen that the books have taken for an order and not given back.
    func held(_ number: OrderNumber) -> Int64
}

/// One of the sandbox's wallets.
struct SandboxSide: KitWallet {
    var wallets: VirtualWallets
    let wallet: SandboxWallet

    mutating func code(_ behaviour: Behaviour, at now: Timestamp) -> String {
        wallets.code(wallet, behaviour, at: now)
    }

    mutating func strike(_ fault: FaultKind, _ operation: SandboxOperation, count: Int) {
        wallets.state.faults.append(
            Fault(
                wallet: wallet,
                operation: operation,
                fault: fault,
                probability: 1,
                count: count,
                seconds: fault.defaultSeconds,
                hits: 0
            )
        )
    }

    mutating func decide(code: String, pays: Bool, at now: Timestamp) {
        wallets.state.settle(until: now.milliseconds)
        _ = wallets.state[wallet].decide(code: code, pays: pays, at: now.milliseconds)
    }

    mutating func call(_ request: OutboundRequest, at now: Timestamp) -> VirtualWallets.Arrival {
        wallets.call(request, at: now)
    }

    func held(_ number: OrderNumber) -> Int64 {
        wallets.state[wallet].trades(number: number.description).reduce(0) { $0 + $1.net }
    }
}

/// One row of the registry with an account, and a wallet on the other side that has seen nothing yet.
struct KitProtocol: Sendable {
    let row: WalletRegistry.Row
    let account: WalletAccount
    let wallet: any KitWallet

    /// As `manners.txt` and the reports name it.
    var name: String { KitProtocol.name(row) }

    static func name(_ row: WalletRegistry.Row) -> String { "\(row.section) \(row.version)" }

    /// All that ships, and the fifth wallet, which joins as any other does: by a row.
    static let registry = WalletRegistry(rows: WalletRegistry.standard.rows + [LanternClient.row])

    static let all = Result { try registry.rows.map { try KitProtocol($0) } }

    private static let keys = Result { try SandboxKeys.make() }
    private static let untouched = Result { try VirtualWallets(keys: try keys.get()) }

    private init(_ row: WalletRegistry.Row) throws {
        self.row = row
        let file: [UInt8]
        if let sandbox = SandboxWallet(rawValue: row.section) {
            wallet = SandboxSide(wallets: try KitProtocol.untouched.get(), wallet: sandbox)
            let export = KeyExport(keys: try KitProtocol.keys.get(), baseURL: "http://127.0.0.1:7300", tlsBaseURL: nil)
            file = [UInt8](try JSONEncoder().encode(export))
        } else {
            wallet = LanternSide()
            file = LanternSide.export
        }
        let settings = try WalletSettings.exported(in: file, version: row.version, by: KitProtocol.registry)
        account = try KitProtocol.registry.account(
            from: try #require(settings.first { $0.wallet == row.wallet && $0.version == row.version })
        )
    }
}
