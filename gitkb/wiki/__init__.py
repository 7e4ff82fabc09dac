"""Records become pages: the projection, people's edits, and checks. Pure: no files, no repository."""
