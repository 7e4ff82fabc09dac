"""From files of this machine to commits: scan, names, parallel preparation, the run."""
