"""Shop exports by preset: headers as real files have them, rows and expected values by hand.

The headers are those of the public files that the presets name as their source; what every row
must become was worked out by hand from the rules stated in the preset's notes.
"""

# Headers stand as exported, however long.
# ruff: noqa: E501, SIM905

import pytest
from export_files import LENIENT, export_config, seen, stored

from privdom_kit.errors import ConfigError
from privdom_kit.intake import UnusableData, prepare

YOUZAN = (
    "订单号,销售渠道,归属店铺,订单类型,订单状态,推广方式 ,订单来源,订单创建时间,买家付款时间 ,交易成功时间,"
    "付款方式,支付流水号,商品金额合计,运费,店铺优惠合计,应收订单金额,订单实付金额,支付优惠合计,订单实收金额,"
    "订单抵用积分数,店铺优惠方式,支付优惠方式,全部商品名称,商品种类数,订单配送方式,同城送达时间/提货时间,收货人省份,"
    "收货人城市,收货人地区,详细收货地址/提货地址,收货人/提货人,收货人手机号/提货人手机号,买家备注,订单星级,买家昵称,"
    "买家是否会员,买家手机号,下单网点,收银员,分销员,销售导购,专属导购,订单退款状态,订单已退款金额,商家订单备注,桌号,"
    "挂账主体,挂账手机号,团长订单,订单风险标签,分销员,分销员手机号"
).split(",")


def youzan(**cells) -> str:
    """One row of Youzan's order export; ``分销员#2`` is the second column of that name."""
    second = cells.pop("分销员#2", "")
    names = [name.strip() for name in YOUZAN]
    row = [cells.get(name, "") for name in names]
    row[len(names) - 1 - names[::-1].index("分销员")] = second
    return ",".join(row)


def test_youzan_orders(tmp_path):
    """GB18030, blanks in headers, 分销员 twice, a closed and an unpaid order, money as text."""
    rows = [
        youzan(
            订单号="E1",
            销售渠道="网店",
            归属店铺="总店",
            订单状态="交易完成",
            买家付款时间="2026-03-01 10:00:00",
            订单实付金额='"1,168.50"',
            订单已退款金额="68.5元",
            买家手机号="'13800138000",
            销售导购="小王",
            **{"分销员": "甲", "分销员#2": "乙"},
        ),
        youzan(
            订单号="E2",
            订单状态="交易关闭",
            买家付款时间="2026/3/2 09:00",
            订单实付金额="¥99.00",
            买家手机号="13800138000",
            专属导购="小李",
        ),
        youzan(
            订单号="E3",
            订单状态="待付款",
            买家付款时间="-",
            订单实付金额="50.00",
            买家手机号="138****8000",
        ),
    ]
    text = "\n".join([",".join(YOUZAN), *rows]) + "\n"
    config = export_config(tmp_path, "orders", "youzan_orders", text.encode("gb18030"))
    frame = stored(config, "orders")
    assert frame["paid_at"].tolist() == ["2026-03-01 10:00:00", "2026-03-02 09:00:00"]
    assert frame["amount_cents"].tolist() == [116850, 9900]
    assert frame["refund_amount_cents"].fillna(0).tolist() == [6850, 0]
    assert frame["status"].tolist() == ["paid", "closed"]
    assert frame["staff_id"].tolist() == ["小王", "小李"]
    assert frame["customer"].tolist() == [0, 0]
    counted = seen(config, "orders")
    assert counted["dropped"] == {"not paid": 1}
    assert {"分销员", "分销员#2"} <= set(counted["files"][0]["ignored_columns"])


def test_youzan_second_distributor_by_name(tmp_path):
    """The second 分销员 can be asked for as 分销员#2."""
    row = youzan(
        订单号="E1", 订单状态="交易完成", 买家付款时间="2026-03-01", 订单实付金额="5",
        **{"分销员": "甲", "分销员#2": "乙"},
    )  # fmt: skip
    text = "\n".join([",".join(YOUZAN), row]) + "\n"
    config = export_config(
        tmp_path, "orders", "youzan_orders", text, columns={"staff_id": "分销员#2"}
    )
    assert stored(config, "orders")["staff_id"].tolist() == ["乙"]


