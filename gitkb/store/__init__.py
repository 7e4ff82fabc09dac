"""The only place for pygit2: transactions on a git repository, and read-only views of its commits.

A group of commits is built in memory, made durable as one pack, and becomes real in one compare-and-swap of the branch; index and
worktree follow; what a killed run leaves, the next writer clears. Nothing here knows documents or pages. Start with
`repository.py`; the order of writes is in `transaction/publish.py`.
"""
