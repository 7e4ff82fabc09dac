"""Declared sources: where the documents below a root come from, and bringing them up to date from there. Start reading at
`sync_run`. What is added, it adds as `gitkb.commands.add` does; here lives only where the files are."""
