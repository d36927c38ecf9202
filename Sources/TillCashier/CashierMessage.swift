// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// What a cashier reads. One sentence says what happened, and what to do. The plug-in sends it to the register, and the
/// console lists all of them.
package struct CashierMessage: Equatable, Sendable {
    /// UTF-8, and no `String`: its Unicode tables would double the plug-in's size.
    package let english: [UInt8]
    package let chinese: [UInt8]

    private init(english: [UInt8], chinese: [UInt8]) {
        self.english = english
        self.chinese = chinese
    }

    private init(_ english: StaticString, _ chinese: StaticString) {
        self.init(english: english.bytes, chinese: chinese.bytes)
    }

    /// What a sale has come to, as far as the sentence depends on it.
    package enum Situation: Equatable, Sendable {
        case ready
        case paid
        case declined(DeclineReason?)
        /// Final once it is certain that no money is held.
        case cancelled(isFinal: Bool)
        case unavailable(AnswerReason?)
        case busy(seconds: Int64)
        case unacknowledged
        case waiting(for: Waiting?)
    }

    package init(_ situation: Situation) {
        switch situation {
        case .ready: self.init("Ready.", "就绪。")
        case .paid: self.init("Paid.", "支付成功。")
        case .declined(let reason): self = CashierMessage.declined(reason)
        case .cancelled(isFinal: true):
            self.init("Cancelled. The shopper has not been charged.", "已取消,顾客未被扣款。")
        case .cancelled(isFinal: false):
            self.init(
                "Cancelled. The payment is being undone: any money goes back to the shopper. Take cash or card.",
                "已取消,正在撤销;如已扣款将退还顾客。请改收现金或刷卡。"
            )
        case .unavailable(let reason): self = CashierMessage.unavailable(reason)
        case .busy(let seconds): self = CashierMessage.busy(seconds)
        case .unacknowledged:
            self.init(
                "The last payment was successful, but the register has not taken it. Take it, or disown it.",
                "上一笔支付已成功,但收银机尚未入账。请先确认入账或放弃该笔支付。"
            )
        case .waiting(for: .shopper):
            self.init("Waiting for the shopper to confirm on the phone.", "请顾客在手机上确认支付。")
        case .waiting: self.init("Waiting for the wallet's answer.", "正在等待支付结果。")
        }
    }

    package init(_ answer: SaleAnswer) {
        switch answer.outcome {
        case .paid: self.init(.paid)
        case .declined:
            if case .declined(let reason) = answer.reason {
                self.init(.declined(reason))
            } else {
                self.init(.declined(nil))
            }
        case .cancelled: self.init(.cancelled(isFinal: answer.isFinal))
        case .unavailable: self.init(.unavailable(answer.reason))
        case .busy: self.init(.busy(seconds: answer.retryAfterSeconds ?? 1))
        case .unacknowledged: self.init(.unacknowledged)
        case .waiting: self.init(.waiting(for: answer.waitingFor))
        }
    }

    package init(_ status: LaneStatus) {
        if let blocking = status.blockingSale {
            self.init(blocking)
        } else {
            self.init(status.available ? .ready : .unavailable(status.unavailableReason))
        }
    }

    private static func busy(_ seconds: Int64) -> CashierMessage {
        let number = Decimal.text(seconds)
        let english: (StaticString, StaticString) = (
            "An earlier payment is not finished. Try again in ", " s, or take cash or card."
        )
        let chinese: (StaticString, StaticString) = ("上一笔支付尚未完成,请", "秒后重试,或改收现金或刷卡。")
        return CashierMessage(
            english: english.0.bytes + number + english.1.bytes,
            chinese: chinese.0.bytes + number + chinese.1.bytes
        )
    }

    private static func declined(_ reason: DeclineReason?) -> CashierMessage {
        switch reason {
        case nil: CashierMessage("Declined.", "支付被拒绝。")
        case .codeExpired: CashierMessage("The code has expired. Scan a new one.", "付款码已过期,请刷新后重新扫码。")
        case .codeUsed: CashierMessage("The code has been used. Scan a new one.", "付款码已被使用,请刷新后重新扫码。")
        case .codeInvalid: CashierMessage("The code is not valid. Scan a new one.", "付款码无效,请刷新后重新扫码。")
        case .unsupportedCode:
            CashierMessage("This is not a payment code that is accepted here.", "不支持此付款码。")
        case .insufficientFunds: CashierMessage("The shopper's balance is too low.", "余额不足。")
        case .payerDeclined: CashierMessage("The shopper declined.", "顾客取消了支付。")
        case .payerRestricted: CashierMessage("The shopper's account is restricted.", "顾客账户受限。")
        case .limitExceeded: CashierMessage("The shopper's limit is exceeded.", "超出顾客支付限额。")
        case .risk: CashierMessage("The wallet refused the payment as a risk.", "钱包风控拒绝了该笔支付。")
        case .merchantConfiguration:
            CashierMessage("The store's wallet account refused. Call support.", "商户账户配置有误,请联系技术支持。")
        case .closed: CashierMessage("The payment was closed. Scan again.", "该笔支付已关闭,请重新扫码。")
        }
    }

    private static func unavailable(_ reason: AnswerReason?) -> CashierMessage {
        switch reason {
        case .journalDamaged:
            CashierMessage(
                "Mobile payment is stopped: the journal must be looked at. Call support.",
                "移动支付已停止:本机日志需人工检查,请联系技术支持。"
            )
        case .journalFull:
            CashierMessage("Mobile payment is stopped: the disk is full. Call support.", "移动支付已停止:磁盘已满,请联系技术支持。")
        case .disabled:
            CashierMessage("Mobile payment is switched off for this register.", "本收银机未开通移动支付。")
        case .walletDark:
            CashierMessage("This wallet is out of order. Use another one, or take cash or card.", "该钱包暂不可用,请更换其他支付方式。")
        case .starting: CashierMessage("Mobile payment is starting. Try again in a moment.", "移动支付正在启动,请稍后重试。")
        default:
            CashierMessage("Mobile payment is not available. Take cash or card.", "移动支付暂不可用,请改收现金或刷卡。")
        }
    }

    package init(_ state: RefundState) {
        switch state {
        case .requested: self.init("The refund has been asked for. Look again.", "退款已申请,请稍后查询。")
        case .accepted: self.init("The refund is on its way.", "退款处理中。")
        case .done: self.init("Refunded.", "退款成功。")
        case .failed: self.init("The refund failed. Use the console.", "退款失败,请在管理后台处理。")
        case .refused: self.init("The refund was refused.", "退款被拒绝。")
        }
    }
}
