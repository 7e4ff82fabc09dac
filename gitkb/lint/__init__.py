"""Quality, for people: what `gitkb lint` finds in pages and documents that are whole, and what of it can be set right alone."""
