"""OpenDocument files to Markdown: texts (odt), workbooks (ods) and presentations (odp).

Start with `text_content.py`, which reads what all three are made of; `package.py` opens the archive.
"""
