"""The question about two claims: whether both can be true."""

from gitkb.compile.llm.prompts import schema

RULES = """\
You are given two statements about the same subject from a reference wiki, each with the title of the document that makes it. \
Decide whether they contradict each other. Answer with one JSON object: "contradict", true or false.
- true: both speak of the same thing under the same conditions, and they cannot both be true (another number for the same \
quantity, one says that something is so and the other that it is not).
- false: they speak of different things, cases, versions, times or parts; one is more exact, or an exception; or it is not \
clear. When in doubt: false."""

CONFLICT_SCHEMA = schema({"contradict": {"type": "boolean"}})
