// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Logging
import TillCloud
import TillDomain
import TillStore

/// The cloud that an admin command is for. If it runs, the command goes to it; else to its database.
struct AdminTarget: ParsableArguments {
    @Option(help: "The cloud's data folder.")
    var data: String

    @Option(help: "Only while the cloud is stopped: which one it is, A or B.")
    var cloud = "A"

    @Option(help: "Only while the cloud is stopped: the folder of 'tillbridge admin keys'.")
    var keys: String?

    @Option(help: "Only while the cloud is stopped: sqlite:PATH. Default: cloud.sqlite in the data folder.")
    var database: String?

    @Option(help: "Only while the cloud is stopped: where registers, accounts and routing are changed, A or B.")
    var configurationHome = "A"

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    /// - Parameter subject: The setting or file that a refusal is about, where its own words cannot know it.
    func perform(_ request: AdminRequest, about subject: String? = nil) async throws {
        try await explaining {
            do {
                let reply: AdminReply
                if let answer = try await AdminClient.send(request, data: data) {
                    reply = answer
                } else {
                    reply = try await performOnDatabase(request)
                }
                print(json ? reply.json : reply.text)
            } catch let error as StartError {
                throw subject.map { StartError("\($0): \(error.sentence)") } ?? error
            }
        }
    }

    private func performOnDatabase(_ request: AdminRequest) async throws -> AdminReply {
        guard let keys else {
            throw StartError(
                "No cloud is running on --data \(data): start it, or give --keys DIR as well to work on its database."
            )
        }
        let name = try CloudSettings.cloudName(cloud, setting: "--cloud")
        try CloudDatabase.makeFolder(data)
        var settings = CloudSettings(name: name, data: data, keys: KeyFolder(path: keys))
        settings.configurationHome = try CloudSettings.cloudName(configurationHome, setting: "--configuration-home")
        let store = try CloudDatabase.open(database, settings: settings)
        do {
            let core = try await CloudCore(
                settings: settings,
                store: store,
                logger: Logger(label: "tillbridge.admin") { StreamLogHandler.standardError(label: $0) }
            )
            let reply = try await AdminService(core).perform(request)
            await core.close()
            return reply
        } catch {
            await store.close()
            throw error
        }
    }
}
