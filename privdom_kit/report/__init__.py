"""Reports: the theme, findings in a notebook, one self-contained HTML page a playbook, the index."""
