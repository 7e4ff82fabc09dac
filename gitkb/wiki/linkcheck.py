"""Whether the links, anchors and footnotes of pages resolve, for thousands of pages at once.

Invariant: a target is fine when the tree has it or the projection will make it; links inside converted texts are their
authors' and are not asked for here. Generated pages have links of a known shape and are scanned, a person's are parsed.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import dirname

from gitkb.model import Problem
from gitkb.text.links import anchors, heading_anchor, named_anchors, resolve

_LINK = re.compile(r"(?<!\\)\]\(([^()\s<>]+)\)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_MARKUP = re.compile(r"!?\[([^\[\]]*)\](?:\([^()\s]*\)|\[[^\[\]]*\])?|[*`\\]|(?<!\w)_+|_+(?!\w)")
_DEFINED = re.compile(r"^\[\^([^\]\n]+)\]:", re.MULTILINE)
_USED = re.compile(r"(?<!\\)\[\^([^\]\n]+)\](?!:)")
_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1|(`+)(?!`).+?\2(?!`)", re.MULTILINE | re.DOTALL)


def folders_of(files: Iterable[str]) -> set[str]:
    """The folders in which these files are, and those above them."""
    found: set[str] = set()
    for file in files:
        folder = dirname(file)
        while folder and folder not in found:
            found.add(folder)
            folder = dirname(folder)
    return found


@dataclass(slots=True)
class LinkCheck:
    """Collects what pages link to; `problems` then asks for each target once. `read` gives a page as it is or will be."""

    files: Container[str]
    folders: Container[str]
    read: Callable[[str], bytes | None]
    broken: list[Problem] = field(default_factory=list)
    wanted: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def page(self, path: str, body: str, resources: Iterator[str]) -> None:
        """Takes the links of a page that gitkb wrote: those of its body and the resources of its front matter."""
        for target in _LINK.findall(body):
            self._link(path, target)
        for resource in resources:
            self._link(path, resource)

    def footnotes(self, path: str, body: str, *, complete: bool) -> None:
        """Every footnote that is used is defined; with `complete` also the other way round."""
        text = body if complete else _CODE.sub("", body)
        used, defined = set(_USED.findall(text)), set(_DEFINED.findall(text))
        for label in sorted(used - defined):
            self._report("broken-footnote", path, f"Footnote [^{label}] is used but not defined.")
        for label in sorted(defined - used) if complete else ():
            self._report("broken-footnote", path, f"Footnote [^{label}] is defined but not used.")

    def problems(self) -> Iterator[Problem]:
        """What was found, after a look at the anchors of every page that a link leads into."""
        yield from self.broken
        for target in sorted(self.wanted):
            wanted = self.wanted[target]
            for anchor in sorted(self._missing(target, set(wanted))):
                for page in sorted(wanted[anchor]):
                    yield Problem("broken-anchor", page, f"Its link to {target}#{anchor} leads to no heading or anchor there.")

    def _link(self, page: str, target: str) -> None:
        found = resolve(page, target)
        if found is None:
            if ":" not in target.partition("/")[0] and not target.startswith("//"):
                self._report("broken-link", page, f"Its link {target} leaves the repository.")
            return
        path, anchor = found
        if path not in self.files:
            if path.rstrip("/") not in self.folders and path:
                self._report("broken-link", page, f"Its link to {path} leads to no file.")
        elif anchor and path.endswith(".md"):
            self.wanted.setdefault(path, {}).setdefault(anchor, set()).add(page)

    def _missing(self, target: str, wanted: set[str]) -> set[str]:
        """The anchors that a page does not have; it is parsed only when a quick look does not find them."""
        text = (self.read(target) or b"").decode("utf-8", "replace").replace("\r\n", "\n")
        wanted = wanted - named_anchors(text)
        if wanted:
            wanted -= {heading_anchor(_MARKUP.sub(r"\1", title)) for title in _HEADING.findall(text)}
        return wanted - anchors(text) if wanted else wanted

    def _report(self, code: str, path: str, message: str) -> None:
        self.broken.append(Problem(code, path, message))
