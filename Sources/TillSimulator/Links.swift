// Part of Tillbridge. See LICENSE.

/// The lines between the parts: for each direction, until when it is cut.
struct Links {
    /// Stores' lines first (one for each register), then each proxy's line to each cloud, then each cloud's to the
    /// wallets.
    private(set) var out = [Int64](repeating: 0, count: 14)
    private(set) var back = [Int64](repeating: 0, count: 14)

    static let count = 14
    static func store(_ register: Int) -> Int { register }
    static func cloud(_ cloud: Int, from proxy: Int) -> Int { 8 + 2 * proxy + cloud }
    static func wallet(from cloud: Int) -> Int { 12 + cloud }

    mutating func cut(_ link: Int, out cutsOut: Bool, back cutsBack: Bool, until end: Int64) {
        if cutsOut { out[link] = max(out[link], end) }
        if cutsBack { back[link] = max(back[link], end) }
    }

    mutating func heal() {
        for link in out.indices {
            out[link] = 0
            back[link] = 0
        }
    }
}
