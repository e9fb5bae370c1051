"""Layers by the child's age band: bands only, and none without a guardian's consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.answers import add_rate
from privdom_kit.contracts import CHILD_BANDS, CHILD_VALUES
from privdom_kit.engine import collect
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import Settings

STAGE_METHODS = ("S051",)
BANDS = tuple(name for name, _, _ in CHILD_BANDS)
NOT_GIVEN = "no_child_band"
NO_CONSENT, OUTSIDE = CHILD_VALUES[len(BANDS) :]
ROWS = (*BANDS, OUTSIDE, NO_CONSENT, NOT_GIVEN)


def measure_life_stages(base: CustomerBase, settings: Settings) -> Result:
    """Members by the age band of their child, with buyers and repeat rate in each band.

    Intake keeps a band at ``as_of`` and drops the month of birth. Where a guardian's consent is
    missing there is no band: those members are counted as ``no_consent``. Data of children under
    14 need that consent (rule PI-02), so a brand that holds any without has to act; whether ages
    bring more purchases is described, not judged.

    Returns:
        ``table``: band, customers, members, share and interval, buyers, repeat_customers,
        repeat_rate and interval. No purchases are shown for ``no_consent``.
    """
    used = used_settings(settings, "min_customers", "confidence_level")
    reason = _missing(base)
    if reason is not None:
        return unanswered(base, "life_stages", STAGE_METHODS, Verdict.NOT_MEASURED, reason, used)
    table = _band_table(base, settings.layering.confidence_level)
    banded = int(table["customers"].iloc[: len(BANDS)].sum())
    refused = int(table.set_index("band")["customers"][NO_CONSENT])
    verdict = (
        Verdict.CLEAR if banded >= settings.layering.min_customers else Verdict.NOT_ENOUGH_DATA
    )
    rates = ["repeat_rate", "repeat_rate_ci_lower", "repeat_rate_ci_upper"]
    shares = ["share", "share_ci_lower", "share_ci_upper"]
    least = settings.privacy.min_cell
    shown, cells = suppress(
        table, "customers", [*shares, "buyers", "repeat_customers", *rates], least
    )
    for count, hides in (("buyers", ["repeat_customers", *rates]), ("repeat_customers", rates)):
        shown, more = suppress(shown, count, hides, least, groups=())
        cells += more
    return answer(
        base,
        "life_stages",
        STAGE_METHODS,
        Verdict.ACT if refused else verdict,
        shown,
        used,
        coverage=base.tables["members"].coverage,
        figures={
            "members": int(table["customers"].sum()),
            "banded_members": banded if not 0 < banded < least else None,
            "no_consent_members": refused if not 0 < refused < least else None,
        },
        notes=(*_notes(base, refused), *suppression_note(cells, least)),
    )


def _missing(base: CustomerBase) -> Message | None:
    if "members" not in base.tables:
        return msg("No members table was given.")
    if not base.has("members", "child_birth_month") and not base.has("members", "child_band"):
        return msg("The members carry no child_birth_month.")
    return base.missing_people()


def _band_table(base: CustomerBase, level: float) -> pd.DataFrame:
    import narwhals as nw
    import pandas as pd

    def flag(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))

    flags = {
        "buyers": flag(nw.col("purchase_days") > 0),
        "repeat_customers": flag(nw.col("purchase_days") > 1),
    }
    grouped = (
        base.people.filter(nw.col("is_member") == 1)
        .with_columns(**flags, child_band=nw.col("child_band").fill_null(-1))
        .group_by("child_band")
        .agg(nw.len().alias("customers"), *[nw.col(name).sum() for name in flags])
    )
    values = base.tables["members"].dictionaries.get("child_band", ())
    found = collect(grouped, limit=len(values) + 1).astype("float64").astype("int64")
    found["band"] = [values[code] if code >= 0 else NOT_GIVEN for code in found.pop("child_band")]
    table = found.groupby("band").sum().reindex(ROWS, fill_value=0).reset_index()
    table["members"] = int(table["customers"].sum())
    counts = ["buyers", "repeat_customers"]
    table[counts] = table[counts].astype("Int64")
    # What members bought is not split by a consent that was not given.
    table.loc[table["band"] == NO_CONSENT, counts] = pd.NA
    table = add_rate(table, "customers", "members", "share", level)
    rated = add_rate(
        table[table["buyers"].notna()], "repeat_customers", "buyers", "repeat_rate", level
    )
    return table.join(rated[["repeat_rate", "repeat_rate_ci_lower", "repeat_rate_ci_upper"]])


def _notes(base: CustomerBase, refused: int) -> tuple[Message, ...]:
    notes = [msg("Only age bands are kept; no date or month of birth is stored or shown.")]
    if refused:
        notes.append(
            msg(
                "PI-02: data of children under 14 need a guardian's consent and a dedicated rule. "
                "Months of birth were given without it; they were dropped at reading."
            )
        )
    if not base.has("members", "guardian_consent") and base.has("members", "child_birth_month"):
        notes.append(msg("The members carry no guardian_consent, so no band may be used."))
    return tuple(notes)
