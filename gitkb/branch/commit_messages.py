"""The text of commits: one line for people, trailers for programs.

Invariant: a title or a path cannot inject a trailer or a second line, and mentions nobody and closes nothing on the service that
hosts the knowledge base: "@name" becomes "@ name", "Fixes #1" "Fixes # 1". Nothing in gitkb depends on trailers; they survive no
squash.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from gitkb.model.results import PageChanges
from gitkb.model.usage import Usage

MAX_SUBJECT = 120
MAX_LINES = 200
NAMED = 3
MAX_AGENT = 100
_NOTHING = Usage()
_AGENT = re.compile(r"^Gitkb-Agent: (.+)$", re.MULTILINE)
_MENTION = re.compile(r"(?<![^\W_])@(?=\w)|(?<![^\W_])[#!](?=\d)|\bGH-(?=\d)", re.IGNORECASE)
_CLOSING = re.compile(r"\b((?:close|fix|resolv|implement)\w*:? +)(?:https?://)?(\S+[/#!]\d+)", re.IGNORECASE)


def document_message(
    operation: str,
    document: str,
    title: str,
    sha256: str,
    usage: Usage = _NOTHING,
    ungrounded: int = 0,
    *,
    what: str = "",
) -> str:
    """The message of a document commit: "add docs/guide/intro-to-x: Introduction to X"; `usage` is what a model was asked for it,
    `ungrounded` how many of its claims were dropped. `what` stands for the document in the first line: "docs/old -> docs/new"."""
    trailers = {"Gitkb-Operation": operation, "Gitkb-Document": document, "Gitkb-Source-Sha256": sha256}
    trailers |= _cost(usage, ungrounded)
    return _message(f"{operation} {what or document}: {title}", "", trailers)


def pages_message(changes: PageChanges, usage: Usage = _NOTHING, ungrounded: int = 0) -> str:
    """The message of a pages commit: how many pages are new, changed and gone, and which."""
    counts = [(changes.created, "new"), (changes.changed, "changed"), (changes.removed, "removed")]
    subject = ", ".join(f"{len(pages)} {word}" for pages, word in counts if pages) or "nothing shown differs"
    listed = [_one_line(f"{word} {page}") for pages, word in counts for page in pages]
    more = [f"and {len(listed) - 200} more"] if len(listed) > 200 else []
    trailers = {"Gitkb-Operation": "pages"} | _cost(usage, ungrounded)
    return _message(f"pages: {subject}", "\n".join([*listed[:200], *more]), trailers)


def _cost(usage: Usage, ungrounded: int) -> dict[str, str]:
    """The lines about the use of a model: "Gitkb-Tokens: 5210 in, 640 out" and "Gitkb-Calls: 2, 1 from the cache"."""
    if usage == _NOTHING:
        return {}
    cached = f", {usage.cached} from the cache" if usage.cached else ""
    unknown = usage.calls and usage.uncounted >= usage.calls
    tokens = "not known" if unknown else f"{usage.tokens_in} in, {usage.tokens_out} out"
    found = {"Gitkb-Tokens": tokens, "Gitkb-Calls": f"{usage.calls}{cached}"}
    return found | ({"Gitkb-Ungrounded": str(ungrounded)} if ungrounded else {})


def agent_trailer(agent: str) -> str:
    """The line below the messages of what an agent of this name and version did."""
    return f"Gitkb-Agent: {_one_line(agent)[:MAX_AGENT]}"


def agent_of(message: str) -> str:
    """The agent that a message names among its trailers, "" for none."""
    found = _AGENT.search(message.rstrip("\n").rpartition("\n\n")[2])
    return _one_line(found[1])[:MAX_AGENT] if found else ""


def edit_message(paths: list[str]) -> str:
    """The message of a commit that holds exactly a person's own edits."""
    subject = f"edit {paths[0]}" if len(paths) == 1 else f"edit {len(paths)} pages"
    return _message(subject, "\n".join(map(_one_line, paths)) if len(paths) > 1 else "", {"Gitkb-Operation": "edit"})


def exploration_message(page: str, title: str, by: str, answered_at: str, tokens: int) -> str:
    """The message of a commit that saves an answer: "save explorations/what-is-a-checkpoint: What is a checkpoint?"."""
    trailers = {"Gitkb-Operation": "save", "Gitkb-Answered-By": by, "Gitkb-Answered-At": answered_at}
    spent = {"Gitkb-Tokens": str(tokens)} if tokens else {}
    name = page.removeprefix("wiki/").removesuffix(".md")
    return _message(f"save {name}: {title}", "", {**{key: _one_line(value) for key, value in trailers.items() if value}, **spent})


