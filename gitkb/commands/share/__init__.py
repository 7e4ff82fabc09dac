"""Between repositories: push, pull, pull requests, hooks, the judgement of a push.

Network traffic goes through the git program. Start with `push_pull.py`.
"""
