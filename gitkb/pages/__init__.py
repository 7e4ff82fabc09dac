"""Brings shared pages up to date, foresees what would change, and holds the model that writes about them.

Pages are written nowhere else. Start with `refresh.py`.
"""
