"""Seeded sample brands: shared helpers, and one package a brand with ``build`` and ``write``."""
