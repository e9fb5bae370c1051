"""Copy tests as the consultant states them in forms.yml: the plan, before anything is sent."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from privdom_kit.client_file import quoted_date
from privdom_kit.form_registers import Names
from privdom_kit.problems import Problem
from privdom_kit.safe_yaml import KeyPath, YamlFile
from privdom_kit.settings import Frozen

Channel = Literal["sms", "call", "call_sms", "wecom"]
#: Outcomes of a person that a test can be decided by, in the order of the chain.
OUTCOMES = ("delivered", "connected", "clicked", "friend_added", "friend_kept", "ordered")
HARMS = ("opted_out", "complained", "friend_removed")
Outcome = Literal["delivered", "connected", "clicked", "friend_added", "friend_kept", "ordered"]
Harm = Literal["opted_out", "complained", "friend_removed"]
Day = Annotated[dt.date | None, BeforeValidator(quoted_date)]


class CopyArm(Frozen):
    """One version of the copy.

    Attributes:
        name: As ``deliveries.arm`` will call it.
        control: Whether it is the copy in use, which the others are held against.
        text: The text message with signature and opt-out mark; of a call, the message after it.
        script: What the AI call says.
        incentive: What the person gets, e.g. first_order_coupon; empty: nothing.
        incentive_cost: Currency for each friend who takes it.
        hook: What makes them act: benefit, service, content ...
        link: The one link of the arm.
        template: Id of the vendor's template.
        entry_code: State of the arm's QR code or link; made from test and arm where empty.
        weight: Share of the people relative to the other arms.
    """

    name: str = Field(min_length=1)
    control: bool = False
    text: str = ""
    script: str = ""
    incentive: str = ""
    incentive_cost: float | None = Field(default=None, ge=0)
    hook: str = ""
    link: str = ""
    template: str = ""
    entry_code: str = ""
    weight: float = Field(default=1.0, gt=0)


class CrowdRule(Frozen):
    """Who belongs to a crowd; every condition that is stated has to hold.

    Attributes:
        orders_at_least: Paid orders up to ``as_of``.
        orders_at_most: The same, upper end; 0: never ordered.
        days_since_order_at_least: Days since the last order; who never ordered is out.
        days_since_order_at_most: The same, upper end.
        tiers: Member tiers.
        member: Whether they are members.
        follower: Whether they follow the service account.
        contact: Whether they are a WeCom contact now.
    """

    orders_at_least: int | None = Field(default=None, ge=0)
    orders_at_most: int | None = Field(default=None, ge=0)
    days_since_order_at_least: int | None = Field(default=None, ge=0)
    days_since_order_at_most: int | None = Field(default=None, ge=0)
    tiers: Names = Field(default=(), strict=False)
    member: bool | None = None
    follower: bool | None = None
    contact: bool | None = None


class CopyCrowd(Frozen):
    """One crowd pack of a test; a person belongs to the first one that fits.

    Attributes:
        name: As ``deliveries.crowd`` will call it.
        people: How many there are to be sent to, where no rule finds them.
        who: Rule that finds them in the client's tables.
        baseline: Share with the primary outcome under the present copy, where known.
        friend_value: Currency that a friend of this crowd brings; else economics.customer_value.
    """

    name: str = Field(min_length=1)
    people: int | None = Field(default=None, ge=0)
    who: CrowdRule | None = None
    baseline: float | None = Field(default=None, ge=0, le=1)
    friend_value: float | None = Field(default=None, ge=0)


class Guardrail(Frozen):
    """What must not get worse by more than a margin.

    Attributes:
        metric: opted_out, complained or friend_removed (within kept_days of adding).
        margin: Rise that is put up with, share of people sent to.
        baseline: Share under the present copy, where known.
    """

    metric: Harm
    margin: float = Field(gt=0, lt=1)
    baseline: float | None = Field(default=None, ge=0, le=1)


class CopyTest(Frozen):
    """One test, as it is planned.

    Attributes:
        id: As ``deliveries.test_id`` will call it.
        channel: sms, call, call_sms or wecom.
        hypothesis: What is expected, and why.
        vendor: Vendor of messages or calls, where known.
        purpose: marketing, interaction, care or daily.
        primary: The one outcome that decides.
        minimum_difference: Smallest difference worth finding, in share of people.
        minimum_lift: The same relative to the baseline.
        baseline: Share with the primary outcome under the present copy, where known.
        starts_on: First day of sending.
        ends_on: Last day of sending.
        send_hour: Hour of sending or calling, 0 to 23.
        window_days: Days after the first send in which outcomes count; else the setting.
        looks: Planned looks, as shares of the planned people; the last is 1.
        spending: How the looks spend the chance of a false claim.
        holdout_share: Share of each crowd that is sent nothing.
        attempts: Dials a person at most.
        budget: Currency that may be spent.
        call_capacity: Calls that can be made.
        arms: Versions of the copy.
        crowds: Crowd packs.
        guardrails: What must not get worse.
        plan: Path of the plan.json that was filed before the send, relative to forms.yml.
    """

    id: str = Field(min_length=1)
    channel: Channel
    hypothesis: str = ""
    vendor: str = ""
    purpose: Literal["marketing", "interaction", "care", "daily"] | None = None
    primary: Outcome = "friend_added"
    minimum_difference: float | None = Field(default=None, gt=0, lt=1)
    minimum_lift: float | None = Field(default=None, gt=0)
    baseline: float | None = Field(default=None, ge=0, le=1)
    starts_on: Day = None
    ends_on: Day = None
    send_hour: int | None = Field(default=None, ge=0, le=23)
    window_days: int | None = Field(default=None, ge=1, le=180)
    looks: tuple[float, ...] = Field(default=(1.0,), strict=False)
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    holdout_share: float = Field(default=0.0, ge=0, lt=1)
    attempts: int = Field(default=1, ge=1, le=20)
    budget: float | None = Field(default=None, ge=0)
    call_capacity: int | None = Field(default=None, ge=0)
    arms: tuple[CopyArm, ...] = Field(default=(), strict=False)
    crowds: tuple[CopyCrowd, ...] = Field(default=(), strict=False)
    guardrails: tuple[Guardrail, ...] = Field(default=(), strict=False)
    plan: str = ""

    @property
    def control(self) -> CopyArm | None:
        """The copy in use; None where none is named."""
        return next((arm for arm in self.arms if arm.control), None)

    @property
    def against_held_back(self) -> bool:
        """Whether versions are compared with people who are sent nothing, for want of a control."""
        return self.control is None and self.holdout_share > 0 and bool(self.arms)

    @property
    def challengers(self) -> tuple[CopyArm, ...]:
        """The versions that are held against the copy in use."""
        return tuple(arm for arm in self.arms if not arm.control)


def copy_test_problems(
    file: YamlFile, tests: tuple[CopyTest, ...], held: tuple[str, ...]
) -> Iterator[Problem]:
    """What is well-formed but can be no plan.

    Args:
        file: forms.yml.
        tests: Its tests.
        held: Names of arms to which nothing is sent (setting ``copy_tests.control_arms``).
    """
    seen = set[str]()
    for place, test in enumerate(tests):
        keys: KeyPath = ("copy_tests", place)
        if test.id in seen:
            yield Problem(
                (*keys, "id"),
                f"is {file.shown((*keys, 'id'), test.id)}, which another test has",
                "Expected an id of its own for each test",
                "Rename one of the two",
            )
        seen.add(test.id)
        yield from _arm_problems(file, keys, test, held)
        yield from _time_problems(file, keys, test)
        names = [crowd.name for crowd in test.crowds]
        yield from _doubled(file, (*keys, "crowds"), names, "crowd")
        yield from _doubled(file, (*keys, "guardrails"), [g.metric for g in test.guardrails], "")


def _arm_problems(
    file: YamlFile, keys: KeyPath, test: CopyTest, held: tuple[str, ...]
) -> Iterator[Problem]:
    names = [arm.name for arm in test.arms]
    yield from _doubled(file, (*keys, "arms"), names, "arm")
    controls = [arm.name for arm in test.arms if arm.control]
    if len(controls) > 1:
        yield Problem(
            (*keys, "arms"),
            f"names {len(controls)} arms as control: {', '.join(controls)}",
            "Expected one arm with `control: true`, the copy in use",
            "Keep it on one arm",
        )
    for number, name in enumerate(names):
        if name.lower() in held:
            place = (*keys, "arms", number, "name")
            yield Problem(
                place,
                f"is {file.shown(place, name)}, the name of an arm to which nothing is sent",
                "Expected another name: who is sent nothing goes into holdout_share",
                "Rename the arm, or change settings.copy_tests.control_arms",
            )


def _time_problems(file: YamlFile, keys: KeyPath, test: CopyTest) -> Iterator[Problem]:
    if test.starts_on and test.ends_on and test.ends_on < test.starts_on:
        place = (*keys, "ends_on")
        yield Problem(
            place,
            f"is {test.ends_on}, before starts_on {test.starts_on}",
            "Expected the last day of sending",
            "Correct one of the two",
        )
    looks = test.looks
    rising = all(a < b for a, b in itertools.pairwise(looks))
    if not looks or not rising or looks[0] <= 0 or looks[-1] != 1:
        place = (*keys, "looks")
        yield Problem(
            place,
            f"is {list(looks)}",
            "Expected rising shares of the planned people, the last one 1, such as [0.5, 1]",
            "Correct the looks",
        )


def _doubled(file: YamlFile, keys: KeyPath, names: list[str], what: str) -> Iterator[Problem]:
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        yield Problem(
            keys,
            f"names {name} twice",
            f"Expected each {what or 'metric'} once",
            "Rename or remove one of the two",
        )
