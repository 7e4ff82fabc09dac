"""Converts reStructuredText: docutils makes HTML of it, with the roles and directives that Sphinx and the Linux kernel add.

Invariant: no file is included, no raw HTML is kept, nothing is fetched. Every role and directive that a text names is made known
to docutils first, if only as one that shows its content, so none is a reason to fail. docutils keeps them in a registry of the
process; adding one again changes nothing.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive, directives, languages, roles
from docutils.utils import Reporter

from gitkb.convert.decode import decode
from gitkb.convert.draft import Draft
from gitkb.convert.html.reader import from_html
from gitkb.convert.pictures import Gallery
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings

_ROLE = re.compile(r":([A-Za-z][\w:+.-]*):`")
_DIRECTIVE = re.compile(r"^\s*(?:\.\.[ \t]+(?:\|[^|]+\|[ \t]+)?)([A-Za-z][\w:+.-]*)::", re.MULTILINE)
_TITLED = re.compile(r"^(.*?)\s*<([^<>]+)>$", re.DOTALL)
_ADMONITIONS = (
    "seealso",
    "versionadded",
    "versionchanged",
    "deprecated",
    "versionremoved",
    "todo",
    "impl-detail",
    "availability",
)
_DROPPED = frozenset(
    (
        "date index default-role tabularcolumns currentmodule module highlight sectionauthor codeauthor kernel-doc kernel- "
        "feat kernel-abi kernel-include maintainers-include literalinclude autosummary automodule autoclass "
        "autofunction automethod autodata autoexception automodapi meta role default-domain contents sectnum raw "
        "include header footer title bibliography testsetup testcleanup doctest-skip moduleauthor c:namespace "
        "cpp:namespace only-latex graphviz kernel-figure-file program py:module py:currentmodule target-notes "
    ).split()
)
_CODE = frozenset(
    (
        "code-block sourcecode parsed-code ipython prompt testcode testoutput doctest productionlist cmdoption-code "
        "kernel-render "
    ).split()
)
_PICTURES = frozenset({"kernel-figure", "kernel-image"})
_PLAIN_ROLES = frozenset("ref doc term numref abbr dfn menuselection guilabel index eq cite any pep rfc issue gh user".split())


class _AnyOption(dict[str, Callable[[str], Any]]):
    """An option table that knows every option."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Callable[[str], Any]:
        return str

    def __bool__(self) -> bool:
        return True


class _Shown(Directive):  # type: ignore[misc]
    """Shows a directive's content as part of the text, its argument before it in the manner of its kind."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _AnyOption()

    def run(self) -> list[nodes.Node]:
        name = self.name.lower()
        if name in _DROPPED:
            return []
        if name == "toctree":
            return _toctree(self.content)
        if name in _CODE:
            return [_code("\n".join(self.content), self.arguments[0] if self.arguments else "")]
        if name in _PICTURES:
            return [nodes.image(uri=self.arguments[0])] if self.arguments else []
        inside = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, inside)
        argument = self.arguments[0] if self.arguments else ""
        if name == "flat-table" and (rows := _flat_rows(inside)):
            return [_table(argument, rows)]
        if name in _ADMONITIONS:
            return [self._admonition(name, argument, inside)]
        if name in (
            "glossary",
            "only",
            "tabs",
            "tab",
            "container",
            "hlist",
            "centered",
            "rst-class",
            "cssclass",
        ):
            return list(inside.children)
        return [*self._signatures(argument), *inside.children]

    def _admonition(self, name: str, argument: str, inside: nodes.container) -> nodes.Node:
        words = {
            "seealso": "See also",
            "versionadded": "Added in version",
            "versionchanged": "Changed in version",
            "deprecated": "Deprecated since",
        }
        version, _, rest = argument.partition(" ")
        if not name.startswith(("version", "deprecated")):
            version, rest = "", argument
        title = f"{words.get(name, name.capitalize())} {version}".strip()
        box = nodes.admonition("", nodes.title("", title), classes=["note"])
        if rest:
            parsed, _messages = self.state.inline_text(rest, self.lineno)
            box += nodes.paragraph("", "", *parsed)
        box.extend(inside.children)
        return box

    def _signatures(self, argument: str) -> list[nodes.Node]:
        """What a directive describes (`function`, `option`, ...) as code on a line of its own."""
        lines = [line.strip() for line in argument.replace("\\\n", " ").split("\n") if line.strip()]
        return [nodes.paragraph("", "", nodes.strong("", "", nodes.literal(line, line))) for line in lines]


def register_unknown(text: str) -> None:
    """Makes docutils know every role and directive that a text names."""
    english = languages.get_language("en", Reporter("", 5, 5, stream=False))
    for name in sorted({name.lower() for name in _ROLE.findall(text)}):
        if name not in english.roles and name not in roles._roles:
            roles.register_local_role(name, _role)
    for name in sorted({name.lower() for name in _DIRECTIVE.findall(text)}):
        own = name in _DROPPED or name in _CODE
        if own or (name not in english.directives and name not in directives._directives):
            directives.register_directive(name, _Shown)


def _role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()
) -> tuple[list[nodes.Node], list[Any]]:
    """A reference shows its title; what names code shows as code; documents and downloads become links."""
    found = _TITLED.match(nodes.unescape(text))
    title, target = (found[1], found[2]) if found else (nodes.unescape(text), "")
    kind = name.rpartition(":")[2]
    if kind == "doc":
        address = (target or title).strip()
        shown = title or address
        return [nodes.reference(rawtext, shown, refuri=address if address.endswith((".rst", ".html")) else f"{address}.rst")], []
    if kind == "download" and target:
        return [nodes.reference(rawtext, title, refuri=target)], []
    if kind in ("rspan", "cspan"):
        return [], []
    if kind in ("pep", "rfc"):
        return [nodes.Text(f"{kind.upper()} {title}")], []
    if kind in ("kbd", "code", "file", "samp") or kind not in _PLAIN_ROLES:
        shown = title.lstrip("!")
        return [nodes.literal(rawtext, shown.rpartition(".")[2] if shown.startswith("~") else shown)], []
    if kind == "abbr" and (short := re.match(r"(.*?)\s*\((.*)\)$", title)):
        return [nodes.Text(f"{short[1]} ({short[2]})")], []
    return [nodes.inline(rawtext, title)], []


def _flat_rows(inside: nodes.container) -> list[list[nodes.Node]]:
    """The rows of the kernel's flat-table: a list of lists, whose rows may differ in length."""
    rows = []
    for outer in inside.children:
        if isinstance(outer, nodes.bullet_list):
            for item in outer.children:
                inner = next((child for child in item.children if isinstance(child, nodes.bullet_list)), None)
                rows.append(list(inner.children) if inner is not None else [])
    return [row for row in rows if row]


