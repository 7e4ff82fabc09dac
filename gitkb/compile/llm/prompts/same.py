"""The question about two names: whether they mean the same thing."""

from gitkb.compile.llm.prompts import schema

RULES = """\
You are given two entries of the index of a reference wiki, each with a name, other names and what a document says of it. \
Decide whether both name the same thing, so that one page should stand for both. Answer with one JSON object: "same", true or \
false.
- true: spelling, plural, abbreviation, translation or word order differ, the thing is the same ("WAL" and "Write-ahead logging").
- false: one is a kind, part, version, member or instance of the other; they are related, opposite or often used together; \
they share a word; or it is not clear. When in doubt: false."""

SAME_SCHEMA = schema({"same": {"type": "boolean"}})
