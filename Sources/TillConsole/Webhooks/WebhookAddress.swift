// Part of Tillbridge. See LICENSE.
import Dispatch
import Glibc

/// Where a webhook goes, taken apart by a rule so narrow that no two programs read it differently.
struct WebhookAddress: Equatable, Sendable {
    enum Refusal: Error, Equatable {
        /// No `https://HOST[:PORT][/PATH]`.
        case notAnAddress
        /// Plain HTTP, to another machine than this one.
        case notSecret
        /// It leads into the own network.
        case inside
        case unresolved
    }

    private static let longest = 500

    let url: String
    /// As it stands in the address: a name, or a number with its brackets.
    let host: String
    let isSecret: Bool

    init(_ text: String) throws(Refusal) {
        let label = /[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?/
        guard text.utf8.count <= WebhookAddress.longest,
            let parts = text.wholeMatch(
                of: /([A-Za-z]+):\/\/([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[!$-;=?-Z_a-z~%]*)?/
            )
        else { throw .notAnAddress }
        let (scheme, host) = (parts.1.lowercased(), parts.2.lowercased())
        let port = parts.3.flatMap { Int($0.dropFirst()) }
        guard scheme == "https" || scheme == "http", host.utf8.count <= 253,
            port.map({ (1...65_535).contains($0) }) ?? true
        else { throw .notAnAddress }
        if !host.hasPrefix("[") {
            let labels = host.split(separator: ".", omittingEmptySubsequences: false)
            guard labels.allSatisfy({ $0.utf8.count <= 63 && $0.wholeMatch(of: label) != nil }) else {
                throw .notAnAddress
            }
        }
        self.host = host
        isSecret = scheme == "https"
        url = "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")\(parts.4.map(String.init) ?? "/")"
    }

    /// The machine to call. The call goes to exactly this one: a name that means another a moment later leads nowhere.
    /// - Parameter mayCallInside: Whether the own network, and this machine by plain HTTP, may be called.
    func machine(_ resolve: InternetAddress.Resolve, mayCallInside: Bool) async throws(Refusal) -> InternetAddress {
        let found = await resolve(host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host)
        guard let first = found.first(where: { $0.bytes.count == 4 }) ?? found.first else { throw .unresolved }
        // One address among several that leads inside is enough to refuse them all.
        guard isSecret || found.allSatisfy(\.isThisMachine) else { throw .notSecret }
        guard mayCallInside || found.allSatisfy(\.isPublic) else { throw .inside }
        return first
    }
}

/// A machine's number in the internet: 4 or 16 bytes.
struct InternetAddress: Equatable, Sendable {
    /// The numbers behind a name, or behind any way to write one; empty for an unknown name.
    typealias Resolve = @Sendable (_ host: String) async -> [InternetAddress]

    let bytes: [UInt8]

    /// Networks that are nobody's, or only the own ones (IANA's special-purpose registry). What is not plainly public
    /// is none: that also holds for those that carry IPv4 inside IPv6.
    private static let special: [(network: [UInt8], bits: Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
        ([192, 0, 2], 24), ([192, 31, 196], 24), ([192, 52, 193], 24), ([192, 88, 99], 24), ([192, 168], 16),
        ([192, 175, 48], 24), ([198, 18], 15), ([198, 51, 100], 24), ([203, 0, 113], 24), ([224], 3),
    ]
    private static let special6: [(network: [UInt8], bits: Int)] = [
        ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0d, 0xb8], 32), ([0x20, 0x02], 16), ([0x3f, 0xff, 0x00], 20),
    ]

    private func lies(in network: [UInt8], bits: Int) -> Bool {
        let whole = bits / 8
        guard bytes.prefix(whole).elementsEqual(network.prefix(whole)) else { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits % 8))
        return bytes[whole] & mask == (whole < network.count ? network[whole] : 0) & mask
    }

    var isPublic: Bool {
        if bytes.count == 4 { return !InternetAddress.special.contains { lies(in: $0.network, bits: $0.bits) } }
        return lies(in: [0x20], bits: 3) && !InternetAddress.special6.contains { lies(in: $0.network, bits: $0.bits) }
    }

    var isThisMachine: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    var text: String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }

    /// Asks the system, on a thread that may wait.
    static let system: Resolve = { host in
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: lookUp(host)) }
        }
    }

    private static func lookUp(_ host: String) -> [InternetAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [InternetAddress] = []
        var next = list
        while let entry = next {
            let info = entry.pointee
            next = info.ai_next
            guard let address = info.ai_addr else { continue }
            if info.ai_family == AF_INET {
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                    found.append(InternetAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) }))
                }
            } else if info.ai_family == AF_INET6 {
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                    found.append(InternetAddress(bytes: withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }))
                }
            }
        }
        return found
    }
}
