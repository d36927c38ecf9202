// Part of Tillbridge. See LICENSE.

/// What was measured, per second of one core.
struct Report: Encodable {
    struct Peer: Encodable {
        let library: String
        let signsPerCoreSecond: Int
        let verifiesPerCoreSecond: Int
        /// Its signatures beside those of the library in use.
        let signRatio: Double
    }

    struct Wallet: Encodable {
        let `protocol`: String
        let callsPerCoreSecond: Int
        /// Calls beside bare signatures of the library in use. A call without RSA has far more than one.
        let ratio: Double
        /// Microseconds beside the signature, or of all there is.
        let requestMicroseconds: Double
        /// Microseconds beside the verification, or of all there is.
        let answerMicroseconds: Double
    }

    let rounds: Int
    let peers: [Peer]
    /// Calls that were nothing but one signature and one verification, beside bare signatures.
    let ceiling: Double
    let wallets: [Wallet]

    init(_ recordings: Recordings, seconds: Double) throws {
        let key = try recordings.text("keys/merchant-pkcs8.pem")
        let libraries: [(name: String, rsa: any BareRSA)] = [
            ("libcrypto", try LibcryptoRSA(key)), ("swift-crypto", try SwiftCryptoRSA(key)),
        ]
        let calls = try WalletCall.all(recordings)
        var workloads: [Workload] = []
        for library in libraries {
            workloads.append(Workload(try library.rsa.sign()))
            workloads.append(Workload(try library.rsa.verify()))
        }
        for call in calls {
            workloads.append(Workload(try call.run()))
            workloads.append(Workload(_ = try call.request()))
            workloads.append(Workload(try call.readAnswer()))
        }
        let times = try Rounds(workloads, seconds: seconds)

        rounds = times.count
        peers = libraries.indices.map { place in
            Peer(
                library: libraries[place].name,
                signsPerCoreSecond: times.rate(2 * place),
                verifiesPerCoreSecond: times.rate(2 * place + 1),
                signRatio: times.ratio(of: 2 * place, to: 0)
            )
        }
        ceiling = times.ceiling(sign: 0, verify: 1)
        wallets = calls.indices.map { place in
            let workload = 2 * libraries.count + 3 * place
            let isRSA = calls[place].isSignedWithRSA
            return Wallet(
                protocol: calls[place].name,
                callsPerCoreSecond: times.rate(workload),
                ratio: times.ratio(of: workload, to: 0),
                // Adapters sign with the first library and verify with the second.
                requestMicroseconds: times.microseconds(workload + 1, without: isRSA ? 0 : nil),
                answerMicroseconds: times.microseconds(workload + 2, without: isRSA ? 3 : nil)
            )
        }
    }
}
