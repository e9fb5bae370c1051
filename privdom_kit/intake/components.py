"""Connected components of a graph on whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def label_components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The component of each node.

    Args:
        count: Nodes, numbered from 0.
        a: One end of each edge, shape (edges,).
        b: The other end, shape (edges,).

    Returns:
        Labels from 0 without gaps, shape (count,), int32.
    """
    import numpy as np

    if not len(a):
        return np.arange(count, dtype=np.int32)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return labels


def distinct_pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once; the numbers are below 2^31.

    Args:
        a: First numbers, shape (pairs,).
        b: Second numbers, shape (pairs,).
    """
    import numpy as np

    # Sorting whole numbers is several times faster than the hashing of np.unique.
    key = np.sort((a.astype(np.int64) << 32) | b.astype(np.int64))
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
