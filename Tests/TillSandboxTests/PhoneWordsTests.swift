// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillSandbox

@Suite("The phone's words") struct PhoneWordsTests {
    private func keys(from begin: String, to end: String) throws -> Set<String> {
        let start = try #require(PhonePage.script.range(of: begin))
        let stop = try #require(PhonePage.script.range(of: end, range: start.upperBound..<PhonePage.script.endIndex))
        let keys = PhonePage.script[start.upperBound..<stop.lowerBound].matches(of: #/([a-zA-Z]+):\s*"/#).map { $0.1 }
        #expect(Set(keys).count == keys.count)
        return Set(keys.map(String.init))
    }

    @Test("English and Chinese say the same things, everything that the page shows among them")
    func bothLanguages() throws {
        let english = try keys(from: "en: {", to: "zh: {")
        let chinese = try keys(from: "zh: {", to: "};")
        #expect(english.count > 40)
        #expect(english == chinese)
        let shown = PhonePage.html.matches(of: #/data-(?:text|label|title)="([a-z]+)"/#).map { String($0.1) }
        #expect(shown.count > 10)
        for name in shown { #expect(english.contains(name), "the page shows \(name)") }
    }
}
