"""Words and sentences of natural languages: detection, sentences, terms, search tokens, word classes, boilerplate.

Word lists are data; the modules only read them. Start with `sentences.py` and `terms.py`.
"""
