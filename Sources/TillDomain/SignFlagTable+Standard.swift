// Part of Tillbridge. See LICENSE.

extension SignFlagTable {
    /// The number ranges as the wallets publish them, or as independent public code agrees on them.
    ///
    /// Sub-ranges of 62 (China Construction Bank, newer JD Pay, Meituan) run over UnionPay's network and follow its
    /// rule. The wallets below the first four have no adapter: their codes are recognised and refused.
    package static let standardRules: [SignFlagRule] = [
        SignFlagRule("10", "15", 18, 18, .weChatPay, enabled: true),
        SignFlagRule("25", "30", 16, 24, .alipay, enabled: true),
        SignFlagRule("91", "91", 18, 18, .qqWallet, enabled: true),
        SignFlagRule("62", "62", 19, 19, .unionPay, enabled: true),
        SignFlagRule("01", "01", 19, 19, .eCNY, enabled: false),
        SignFlagRule("51", "51", 18, 18, .bestPay, enabled: false),
        SignFlagRule("18", "18", 18, 18, .jdPay, enabled: false),
        SignFlagRule("fp", "fp", 35, 35, .alipayFace, enabled: false),
        SignFlagRule("hQ", "hQ", 16, 512, .emvCPM, enabled: false),
    ]

    /// The standard rules under a version number of the caller's.
    package static func standard(version: Int) throws(SignFlagError) -> SignFlagTable {
        try SignFlagTable(version: version, signLength: 2, rules: standardRules)
    }
}
