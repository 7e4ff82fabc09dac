"""Org, AsciiDoc and LaTeX source: what a person sees who reads them rendered is in the Markdown; nothing is run or included."""

import time
from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion

DATA = Path(__file__).parents[1] / "data/markup"
NAMES = ("pumps.adoc", "pumps.org", "pumps.tex")


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, text: str) -> str:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return convert(file, name, ConversionSettings()).markdown.strip()

    return made


def of_file(name: str) -> Conversion:
    return convert(DATA / name, name, ConversionSettings())


@pytest.mark.parametrize("name", NAMES)
def test_what_the_head_states_is_known(name):
    found = of_file(name)
    assert found.title == "Pumps of the Harbour"
    assert found.authors == ("Ada Brook",)
    assert found.dates == {"published": "2024-03-01"}
    assert found.markdown.startswith("# Pumps of the Harbour\n")


@pytest.mark.parametrize("name", NAMES)
def test_sections_lists_tables_code_and_quotes_are_what_they_are(name):
    text = of_file(name).markdown
    assert "\n## Seals\n" in text and "\n### Leaks\n" in text
    assert "\n- A seal of rubber\n   - for cold water\n- A seal of steel\n" in text
    assert "\n1. Close the valve.\n1. Open the lid.\n" in text or "\n1. Close the valve.\n2. Open the lid.\n" in text
    assert "| Part | Price |\n| --- | --- |\n| seal | 4 |\n| pump | 700 |\n" in text
    assert "\n```python\nprint(pressure)  # *not bold*\n```\n" in text
    assert "\n> Water always wins.\n" in text


@pytest.mark.parametrize("name", NAMES)
def test_marks_links_and_footnotes_are_kept(name):
    text = of_file(name).markdown
    assert "A **worn** seal *drips*; call `stop()` first." in text
    assert "[the manual](https://example.org/manual)" in text
    assert "[leaks](#leaks)" in text
    assert "leaks twice a year[^1]." in text and "\n[^1]: In spring and in autumn.\n" in text
    assert "![" in text and "](seal.png)" in text


@pytest.mark.parametrize("name", NAMES)
def test_definitions_say_what_they_define(name):
    assert "- **C4**: a cracked seal\n" in of_file(name).markdown


@pytest.mark.parametrize("name", NAMES)
def test_comments_are_gone_and_includes_are_named(name):
    text = of_file(name).markdown
    assert "nobody reads this" not in text
    assert "(Another file is included here: `valves." in text


def test_asciidoc_of_manual_pages_is_read(read):
    text = read(
        "git-x.adoc",
        "git-x(1)\n========\n\nNAME\n----\ngit-x - Do it\n\nOPTIONS\n-------\n"
        "-q::\n--quiet::\n\tSay nothing. See linkgit:git-log[1].\n"
        "+\nMore `words`.\n\n--[no-]fast::\n\tBe fast.\n+\n--\n* one\n* two\n--\n",
    )
    assert text.startswith("# git-x(1)\n\n## NAME\n\ngit-x - Do it\n\n## OPTIONS\n\n")
    assert "- **--quiet**: Say nothing. See `git-log(1)`.\n\n   More `words`.\n" in text
    assert "- **--[no-]fast**: Be fast.\n\n   - one\n   - two" in text


def test_asciidoc_attributes_admonitions_and_tables(read):
    text = read(
        "a.adoc",
        ":plant: Harbour\n\n== Of {plant}\n\nNOTE: Mind the {unknown} step.\n\n[WARNING]\n====\nHot.\n====\n\n"
        '[cols="1,1,1"]\n|===\n|a\n|b\n|c\n\n|d ||f\n|===\n\n++++\n<b>raw</b>\n++++\n',
    )
    assert "## Of Harbour" in text and "> **Note:** Mind the {unknown} step." in text and "> **Warning:** Hot." in text
    assert "| a | b | c |\n| --- | --- | --- |\n| d |  | f |" in text
    assert "```\n<b>raw</b>\n```" in text


