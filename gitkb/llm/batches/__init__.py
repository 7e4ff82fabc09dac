"""Questions that are sent to a server in files and answered some time later, for less: the protocol of OpenAI's batches.

`batch_asker.py` sends, waits and collects; `batch_book.py` remembers what waits, also for days and through crashes.
"""
