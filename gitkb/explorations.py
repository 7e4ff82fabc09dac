"""Where saved answers stand: `wiki/explorations/<name>.md`. They are people's pages; only their index is gitkb's."""

FOLDER = "wiki/explorations"


def exploration_name(path: str) -> str | None:
    """The name of the saved answer at a path, None where a path is none: an index, another file, a folder below."""
    folder, _, file = path.rpartition("/")
    if folder != FOLDER or not file.endswith(".md") or file == "index.md" or file.startswith("index--"):
        return None
    return file.removesuffix(".md")