def test_org_of_tasks_and_drawers(read):
    text = read(
        "a.org",
        "* TODO [#A] Mend the pump :work:\nSCHEDULED: <2024-05-01 Wed>\n:PROPERTIES:\n:ID: x1\n:END:\n- [X] seal\n- [ ] lid\n\n"
        "See [[id:x1][the pump]] and [[Harbour plan]].\n: typed   as is\n#+begin_export html\n<b>raw</b>\n#+end_export\n",
    )
    assert text.startswith(
        "# TODO: Mend the pump\n\n- [x] seal\n- [ ] lid\n\nSee [the pump](#todo-mend-the-pump) and [[Harbour plan]]."
    )
    assert "```\ntyped   as is\n```" in text
    assert "SCHEDULED" not in text and "x1" not in text and "raw" not in text


def test_latex_of_papers(read):
    text = read(
        "a.tex",
        r"""\documentclass{article}\newcommand{\model}{DeepPump}\newcommand{\two}[2]{#1 and #2}\newtheorem{thm}{Theorem}
\title{On \model\thanks{Paid.}}\author{Ada Brook\inst{1} \and \'Emile Br\"uck}
\begin{document}\maketitle
\begin{abstract}We study \two{pumps}{seals}~\cite{knuth,ada}.\end{abstract}
\section{Results}\label{sec:res}
In 50\% of cases $a_1 < b$ --- see Section~\ref{sec:res}.
\begin{equation}\label{e} E = mc^2 \end{equation}
\begin{thm}[Brook]Water falls.\end{thm}
\begin{tikzpicture}\draw (0,0);\end{tikzpicture}
\begin{tabular}{l|rr}\toprule \multicolumn{2}{c}{Both} & Third \\ \midrule a \& b & 2 & 3 \\ \bottomrule\end{tabular}
\begin{thebibliography}{9}\bibitem{knuth} D. Knuth. \emph{Literate}.\end{thebibliography}
\end{document} never""",
    )
    assert text.startswith("# On DeepPump")
    assert "## Abstract\n\nWe study pumps and seals [knuth, ada]." in text
    assert "In 50% of cases $a_1 < b$ — see Section [res](#results)." in text
    assert "E = mc^2" in text and "\\label" not in text
    assert "**Theorem (Brook).** Water falls." in text
    assert "| Both |  | Third |\n| --- | --- | --- |\n| a & b | 2 | 3 |" in text
    assert "## References\n\n- [knuth] D. Knuth. *Literate*." in text
    assert "draw" not in text and "never" not in text


def test_textile_is_read(read):
    text = read(
        "a.textile",
        'h1. Pumps\n\nA *worn* seal _drips_; see "the manual":https://example.org/manual or @stop()@.\n\n* rubber\n** cold\n\n'
        "|_. Part|_. Price|\n|seal|4|\n\nbc. x = *1*\n\n<script>alert(1)</script>\n",
    )
    assert text.startswith("# Pumps\n\nA **worn** seal *drips*; see [the manual](https://example.org/manual) or `stop()`.")
    assert "- rubber\n" in text and "| Part | Price |\n| --- | --- |\n| seal | 4 |" in text and "x = *1*" in text
    assert "<script" not in text


WIKI = """{{Infobox engine
| name = Twin pump
| maker = [[Brook Ltd]]
}}
'''Twin pumps''' have ''two'' pistons.<ref>Brook, 1999</ref> They stand in [[clinic|clinics]]
and are {{lang|de|leise}}.{{citation needed}} See [https://example.org the list].

[[File:Pump.png|thumb|right|A twin pump of 1999]]
== Leak codes ==
* C4
** a cracked [[seal]]
# first
; Seal : a ring of rubber
; Oil
: a fluid

{| class="wikitable"
! Year !! Lamps
|-
| 2023 || 40,665
|}
<syntaxhighlight lang="c">
int a = 1 < 2;
</syntaxhighlight>
a<b and <nowiki>''not''</nowiki> <math>E=mc^2</math>
<!-- hidden --> <script>alert(1)</script>
[[Category:Pumps]]
__NOTOC__
"""


