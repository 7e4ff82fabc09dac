"""Reads electronic mail: single messages (eml) and mailboxes (mbox).

Start with `email_message.py`; `mailbox_file.py` splits a mailbox into messages.
"""
