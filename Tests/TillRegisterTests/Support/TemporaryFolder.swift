// Part of Tillbridge. See LICENSE.
import Foundation

/// A folder that lives as long as a test's body.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("till-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// The lines of a paper log.
func paper(in folder: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + "/paper.jsonl")), as: UTF8.self)
}

func paidAnswer(_ sale: String, amount: Int64 = 1280) -> String {
    """
    {"outcome":"paid","saleRef":"\(sale)","orderNumber":"TQF000K703343G7H2000016R","wallet":"alipay",\
    "walletTransaction":"20261122","amount":\(amount),"lane":"unacknowledged","message":{"en":"Paid","zh":"支付成功"}}
    """
}

func answer(_ sale: String, _ outcome: String, _ more: String = "") -> String {
    """
    {"outcome":"\(outcome)","saleRef":"\(sale)","amount":1280,"lane":"waiting"\(more)}
    """
}
