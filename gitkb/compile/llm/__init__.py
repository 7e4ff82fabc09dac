"""The compiler that asks a model: the questions, and what is kept of the replies.

Pure functions over a client that is handed in. Start with `compiler.py`; the words of the questions are in `prompts.py`.
"""
