// Part of Tillbridge. See LICENSE.

/// Everything one cloud stores. Each method is one transaction; what it returns is durable.
package protocol CloudStore: PaymentStore, TransactionLog, ConfigurationStore, RegisterStore, PeerStore {
    /// Throws while nothing can be stored.
    func checkWrites() async throws(StoreError)
    /// Finishes what is under way and closes the database. Later calls throw ``StoreError/unavailable(_:)``.
    func close() async
}
