// Part of Tillbridge. See LICENSE.
import CPlatform
import CTLS
import TillDomain

/// The plug-in's command line.
package enum PluginCommand {
    package static let version: StaticString = "0.1.0"

    package static func main() {
        let library = Bytes.filled(capacity: 64) { ctls_library($0, $1) }
        let line = ("tillbridge-plugin " as StaticString).bytes + version.bytes + [32, 40] + library + [41, 10]
        _ = cp_write(1, line, line.count)
    }
}