def test_youzan_items(tmp_path):
    """Price × quantity where the realised amount is not there; the name where there is no code."""
    text = (
        "订单号,商品名称,商品单价,商品数量,商品规格,商品编码,商品类目,商品退款状态,商品已退款金额\n"
        "E1,驼奶粉,168.50,2,罐,N01,奶粉,,0\n"
        "E1,摇摇杯,19.9,1,,,,,0\n"
        "E2,驼奶粉,abc,2,罐,N01,奶粉,,0\n"
    )
    config = export_config(tmp_path, "order_items", "youzan_items", text, **LENIENT)
    frame = stored(config, "order_items").sort_values("amount_cents")
    assert frame["amount_cents"].tolist() == [1990, 33700]
    assert frame["sku"].tolist() == ["摇摇杯", "N01"]
    assert seen(config, "order_items")["faults"] == {"amount|not_a_number": 1}


def test_youzan_customers(tmp_path):
    """BOM, trailing commas, people known by whole phones only, non-members left out."""
    header = (
        "客户姓名,客户昵称,客户手机号,客户生日,客户性别,标签,是否会员,成长值,免费等级,付费等级,权益卡,客户积分,"
        "客户储值余额,消费次数,消费金额,累计退款金额,累计退款订单数,笔单价,上次消费时间,分销员,导购员,企微好友,来源渠道,"
        "来源方式,成为客户时间,成为会员时间,成为会员店铺,公众号,公众号关注时间,最近浏览时间,微信地域,所属区域,指定时间消费次数,"
        "指定时间消费金额,"
    )
    rows = [
        "张三,张三,13900139000,,男,,是,20,V2,,,30,0,0.00,1,100.00,0.00,0,2026-01-01,,,否,有赞后台,外部导入,"
        "2023-09-21 21:09:25,2023-09-22 08:00:00,总店,,,,北京,海淀区,,,",
        "李四,李四,13900139000,,女,,是,1,,,,,0,0.00,0,0.00,0.00,0,,,,否,微信小程序,登录创建客户,"
        "2024-04-15 12:21:29,,,,,,上海,浦东新区,,,",
        "甲,甲,186******05,,其他,,是,1,,,,,0,0.00,0,0.00,0.00,0,,,,否,有赞后台,外部导入,"
        "2023-09-21 21:09:35,2023-09-21 21:09:35,,,,,广州,天河区,,,",
        "乙,乙,186******05,,其他,,是,1,,,,,0,0.00,0,0.00,0.00,0,,,,否,有赞后台,外部导入,"
        "2023-09-21 21:09:36,2023-09-21 21:09:36,,,,,广州,天河区,,,",
        "丙,丙,13700137000,,其他,,否,1,,,,,0,0.00,0,0.00,0.00,0,,,,否,有赞后台,外部导入,"
        "2023-09-21 21:09:37,,,,,,广州,天河区,,,",
        ",沙拉,,,其他,,是,2,,,,,0,0.00,0,0.00,0.00,0,,,,否,微信小程序,登录创建客户,2026-04-15 12:21:29,"
        ",,,,,北京,朝阳区,,,",
    ]
    text = "\n".join([header, *rows]) + "\n"
    config = export_config(tmp_path, "members", "youzan_customers", text.encode("utf-8-sig"))
    frame = stored(config, "members").sort_values("registered_at")
    assert frame["registered_at"].tolist() == [
        "2023-09-21 21:09:35",
        "2023-09-21 21:09:36",
        "2023-09-22 08:00:00",
        "2024-04-15 12:21:29",
    ]
    masked, other, zhang, li = frame["customer"].tolist()
    assert zhang == li  # one phone
    assert len({masked, other, zhang}) == 3  # masked phones join nobody
    assert frame["points"].tolist()[2] == 30
    assert seen(config, "members")["dropped"] == {"no phone": 1, "not a member": 1}


TAOBAO = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,买家实际支付金额,"
    "买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,订单创建时间,订单付款时间 ,"
    "宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,退款金额,打款商家金额"
)


def taobao(order, buyer, amount, status, phone, paid, refund="0.00") -> str:
    cells = dict.fromkeys((name.strip() for name in TAOBAO.split(",")), "")
    cells |= {
        "订单编号": f'"=""{order}"""',
        "买家会员名": buyer,
        "买家实际支付金额": amount,
        "订单状态": f'"{status}"',
        "联系手机": phone,
        "订单付款时间": paid,
        "退款金额": refund,
        "打款商家金额": f"{amount}元",
    }
    return ",".join(cells.values())


