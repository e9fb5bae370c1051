"""Words of the brand: what customers complain of, and the texts of posts."""

from __future__ import annotations

PAINS = {
    "了解": ("型号太多看不懂", "找不到附近门店"),
    "试骑": ("预约不到试骑", "门店没有现车"),
    "购车": ("价格不透明", "以旧换新估价低"),
    "提车": ("上牌手续慢", "提车等太久"),
    "骑行": ("续航与宣传不符", "减震偏硬"),
    "电池售后": ("电池衰减快", "换电池要等配件", "售后互相推诿"),
    "换购": ("旧车折价低", "没有人提醒"),
    "推荐": ("推荐没有好处", "不知道推荐给谁"),
}
PLACES = {
    "了解": ("service_account", "channels"),
    "试骑": ("store", "wecom_chat"),
    "购车": ("store", "mini_program"),
    "提车": ("store",),
    "骑行": ("group", "wecom_chat"),
    "电池售后": ("service", "store"),
    "换购": ("wecom_chat", "store"),
    "推荐": ("wecom_chat", "moments"),
}
# Texts by purpose; {n} is a number, {m} a model.
CLEAN = {
    "marketing": (
        "{m}到店试骑立减{n}元，名额有限",
        "20日会员日，{m}头盔套装{n}元起",
        "旧车置换{m}，最近门店可现场估价，补贴{n}元",
        "活动最后{n}天，{m}保养套餐还能预约",
        "便携充电器到货{n}件，小程序可下单",
    ),
    "interaction": (
        "晒晒你的骑行里程，本周已有{n}位车友留言",
        "投票：{m}你更想要哪个颜色？已有{n}人参与",
        "周末骑行路线征集，第{n}条来自老车友",
        "你每天骑多少公里？上一期有{n}位车友回答",
    ),
    "care": (
        "保养第一步：先检查胎压，{n}天检查一次",
        "雨天骑行注意事项{n}条，刹车距离要留足",
        "电池怎么充更耐用？记住这{n}点",
        "高温天停车避开暴晒，第一时间拔下充电器，充电别超过{n}小时",
    ),
    "daily": (
        "今天店里来了{n}位新车友，欢迎大家",
        "师傅老周修车的第{n}天，最终还是选了那把旧扳手",
        "早安，今天适合骑行，气温{n}度",
    ),
}
# What breaks a rule on sight: text, purpose, posts, rules that the text was written to break.
BROKEN = (
    ("{m}，同价位最佳通勤车型，到店立减{n}元", "marketing", 6, ("AD-01", "AD-02")),
    ("最高级的骑行体验，{m}限时{n}元", "marketing", 3, ("AD-01",)),
    ("全城销量第一的{m}，本周再减{n}元", "marketing", 8, ("AD-02",)),
    ("顶级减震，{m}补贴{n}元", "marketing", 4, ("AD-02",)),
    ("转发朋友圈领头盔，前{n}名有效", "interaction", 5, ("SH-01",)),
    ("集赞{n}个送雨衣一件", "interaction", 4, ("SH-03",)),
)
