"""Answers to questions: passages quoted or a model's words, with citations that exist, and the conversations they are part of."""
