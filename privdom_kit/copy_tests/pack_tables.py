"""The crowds of each test: counts, shrunk shares, planned people, and what can be said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures, rate
from privdom_kit.copy_tests.pack_rates import PackModel, shrink_rates
from privdom_kit.copy_tests.pack_sizes import PackSizes, pack_sizes
from privdom_kit.copy_tests.primary import least_difference, primary_outcome
from privdom_kit.copy_tests.soundness import failed_checks
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.estimates import adjust_p_values, sample_ratio_test

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.small_cells import Hidden
    from privdom_kit.copy_tests.start import CopyBase

#: What can be said of the crowds of a test.
ONE_CROWD, TOO_FEW, UNSOUND, SEEN_ONLY = "one_crowd", "too_few", "unsound", "observed"
UNEVEN, UNPLANNED, NOT_REACHED = "uneven_arms", "no_plan", "not_reached"
DIFFER, ALIKE, OPEN = "crowds_differ", "crowds_alike", "open"
#: States in which crowds have ranks.
RANKED = (DIFFER, ALIKE, OPEN)
_RATES = (*bounded("rate"), *bounded("shrunk_rate"), "chance_best")
_THEIRS = ("reference_people", "reference_with_outcome", *bounded("reference_rate"))
_SIZES = ("planned_people", "lacking_people")


@dataclass(frozen=True, slots=True, eq=False)
class PackTest:
    """The crowds of one test.

    Attributes:
        name: Name of the test.
        evidence: What the test can show.
        outcome: The outcome that decides.
        reference: The arm that others are held against; None with one arm.
        cells: The sums of the test by crowd and arm, people in no crowd among them.
        crowds: Names, in the order of the plan, then by name.
        x: People sent to with the outcome, by crowd.
        n: People sent to whose window is over, by crowd.
        modelled: Places in ``crowds`` of those that have people enough.
        model: Of those; None where there are too few to compare.
        sizes: Planned people.
        lacking: People that each crowd is short of its plan; None where nothing is planned.
        least: Smallest difference that matters; None where no plan states one.
        p_adjusted: Of no difference between crowds, corrected for the number of tests.
        state: What can be said.
        level: Of the intervals.
    """

    name: str
    evidence: str
    outcome: str
    reference: str | None
    cells: pd.DataFrame
    crowds: tuple[str, ...]
    x: tuple[int, ...]
    n: tuple[int, ...]
    modelled: tuple[int, ...]
    model: PackModel | None
    sizes: PackSizes | None
    lacking: tuple[int | None, ...]
    least: float | None
    p_adjusted: float | None
    state: str
    level: float

    @property
    def best_crowd(self) -> str | None:
        """The crowd with the highest shrunk share; None where none is compared."""
        if self.model is None:
            return None
        estimates = self.model.posterior.estimates
        return self.crowds[self.modelled[max(range(len(estimates)), key=estimates.__getitem__)]]


def read_pack_tests(base: CopyBase) -> list[PackTest]:
    """The tests whose deciding outcome is told, each with its crowds."""
    found = [test for name in base.tests() if (test := _read(base, name)) is not None]
    p = [None if test.model is None else test.model.p_value for test in found]
    adjusted = adjust_p_values(p)
    return [
        replace(test, p_adjusted=p_value, state=_state(base, replace(test, p_adjusted=p_value)))
        for test, p_value in zip(found, adjusted, strict=True)
    ]


def _read(base: CopyBase, name: str) -> PackTest | None:
    primary = primary_outcome(base, name)
    if primary is None:
        return None
    rules, outcome = base.settings.copy_tests, primary.outcome
    cells = base.cells[base.cells["test"] == name].reset_index(drop=True)
    sent = cells[~cells["held"]].groupby("crowd")[[f"x_{outcome}", f"n_{outcome}"]].sum()
    sizes = pack_sizes(base, name)
    crowds = _in_order(base, name, list(sent.index), sizes)
    counts = sent.reindex(list(crowds)).fillna(0).astype("int64")
    x, n = (tuple(int(v) for v in counts[f"{kind}_{outcome}"]) for kind in ("x", "n"))
    modelled = tuple(i for i, people in enumerate(n) if people >= rules.least_people)
    enough = len(modelled) > 1 and sum(x[i] for i in modelled) >= rules.least_events
    level = rules.confidence_level
    chosen = ([x[i] for i in modelled], [n[i] for i in modelled])
    reference = base.reference(name)
    return PackTest(
        name=name,
        evidence=base.evidence(name),
        outcome=outcome,
        reference=reference[0] if reference else None,
        cells=cells,
        crowds=crowds,
        x=x,
        n=n,
        modelled=modelled,
        model=shrink_rates(*chosen, level) if enough else None,
        sizes=sizes,
        lacking=tuple(
            sizes.lacking(crowd, people, rules.short_share) if sizes else None
            for crowd, people in zip(crowds, n, strict=True)
        ),
        least=least_difference(base.plan(name), sum(x) / sum(n) if sum(n) else None),
        p_adjusted=None,
        state=TOO_FEW,
        level=level,
    )


def _in_order(
    base: CopyBase, name: str, sent: list[str], sizes: PackSizes | None
) -> tuple[str, ...]:
    """Crowds in the order of the plan, those among them that nobody was sent to; then by name."""
    plan = base.plan(name)
    planned = [crowd.name for crowd in plan.crowds] if plan else []
    planned = [crowd for crowd in planned if crowd in sent or (sizes and crowd in sizes.people)]
    return (*planned, *(crowd for crowd in sorted(sent) if crowd not in planned))


def _state(base: CopyBase, test: PackTest) -> str:
    if len(test.crowds) < 2:
        return ONE_CROWD
    if test.model is None:
        return TOO_FEW
    if failed_checks(base, test.name):
        return UNSOUND
    if test.evidence == OBSERVED:
        return SEEN_ONLY
    if uneven_arms(test.cells, base.settings.copy_tests.ratio_alarm):
        return UNEVEN
    if test.sizes is None:
        return UNPLANNED
    if any(lacking for lacking in test.lacking):
        return NOT_REACHED
    alpha, best = 1 - test.level, max(test.model.posterior.best())
    if test.p_adjusted is not None and test.p_adjusted < alpha and best > test.level:
        return DIFFER
    return ALIKE if test.least is not None and test.model.span <= test.least else OPEN


def uneven_arms(cells: pd.DataFrame, alarm: float) -> bool:
    """Whether versions went to crowds in different proportions, beyond chance.

    Then crowds may differ because of what they were sent. Each crowd's split is tested against
    that of all crowds, Bonferroni over crowds.
    """
    sent = cells[~cells["held"] & cells["crowd"].notna()]
    table = sent.pivot_table(
        index="crowd", columns="arm", values="people", aggfunc="sum", fill_value=0
    ).to_numpy(dtype=float)
    if table.shape[1] < 2:
        return False
    weights = table.sum(axis=0)
    p = [sample_ratio_test(row, weights).p_value for row in table]
    return min(p) * len(p) < alarm


def pack_table(tests: Sequence[PackTest], small: Mapping[str, Hidden]) -> tuple[pd.DataFrame, int]:
    """A row a test and crowd, best first where crowds have ranks; and how many cells are hidden."""
    import pandas as pd

    rows = [row for test in tests for row in _rows(test, small[test.name])]
    columns = [
        *("test", "crowd", "evidence", "outcome", "people", "with_outcome", *_RATES, "rank"),
        *(*_SIZES, "reference", *_THEIRS),
    ]
    counts = ("people", "with_outcome", "rank", *_SIZES, *_THEIRS[:2])
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype(dict.fromkeys(counts, "Int64"))
    table = table.astype(dict.fromkeys((*_RATES, *_THEIRS[2:]), "float64"))
    hidden = sum(len(small[test.name].crowds) for test in tests)
    return table, hidden


def _rows(test: PackTest, small: Hidden) -> list[dict[str, Any]]:
    shrunk: dict[int, dict[str, Any]] = {}
    if test.model is not None:
        found = zip(test.modelled, test.model.shrunk, test.model.posterior.best(), strict=True)
        for place, interval, chance in found:
            shrunk[place] = {**interval_figures("shrunk_rate", interval), "chance_best": chance}
    rows = []
    for place, crowd in enumerate(test.crowds):
        row: dict[str, Any] = {"test": test.name, "crowd": crowd, "evidence": test.evidence}
        row |= {"outcome": test.outcome, "people": test.n[place], "with_outcome": test.x[place]}
        row |= rate(test.x[place], test.n[place], "rate", test.level) | shrunk.get(place, {})
        row["planned_people"] = test.sizes.people.get(crowd) if test.sizes else None
        row["lacking_people"] = test.lacking[place]
        row |= _reference(test, crowd, small)
        if (test.name, crowd) in small.crowds:
            row |= dict.fromkeys(("people", "with_outcome", "lacking_people", *_RATES))
        rows.append(row)
    return _ranked(rows) if test.state in RANKED else rows


def _ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Best first, by what is shown: an order by hidden numbers would give them away."""
    known = [row for row in rows if row.get("shrunk_rate") is not None]
    known.sort(key=lambda row: -row["shrunk_rate"])
    ranked = [row | {"rank": place} for place, row in enumerate(known, 1)]
    return [*ranked, *(row for row in rows if row.get("shrunk_rate") is None)]


