"""Reports: the theme, findings in a notebook, one self-contained page a playbook, the index."""