def test_mediawiki_is_read(tmp_path):
    (file := tmp_path / "a.mediawiki").write_text(WIKI, encoding="utf-8")
    found = convert(file, "a.mediawiki", ConversionSettings())
    text = found.markdown
    assert "- name: Twin pump\n- maker: Brook Ltd\n" in text
    sentence = "**Twin pumps** have *two* pistons. They stand in clinics and are leise. See [the list](https://example.org)."
    assert sentence in text and "\nA twin pump of 1999\n" in text
    assert [heading.title for heading in found.headings] == ["Leak codes"] and found.tags == ("Pumps",)
    assert "- C4\n  - a cracked seal\n" in text and "1. first\n" in text
    assert "- **Seal**: a ring of rubber\n- **Oil**: a fluid\n" in text
    assert "| Year | Lamps |\n| --- | --- |\n| 2023 | 40,665 |" in text and "```\nint a = 1 < 2;\n```" in text
    assert "''not'' $E=mc^2$" in text
    assert not any(word in text for word in ("hidden", "alert", "1999, ", "citation", "NOTOC", "Category", "\ue010"))
    (file := tmp_path / "b.wiki").write_text("#REDIRECT [[Twin pump]]", encoding="utf-8")
    assert "See Twin pump." in convert(file, "b.wiki", ConversionSettings()).markdown


def test_latex_names_its_authors(tmp_path):
    file = tmp_path / "a.tex"
    file.write_text(
        "\\title{T of it}\\author{Ada Brook\\thanks{x} \\and \\'Emile Br\\\"uck \\\\ Paris}\n\nWords.\n", encoding="utf-8"
    )
    assert convert(file, "a.tex", ConversionSettings()).authors == ("Ada Brook", "Émile Brück")


BOMB = "".join(f"\\newcommand{{\\{a}}}{{{f'{chr(92)}{b} ' * 9}}}" for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "\\a "


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *(
            ("a.tex", unit)
            for unit in ("{", "}", "$", "\\", "\\begin{a}", "\\begin{itemize}\\item ", "\\footnote{", "\\[", "\\verb|", BOMB)
        ),
        *(
            ("a.tex", unit)
            for unit in ("\\begin{tabular}{l}a&", "\\multicolumn{99}{l}{x}&", "\\begin{verbatim}", "\\def\\a#1{\\b{#1}}\\a{")
        ),
        *(
            ("a.adoc", unit)
            for unit in ("*a", "_", "`", "#", "====\n", "|===\n", "a::\n", "* a\n+\n", "[[", "footnote:[", "<<", "{a}", ".a\n")
        ),
        *(("a.wiki", unit) for unit in ("{{", "[[", "{|\n|", "''", "*", "<ref>", "[[a|", "{{a|", "<table><tr><td>", "; a : b\n")),
        *(("a.textile", unit) for unit in ("*", "_", '"a":', "|a|", "* a\n", "- a := b\n", "bq. ", "[", "<pre>", "==")),
        *(
            ("a.org", unit)
            for unit in ("* ", "/a", "[[a][", "[fn:", "#+begin_quote\n", ":a:\n", "- a\n", "|", "\\(", "<<", "- a :: ")
        ),
    ],
)
def test_hostile_text_is_read_in_seconds_or_refused(tmp_path, name, unit):
    file = tmp_path / name
    file.write_text("Some words.\n\n" + unit * (8_000 // len(unit) + 1), encoding="utf-8")
    started = time.process_time()
    try:
        assert convert(file, name, ConversionSettings()).markdown.strip()
    except ConversionError as error:
        assert error.hint
    assert time.process_time() - started < 5


def test_items_within_items_stay_bounded(tmp_path):
    for name, text in (
        ("a.org", "".join(f"{' ' * level}- item {level}\n" for level in range(150))),
        ("a.adoc", "".join(f"{'*' * (level % 6 + 1)} item {level}\n" for level in range(600))),
        ("a.tex", "\\begin{itemize}\\item deep " * 300),
    ):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        assert "item 1" in convert(file, name, ConversionSettings()).markdown or name == "a.tex"
