"""The command line: the only place for typer, terminal output and environment variables.

It calls the library alone. Start with `app.py`; the commands are in `commands/`.
"""
