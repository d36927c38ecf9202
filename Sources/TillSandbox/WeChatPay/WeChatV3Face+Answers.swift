// Part of Tillbridge. See LICENSE.
import Crypto

package enum WeChatV3Answer: Sendable {
    case books(WeChatAnswer)
    case bill(WeChatBill, BillTicket, origin: String)
    case billFile(WeChatBill, isCompressed: Bool)
    case refused(WeChatV3Error)
}

extension WeChatV3Face {
    /// How long a download address lives. Wallet time.
    package static let billAddressLife: Int64 = 300_000

    package func execute(
        _ call: WeChatV3Call,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> WeChatV3Answer {
        switch call.content {
        case .books(let content):
            return .books(content.execute(on: &state, keys: keys, at: now, course: course))
        case .billAddress(let request, let origin):
            switch WeChatBill.find(request, keys: keys, in: state, at: now) {
            case .failure(let absence):
                return .refused(.absent(absence))
            case .success(let bill):
                let ticket = BillTicket(
                    kind: request.kind.rawValue,
                    date: ChinaTime(milliseconds: request.period.start).date,
                    isCompressed: request.isCompressed,
                    expiresAt: now + state.pace.wait(WeChatV3Face.billAddressLife)
                )
                return .bill(bill, ticket, origin: origin)
            }
        case .billFile(let ticket):
            guard let ticket, now < ticket.expiresAt, let kind = WeChatBill.Kind(rawValue: ticket.kind),
                let period = BillPeriod(day: ticket.date)
            else { return .refused(.noSuchBillAddress) }
            let request = WeChatBillRequest(kind: kind, period: period, isCompressed: ticket.isCompressed)
            switch WeChatBill.find(request, keys: keys, in: state, at: now) {
            case .failure(let absence): return .refused(.absent(absence))
            case .success(let bill): return .billFile(bill, isCompressed: ticket.isCompressed)
            }
        }
    }

    package func reply(_ answer: WeChatV3Answer, to call: WeChatV3Call, distortion: Distortion) -> WalletReply {
        switch answer {
        case .refused(let error):
            return write(error, to: call.envelope, distortion: distortion)
        case .bill(let bill, let ticket, let origin):
            let hash = Insecure.SHA1.hash(data: bill.bytes)
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let address = origin + WeChatV3ContentReader.billFilePath + "?token=" + ticket.text(key: billKey)
            return ok(WeChatV3BillView(hashValue: hash, downloadUrl: address), to: call, distortion)
        case .billFile(let bill, let isCompressed):
            return WalletReply(
                status: 200,
                contentType: isCompressed ? "application/x-gzip" : "text/plain",
                body: isCompressed ? Compression.gzip.compress(bill.bytes) : bill.bytes,
                outcome: "200"
            )
        case .books(let answer):
            return reply(answer, to: call, distortion)
        }
    }

    private func reply(_ answer: WeChatAnswer, to call: WeChatV3Call, _ distortion: Distortion) -> WalletReply {
        let shift = distortion.amountShift
        func refuse(_ code: String) -> WalletReply {
            write(.books(code), to: call.envelope, distortion: distortion)
        }
        switch answer {
        case .pay(.paid(let trade)):
            return ok(view(trade, "SUCCESS", isPaid: true, attach: true, shift: shift), to: call, distortion)
        case .pay(.waiting(let trade)):
            // SANDBOX CHOICE: one source has the order's state in the body and another the error's code: here are both.
            var body = view(trade, "USERPAYING", isPaid: false, attach: true, shift: shift)
            body.code = WeChatV3Error.userPaying.code
            body.message = WeChatV3Error.userPaying.message
            return write(
                WeChatV3JSON.bytes(body),
                status: 202,
                outcome: "USERPAYING",
                to: call.envelope,
                distortion: distortion
            )
        case .pay(.refused(let refusal)):
            return refuse(WeChatErrors.code(of: refusal))
        case .query(nil, _):
            return refuse("ORDERNOTEXIST")
        case .query(.some(let trade), let policies):
            let state = WeChatWallet.tradeState(of: trade, policies: policies)
            let isPaid = trade.paidAt != nil && (state == "SUCCESS" || state == "REFUND")
            let attach = policies[.echoesFreeData] == "echoed"
            return ok(view(trade, state, isPaid: isPaid, attach: attach, shift: shift), to: call, distortion)
        case .reverse(.done):
            let number = call.merchantOrderNumber ?? ""
            return ok(
                WeChatV3ReversalView(appid: keys.appID, mchid: keys.mchID, outTradeNo: number),
                to: call,
                distortion
            )
        case .refund(.accepted(let trade, let record)):
            return ok(WeChatV3RefundView(record, of: trade, shift: shift), to: call, distortion)
        case .reverse(.refused(let code)):
            return refuse(code)
        case .refund(.refused(let code)):
            // To the refund's interface an order is a resource like any other.
            return code == "ORDERNOTEXIST"
                ? write(.noSuchResource, to: call.envelope, distortion: distortion) : refuse(code)
        case .refundQuery(let trade, let refunds):
            guard let refund = refunds.first else { return refuse("REFUNDNOTEXIST") }
            return ok(WeChatV3RefundView(refund, of: trade, shift: shift), to: call, distortion)
        case .noRefund:
            return refuse("REFUNDNOTEXIST")
        case .bill(let bill, _):
            // V3 asks for bills in its own way.
            guard case .failure(let absence) = bill else { return refuse("PARAM_ERROR") }
            return write(.absent(absence), to: call.envelope, distortion: distortion)
        }
    }

    private func view(_ trade: Trade, _ state: String, isPaid: Bool, attach: Bool, shift: Int64) -> WeChatV3TradeView {
        WeChatV3TradeView(trade, state: state, isPaid: isPaid, attach: attach, keys: keys, shift: shift)
    }

    private func ok(_ view: some Encodable, to call: WeChatV3Call, _ distortion: Distortion) -> WalletReply {
        write(WeChatV3JSON.bytes(view), status: 200, outcome: "200", to: call.envelope, distortion: distortion)
    }

    package func reply(_ substitute: SubstituteAnswer, to call: WeChatV3Call) -> WalletReply {
        switch substitute {
        case .systemError:
            return write(.system, to: call.envelope, distortion: .none)
        case .unsignedError:
            return plain(.system)
        case .foreignCharset:
            let body = WeChatV3JSON.bytes(WeChatV3ErrorView(.system))
            let gbk = BillText.gbk(String(decoding: body, as: UTF8.self))
            return write(gbk, status: 500, outcome: "SYSTEM_ERROR", to: call.envelope, distortion: .none)
        case .callAgain:
            // V3's reverse has no `recall`; it says that it is not finished by its status.
            return write(.userPaying, to: call.envelope, distortion: .none)
        }
    }
}
