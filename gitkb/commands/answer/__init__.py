"""Answers to questions, by a model or by the best passages, with citations that exist; and chats.

Nothing here writes but `saved_answer.py` and `chats.py`. Start with `answer.py`.
"""
