"""Playbook 00, identity: who is one person over all tables, and through what people are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privdom_kit.intake.capture import measure_capture
from privdom_kit.intake.merge_log import ONE_EACH, SEVERAL
from privdom_kit.intake.reach import measure_reach
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client import Client

_METHODS = ("S149", "S171", "S195")
_KEY_COLUMNS = [
    "identity",
    "values",
    "refused_values",
    "unusable_values",
    "people",
    "people_matched",
    "people_matched_share",
    "people_matched_by_key",
    "matched_by_key_share",
    "rows",
    "rows_matched",
    "rows_matched_share",
]


def measure_identity(client: Client) -> Result:
    """How far identifiers join tables into people, what they contradict, and who can be reached.

    S149 people matched over tables / people of all tables, and by the key that stands in two
    tables; S195 rows joined / rows that hold the key, values refused, people with several values;
    S171 people identified / visitors at a touchpoint, where visitors were counted.

    Args:
        client: The opened client.

    Returns:
        ``table``: a row an identity type: values, refused_values (a guard took them for shared),
        unusable_values (blank, masked), people who carry one, people_matched (who stand in two
        tables), people_matched_by_key (one value of theirs stands in two tables) and its share
        of all people, rows that hold one and rows_matched (whose person stands in another table
        too). ``tables``: reach (people and buyers by touchpoint), ties (distinct pairs of values
        and the people they joined), several (people by number of values), shared, clusters and
        conflicts (at most 20 each, by keyed id), capture.
        ``act`` where a cluster passed ``identity.max_cluster`` or no person stands in two tables;
        ``watch`` where values were refused or one person carries two customer, union or member
        ids; ``not_measured`` with fewer than two tables that name people.
    """
    log = merge_log_of(client)
    least = client.settings.privacy.min_cell
    table, hidden = _key_table(log, least)
    tables, more = _tables(client, log, least)
    capture, notes = measure_capture(client, least)
    reach, unseen = measure_reach(client, least)
    tables = {"reach": reach, **tables, **capture}
    conflicts = sum(
        row["people"] for row in log["several"]
        if row["identity"] in ONE_EACH and row["values"] > 1
    )  # fmt: skip
    cells = hidden + more + unseen
    return Result(
        question="identity",
        methods=_METHODS,
        verdict=_judge(log, conflicts),
        table=table,
        units=_UNITS,
        settings={
            "identity.max_people_per_value": client.settings.identity.max_people_per_value,
            "identity.max_cluster": client.settings.identity.max_cluster,
            "privacy.min_cell": least,
        },
        coverage=coverage_of(client, log["tables"]),
        as_of=client.as_of.isoformat(),
        figures=_figures(log, conflicts, least),
        tables=tables,
        notes=(*notes, *suppression_note(cells, least)),
    )


_UNITS = {
    "people_matched_share": "percent: share of the people who carry the key",
    "matched_by_key_share": "percent: share of all people",
    "rows_matched_share": "percent: share of the rows that hold the key",
    "matched_share": "percent: share of all people",
    "reachable_share": "percent: share of people",
    "buyers_reachable_share": "percent: share of buyers",
    "identified_share": "percent: share of visitor days",
    "would_join": "people that the value would join",
}


_NOT_STITCHED: Mapping[str, Any] = {
    "tables": [],
    "people_in_two_tables": 0,
    **{name: [] for name in ("keys", "ties", "several", "pairs")},
    **{name: [] for name in ("shared", "clusters", "conflicts")},
    "shared_values": 0,
    "large_clusters": 0,
}


def merge_log_of(client: Client) -> Mapping[str, Any]:
    """What stitching logged; an empty log where tables came with their customers numbered."""
    stitched = client.intake.get("identity")
    return stitched or {**_NOT_STITCHED, "people": client.intake["people"] or 0}


def coverage_of(client: Client, names: Sequence[str]) -> Coverage:
    """Rows of the named tables: read, used, left out by reason."""
    dropped: dict[str, int] = {}
    for name in names:
        for reason, rows in client.tables[name].coverage.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + rows
    used = sum(client.tables[name].coverage.used for name in names)
    return Coverage(used + sum(dropped.values()), used, dropped)


def add_share(table: pd.DataFrame, name: str, part: str, whole: str) -> pd.DataFrame:
    """The table with ``part / whole``, null where there is nothing to divide by."""
    return table.assign(**{name: table[part] / table[whole].where(table[whole] > 0)})


def _key_table(log: Mapping[str, Any], least: int) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    table = pd.DataFrame(log["keys"], columns=[c for c in _KEY_COLUMNS if "share" not in c])
    table = add_share(table, "people_matched_share", "people_matched", "people")
    table = add_share(table.assign(union=log["people"]), "matched_by_key_share",
                      "people_matched_by_key", "union")  # fmt: skip
    table = add_share(table, "rows_matched_share", "rows_matched", "rows")[_KEY_COLUMNS]
    hidden = 0
    for count, share in (
        ("people", "people_matched_share"),
        ("people_matched", "people_matched_share"),
        ("people_matched_by_key", "matched_by_key_share"),
    ):
        # Keys overlap: no total is shown from which a hidden cell would follow.
        table, cells = suppress(table, count, [share], least, groups=())
        hidden += cells
    return table, hidden


def _tables(
    client: Client, log: Mapping[str, Any], least: int
) -> tuple[dict[str, pd.DataFrame], int]:
    import pandas as pd

    several = pd.DataFrame(log["several"], columns=["identity", "values", "people"])
    carried = several["values"].astype(str).where(several["values"] < SEVERAL, f"{SEVERAL}+")
    several, hidden = suppress(
        several.assign(values_carried=carried)[["identity", "values_carried", "people"]],
        "people", [], least, groups=(("identity",),),
    )  # fmt: skip
    ties = pd.DataFrame(log["ties"], columns=["identity", "other_identity", "pairs", "people"])
    ties, more = suppress(ties, "people", [], least, groups=())
    tables = {"ties": ties, "several": several}
    for name, count in (("shared", "would_join"), ("clusters", "people"), ("conflicts", "")):
        if log[name]:
            table = pd.DataFrame(log[name])
            if count:
                table, cells = suppress(table, count, [], least, groups=())
                more += cells
            tables[name] = table
    return {name: table for name, table in tables.items() if len(table)}, hidden + more


def _judge(log: Mapping[str, Any], conflicts: int) -> Verdict:
    if log["large_clusters"]:
        return Verdict.ACT
    if len(log["tables"]) < 2:
        return Verdict.NOT_MEASURED
    if not log["people_in_two_tables"]:
        return Verdict.ACT
    return Verdict.WATCH if log["shared_values"] or conflicts else Verdict.CLEAR


def _figures(log: Mapping[str, Any], conflicts: int, least: int) -> dict[str, Any]:
    def shown(people: int) -> int | None:
        return None if 0 < people < least else people

    # Nobody can stand in two tables where there is one: that is not known, and no zero.
    matched = shown(log["people_in_two_tables"]) if len(log["tables"]) > 1 else None
    return {
        "tables": len(log["tables"]),
        "people": log["people"],
        "people_matched": matched,
        "matched_share": matched / log["people"] if log["people"] and matched is not None else None,
        "conflicts": shown(conflicts),
        "shared_values": log["shared_values"],
        "large_clusters": log["large_clusters"],
    }
