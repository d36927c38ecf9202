// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

@Suite struct CanaryTests {
    @Test("a payment code is in no log, no metric, no problem and no file, whatever becomes of its payment")
    func paymentCode() async throws {
        let canary = "288800112233445566"
        let wallets = FakeWallets(pay: { payment, mayWrite in
            #expect(String(decoding: payment.code.secret, as: UTF8.self) == canary)
            _ = mayWrite()
            return .outcome(.unknown(.noAnswer))
        })
        let rig = try await CloudRig(wallets: wallets)
        var outputs: [String] = []
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            let body = try register.payBody(intent, wait: 100, code: canary)
            for cloud in [CloudSelector.only(.a), .only(.b)] {
                outputs.append(String(decoding: try await register.send(.pay, body, cloud: cloud).body, as: UTF8.self))
            }
            // Broken in every way.
            for broken in [Array(body.dropLast()), body + [1], Array(body.reversed())] {
                outputs.append(String(decoding: try await register.send(.pay, broken).body, as: UTF8.self))
            }
            outputs.append(
                String(decoding: try await RawAnswer.get(rig.url + "/v1/pay?code=\(canary)").body, as: UTF8.self)
            )
            outputs.append(String(decoding: try await RawAnswer.get(rig.url + "/metrics").body, as: UTF8.self))
            outputs.append(try await rig.admin.perform(.testRouting(code: canary, store: nil)).text)
            outputs.append(try await rig.admin.perform(.payments(.init())).json)
            #expect(wallets.calls.pay == 1)
        }
        outputs.append(rig.log.text)
        for output in outputs { #expect(!output.contains(canary), "\(output.prefix(200))") }
        let files = try #require(FileManager.default.enumerator(atPath: rig.folder.path))
        var scanned = 0
        for case let file as String in files {
            guard let content = FileManager.default.contents(atPath: rig.folder.file(file)) else { continue }
            scanned += 1
            #expect(content.range(of: Data(canary.utf8)) == nil, "\(file)")
        }
        #expect(scanned > 10)
    }

    @Test("the keys of the accounts are in no log and in no file in the clear")
    func accountKeys() async throws {
        let rig = try await CloudRig()
        let secret = "canary-api-key-0123456789abcdef"
        let settings =
            #"{"baseURL":"http://127.0.0.1:1","wechatpay":{"appID":"wx1","mchID":"1","apiKey":"\#(secret)"}}"#
        try await rig.running {
            // Whether this file suffices for an account or not, nothing of it is told.
            let answer = try? await rig.admin.perform(.addAccounts(file: settings, stores: "*", live: false))
            if let answer { #expect(!answer.text.contains(secret)) }
        }
        #expect(!rig.log.text.contains(secret))
        let files = try #require(FileManager.default.enumerator(atPath: rig.folder.path))
        for case let file as String in files {
            guard let content = FileManager.default.contents(atPath: rig.folder.file(file)) else { continue }
            #expect(content.range(of: Data(secret.utf8)) == nil, "\(file)")
        }
    }
}
