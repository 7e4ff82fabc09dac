"""The server through which AI agents read a knowledge base and propose changes: over the Model Context Protocol.

Nothing here knows what a page is made of: tools ask the library, bound what it says and mark what documents say as data. It
must not write to standard output, which is the wire. Start with `mcp_server.py`.
"""
