// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The page, and the little JSON interface behind it.
struct TillRoutes: Sendable {
    private static let bodyLimit = 1 << 16

    let settings: TillSettings
    let desk: TillDesk
    let watch: LaneWatch

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: LocalCallers(phone: settings.phone))
        router.get("/") { _, _ in TillPages.page }
        router.get("/till.css") { _, _ in TillPages.style }
        router.get("/till.js") { _, _ in TillPages.script }
        router.get("/words.js") { _, _ in TillPages.words }
        router.get("/favicon.svg") { _, _ in TillPages.icon }
        router.get("/till/v1/facts") { _, _ in try json(facts) }
        router.get("/till/v1/status") { _, _ in try await json(status()) }
        router.post("/till/v1/sales") { _, _ in try await json(NewSale(saleRef: desk.newSaleReference())) }
        router.post("/till/v1/payments") { request, _ in
            let order = try await body(of: request, as: PaymentOrder.self)
            let sale = PaymentRequest(
                saleRef: order.saleRef,
                amount: order.amount,
                paymentCode: order.paymentCode,
                operator: order.operator,
                items: order.items ?? []
            )
            return try await reply(desk.pay(sale, acknowledge: order.acknowledge ?? true))
        }
        router.get("/till/v1/payments/:sale") { _, context in
            try await reply(desk.status(of: context.parameters.require("sale")))
        }
        router.post("/till/v1/payments/:sale/:verb") { request, context in
            _ = try await body(of: request, as: [String: String].self)
            return try await order(
                context.parameters.require("verb"),
                sale: context.parameters.require("sale")
            )
        }
        router.post("/till/v1/release") { request, _ in
            let order = try await body(of: request, as: ReleaseOrder.self)
            return try await reply(desk.release(supervisorCode: order.supervisorCode, reason: order.reason))
        }
        router.post("/till/v1/cash") { request, _ in
            let order = try await body(of: request, as: CashOrder.self)
            guard order.amount > 0 else { throw HTTPError(.badRequest, message: "amount: give fen above 0") }
            try await desk.takeCash(sale: order.saleRef, amount: order.amount)
            return try json(CashAnswer(outcome: "paid", saleRef: order.saleRef, amount: order.amount))
        }
        return router
    }

    private var facts: TillFacts {
        TillFacts(
            language: settings.language.rawValue,
            phone: settings.phone,
            plugin: settings.plugin
        )
    }

    private func status() async -> TillStatus {
        let seen = await watch.look()
        return TillStatus(
            reachable: seen.status != nil,
            refusal: seen.refusal,
            status: seen.status,
            revokingSeconds: seen.revokingSeconds,
            lastReceipt: await desk.lastReceipt,
            sales: await desk.recentSales
        )
    }

    private func order(_ verb: String, sale: String) async throws -> Response {
        switch verb {
        case "acknowledge": try await reply(desk.acknowledge(sale))
        case "disown": try await reply(desk.disown(sale))
        case "cancel": try await reply(desk.cancel(sale))
        default: throw HTTPError(.notFound)
        }
    }

    // MARK: - JSON

    private func body<Value: Decodable>(of request: Request, as type: Value.Type) async throws -> Value {
        let buffer = try await request.body.collect(upTo: TillRoutes.bodyLimit)
        do {
            return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
        } catch {
            throw HTTPError(.badRequest, message: "the body is not what this call takes")
        }
    }

    /// 200 with the plug-in's answer, the plug-in's own problem, or 504 when it is silent.
    private func reply<Answer: Encodable>(_ reply: PluginReply<Answer>) throws -> Response {
        switch reply {
        case .answer(let answer): try json(answer)
        case .refused(let problem):
            try json(
                problem,
                status: HTTPResponse.Status(code: problem.status ?? 400),
                type: "application/problem+json"
            )
        case .silence(let why):
            try json(
                Problem(type: "/problems/no-answer", title: "No answer", status: 504, detail: why),
                status: .gatewayTimeout,
                type: "application/problem+json"
            )
        }
    }

    private func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        type: String = "application/json"
    ) throws -> Response {
        let content = try JSONEncoder().encode(value)
        return Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: content))
        )
    }
}
