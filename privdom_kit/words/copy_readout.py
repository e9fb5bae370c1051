"""Words of names of the copy test readout."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # rows left out
    "no test": "belong to no test",
    "no arm": "name no arm",
    # outcomes of a person
    "delivered": "delivered",
    "connected": "connected",
    "friend_added": "friend added",
    "friend_kept": "friend kept",
    "ordered": "ordered",
    "opted_out": "opted out",
    "complained": "complained",
    "friend_removed": "friend removed the brand",
}
