"""Speaks to a model's server: many questions at once, each asked once, and conversations with tools."""

from gitkb.compile.client.client import Client, Endpoint, Patience

__all__ = ["Client", "Endpoint", "Patience"]
