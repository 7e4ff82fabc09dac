"""Electronic mail to Markdown: single messages (eml, msg) and mailboxes (mbox).

Start with `email_message.py`; `mailbox_file.py` parts a mailbox into messages, `outlook_message.py` makes
such a message of what Outlook saves.
"""
