"""Numbers as people read them: the one place where anything is rounded.

Every format takes a raw value and gives text in the reader's locale. A missing value is a dash,
never a zero.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

MISSING = "–"
_EPOCH = dt.date(1970, 1, 1)


def format_value(value: Any, kind: str, language: str = "en", currency: str = "CNY") -> str:
    """Text of a raw value.

    Args:
        value: The raw value; None and NaN give a dash.
        kind: One of :data:`KINDS`.
        language: zh or en.
        currency: ISO 4217 code, used by ``money``.

    Raises:
        KeyError: ``kind`` is not a known format (a programming error).
    """
    formatter = KINDS[kind]
    if is_missing(value):
        return MISSING
    return formatter(value, language, currency)


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def day_number(date: dt.date) -> int:
    """Days since 1970-01-01, the integer day of the canonical tables."""
    return (date - _EPOCH).days


def day_date(day: int) -> dt.date:
    """The date of an integer day."""
    return _EPOCH + dt.timedelta(days=int(day))


def _locale(language: str) -> str:
    return {"zh": "zh_CN", "en": "en_GB"}[language]


def _count(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(round(value), locale=_locale(language))


def _number(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    pattern = "#,##0" if abs(value) >= 100 else "#,##0.0" if abs(value) >= 1 else "0.0##"
    return format_decimal(value, format=pattern, locale=_locale(language))


# Below this a p-value is as good as nothing; more digits would claim what no model carries.
_LEAST_P = 0.001


def _p_value(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    least = format_decimal(_LEAST_P, format="0.000", locale=_locale(language))
    if value < _LEAST_P:
        return f"< {least}"
    return format_decimal(value, format="0.000", locale=_locale(language))


def _score(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    return format_decimal(value, format="0.00", locale=_locale(language))


def _percent(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    percent = value * 100
    pattern = "0.00" if 0 < abs(percent) < 1 else "0.0"
    return format_decimal(percent, format=pattern, locale=_locale(language)) + "%"


def _points(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_decimal

    number = format_decimal(value * 100, format="+0.0;-0.0", locale=_locale(language))
    return f"{number} 个百分点" if language == "zh" else f"{number} points"


def _fine_points(value: Any, language: str, currency: str) -> str:
    """Points with two decimals below one point: differences between copies are that small."""
    from babel.numbers import format_decimal

    pattern = "+0.00;-0.00" if abs(value) < 0.01 else "+0.0;-0.0"
    number = format_decimal(value * 100, format=pattern, locale=_locale(language))
    return f"{number} 个百分点" if language == "zh" else f"{number} points"


def _fine_gap(value: Any, language: str, currency: str) -> str:
    return _fine_points(abs(value), language, currency).removeprefix("+")


def _gap(value: Any, language: str, currency: str) -> str:
    return _points(abs(value), language, currency).removeprefix("+")


def _money(value: Any, language: str, currency: str) -> str:
    from babel.numbers import format_currency, get_currency_symbol

    symbol = get_currency_symbol(currency, locale=_locale(language))
    if language == "zh" and abs(value) >= 1e4:
        scale, unit = (1e8, "亿") if abs(value) >= 1e8 else (1e4, "万")
        sign = "-" if value < 0 else ""
        return f"{sign}{symbol}{_number(abs(value) / scale, language, currency)}{unit}"
    digits = "#,##0.00" if abs(value) < 1000 else "#,##0"
    return format_currency(
        value, currency, f"¤{digits};-¤{digits}", locale=_locale(language), currency_digits=False
    )


def _days(value: Any, language: str, currency: str) -> str:
    number = _number(value, language, currency).removesuffix(".0")
    return f"{number} 天" if language == "zh" else f"{number} days"


def _date(value: Any, language: str, currency: str) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else day_date(int(value)).isoformat()


def _text(value: Any, language: str, currency: str) -> str:
    return str(value)


KINDS: dict[str, Callable[[Any, str, str], str]] = {
    "count": _count,
    "number": _number,
    "p_value": _p_value,
    "score": _score,
    "percent": _percent,
    "points": _points,
    "fine_points": _fine_points,
    "fine_gap": _fine_gap,
    "gap": _gap,
    "money": _money,
    "days": _days,
    "date": _date,
    "text": _text,
    "quote": _text,  # words of the client or the consultant, never taken for a name of the code
}