def test_taobao_orders(tmp_path):
    """="id", a leading apostrophe, both commas in a status, encrypted phones, closed with money."""
    lines = [
        TAOBAO,
        taobao("123456789012345678", "小驼", "168.00", "交易成功", "'13800138000",
               "2026-01-01 10:00:00", "8.00"),
        taobao("123456789012345679", "小驼", "99.00", "买家已付款，等待卖家发货", "~~密文",
               "2026-01-02 10:00:00"),
        taobao("123456789012345680", "别人", "99.00", "卖家已发货,等待买家确认", "'138****8000",
               "2026-01-03 10:00:00"),
        taobao("123456789012345681", "第三", "55.00", "交易关闭", "'138****8000",
               "2026-01-04 10:00:00"),
        taobao("123456789012345682", "第三", "0.00", "等待买家付款", "", ""),
    ]  # fmt: skip
    config = export_config(tmp_path, "orders", "taobao_orders", "\n".join(lines).encode("gb18030"))
    frame = stored(config, "orders").sort_values("paid_at")
    assert frame["amount_cents"].tolist() == [16800, 9900, 9900, 5500]
    assert frame["refund_amount_cents"].tolist() == [800, 0, 0, 0]
    assert frame["status"].tolist() == ["paid", "paid", "paid", "closed"]
    first, again, other, third = frame["customer"].tolist()
    assert first == again
    assert len({first, other, third}) == 3  # masked phones join nobody
    assert seen(config, "orders")["dropped"] == {"not paid": 1}


def test_an_order_id_in_a_formula_is_the_same_order(tmp_path):
    """="1" of the order list and 1 of the item list are one code, so that the tables join."""
    orders = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间\n"
    orders += '"=""77""",a,5.00,交易成功,2026-01-01\n'
    config = export_config(tmp_path, "orders", "taobao_orders", orders)
    items = (
        "子订单编号,主订单编号,标题,价格,购买数量,外部系统编号,订单状态,商家编码,买家实际支付金额\n"
    )
    items += "'771,'77,驼奶,5.00,1,X1,交易成功,N01,5.00\n772,\t77,杯,0.00,1,,交易成功,,0.00\n"
    (tmp_path / "items.csv").write_text(items, encoding="utf-8")
    text = config.path.read_text(encoding="utf-8")
    text = text.replace(
        "tables:", "tables:\n  order_items: {path: items.csv, preset: taobao_items}"
    )
    config.path.write_text(text, encoding="utf-8")
    from privdom_kit.config import read_config

    config = read_config(config.path)
    frame, sold = stored(config, "orders"), stored(config, "order_items")
    assert sold["order_id"].tolist() == [frame["order_id"][0]] * 2
    assert sorted(sold["sku"]) == ["N01", "杯"]


JD = (
    "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,运费金额,服务费,"
    "订单状态,订单类型,下单帐号,客户姓名,客户地址,联系电话,订单备注,付款确认时间,订单完成时间"
)


def jd(order, sku, amount, status, buyer, paid) -> str:
    cells = dict.fromkeys(JD.split(","), "")
    cells |= {"订单号": order, "商品ID": sku, "应付金额": amount, "订单状态": status}
    cells |= {
        "下单帐号": buyer,
        "付款确认时间": paid,
        "客户姓名": "朱**",
        "联系电话": "1******9690",
    }
    return ",".join(cells.values())


def test_jd_orders(tmp_path):
    """Item rows that repeat the order's amount count it once; rows that disagree are not used."""
    lines = [
        JD,
        jd("1", "a", "300.00", "完成", "jd_a", "2026-01-01 10:00:00"),
        jd("1", "b", "300.00", "完成", "jd_a", "2026-01-01 10:00:00"),
        jd("1", "c", "300.00", "完成", "jd_a", "2026-01-01 10:00:00"),
        jd("2", "a", "80.00", "（删除）等待出库", "jd_b", "2026-01-02 10:00:00"),
        jd("3", "a", "10.00", "完成", "jd_b", "2026-01-03 10:00:00"),
        jd("3", "b", "20.00", "完成", "jd_b", "2026-01-03 10:00:00"),
    ]
    config = export_config(tmp_path, "orders", "jd_orders", "\n".join(lines), **LENIENT)
    frame = stored(config, "orders")
    assert frame["amount_cents"].tolist() == [30000, 8000]
    assert frame["status"].tolist() == ["paid", "closed"]
    assert frame["customer"].nunique() == 2  # the masked phone, the same on all rows, joins nobody
    counted = seen(config, "orders")
    assert counted["dropped"] == {"another product of the order": 2, "quarantined": 2}
    assert counted["faults"] == {"order_id|key_conflict": 2}