def _table(title: str, rows: list[list[nodes.Node]]) -> nodes.Node:
    width = max(map(len, rows))
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in range(width)), cols=width)
    body = nodes.tbody()
    for row in rows:
        cells = [nodes.entry("", *item.children) for item in row]
        body += nodes.row("", *cells, *(nodes.entry() for _ in range(width - len(row))))
    group += body
    return nodes.table("", *([nodes.title("", title)] if title else []), group)


def _toctree(content: Any) -> list[nodes.Node]:
    """The documents of a toctree as a list of links."""
    items = []
    for line in content:
        entry = line.strip()
        if not entry or entry.startswith(":") or "*" in entry or entry == "self":
            continue
        found = _TITLED.match(entry)
        title, target = (found[1], found[2]) if found else (entry, entry)
        address = target if "://" in target or target.endswith((".rst", ".html", ".txt")) else f"{target}.rst"
        items.append(nodes.list_item("", nodes.paragraph("", "", nodes.reference("", title, refuri=address))))
    return [nodes.bullet_list("", *items)] if items else []


def _code(code: str, language: str) -> nodes.Node:
    return nodes.literal_block(
        code, code, classes=["code", f"language-{language}"] if re.fullmatch(r"[\w+#-]+", language) else []
    )


_SETTINGS: dict[str, Any] = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "stylesheet": "",
    "xml_declaration": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "initial_header_level": 1,
    "syntax_highlight": "none",
    "smart_quotes": False,
    "math_output": "LaTeX",
    "_disable_config": True,
    "traceback": True,
    "line_length_limit": 1_000_000_000,  # docutils would give an empty document for a longer line
    "section_self_link": False,
    "toc_backlinks": False,
    "footnote_references": "superscript",
}
_COMMENTED = re.compile(r"^\.\. SPDX-License-Identifier:.*$", re.MULTILINE)


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of an rst file."""
    from docutils.core import publish_parts

    text = decode(file.read_bytes()).expandtabs(8)
    register_unknown(text)
    try:
        parts = publish_parts(_COMMENTED.sub("", text), writer="html5", settings_overrides=_SETTINGS)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # docutils raises errors of many kinds on hostile markup
        raise ConversionError(
            "the reStructuredText cannot be read.", "Correct its markup: rst2html.py names the place."
        ) from error
    gallery = Gallery()
    html = re.sub(r'<(aside|div) class="system-message.*?</\1>', "", parts["html_body"], flags=re.DOTALL)
    return Draft(markdown=from_html(html, gallery), pictures=gallery.pictures)
