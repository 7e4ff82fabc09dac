"""New targets for links: nothing but the targets changes, and never in code or quotations."""

import pytest

from gitkb.text.markdown.links import Link
from gitkb.text.markdown.retarget import mend


def _new(link: Link) -> str | None:
    return {"old.md": "new/place.md", "Old": "New"}.get(link.target)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("See [it](old.md).\n", "See [it](new/place.md).\n"),
        (
            "See [it](old.md 'title')\r\nand [that](<old.md>).\r\n",
            "See [it](new/place.md 'title')\r\nand [that](<new/place.md>).\r\n",
        ),
        ("![p](old.md) [[Old]] [[Old|words]]\n", "![p](new/place.md) [[New]] [[New|words]]\n"),
        ("[a] and [b][a]\n\n[a]: old.md\n", "[a] and [b][a]\n\n[a]: new/place.md\n"),
        ("[x](other.md) and `[c](old.md)` and [d](old.md)\n", "[x](other.md) and `[c](old.md)` and [d](new/place.md)\n"),
        ("- [it](old.md)\n\n```\n[it](old.md)\n```\n", "- [it](new/place.md)\n\n```\n[it](old.md)\n```\n"),
        ("[it](old.md)\n\n> quoted [it](old.md)\n", "[it](new/place.md)\n\n> quoted [it](old.md)\n"),
        ("a <!-- [it](old.md) --> [it](old.md)\n", "a <!-- [it](old.md) --> [it](new/place.md)\n"),
    ],
)
def test_only_targets_change(text: str, mended: str) -> None:
    found, changed = mend(text, _new)
    assert found == mended and changed


@pytest.mark.parametrize(
    "text",
    [
        "`[c](old.md)`\n", "    [c](old.md)\n", "> [q](old.md)\n", "- > [q](old.md)\n", "~~~\n[[Old]]\n~~~\n", "\\[n](old.md)\n",
        "<!-- [c](old.md) --> [d](old.md)\n", "nothing\n", "``a ` [c](old.md)``\n",
    ],
)  # fmt: skip
def test_code_quotations_and_what_is_no_link_stay(text: str) -> None:
    assert mend(text, _new) == (text, [])
