"""Comparisons within one run: ratios travel between machines, seconds do not."""