DOUYIN = (
    "主订单编号,子订单编号,选购商品,商品数量,商家编码,订单应付金额,收件人,收件人手机号,订单提交时间,订单完成时间,"
    "支付完成时间,订单状态,所属门店ID,售后状态"
)


def douyin(order, sub, amount, paid, status, after="-") -> str:
    return (
        f'"\t{order}","\t{sub}","\t驼奶粉",1,"\t30",{amount},##密文,$$密文,2026-01-01 09:00:00,-,'
        f"{paid},{status},-,{after}"
    )


def test_douyin_orders(tmp_path):
    """Sub-orders add up to the order; refunded and closed ones do not; no paid time is unpaid."""
    lines = [
        DOUYIN,
        douyin("691", "691", "28.90", "2026-01-01 10:00:00", "已完成"),
        douyin("691", "692", "20.00", "2026-01-01 10:00:00", "已完成"),
        douyin("691", "693", "15.00", "2026-01-01 10:00:00", "已关闭", "退款成功"),
        douyin("700", "700", "9.90", "2026-01-02 10:00:00", "已完成", "退款成功"),
        douyin("710", "710", "5.00", "-", "已关闭"),
        douyin("720", "720", "7.00", "2026-01-03 10:00:00", "已发货"),
        douyin("720", "721", "7.00", "2026-01-03 10:00:00", "已发货"),
    ]
    text = "\n".join(lines) + "\n"
    config = export_config(tmp_path, "orders", "douyin_orders", text.encode("utf-8-sig"))
    frame = stored(config, "orders").sort_values("paid_at")
    assert frame["amount_cents"].tolist() == [4890, 990, 1400]
    assert frame["status"].tolist() == ["paid", "refunded", "paid"]
    assert frame["customer"].isna().all()
    counted = seen(config, "orders")
    assert counted["dropped"] == {"another product of the order": 3, "not paid": 1}
    assert counted["rows"] == 7 == counted["used"] + sum(counted["dropped"].values())


def test_a_bad_sub_order_makes_the_order_bad(tmp_path):
    """A sum over what could be read would be too low and look right."""
    lines = [
        DOUYIN,
        douyin("691", "691", "28.90", "2026-01-01 10:00:00", "已完成"),
        douyin("691", "692", "??", "2026-01-01 10:00:00", "已完成"),
        douyin("700", "700", "9.90", "2026-01-02 10:00:00", "已完成"),
    ]
    config = export_config(tmp_path, "orders", "douyin_orders", "\n".join(lines), **LENIENT)
    prepared = prepare(config)
    found = [(f["line"], f["column"], f["reason"]) for f in prepared.manifest["faults"]]
    assert found == [(2, "order_id", "part_of_bad"), (3, "amount", "not_a_number")]
    assert prepared.manifest["tables"]["orders"]["used"] == 1


def test_pinduoduo_orders(tmp_path):
    """Full-width brackets in headers, refunds in either column, nobody named."""
    text = (
        "订单成交时间,商品,订单号,订单状态,商品总价(元),邮费(元),用户实付金额（元）,商家实收金额(元),商品数量(件),售后状态\n"
        "2026-01-01 10:00:00,驼奶,260101-1,已签收,30,0,28.8,30,1,无售后或售后取消\n"
        "2026-01-02 10:00:00,驼奶,260101-2,已签收,30,0,28.8,30,1,退款成功\n"
        "2026-01-03 10:00:00,驼奶,260101-3,未发货，退款成功,30,0,28.8,30,1,退款成功\n"
        "2026-01-04 10:00:00,驼奶,260101-4,已取消,30,0,28.8,30,1,无售后或售后取消\n"
        "2026-01-05 10:00:00,驼奶,260101-5,已发货,待签收,30,0,28.8,30,1,无售后或售后取消\n"
    ).replace("已发货,待签收", '"已发货,待签收"')
    config = export_config(tmp_path, "orders", "pinduoduo_orders", text)
    frame = stored(config, "orders").sort_values("paid_at")
    assert frame["status"].tolist() == ["paid", "refunded", "refunded", "closed", "paid"]
    assert frame["amount_cents"].tolist() == [2880] * 5
    assert frame["customer"].isna().all()


