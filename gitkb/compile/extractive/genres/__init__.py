"""What documents of one kind say by their form: minutes by agenda and votes, slides by the first one, notes by their labels.

Invariant: pure functions of one document as it was read. All words that they give stand in the document.
"""
