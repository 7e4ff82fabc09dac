"""The command line: one file per command, and the only place for typer, terminal output and environment variables.

A command finds its knowledge base, calls the library once and prints what came back. Results go to stdout, progress and
messages to stderr. Errors are raised, never printed, by commands: `boundary` turns them into words and an exit code.
"""
