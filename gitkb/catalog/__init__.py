"""The derived SQLite index of a knowledge base: search, and look-ups for the projection."""
