// Part of Tillbridge. See LICENSE.
import TillDomain
import TillWallets

@testable import TillSandbox

/// Lantern Pay in virtual time.
struct LanternSide: KitWallet {
    private var side = SandboxSide(wallets: VirtualWallets(faces: [("/v1/", LanternFace())]), wallet: .alipay)

    /// What the wallet gives a merchant, in the form of `sandbox.json`.
    static let export = [UInt8](
        """
        {"baseURL":"http://127.0.0.1:7300","lantern":{"merchant":"\(LanternFace.merchant)","key":"\(LanternFace.key)"}}
        """.utf8
    )

    /// The books' code under Lantern's prefix.
    mutating func code(_ behaviour: Behaviour, at now: Timestamp) -> String {
        let issued = side.wallets.state.issueCode(
            .alipay,
            behaviour: behaviour,
            shopper: nil,
            balance: nil,
            life: TradeBook.codeLife,
            at: now.milliseconds
        )
        let code = IssuedCode(
            wallet: .alipay,
            code: "95" + issued.code.suffix(16),
            shopper: issued.shopper,
            behaviour: behaviour,
            issuedAt: issued.issuedAt,
            expiresAt: issued.expiresAt,
            usedBy: nil
        )
        side.wallets.state.alipay.book.put(code)
        return code.code
    }

    mutating func strike(_ fault: FaultKind, _ operation: SandboxOperation, count: Int) {
        side.strike(fault, operation, count: count)
    }

    mutating func decide(code: String, pays: Bool, at now: Timestamp) { side.decide(code: code, pays: pays, at: now) }

    mutating func call(_ request: OutboundRequest, at now: Timestamp) -> VirtualWallets.Arrival {
        side.call(request, at: now)
    }

    func held(_ number: OrderNumber) -> Int64 { side.held(number) }
}
