"""Intake: the one door through which a client's data enter, checked and without raw identifiers.

prepare                  files -> stored tables beside the client, once
write_check              what was missing, wrong or unusable, as JSON and a list of bad rows
measure_tables, ..       playbook 00: tables, identity, coverage, consent, systems; with plot_* and
                         describe_*
"""

from privdom_kit._lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "preparing": ["Prepared", "UnusableData", "prepare", "input_hashes"],
        "check": ["build_check", "write_check"],
        "measure": ["measure_coverage", "measure_tables"],
        "measure_stitching": ["measure_identity"],
        "measure_permissions": ["measure_consent"],
        "measure_inventory": ["measure_systems"],
        "plot": ["plot_coverage", "plot_tables"],
        "plot_registers": ["plot_consent", "plot_identity", "plot_reach", "plot_systems"],
        "describe": ["describe_coverage", "describe_tables"],
        "describe_registers": ["describe_consent", "describe_identity", "describe_systems"],
    },
)
