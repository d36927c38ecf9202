// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillEngine
import TillProtocol

/// `run`: the service itself.
enum RunCommand {
    static func run(_ configuration: PluginConfiguration, _ arguments: Arguments) throws(StartError) -> Int32 {
        try arguments.finish()
        let stop = cp_signals_open()
        guard stop >= 0 else {
            throw StartError("Signals cannot be taken (\(SystemError(code: -stop))); this system is not supported.")
        }
        let loop = try make(configuration, stop: stop)
        try loop.start()
        Log.write(1, "ready {\"url\":\"http://\(configuration.listen.host):\(Int(loop.server.port))\"}\n")
        loop.run()
        return 0
    }

    /// Everything that can be wrong with files and settings is found here, before anything is written or sent.
    static func make(_ configuration: PluginConfiguration, stop: Int32) throws(StartError) -> PluginLoop {
        let folder = DataFolder(configuration.data)
        guard let identity = try folder.identity() else {
            throw StartError(
                "\(folder.identityPath) is missing: this register is not activated; run 'tillbridge-plugin activate' first."
            )
        }
        guard let key = try folder.key() else {
            throw StartError("The device key in \(folder.path) is missing; restore it, or activate the register anew.")
        }
        guard let trust = TLSTrust.pinned(ca: identity.authority, name: "proxy.tillbridge") else {
            throw StartError("\(folder.identityPath) holds no readable CA; activate the register anew.")
        }
        let proxies = if let chosen = configuration.proxies { chosen } else { try proxies(identity, folder) }
        let journal = try JournalFiles.open(folder: folder.path)
        let token = configuration.tokenRequired ? try folder.token() : nil
        let server = try RegisterServer(listen: configuration.listen, token: token, identity: identity)
        let codec = UpstreamCodec(identity: identity, key: key, acknowledges: configuration.acknowledges)
        return PluginLoop(
            settings: LaneSettings(
                register: identity.register,
                installation: identity.installation,
                acknowledges: configuration.acknowledges,
                times: identity.times
            ),
            journal: journal,
            server: server,
            upstream: Upstream(codec: codec, proxies: proxies, trust: trust),
            folder: folder,
            stop: stop
        )
    }

    private static func proxies(_ identity: Identity, _ folder: DataFolder) throws(StartError) -> [IPAddress] {
        var proxies: [IPAddress] = []
        for text in identity.proxies {
            guard let address = IPAddress(text) else {
                throw StartError(
                    "\(folder.identityPath) names the proxy \(quoted: text), which is no IP address; set 'proxies' in the configuration."
                )
            }
            proxies.append(address)
        }
        return proxies
    }
}
