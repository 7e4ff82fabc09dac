"""Optical character recognition: the text of scanned pages and of pictures.

Start with `sight.py`; `engines.py` chooses who reads. What a page makes of what was read is in `gitkb.convert.pdf`. Nothing here
runs unless the settings ask for it (`convert.ocr`), and no program is started: the engines are libraries.
"""
