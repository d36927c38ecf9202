// Part of Tillbridge. See LICENSE.
import TillRegister

/// How a sale that comes in by itself goes on, and how often each way is drawn.
enum LiveSale: CaseIterable, Sendable {
    case paid, password, declined, tooLittleMoney, expiredCode, stopped, replyLost

    /// Of a hundred sales.
    var share: Int {
        switch self {
        case .paid: 80
        case .password: 9
        case .declined, .tooLittleMoney: 3
        case .expiredCode, .stopped: 2
        case .replyLost: 1
        }
    }

    /// For people.
    var words: String {
        switch self {
        case .paid: "paid at once"
        case .password: "paid after the password"
        case .declined: "declined by the shopper"
        case .tooLittleMoney: "too little money"
        case .expiredCode: "code expired"
        case .stopped: "stopped by the cashier"
        case .replyLost: "the wallet's answer lost, and the payment undone"
        }
    }

    /// What the shopper behind the code does, as the sandbox names it.
    func behaviour(seconds: Int) -> String {
        switch self {
        case .paid, .replyLost: "pays"
        case .password: "password-pays-after:\(seconds)"
        case .declined, .stopped: "password"
        case .tooLittleMoney: "insufficient"
        case .expiredCode: "expired"
        }
    }

    static func draw(using generator: inout some RandomNumberGenerator) -> LiveSale {
        var place = Int.random(in: 0..<allCases.reduce(0) { $0 + $1.share }, using: &generator)
        for kind in allCases {
            place -= kind.share
            if place < 0 { return kind }
        }
        return .paid
    }

    static func wallet(using generator: inout some RandomNumberGenerator) -> SandboxControl.Wallet {
        switch Int.random(in: 0..<100, using: &generator) {
        case ..<45: .wechatpay
        case ..<87: .alipay
        case ..<97: .unionpay
        default: .qqwallet
        }
    }

    private static let shelf: [(sku: String, name: String, price: Int64)] = [
        ("6901001", "茉莉花茶", 450), ("6901005", "酸奶", 790), ("6901007", "拿铁咖啡", 1_500), ("6902001", "肉包", 300),
        ("6902003", "饭团", 690), ("6902005", "鸡腿便当", 2_190), ("6902007", "牛肉面", 2_600), ("6903001", "苹果", 880),
        ("6903003", "草莓", 2_980), ("6904001", "纸巾", 1_290), ("6904002", "雨伞", 3_900), ("6904004", "洗发水", 4_580),
    ]

    static func basket(using generator: inout some RandomNumberGenerator) -> [PaymentRequest.Item] {
        shelf.shuffled(using: &generator).prefix(.random(in: 1...4, using: &generator)).map { item in
            PaymentRequest.Item(sku: item.sku, name: item.name, quantity: 1, unitPrice: item.price)
        }
    }
}
