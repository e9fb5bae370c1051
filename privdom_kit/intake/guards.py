"""What keeps strangers apart: shared values that join nobody, clusters that grew too large.

Identifier values are nodes; two on one row are tied. Both guards look at the graph alone, never
at an order of rows. A value that a guard refuses names nobody: its ties are gone, and a row that
carries no other value has no person.

Shared values (``identity.max_people_per_value``, n). A value tied to more than n others is a
suspect: fewer ties cannot join more than n people. Without the ties of suspects the rest falls
into groups. A suspect would join the groups that it touches and, since a neighbour that is a
suspect itself hides its people, the suspects of one type that it touches; one of these may be
one of the groups' people, so it is not counted beside them. More than n: refused. Three WeCom
ids of one person on one phone are three groups at most, as are three members of a family.

Large clusters (``identity.max_cluster``). A cluster of more values is built anew from the
strongest key to the weakest: a value that touches nobody begins a person, one that touches one
person joins it, one that would join two is refused. So nobody is merged through a weaker key
there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.contracts import IDENTITIES
from privdom_kit.intake.components import distinct_pairs, label_components

if TYPE_CHECKING:
    import numpy as np

# A platform issues the first ones to one account each; families and shops share a phone.
STRONGEST_FIRST = (
    "customer_id",
    "union_id",
    "member_id",
    "external_user_id",
    "open_id",
    "buyer_id",
    "phone",
)
NOT_REFUSED, SHARED, IN_CLUSTER = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Identifier values and their ties.

    Attributes:
        kind: Identity type of each value, an index into ``IDENTITIES``; shape (values,), int8.
        a: One end of each tie, shape (ties,), int32; ties may repeat.
        b: The other end.
    """

    kind: np.ndarray
    a: np.ndarray
    b: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Which values are one person.

    Attributes:
        label: Person of each value, -1 for a refused one; shape (values,), int32; gaps allowed.
        refused: :data:`NOT_REFUSED`, :data:`SHARED` or :data:`IN_CLUSTER`; shape (values,), int8.
        would_join: People that a shared value would join, else 0; shape (values,), int32.
        cluster: Number from 0 of the large cluster that a value was in, else -1; int32.
        cluster_sizes: Values in each large cluster, shape (clusters,).
    """

    label: np.ndarray
    refused: np.ndarray
    would_join: np.ndarray
    cluster: np.ndarray
    cluster_sizes: np.ndarray


def group_values(graph: Graph, max_people_per_value: int, max_cluster: int) -> Grouping:
    """The people of a graph, guarded.

    Args:
        graph: Values and ties.
        max_people_per_value: People from above whom a value joins nobody.
        max_cluster: Values above which a cluster is built anew.
    """
    import numpy as np

    would_join, label = _join_calm(graph, max_people_per_value)
    shared = would_join > max_people_per_value
    label = np.where(shared, np.int32(-1), label)
    refused = np.where(shared, np.int8(SHARED), np.int8(NOT_REFUSED))
    sizes = np.bincount(label[~shared], minlength=1)
    large = np.flatnonzero(sizes > max_cluster)
    number = np.full(len(sizes) + 1, -1, dtype=np.int32)  # the last place is that of label -1
    number[large] = np.arange(len(large), dtype=np.int32)
    cluster = number[label]
    if len(large):
        _rebuild(graph, label, refused, cluster)
    would_join = np.where(shared, would_join, 0).astype(np.int32)
    return Grouping(label, refused, would_join, cluster, sizes[large])


def _join_calm(graph: Graph, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """People that each suspect would join, and components without the refused ones' ties."""
    import numpy as np

    count = len(graph.kind)
    suspect, v, w = _suspects(graph, limit)
    would_join = np.zeros(count, dtype=np.int64)
    if not len(v):
        return would_join, label_components(count, graph.a, graph.b)
    calm = ~(suspect[graph.a] | suspect[graph.b])
    groups = label_components(count, graph.a[calm], graph.b[calm])
    would_join = _people_joined(graph.kind, suspect, groups, v, w)
    kept = suspect & (would_join <= limit)
    # What is left to tie are the suspects that were cleared, to whole groups: a small graph.
    mine = kept[v] & (kept[w] | ~suspect[w])
    joined = label_components(int(groups.max()) + 1, groups[v[mine]], groups[w[mine]])
    return would_join, joined[groups]


def _suspects(graph: Graph, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values with more than ``limit`` neighbours, and their ties (suspect, neighbour), once."""
    import numpy as np

    count = len(graph.kind)
    ties = np.bincount(graph.a, minlength=count) + np.bincount(graph.b, minlength=count)
    suspect = ties > limit  # an upper bound, since ties may repeat
    there, back = suspect[graph.a], suspect[graph.b]
    v, w = distinct_pairs(
        np.concatenate([graph.a[there], graph.b[back]]),
        np.concatenate([graph.b[there], graph.a[back]]),
    )
    suspect = np.bincount(v, minlength=count) > limit
    return suspect, v[suspect[v]], w[suspect[v]]


def _people_joined(
    kind: np.ndarray, suspect: np.ndarray, groups: np.ndarray, v: np.ndarray, w: np.ndarray
) -> np.ndarray:
    """For each suspect the groups it touches, and the suspects of one type beyond the first."""
    import numpy as np

    count, types = len(kind), len(IDENTITIES)
    hidden = suspect[w]
    touching, _ = distinct_pairs(v[~hidden], groups[w[~hidden]])
    touched = np.bincount(touching, minlength=count)
    places = v[hidden].astype(np.int64) * types + kind[w[hidden]]
    place, neighbours = np.unique(places, return_counts=True)
    peers = np.zeros(count, dtype=np.int64)
    np.maximum.at(peers, place // types, neighbours)
    return touched + peers - ((touched > 0) & (peers > 0))


def _rebuild(graph: Graph, label: np.ndarray, refused: np.ndarray, cluster: np.ndarray) -> None:
    """Build the large clusters anew, strongest key first; changes ``label`` and ``refused``."""
    import numpy as np

    inside = (cluster[graph.a] >= 0) & (cluster[graph.b] >= 0)
    v = np.concatenate([graph.a[inside], graph.b[inside]])
    w = np.concatenate([graph.b[inside], graph.a[inside]])
    label[cluster >= 0] = -1
    fresh = int(label.max()) + 1
    for name in STRONGEST_FIRST:
        mine = (cluster >= 0) & (graph.kind == IDENTITIES.index(name))
        tied = mine[v] & (label[w] >= 0)
        value, person = distinct_pairs(v[tied], label[w[tied]])
        people = np.bincount(value, minlength=len(label))
        label[value] = person
        refused[mine & (people > 1)] = IN_CLUSTER
        label[mine & (people > 1)] = -1
        alone = np.flatnonzero(mine & (people == 0))
        label[alone] = fresh + np.arange(len(alone), dtype=np.int32)
        fresh += len(alone)
