// Part of Tillbridge. See LICENSE.
import Foundation

/// What a demo is told on the command line.
package struct DemoOptions: Sendable {
    package var data: String
    /// 0 draws free ports.
    package var portBase: Int
    /// The `tillbridge` executable.
    package var executable: String
    /// The `tillbridge-plugin` executable.
    package var pluginBinary: String
    /// A new folder holds a chain with a day behind it, and not a small shop.
    package var withChain: Bool
    /// Sales that come in by themselves; 0 for none.
    package var salesPerMinute: Int

    /// - Throws: ``DemoFailure`` naming the option, what was given and what is allowed.
    package init(
        data: String,
        portBase: Int,
        executable: String,
        pluginBinary: String,
        withChain: Bool = false,
        salesPerMinute: Int = 0
    ) throws {
        guard !data.isEmpty else { throw DemoFailure("--data is empty: name the folder for the demo.") }
        guard portBase == 0 || (1024...65_000).contains(portBase) else {
            throw DemoFailure("--port-base \(portBase) is out of range: use 0 for free ports, or 1024 to 65000.")
        }
        guard (0...LiveSales.mostPerMinute).contains(salesPerMinute) else {
            throw DemoFailure(
                "--sales-per-minute \(salesPerMinute) is out of range: use 0 for none, or up to \(LiveSales.mostPerMinute)."
            )
        }
        // Everything that is told to other programs names its files whole.
        self.data = URL(fileURLWithPath: data).standardizedFileURL.path
        self.portBase = portBase
        self.executable = executable
        self.pluginBinary = pluginBinary
        self.withChain = withChain
        self.salesPerMinute = salesPerMinute
    }
}
