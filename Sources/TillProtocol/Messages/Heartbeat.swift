// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What a register's mobile tender is doing, for the proxy's figures.
package enum LaneStatus: WireName, Hashable {
    case free, waiting, unacknowledged, revoking

    package static let allCases: [LaneStatus] = [.free, .waiting, .unacknowledged, .revoking]

    package var wireName: StaticString {
        switch self {
        case .free: "free"
        case .waiting: "waiting"
        case .unacknowledged: "unacknowledged"
        case .revoking: "revoking"
        }
    }
}

/// `/v1/heartbeat`, answered by the proxy itself, unsigned. Nothing in it can move money.
package struct HeartbeatRequest: WireMessage {
    package let register: RegisterID
    package let lane: Named<LaneStatus>

    package init(register: RegisterID, lane: LaneStatus) {
        self.register = register
        self.lane = .known(lane)
    }

    package init(_ object: JSONObject) throws(MessageError) {
        register = try object.identifier("register", as: RegisterID.self)
        lane = try object.name("lane", as: LaneStatus.self)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("register", register)
        json.string("lane", lane.bytes)
    }
}

package struct HeartbeatAnswer: WireMessage {
    package struct CloudHealth: Equatable, Sendable {
        package let name: CloudName
        package let isUp: Bool

        package init(name: CloudName, isUp: Bool) {
            self.name = name
            self.isUp = isUp
        }
    }

    /// The newest cloud time the proxy has read, plus its age.
    package let time: Timestamp
    /// The cloud for the next payment; nil when none takes payments.
    package let next: CloudName?
    /// Clouds with a name this build does not know are left out.
    package let clouds: [CloudHealth]
    /// Versions the register should hold; nil when the proxy does not know them.
    package let routing: Int?
    package let configuration: Int?
    /// Wallets that take no payments at the moment.
    package let dark: [Wallet]

    package init(
        time: Timestamp,
        next: CloudName?,
        clouds: [CloudHealth],
        routing: Int?,
        configuration: Int?,
        dark: [Wallet]
    ) {
        self.time = time
        self.next = next
        self.clouds = clouds
        self.routing = routing
        self.configuration = configuration
        self.dark = dark
    }

    package init(_ object: JSONObject) throws(MessageError) {
        time = try object.time("time")
        next = try object.optionalName("next", as: CloudName.self)?.value
        var clouds: [CloudHealth] = []
        for cloud in try object.objects("clouds", atMost: 16) {
            let isUp = try cloud.bool("up")
            guard let name = try cloud.name("name", as: CloudName.self).value else { continue }
            clouds.append(CloudHealth(name: name, isUp: isUp))
        }
        self.clouds = clouds
        routing = try object.optionalInteger("routing").map { Int($0) }
        configuration = try object.optionalInteger("configuration").map { Int($0) }
        var dark: [Wallet] = []
        for name in try object.optionalStrings("dark", atMost: 32, length: 1...20) ?? [] {
            guard let wallet = Wallet(name) else { throw object.invalid("dark") }
            dark.append(wallet)
        }
        self.dark = dark
    }

    package func write(to json: inout JSONWriter) {
        json.time("time", time)
        if let next { json.name("next", next) }
        json.array("clouds") { json in
            for cloud in clouds {
                json.object { json in
                    json.name("name", cloud.name)
                    json.bool("up", cloud.isUp)
                }
            }
        }
        if let routing { json.integer("routing", Int64(routing)) }
        if let configuration { json.integer("configuration", Int64(configuration)) }
        json.array("dark") { json in
            for wallet in dark { json.string(wallet.bytes) }
        }
    }
}
