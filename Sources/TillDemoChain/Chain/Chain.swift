// Part of Tillbridge. See LICENSE.

/// The demo's retail chain: four regions, forty stores, a hundred registers. All names are made up or those of streets.
package enum Chain {
    private typealias City = (region: String, name: String, stores: [String])

    private static let cities: [City] = [
        (
            "华东 East", "上海 Shanghai",
            [
                "静安寺店 Jing'an Temple", "南京西路店 Nanjing Road W", "陆家嘴店 Lujiazui", "徐家汇店 Xujiahui",
                "虹桥天地店 Hongqiao Hub", "五角场店 Wujiaochang",
            ]
        ),
        (
            "华东 East", "杭州 Hangzhou",
            ["西湖文化广场店 West Lake Plaza", "武林路店 Wulin Road", "钱江新城店 Qianjiang CBD", "滨江店 Binjiang"]
        ),
        ("华东 East", "南京 Nanjing", ["新街口店 Xinjiekou", "夫子庙店 Fuzimiao", "河西店 Hexi"]),
        (
            "华北 North", "北京 Beijing",
            [
                "国贸店 Guomao", "西单店 Xidan", "三里屯店 Sanlitun", "中关村店 Zhongguancun", "望京店 Wangjing",
            ]
        ),
        ("华北 North", "天津 Tianjin", ["滨江道店 Binjiang Avenue", "五大道店 Five Avenues", "南开店 Nankai"]),
        ("华北 North", "青岛 Qingdao", ["五四广场店 May Fourth Square", "台东店 Taidong"]),
        (
            "华南 South", "广州 Guangzhou",
            ["北京路店 Beijing Road", "天河城店 Tianhe", "珠江新城店 Zhujiang New Town", "上下九店 Shangxiajiu"]
        ),
        ("华南 South", "深圳 Shenzhen", ["华强北店 Huaqiangbei", "福田店 Futian", "南山店 Nanshan", "东门店 Dongmen"]),
        ("华南 South", "厦门 Xiamen", ["中山路店 Zhongshan Road", "集美店 Jimei"]),
        ("西部 West", "成都 Chengdu", ["春熙路店 Chunxi Road", "宽窄巷子店 Kuanzhai Alley", "天府广场店 Tianfu Square", "玉林店 Yulin"]),
        ("西部 West", "重庆 Chongqing", ["解放碑店 Jiefangbei", "观音桥店 Guanyinqiao", "沙坪坝店 Shapingba"]),
    ]

    /// Stores with a register that runs: the first belongs to the till, the others to the live sales, one of them in the
    /// region that the demo's manager sees.
    private static let running = [
        "静安寺店 Jing'an Temple", "武林路店 Wulin Road", "国贸店 Guomao", "北京路店 Beijing Road",
    ]
    private static let paused = ["五大道店 Five Avenues", "东门店 Dongmen"]
    private static let testing = ["台东店 Taidong", "集美店 Jimei", "玉林店 Yulin"]
    private static let drafts = ["河西店 Hexi", "沙坪坝店 Shapingba"]

    package static let stores: [ChainStore] = cities.flatMap { city in city.stores.map { (city, $0) } }.enumerated()
        .map { place, row in
            let (city, name) = row
            return ChainStore(
                region: city.region,
                city: city.name,
                name: name,
                registers: (1...(place.isMultiple(of: 2) ? 3 : 2)).map { "POS \($0)" },
                standing: standing(of: name),
                hasRunningRegister: running.contains(name)
            )
        }

    private static func standing(of name: String) -> ChainStore.Standing {
        if paused.contains(name) { return .paused }
        if testing.contains(name) { return .testing }
        return drafts.contains(name) ? .draft : .live
    }

    /// How many registers have a process of their own: the till's, and those of the live sales.
    package static let runningRegisters = running.count

    /// The stores as the console's import reads them.
    package static var table: String {
        (["region,city,store name,registers"]
            + stores.map { "\($0.region),\($0.city),\($0.name),\($0.registers.joined(separator: ";"))" })
            .joined(separator: "\n")
    }
}
