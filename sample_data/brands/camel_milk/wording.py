"""Texts of posts: what a brand like this writes, a few of them against the rules on purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

THEMES = {"冲泡": 0.36, "物流": 0.24, "转奶": 0.22, "价格": 0.18}
STAGE_TOUCHPOINTS = {
    "learn": "channels",
    "first_order": "mini_program",
    "first_brew": "wecom_chat",
    "habit": "group",
    "repurchase": "mini_program",
}
TEXTS = {
    "marketing": (
        "今晚八点直播间，驼乳粉会员专享价，链接在评论区。",
        "本周活动最后两天，需要囤货的家长可以看看。",
        "新到一批儿童益生菌，搭配驼乳粉更省心，点小程序查看。",
    ),
    "interaction": (
        "宝宝第一次喝驼乳是什么反应？来说说你家的故事。",
        "晒一晒宝宝的早餐杯，周五一起评选最有创意的摆盘。",
        "转奶期你最担心什么？留言告诉营养师。",
    ),
    "care": (
        "换季早晚温差大，冲泡水温建议四十到五十度，先试温再喂。",
        "转奶第一步：先用新奶替换一顿，观察三天再继续。",
        "最近流感多，外出回家先洗手，奶瓶记得消毒。",
    ),
    "daily": (
        "今天新疆牧场下了第一场雪，驼群都回棚了。",
        "客服小满在线时间：早九点到晚九点。",
    ),
}
# (purpose, text, the rule that it breaks)
BROKEN = (
    ("marketing", "全网最佳驼乳粉，今天下单立减。", "AD-01"),
    ("marketing", "国家级牧场直供，限时特惠。", "AD-01"),
    ("marketing", "转发朋友圈领优惠券，截图找客服。", "SH-01"),
    ("interaction", "邀请3位好友进群，抽奖机会增加一次。", "SH-02"),
    ("interaction", "集赞满38个送驼乳片一袋。", "SH-03"),
)


def add_texts(posts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The posts with ``text`` and ``broken``: one post each for the texts that break a rule."""
    texts = np.array([str(rng.choice(TEXTS[p])) for p in posts["purpose"]], dtype=object)
    broken = np.full(len(posts), "", dtype=object)
    for purpose, text, rule in BROKEN:
        free = np.flatnonzero((posts["purpose"] == purpose).to_numpy() & (broken == ""))
        place = int(rng.choice(free[len(free) // 2 :]))
        texts[place], broken[place] = text, rule
    return posts.assign(text=texts, broken=broken)
