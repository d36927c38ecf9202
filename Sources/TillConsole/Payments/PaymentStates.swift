// Part of Tillbridge. See LICENSE.

/// Groups of the words that a payment's state is shown as.
enum PaymentStates {
    /// The wallet has paid, whatever became of the money afterwards.
    static let paid: Set<String> = ["succeeded", "part_refunded", "refunding", "refunded", "refund_failed"]
    static let unpaid: Set<String> = ["failed", "closed", "revoked"]
    /// Nobody knows the result yet.
    static let open: Set<String> = ["paying", "awaiting_user", "unknown"]
    /// What somebody has to keep an eye on.
    static let problems: Set<String> = ["unknown", "revoking", "revoke_failed", "refund_failed"]
    static let refunds: Set<String> = ["refunding", "part_refunded", "refunded", "refund_failed"]
}
