"""The question about a page: an overview made of the claims of documents."""

from gitkb.compile.llm.prompts import NUMBER, TEXT, listed, schema, strict

RULES = """\
You are given the name of a {kind} and numbered claims about it from several documents. Write the overview that opens its page \
in a reference wiki. Answer with one JSON object: "sentences", a list of two to five objects of
- "text": a complete sentence. The first says what it is. Only what the claims say: no conclusions, no causes, no general \
knowledge; every name and number must stand in the claims that the sentence is made from; keep every "not", "only", "may", \
"usually". Where documents disagree, say so. No reference to the claims or documents themselves.
- "claims": the numbers of the claims that the sentence is made from, at most three.

Plain text only: no Markdown, no HTML, no links. {language}"""

OVERVIEW_SCHEMA = schema({"sentences": listed(strict({"text": TEXT, "claims": listed(NUMBER)}))})