def _reference(test: PackTest, crowd: str, small: Hidden) -> dict[str, Any]:
    if test.reference is None:
        return {}
    cells = test.cells[(test.cells["crowd"] == crowd) & (test.cells["arm"] == test.reference)]
    x, n = (int(cells[f"{kind}_{test.outcome}"].sum()) for kind in ("x", "n"))
    keys = [(test.name, crowd, test.reference, bool(held)) for held in cells["held"]]
    if any(key in small.cells for key in keys):
        return {"reference": test.reference}
    counts = {"reference": test.reference, "reference_people": n, "reference_with_outcome": x}
    return counts | rate(x, n, "reference_rate", test.level)


def model_table(tests: Sequence[PackTest]) -> pd.DataFrame:
    """A row a test: what its crowds have in common and how far they differ."""
    import pandas as pd

    rows = []
    for test in tests:
        lacking = [people for people in test.lacking if people is not None]
        row: dict[str, Any] = {
            "test": test.name,
            "evidence": test.evidence,
            "outcome": test.outcome,
            "state": test.state,
            "crowds": len(test.modelled),
            "people": sum(test.n),
            "with_outcome": sum(test.x),
            "least_difference": test.least,
            "lacking_people": sum(lacking) if lacking else None,
            "planned_source": test.sizes.source if test.sizes else None,
            "p_value_adjusted": test.p_adjusted,
        }
        rows.append(row | (_model_row(test.model) if test.model is not None else {}))
    numbers = (
        *(*bounded("mean_rate"), "between_rates", "heterogeneity", "p_value", "p_value_adjusted"),
        *("i2", *bounded("predicted_rate"), "least_difference"),
    )
    columns = [
        *("test", "evidence", "outcome", "state", "crowds", "people", "with_outcome"),
        *("lacking_people", "planned_source", *numbers),
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(numbers, "float64") | {"lacking_people": "Int64"})


def _model_row(model: PackModel) -> dict[str, Any]:
    return {
        **interval_figures("mean_rate", model.mean),
        "between_rates": model.tau2**0.5,
        "heterogeneity": model.heterogeneity,
        "p_value": model.p_value,
        "i2": model.i2,
        **interval_figures("predicted_rate", model.prediction),
    }
