// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@Suite("Which cloud takes a register's next payment")
struct BalancerTests {
    private let idle = Balancer.Standing(takesPayments: true, load: 0)
    private let out = Balancer.Standing(takesPayments: false, load: 0)

    private func registers(_ count: Int) throws -> [RegisterID] {
        try (0..<count).map { number in
            let text = Array("QF0".utf8) + Base32.encode(UInt64(number / 32), count: 4)
            return try #require(RegisterID(text + Base32.encode(UInt64(number % 32), count: 2)))
        }
    }

    @Test("equal clouds share the registers equally, within three in a hundred")
    func fairness() throws {
        let registers = try registers(10_000)
        let line = Balancer().line
        let atA = registers.filter { Balancer.next(for: $0, line: line, a: true, b: true) == .a }.count
        #expect((4_700...5_300).contains(atA), "\(atA)")
    }

    @Test("weights decide the share")
    func weights() {
        var policy = Balancer.Policy()
        policy.weightA = 300
        #expect(Balancer(policy: policy).line == 750)
    }

    @Test("a register stays with its cloud while the line does not cross it")
    func sticky() throws {
        let registers = try registers(2_000)
        var moved = 0
        for register in registers {
            let before = Balancer.next(for: register, line: 500, a: true, b: true)
            let after = Balancer.next(for: register, line: 480, a: true, b: true)
            if before != after {
                moved += 1
                #expect(before == .a && after == .b)
            }
        }
        // Two hundredths of the registers, and only towards B.
        #expect((10...80).contains(moved), "\(moved)")
    }

    @Test("only a cloud that takes payments is named; none is named if none does")
    func eligibility() throws {
        for register in try registers(50) {
            #expect(Balancer.next(for: register, line: 500, a: true, b: false) == .a)
            #expect(Balancer.next(for: register, line: 500, a: false, b: true) == .b)
            #expect(Balancer.next(for: register, line: 500, a: false, b: false) == nil)
        }
    }

    @Test("a cloud that comes back gets its registers in small steps, and all of its share in the end")
    func slowReturn() {
        var balancer = Balancer()
        balancer.observe(a: idle, b: idle)
        balancer.observe(a: out, b: idle)
        #expect(balancer.line == 0)
        var line = 0
        for _ in 0..<25 {
            balancer.observe(a: idle, b: idle)
            #expect(balancer.line - line <= 20)
            line = balancer.line
        }
        #expect(line == 500)
    }

    @Test("at the start there is nothing to return from: the shares are right at once")
    func start() {
        var balancer = Balancer()
        balancer.observe(a: out, b: out)
        balancer.observe(a: idle, b: idle)
        #expect(balancer.line == 500)
    }

    @Test("load moves registers, noise does not")
    func load() {
        var balancer = Balancer()
        balancer.observe(a: idle, b: idle)
        balancer.observe(a: Balancer.Standing(takesPayments: true, load: 90), b: idle)
        #expect(balancer.line == 500)
        for _ in 0..<100 { balancer.observe(a: Balancer.Standing(takesPayments: true, load: 800), b: idle) }
        // A has a fifth of its room left, B all of it: one part in six.
        #expect(balancer.line == 166)
    }

    @Test("a full cloud keeps a small share, because its own refusals are the better judge")
    func fullCloud() {
        var balancer = Balancer()
        for _ in 0..<200 { balancer.observe(a: Balancer.Standing(takesPayments: true, load: 5_000), b: idle) }
        #expect(balancer.line == 90)
    }
}

@Suite("How often one connection may ask")
struct TokenBucketTests {
    private let policy = TokenBucket.Policy(perSecond: 10, burst: 3)

    @Test("a burst passes, then one request per tenth of a second")
    func pace() {
        var bucket = TokenBucket(policy: policy, at: 0)
        for _ in 0..<3 { #expect(bucket.take(policy: policy, at: 0) == 0) }
        #expect(bucket.take(policy: policy, at: 0) == 100)
        #expect(bucket.take(policy: policy, at: 60) == 40)
        #expect(bucket.take(policy: policy, at: 100) == 0)
        #expect(bucket.take(policy: policy, at: 100) == 100)
    }

    @Test("a long rest earns no more than the burst, and a clock that stands still nothing")
    func bounds() {
        var bucket = TokenBucket(policy: policy, at: 0)
        for _ in 0..<3 { #expect(bucket.take(policy: policy, at: 0) == 0) }
        for _ in 0..<3 { #expect(bucket.take(policy: policy, at: .max / 2) == 0) }
        #expect(bucket.take(policy: policy, at: .max / 2) == 100)
        #expect(bucket.take(policy: policy, at: 0) == 100)
    }
}
