// Part of Tillbridge. See LICENSE.
import TillDomain

/// What the chain sells. Prices in fen.
enum Goods {
    private static let shelf: [(sku: String, name: String, price: Int64)] = [
        ("6901001", "茉莉花茶", 450), ("6901002", "乌龙茶", 500), ("6901003", "矿泉水", 200), ("6901004", "豆浆", 350),
        ("6901005", "酸奶", 790), ("6901006", "鲜牛奶", 1_280), ("6901007", "拿铁咖啡", 1_500), ("6901008", "美式咖啡", 1_200),
        ("6902001", "肉包", 300), ("6902002", "茶叶蛋", 250), ("6902003", "饭团", 690), ("6902004", "三明治", 1_190),
        ("6902005", "鸡腿便当", 2_190), ("6902006", "关东煮", 1_350), ("6902007", "牛肉面", 2_600), ("6902008", "沙拉", 1_890),
        ("6903001", "苹果", 880), ("6903002", "香蕉", 690), ("6903003", "草莓", 2_980), ("6903004", "坚果礼盒", 12_800),
        ("6904001", "纸巾", 1_290), ("6904002", "雨伞", 3_900), ("6904003", "充电线", 2_900), ("6904004", "洗发水", 4_580),
        ("6904005", "月饼礼盒", 26_800), ("6904006", "洗衣液", 3_690),
    ]

    /// One to six things, small ones far more often.
    static func basket(using generator: inout some RandomNumberGenerator) -> [BasketItem] {
        let count = [1, 1, 1, 2, 2, 2, 3, 3, 4, 6].randomElement(using: &generator) ?? 1
        var places: Set<Int> = []
        while places.count < count {
            let place = Int.random(in: shelf.indices, using: &generator)
            // A box of mooncakes is not bought every day.
            if shelf[place].price > 5_000, Int.random(in: 0..<6, using: &generator) > 0 { continue }
            places.insert(place)
        }
        return places.sorted().map { place in
            let item = shelf[place]
            let quantity: Int64 =
                item.price < 1_000 && Int.random(in: 0..<4, using: &generator) == 0
                ? .random(in: 2...4, using: &generator) : 1
            return BasketItem(
                sku: Array(item.sku.utf8),
                name: Array(item.name.utf8),
                quantity: quantity,
                unitPrice: Money(fen: item.price)
            )
        }
    }
}
