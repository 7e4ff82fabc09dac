"""The library: `KnowledgeBase`, which the command line and every other interface use, and nothing else.

It never prints and never reads the environment. Start with `knowledge_base.py`.
"""
