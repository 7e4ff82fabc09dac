"""Pure functions on text: no files, no repository, no network."""
