// Part of Tillbridge. See LICENSE.
package import Foundation
package import TillCloud

/// What a console is started with. Everything is checked before anything is opened.
package struct ConsoleSettings: Sendable {
    /// The folder for the console's own database and key.
    package var data: String
    package var host = "127.0.0.1"
    /// 0 for any free one.
    package var port = 0
    /// The address that people's browsers use, such as `https://console.example`, where it is not the console's own.
    package var origin: String?
    /// PEM files of certificate chain and key; without them plain HTTP, on loopback only.
    package var certificate: (chain: String, key: String)?
    /// The data folders of the clouds on this machine: their logs are read and their commands given there.
    package var clouds: [String] = []
    /// What days and hours are reckoned in.
    package var zone = ConsoleSettings.standardZone
    /// Chart.js, minified: Debian's libjs-chart.js.
    package var chartLibrary = ConsoleSettings.standardChartLibrary
    /// Whether webhooks may go into the own network, and to this machine by plain HTTP.
    package var webhooksMayCallInside = false
    /// Makes the demo's users and writes their passwords into this file.
    package var demoUsersFile: String?

    package static let standardChartLibrary = "/usr/share/javascript/chart.js/chart.min.js"
    package static let standardZone = TimeZone(identifier: "Asia/Shanghai") ?? .gmt

    package init(data: String) { self.data = data }

    /// - Throws: ``StartError`` that names the setting, the value seen and what is allowed.
    package func check() throws(StartError) {
        guard certificate != nil || CloudSettings.isLoopback(host) else {
            throw StartError(
                "--listen \(host):\(port) without --certificate: plain HTTP is for loopback (127.0.0.1) only; "
                    + "give a certificate, or put a TLS proxy in front and name its address with --origin."
            )
        }
        if let origin {
            guard let url = URL(string: origin), let scheme = url.scheme, ["http", "https"].contains(scheme),
                let host = url.host(), url.path.isEmpty, url.query == nil,
                scheme == "https" || CloudSettings.isLoopback(host)
            else {
                throw StartError("--origin \(origin): give https://HOST or https://HOST:PORT, without a path.")
            }
        }
        guard PrivateFile.exists(chartLibrary) else {
            throw StartError(
                "--chart-library \(chartLibrary): there is no such file; install Debian's libjs-chart.js or name Chart.js's own."
            )
        }
        guard !clouds.isEmpty else { throw StartError("--cloud: name the data folder of at least one cloud.") }
    }

    /// Whether browsers come over TLS: their cookies stay on it.
    var isSecure: Bool { certificate != nil || origin?.hasPrefix("https://") == true }
}