def approval_message(pages: Mapping[str, Sequence[str]], by: str, *, withdrawn: bool) -> str:
    """The message of a commit in which a person confirms `pages` with their claims: "approve: concepts/raft, concepts/paxos" and
    what was confirmed of each; or takes that back."""
    names = [page.removeprefix("wiki/").removesuffix(".md") for page in pages]
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    lines = []
    for name, claims in zip(names, pages.values(), strict=True):
        lines += [f"{name}:" if claims else name, *(f"- {claim}" for claim in claims)]
    more = [f"and {len(lines) - MAX_LINES} more lines"] if len(lines) > MAX_LINES else []
    trailers = {"Gitkb-Operation": "withdraw" if withdrawn else "approve", "Gitkb-By": by}
    subject = f"withdraw the approval of {shown}" if withdrawn else f"approve: {shown}"
    return _message(subject, "\n".join([*lines[:MAX_LINES], *more]), trailers)


def migration_message(before: int, after: int, steps: Sequence[str], files: int) -> str:
    """The message of a migration: "migrate: format 1 to 2", with what each step brings and how many files it touches."""
    lines = [f"Format {number} brings {step}." for number, step in enumerate(steps, before + 1)]
    lines.append("Only the number in the settings changes." if files == 1 else f"{files} files are in the new form.")
    return _message(f"migrate: format {before} to {after}", "\n".join(lines), {"Gitkb-Operation": "migrate"})


def undo_message(undone: str, what: str, documents: Sequence[str]) -> str:
    """The message of a commit that takes another back: "undo add docs/x: Title"; `undone` is that commit's id."""
    document = {"Gitkb-Document": documents[0]} if len(documents) == 1 else {}
    return _message(f"undo {what}", f"This takes back {undone}.", {"Gitkb-Operation": "undo", **document})


def decide_message(said: Sequence[str], by: str = "") -> str:
    """The message of a commit that holds decisions about names: "decide: WAL means Write-ahead logging", or how many; `by` names
    the rule that decided, "" for the person who commits."""
    subject = said[0] if len(said) == 1 else f"{len(said)} names mean the same as others"
    trailers = {"Gitkb-Operation": "decide"} | ({"Gitkb-Decided-By": by} if by else {})
    return _message(f"decide: {subject}", "\n".join(map(_one_line, said)) if len(said) > 1 else "", trailers)


def link_message(mended: Sequence[tuple[str, int, str]]) -> str:
    """The message of a commit that mends dead links: for each its page, its line and its new target."""
    pages = sorted({page for page, _, _ in mended})
    where = pages[0] if len(pages) == 1 else f"{len(pages)} pages"
    lines = [_one_line(f"{page}:{line} leads to {target}") for page, line, target in mended]
    more = [f"and {len(lines) - 200} more"] if len(lines) > 200 else []
    count = f"{len(mended)} dead link{'s' if len(mended) != 1 else ''}"
    return _message(f"mend {count} in {where}", "\n".join([*lines[:200], *more]), {"Gitkb-Operation": "lint"})


def merge_message(source: str, documents: Mapping[str, Sequence[str]]) -> str:
    """The message of a merge commit: "merge origin/main: 3 added, 1 removed". `documents`: the documents by kind of change."""
    counts = ", ".join(f"{len(names)} {word}" for word, names in documents.items() if names)
    listed = [_one_line(f"{word} {name}") for word, names in documents.items() for name in names]
    more = [f"and {len(listed) - 200} more"] if len(listed) > 200 else []
    return _message(
        f"merge {source}{': ' if counts else ''}{counts}", "\n".join([*listed[:200], *more]), {"Gitkb-Operation": "merge"}
    )


def _message(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    line = _calm(subject)
    short = line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 3].rstrip()}..."
    lines = "\n".join(map(_calm, body.split("\n")))
    parts = [short, lines, "\n".join(f"{key}: {_one_line(value)}" for key, value in trailers.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _one_line(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())


def _calm(text: str) -> str:
    """The text as one line that names no person and no issue to a hosting service."""
    closing = _CLOSING.sub(lambda found: found[1] + re.sub(r"([#!/])(?=\d+\Z)", r"\1 ", found[2]), _one_line(text))
    return _MENTION.sub(lambda found: f"{found[0]} ", closing)
