"""Compilers: they make a `Digest` of one converted document, knowing nothing of any other."""

COMPILER = "gitkb-extractive/1"
"""The extractive compiler and the version of its rules, as digests and pages name it."""
