"""Files of this machine: locks, the local folder `.git/gitkb`, durable writes, signals.

Nothing here reads git objects. Start with `locks.py`.
"""
