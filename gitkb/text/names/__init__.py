"""Names: slugs for paths, names that nearly agree, kinds of proper names, addresses of the web.

No natural-language parsing beyond single names. Start with `slugs.py`.
"""
