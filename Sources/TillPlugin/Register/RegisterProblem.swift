// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// A refusal towards the register: RFC 9457. Nothing was journalled.
struct RegisterProblem: Error, Equatable, Sendable {
    let status: Int
    /// The last part of `type`.
    let type: StaticStringBox
    let title: StaticStringBox
    let detail: Text
    var field: [UInt8]?

    /// `StaticString` that can be compared.
    struct StaticStringBox: Equatable, Sendable {
        let value: StaticString
        init(_ value: StaticString) { self.value = value }
        static func == (left: StaticStringBox, right: StaticStringBox) -> Bool { left.value.matches(right.value.bytes) }
    }

    init(_ type: ProblemType, _ detail: Text, field: [UInt8]? = nil) {
        status = type.status
        self.type = StaticStringBox(type.wireName)
        title = StaticStringBox(type.title)
        self.detail = detail
        self.field = field
    }

    private init(status: Int, _ type: StaticString, _ title: StaticString, _ detail: Text, field: StaticString? = nil) {
        self.status = status
        self.type = StaticStringBox(type)
        self.title = StaticStringBox(title)
        self.detail = detail
        self.field = field?.bytes
    }

    init(_ error: MessageError) { self.init(.malformed, Text(error.detail), field: error.field) }

    init(_ error: HTTPError) {
        switch error {
        case .bodyTooLarge, .headerTooLarge:
            self.init(status: error.status, "too-large", "The request is too large", Text(error.detail.bytes))
        default:
            self.init(status: error.status, "malformed", "The request is malformed", Text(error.detail.bytes))
        }
    }

    init(_ refusal: RegisterRefusal) {
        switch refusal {
        case .unknownSale:
            self.init(
                status: 404,
                "unknown-sale",
                "The sale is not known",
                "No payment of this sale is remembered (48 hours, 4,096 sales).",
                field: "saleRef"
            )
        case .unknownRefund:
            self.init(
                status: 404,
                "unknown-refund",
                "The refund is not known",
                "No refund of this reference is remembered.",
                field: "refundRef"
            )
        case .amountDiffers:
            self.init(
                status: 409,
                "amount-differs",
                "The sale stands for another amount",
                "This saleRef is in use with another amount; a new tender needs a new saleRef.",
                field: "amount"
            )
        case .wrongState:
            self.init(
                status: 409,
                "wrong-state",
                "The call makes no sense in the sale's state",
                "The sale's present state is in 'payment'."
            )
        case .refundDiffers:
            self.init(
                status: 409,
                "refund-differs",
                "The refund reference stands for another refund",
                "This refundRef is in use with other data; a new refund needs a new refundRef.",
                field: "refundRef"
            )
        case .amountAboveLimit(let limit):
            self.init(
                status: 400,
                "malformed",
                "The request is malformed",
                "The amount is above this register's limit of \(limit.fen) fen.",
                field: "amount"
            )
        case .refundNotAllowed(let limit):
            self.init(
                status: 403,
                "refund-not-allowed",
                "This register may not refund so much",
                "The register's limit is \(limit.fen) fen; larger refunds are made at the console.",
                field: "amount"
            )
        case .supervisorUnknown:
            self.init(
                status: 403,
                "supervisor-unknown",
                "The supervisor's code is wrong",
                "No supervisor of this store has this code.",
                field: "supervisorCode"
            )
        case .supervisorsMissing:
            self.init(
                status: 503,
                "supervisors-missing",
                "Supervisors are not known yet",
                "No cloud has answered since the plug-in started. Try again when the register is online."
            )
        case .supervisorLocked(let seconds):
            self.init(
                status: 429,
                "supervisor-locked",
                "Too many wrong codes",
                "After five wrong codes the release is locked for \(seconds) more seconds."
            )
        case .notReleasable(let seconds):
            self.init(
                status: 409,
                "not-releasable",
                "The lane cannot be released now",
                seconds > 0
                    ? "The undo is given \(seconds) more seconds before a supervisor may release the lane."
                    : "Three payments are already being undone behind a released lane; take cash or card."
            )
        }
    }

    /// - Parameter payment: What is known of the sale, where it helps.
    func encode(payment: SaleAnswer? = nil) -> [UInt8] {
        JSONWriter.object { json in
            json.string("type", ("/problems/" as StaticString).bytes + type.value.bytes)
            json.string("title", title.value)
            json.integer("status", Int64(status))
            json.string("detail", detail.bytes)
            if let field { json.string("field", field) }
            if let payment { json.object("payment") { RegisterMessages.write(payment, to: &$0) } }
        }
    }
}
