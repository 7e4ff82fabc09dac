"""The client of a model's server: questions, replies, pace, budget, and the cache of replies.

It knows nothing of documents or pages; only `wire.py` may import the HTTP package. Start with `client.py`.
"""
