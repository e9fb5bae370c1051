"""What the questions of 04 and 05 start from: the client, its planned tests, its sent tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from privdom_kit.base import Base, read_base
from privdom_kit.copy_tests.crowds_of_plan import Crowds, read_crowds
from privdom_kit.copy_tests.deviations import filed_late
from privdom_kit.copy_tests.filed_plans import FiledPlan, read_filed_plans
from privdom_kit.copy_tests.sums import collect_sums
from privdom_kit.copy_tests.units import Units, read_units
from privdom_kit.form_copy_tests import CopyTest

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.settings import Settings

#: Kinds of reference that an arm is held against, see :meth:`CopyBase.reference`.
PLANNED, HELD_BACK, LARGEST = "control", "held_back", "largest"
#: What a test is: randomised as filed, randomised as its arms say, or only observed.
FILED, RANDOMISED, OBSERVED = "filed", "randomised", "observed"


@dataclass(frozen=True, eq=False)
class CopyBase:
    """A client as the copy tests see it: nothing after ``as_of``.

    Attributes:
        base: The client's tables, forms and economics.
        settings: All settings.
        filed: Plans that were filed before the send, by test.
        people: One row a person: ``customer``, ``customer_id`` (keyed); None in bare tests.
        timezone: IANA name of the client's zone; None where it is not known.
    """

    base: Base
    settings: Settings
    filed: Mapping[str, FiledPlan]
    people: nw.LazyFrame | None = None
    timezone: str | None = None

    @property
    def plans(self) -> tuple[CopyTest, ...]:
        """The tests that forms.yml plans."""
        return self.base.forms.copy_tests

    def plan(self, test: str) -> CopyTest | None:
        """The plan of a test: the filed one where there is one, else that of forms.yml."""
        if test in self.filed:
            return self.filed[test].test
        return next((plan for plan in self.plans if plan.id == test), None)

    @cached_property
    def units(self) -> Units | None:
        """The people of all tests that were sent; None without deliveries. Computed once."""
        windows = {p.id: p.window_days for p in self.plans if p.window_days}
        windows |= {t: f.test.window_days for t, f in self.filed.items() if f.test.window_days}
        return read_units(self.base, self.settings.copy_tests, windows)

    @cached_property
    def crowds(self) -> Crowds | None:
        """Who the tests that are still to be drawn could be sent to. Computed once.

        None without people or without such tests.
        """
        return read_crowds(self)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Sums by test, crowd and arm over the people who are in one arm. Computed once.

        Returns:
            ``test, crowd, arm`` (names; crowd None where there is none)``, held`` (sent nothing)``,
            people`` and the sums of :func:`privdom_kit.copy_tests.sums.collect_sums` for every
            outcome and amount; with spend before and after, their cross product too.
        """
        import narwhals as nw

        units = self.units
        if units is None:
            raise ValueError("there are no units: ask for them first")
        both = {"value_cents", "before_cents"} <= set(units.amounts)
        table = collect_sums(
            units.frame.filter(nw.col("arms") == 1),
            ("test", "crowd", "arm", "held"),
            units.outcomes,
            units.amounts,
            (("value_cents", "before_cents"),) if both else (),
        )
        return table.assign(
            test=[units.test_name(int(code)) for code in table["test"]],
            crowd=[units.crowd_name(int(code)) for code in table["crowd"]],
            arm=[units.arms[int(code)] for code in table["arm"]],
            held=table["held"] == 1,
        ).sort_values(["test", "crowd", "arm"], ignore_index=True, na_position="last")

    def arms(self, test: str) -> pd.DataFrame:
        """The sums of a test by arm, over its crowds: ``arm, held, people, ...``."""
        cells = self.cells[self.cells["test"] == test]
        return cells.drop(columns=["test", "crowd"]).groupby(["arm", "held"], as_index=False).sum()

    @cached_property
    def _sent(self) -> list[str]:
        """Names of tests that somebody is in, also those of which everybody is in two arms."""
        if self.units is None:
            return []
        codes = collect_sums(self.units.frame, ("test",))["test"]
        return sorted(self.units.test_name(int(code)) for code in codes)

    def tests(self) -> list[str]:
        """Names of the tests that were sent, planned ones first, then by name."""
        sent = self._sent
        planned = [plan.id for plan in self.plans if plan.id in sent]
        return [*planned, *(name for name in sent if name not in planned)]

    def reference(self, test: str) -> tuple[str, str] | None:
        """The arm that the others are held against, and of what kind it is.

        Returns:
            ``(arm, kind)``: the control of the plan, else an arm called so that was sent something,
            else an arm held back, else the largest arm (then nothing says that it is a control).
            None where the test has one arm only.
        """
        arms = self.arms(test)
        if len(arms) < 2:
            return None
        plan = self.plan(test)
        if plan and plan.control and plan.control.name in set(arms.loc[~arms["held"], "arm"]):
            return plan.control.name, PLANNED
        if called := self.sent_controls(test):
            return called[0], PLANNED
        held = arms[arms["held"]]
        chosen = held if len(held) else arms
        name = chosen.sort_values(["people", "arm"], ascending=[False, True])["arm"].iloc[0]
        return str(name), HELD_BACK if len(held) else LARGEST

    def sent_controls(self, test: str) -> list[str]:
        """Arms that are called controls and were sent something: the copy in use."""
        if self.units is None:
            return []
        return sorted(arm for name, arm in self.units.sent_controls if name == test)

    def evidence(self, test: str) -> str:
        """What a test can show: :data:`FILED`, :data:`RANDOMISED` or :data:`OBSERVED`.

        Filed: the plan was filed on a day before the first send. Observed: neither a plan nor an
        arm held back says that chance chose who got what.
        """
        if test not in self._evidence:
            self._evidence[test] = self._judge_evidence(test)
        return self._evidence[test]

    def _judge_evidence(self, test: str) -> str:
        if filed_late(self, test) is False:
            return FILED
        held = bool(self.arms(test)["held"].any() or self.sent_controls(test))
        return RANDOMISED if held or self.plan(test) is not None else OBSERVED

    @cached_property
    def _evidence(self) -> dict[str, str]:
        """What was judged so far, by test."""
        return {}


def read_copy_base(client: Any) -> CopyBase:
    """What the questions of 04 and 05 start from.

    Args:
        client: With ``tables, people, config, settings, economics, as_of, as_of_day``.

    Raises:
        ConfigError: forms.yml or a filed plan cannot be used.
    """
    base = read_base(client)
    forms = client.config.forms
    filed = read_filed_plans(base.forms.copy_tests, forms.parent if forms else None)
    return CopyBase(base, client.settings, filed, client.people, client.config.timezone)
