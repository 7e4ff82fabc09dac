"""Electronic mail to Markdown: single messages (eml) and mailboxes (mbox).

Start with `email_message.py`; `mailbox_file.py` parts a mailbox into messages.
"""