def test_an_unknown_status_is_named_and_can_be_mapped(tmp_path):
    """Which word was not known is said; client.yml's ``values`` adds it."""
    text = "订单成交时间,订单号,订单状态,用户实付金额(元)\n2026-01-01,1,拼团中,5\n"
    with pytest.raises(UnusableData) as caught:
        prepare(export_config(tmp_path / "a", "orders", "pinduoduo_orders", text))
    assert caught.value.manifest["tables"]["orders"]["unknown_values"] == {"status": ["拼团中"]}
    values = {"status": {"拼团中": "paid"}}
    config = export_config(tmp_path / "b", "orders", "pinduoduo_orders", text, values=values)
    assert stored(config, "orders")["status"].tolist() == ["paid"]


def test_client_yml_overrides_one_column_of_a_preset(tmp_path):
    """A column that the consultant added carries canonical values; the others stay the preset's."""
    text = "订单号,买家付款时间,订单实付金额,订单状态,标准状态\nE1,2026-01-01,5,交易完成,refunded\n"
    config = export_config(
        tmp_path, "orders", "youzan_orders", text, columns={"status": "标准状态"}
    )
    assert stored(config, "orders")["status"].tolist() == ["refunded"]


def test_an_unknown_preset_names_the_nearest(tmp_path):
    """Exact sentence, beginning and end: the list between them is that of the bundled presets."""
    with pytest.raises(ConfigError) as caught:
        export_config(tmp_path, "orders", "youzan_order", "x\n")
    assert "tables.orders.preset is youzan_order, which is no bundled preset." in str(caught.value)
    assert str(caught.value).endswith("Did you mean youzan_orders?")


def test_a_preset_of_another_table_is_refused(tmp_path):
    """Exact sentence."""
    with pytest.raises(ConfigError) as caught:
        export_config(tmp_path, "orders", "youzan_items", "x\n")
    assert str(caught.value).endswith(
        "tables.orders.preset is youzan_items, which fills the table order_items. "
        "Expected a preset of orders. Put the file under tables.order_items."
    )


def test_a_file_without_the_presets_columns_names_them(tmp_path):
    """Exact sentence: the preset's header, the file's headers, what to write."""
    with pytest.raises(UnusableData) as caught:
        prepare(export_config(tmp_path, "orders", "taobao_orders", "订单编号,付款\n1,2\n"))
    assert str(caught.value) == (
        "orders: orders.csv has no column '订单付款时间' for paid_at (preset taobao_orders). "
        "its columns are 订单编号, 付款. The nearest is '付款'. Map it in client.yml "
        "under tables.orders.columns: {paid_at: <header>}."
    )


def test_several_shops_fill_one_table(tmp_path):
    """Each export by its own preset; item rows fold within theirs; faults name file and line."""
    (tmp_path / "jd.csv").write_text(
        "\n".join(
            [
                JD,
                jd("J1", "a", "300.00", "完成", "jd_a", "2026-01-01 10:00:00"),
                jd("J1", "b", "300.00", "完成", "jd_a", "2026-01-01 10:00:00"),
                jd("J2", "a", "abc", "完成", "jd_a", "2026-01-02 10:00:00"),
            ]
        ),
        encoding="utf-8",
    )
    (tmp_path / "taobao.csv").write_bytes(
        "\n".join(
            [TAOBAO, taobao("T1", "小驼", "168.00", "交易成功", "", "2026-01-03 10:00:00")]
        ).encode("gb18030")
    )
    youzan_text = "订单号,买家付款时间,订单实付金额,订单状态,买家手机号\n"
    youzan_text += "Y1,2026-01-04,5,交易完成,13800138000\nY2,never,5,交易完成,13800138000\n"
    also = [
        {"path": "jd.csv", "preset": "jd_orders"},
        {"path": "taobao.csv", "preset": "taobao_orders"},
    ]
    config = export_config(tmp_path, "orders", "youzan_orders", youzan_text, also=also, **LENIENT)
    prepared = prepare(config)
    faults = [(f["file"], f["line"], f["column"]) for f in prepared.manifest["faults"]]
    assert faults == [("orders.csv", 3, "paid_at"), ("jd.csv", 4, "amount")]
    counted = prepared.manifest["tables"]["orders"]
    assert counted["rows"] == 6
    assert counted["dropped"] == {"another product of the order": 1, "quarantined": 2}
    frame = stored(config, "orders").sort_values("paid_at")
    assert frame["platform"].tolist() == ["jd", "taobao", None]
    assert frame["amount_cents"].tolist() == [30000, 16800, 500]
    from privdom_kit.intake import build_check

    named = [p["preset"] for p in build_check(prepared, config)["presets"]["orders"]]
    assert named == ["youzan_orders", "jd_orders", "taobao_orders"]
