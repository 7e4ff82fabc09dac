"""Reads electronic mail: single messages (eml, msg) and mailboxes (mbox).

Start with `email_message.py`; `mailbox_file.py` splits a mailbox into messages, and `outlook_message.py` makes such a message of
what Outlook saves.
"""
