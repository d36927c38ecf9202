// Part of Tillbridge. See LICENSE.
import Foundation

/// What a stack is made of.
struct StackSettings: Sendable {
    /// Everything a stack writes is in this folder.
    let data: String
    let ports: StackPorts
    /// One plug-in each.
    var registers = 1
    /// All protocol times are multiplied with it, and the sandbox's waiting times, too.
    var timeFactor = 1.0
    /// The proxy's weights, A and B.
    var weights = (a: 100, b: 100)
    var withTill = false
    var withConsole = false
    /// The `tillbridge` executable.
    let executable: String
    /// The `tillbridge-plugin` executable.
    let pluginBinary: String

    var keys: String { "\(data)/keys" }
    var logs: String { "\(data)/logs" }
    var sandboxData: String { "\(data)/sandbox" }
    var sandboxKeys: String { "\(data)/sandbox/keys" }
    func cloudData(_ name: String) -> String { "\(data)/cloud-\(name.lowercased())" }
    func pluginData(_ position: Int) -> String { "\(data)/register-\(position + 1)" }
    func pluginConfiguration(_ position: Int) -> String { "\(pluginData(position))/plugin.conf" }
    var consoleData: String { "\(data)/console" }
    var demoUsersFile: String { "\(data)/demo-users.txt" }
    func tillData(_ position: Int) -> String { "\(data)/till-\(position + 1)" }
}
