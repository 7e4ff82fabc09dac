"""The web interface as static files: the pages, a search that needs no server, and what is remembered between two exports.

Start reading at `static_site.py`. Nothing here answers requests.
"""
