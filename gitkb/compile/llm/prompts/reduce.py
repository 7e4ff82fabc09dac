"""The question about a long document: what the statements found in its parts say of the whole."""

from gitkb.compile.llm.prompts import NUMBER, TEXT, listed, schema, strict

RULES = """\
You are given numbered statements that were taken from the parts of one long document, in text order, each below the heading \
of its part. Write down what the document as a whole says. Answer with one JSON object:
- "title": the title of the document as the statements or headings show it; empty if they do not.
- "description": one plain sentence of at most 25 words: what the document is and what it covers.
- "summary": three to five sentences that together tell what the whole document says. Each is an object of "text", a complete \
sentence that can be understood alone, and "points", the numbers of the one to three statements that it is made from. Only \
what these statements say: no conclusions, no causes, no general knowledge; every name and number must stand in them; keep \
every "not", "only", "may".
- "key_points": the numbers of the {most} statements that matter most, from all parts of the document, the most important first.

Plain text only: no Markdown, no HTML, no links. {language}"""

REDUCE_SCHEMA = schema(
    {
        "title": TEXT,
        "description": TEXT,
        "summary": listed(strict({"text": TEXT, "points": listed(NUMBER)})),
        "key_points": listed(NUMBER),
    }
)
