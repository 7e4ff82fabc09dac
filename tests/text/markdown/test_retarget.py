"""Links of a document lead elsewhere or become words; nothing else of the text changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkb.text.markdown.retarget import retarget


def moved(target: str) -> str | None:
    return None if target.removeprefix("note:").startswith("gone") else f"new/{target}"


def rewritten(text: str) -> str:
    return retarget(text, moved, lambda target: None if target.startswith("gone") else f"pic/{target}")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a [b](c.md) d", "a [b](new/c.md) d"),
        ('a [b](c.md "title") d', 'a [b](new/c.md "title") d'),
        ("a [b](<c d.md>) e", "a [b](<new/c d.md>) e"),
        ("a [b *c*](gone.md) d", "a b *c* d"),
        ("![alt](p.png)", "![alt](pic/p.png)"),
        ("![alt](gone.png)", "alt"),
        ("[![alt](p.png)](gone.md)", "![alt](pic/p.png)"),
        ("[![alt](gone.png)](c.md)", "[alt](new/c.md)"),
        ("[b](c_(d).md)", "[b](<new/c_(d).md>)"),
        ("[b](c\\_d.md) [e](f&amp;g)", "[b](new/c_d.md) [e](new/f&g)"),
        ("x [b][r] and [r] and [c][]\n\n[r]: c.md 'T'\n[c]: gone.md\n", "x [b][r] and [r] and c\n\n[r]: new/c.md 'T'\n\n"),
        ("![b][r]\n\n[r]: p.png\n", "![b][r]\n\n[r]: pic/p.png\n"),
        ('<a href="c.md">x</a> <img alt="A" src=\'p.png\'/>', '<a href="new/c.md">x</a> <img alt="A" src="pic/p.png"/>'),
        ('<a href="gone.md" id="q">x</a> <img src="gone.png" alt="A">', '<a id="q">x</a> A'),
        ("- a\n\n    [b](c.md)\n", "- a\n\n    [b](new/c.md)\n"),
        (
            "see [[c d|x]], [[c#A b]], [[gone]], ![[p.png]]",
            "see [x](new/note:c%20d), [c > A b](new/note:c#a-b), [[gone]], ![p](pic/note:p.png)",
        ),
        ("note[^1]\n\n[^1]: see [b](c.md)\n", "note[^1]\n\n[^1]: see [b](new/c.md)\n"),
    ],
)
def test_links_and_pictures_are_led_elsewhere_or_become_words(text: str, result: str) -> None:
    assert rewritten(text) == result


@pytest.mark.parametrize(
    "text",
    [
        "`[b](c.md)` and `` ` [b](c.md) ``",
        "```\n[b](c.md)\n```\n",
        "~~~ md\n[b](c.md)\n```\n~~~\n",
        "text\n\n    a[i](x)\n\n    b[i](x)\n",
        "- a\n  ```\n  [b](c.md)\n  ```\n",
        "\\[b](c.md)",
        "\\[[b]] and `[[b]]`",
        "[not a link] (c.md) and [x]",
        "a ] b [ c",
    ],
)
def test_code_and_what_only_looks_like_a_link_stays(text: str) -> None:
    assert rewritten(text) == text


@given(st.text(st.sampled_from("ab []()!`<>\\\n:#\"'1.-"), max_size=60))
def test_the_text_keeps_its_lines(text: str) -> None:
    assert rewritten(text).count("\n") == text.count("\n")
    assert retarget(text, lambda t: None, lambda t: None).count("\n") == text.count("\n")


def test_a_hostile_text_is_scanned_in_time_linear_in_its_length() -> None:
    for part in ("[", "![", "](", "[a](", "`a``", "<a ", "[a]: (", "((((", "[x](\\"):
        assert rewritten(part * 20_000)
