"""Words of the brand: the copy of the tests, as the filed plan has it."""

from __future__ import annotations

# Arm: text message, script of the call, incentive, yuan for each friend who takes it, hook.
ADD_COPY = {
    "A": (
        "【颜序】会员您好，护肤顾问已为您建好肤质档案，点 yanxu.cn/a2 添加后查看，拒收请回复R",
        "您好，我是颜序的智能语音助手，护肤顾问为您建好了肤质档案，稍后短信发您。不需要可以直接挂断。",
        "", None, "service",
    ),
    "B": (
        "【颜序】会员您好，首单护肤礼已为您留好，点 yanxu.cn/b2 添加护肤顾问领取，拒收请回复R",
        "您好，我是颜序的智能语音助手，为您留了一份首单护肤礼，稍后短信发您。不需要可以直接挂断。",
        "first_order_gift", 8.0, "benefit",
    ),
    "C": (
        "【颜序】会员您好，200积分已到账，点 yanxu.cn/c2 添加护肤顾问查看，拒收请回复R",
        "您好，我是颜序的智能语音助手，您有200积分到账，稍后短信发您。不需要可以直接挂断。",
        "points", 2.0, "benefit",
    ),
    "D": (
        "【颜序】会员您好，满199减60的限时礼券今晚24点失效，仅剩最后几小时，错过不再补发，马上点"
        " yanxu.cn/d2 添加护肤顾问，核对手机尾号后当场领取使用，拒收请回复R",
        "您好，我是颜序的智能语音助手，您的60元限时礼券今晚失效，稍后短信发您。不需要可以直接挂断。",
        "coupon", 8.0, "urgency",
    ),
}  # fmt: skip
HYPOTHESIS = "首单礼比现用的肤质档案更让人愿意添加护肤顾问，退订不变"
STATUS = {True: "delivered", False: "failed"}


def segments(text: str) -> int:
    """Billed parts: one up to 70 characters, else characters / 67 rounded up."""
    return 1 if len(text) <= 70 else -(-len(text) // 67)
