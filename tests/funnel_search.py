"""Funnels of small cases by exhaustive search: every choice of events, every rule by its words."""

from __future__ import annotations

from itertools import pairwise, permutations, product


def search(
    events, steps, *, order="ordered", window=None, limits=None, exclude=(), ties="in_order"
):
    """Greatest number of steps and, by step, (first time reached, latest time of the one before).

    ``events`` are ``(time, name)`` of one person, ``exclude`` holds ``(name, from_step, to_step)``,
    ``limits`` the most seconds since the step before, one for each step.
    """
    best: dict[int, tuple] = {}
    for chosen in _ways(events, steps, order, ties):
        times = [events[i][0] for i in chosen]
        if not _keeps(events, times, len(steps), order, window, limits, exclude):
            continue
        ordered = sorted(times)
        end, before = ordered[-1], ordered[-2] if len(ordered) > 1 else None
        known = best.get(len(chosen))
        if (
            known is None
            or end < known[0]
            or (end == known[0] and before is not None and before > known[1])
        ):
            best[len(chosen)] = (end, before)
    return max(best, default=0), best


def _ways(events, steps, order, ties):
    """All choices of different events for the first steps, or (unordered) for any of them."""
    indexes = range(len(events))
    if order == "strict":
        listed = [i for i in indexes if events[i][1] in steps]
        for line in _lines(listed, events):
            for start in range(len(line)):
                for size in range(1, min(len(steps), len(line) - start) + 1):
                    chosen = line[start : start + size]
                    if _named(events, chosen, steps) and _apart(events, chosen, ties):
                        yield chosen
        return
    for size in range(1, len(steps) + 1):
        for chosen in permutations(indexes, size):
            names = [events[i][1] for i in chosen]
            if order == "unordered":
                left = list(steps)
                if all(name in left and (left.remove(name) or True) for name in names):
                    yield chosen
            elif names == list(steps[:size]):
                times = [events[i][0] for i in chosen]
                if all(a <= b for a, b in pairwise(times)) and _apart(events, chosen, ties):
                    yield chosen


def _lines(indexes, events):
    """Every order of the events that their times allow."""
    times = sorted({events[i][0] for i in indexes})
    groups = [list(permutations([i for i in indexes if events[i][0] == t])) for t in times]
    for parts in product(*groups):
        yield [i for part in parts for i in part]


def _named(events, chosen, steps):
    return [events[i][1] for i in chosen] == list(steps[: len(chosen)])


def _apart(events, chosen, ties):
    return ties == "in_order" or all(events[a][0] < events[b][0] for a, b in pairwise(chosen))


def _keeps(events, times, steps, order, window, limits, exclude):
    if window is not None and max(times) - min(times) > window:
        return False
    for place, (earlier, later) in enumerate(pairwise(times), start=1):
        if limits and limits[place] is not None and later - earlier > limits[place]:
            return False
    for name, first, last in exclude:
        if order == "unordered":
            lower, upper = min(times), max(times)
        elif len(times) <= first:
            continue
        else:
            lower, upper = times[first - 1], times[min(last, len(times)) - 1]
        if any(n == name and lower < t < upper for t, n in events):
            return False
    return True
