"""The guide is true: its commands run or parse, it has every command, option and setting and no other, and its links lead on."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from gitkb.convert.formats import ENDINGS
from gitkb.errors import ExitCode
from gitkb.model.results import Outcome
from tests.support.documentation import (
    GUIDE,
    PAGES,
    PERSON,
    ROOT,
    SAMPLES,
    Shell,
    block,
    calls,
    command_lines,
    leaves,
    matches,
    options,
    parser,
    prose,
    python,
    steps,
)

FIRST_STEPS = "gitkb/guide/first-steps.md"
SESSIONS = [name for name, text in PAGES.items() if name != "README.md" and steps(text)]
EVERYWHERE = {"--kb", "--json", "-v", "--verbose", "-h", "--help"}
"""Options that the section on every command documents."""
OTHER_PROGRAMS = {"--before", "--first-parent", "--format", "--global", "--add", "--filter", "--generate-hashes"}
_SPAN = re.compile(r"`([^`\n]+)`")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def _guide(topic: str) -> str:
    return PAGES[f"gitkb/guide/{topic}.md"]


def _cells(text: str, column: int = 0) -> list[str]:
    """What stands in code in the cells of a column of all tables of a text."""
    rows = [
        line.split("|")[1:-1]
        for line in re.sub(r"`[^`\n]*`", lambda span: span[0].replace("|", "/"), text).splitlines()
        if line.startswith("| ")
    ]
    return [span for row in rows for span in _SPAN.findall(row[column])]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it after the first steps: the sample documents, and `my-kb` made of them."""
    folder = tmp_path_factory.mktemp("guide")
    shutil.copytree(SAMPLES, folder / "tests" / "data" / "documents")
    shell = Shell(folder, PERSON)
    shell.run("gitkb init my-kb")
    shell.run("gitkb add tests/data/documents --kb my-kb")
    return folder


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_print_what_they_say(name: str, samples: Path, tmp_path: Path) -> None:
    shutil.copytree(samples, tmp_path / "clone", symlinks=True)
    if name == FIRST_STEPS:
        shutil.rmtree(tmp_path / "clone" / "my-kb")
    shell = Shell(tmp_path / "clone" / ("" if name == FIRST_STEPS else "my-kb"), PERSON)
    for step in steps(PAGES[name]):
        output = shell.run(step.command)
        assert matches(output, step.output), f"{step.command}\n{output}"


def test_every_command_line_is_one_that_the_program_takes() -> None:
    program, found = parser(), 0
    for name, text in PAGES.items():
        for line in command_lines(text):
            for arguments in calls(line):
                found += 1
                if all(each.startswith("-") for each in arguments):
                    assert set(arguments) <= options(program), f"{name}: {line}"
                    continue
                try:
                    program.main(args=arguments, prog_name="gitkb", standalone_mode=False)
                except typer.TyperException as error:
                    pytest.fail(f"{name}: {line}\n{error.format_message()}")
    assert found > 50


def test_every_command_named_in_a_sentence_has_the_options_that_are_named_with_it() -> None:
    commands = leaves(parser())
    groups = {name.split()[0] for name in commands}
    for name, text in PAGES.items():
        for span in _SPAN.findall(prose(text)):
            words = span.split()
            if words[0] != "gitkb" or len(words) == 1 or words[1].isupper():
                continue
            if words[1].startswith("-"):
                assert set(words[1:]) <= options(parser()), f"{name}: {span}"
                continue
            assert words[1] in groups, f"{name}: {span}"
            command = commands.get(words[1]) or commands.get(" ".join(words[1:3]))
            named = set(_OPTION.findall(span.partition(" -- ")[0]))
            assert command is None or named <= options(command), f"{name}: {span}"


def test_no_option_is_named_that_does_not_exist() -> None:
    program = parser()
    known = options(program).union(*(options(command) for command in leaves(program).values()))
    for name, text in PAGES.items():
        for span in _SPAN.findall(prose(text)):
            named = {option for option in _OPTION.findall(span) if option.startswith("--")}
            assert named <= known | (OTHER_PROGRAMS if span.startswith("git ") else set()), f"{name}: {span}"


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_with_its_own_options_and_no_other() -> None:
    sections = _sections(_guide("commands"))
    commands = leaves(parser())
    assert {name.removeprefix("gitkb ") for name in sections if name.startswith("gitkb ")} == set(commands)
    for name, command in commands.items():
        text = sections[f"gitkb {name}"]
        assert re.search(rf"^`gitkb {name}[ `]", text, re.MULTILINE), name
        table = _cells(text, 0) + [
            span for line in text.splitlines() if line.startswith("Options: ") for span in _SPAN.findall(line)
        ]
        assert {option for span in table for option in _OPTION.findall(span)} == options(command) - EVERYWHERE, name


def test_the_options_of_every_command_are_those_of_every_command() -> None:
    text = _sections(_guide("commands"))["Options of every command"]
    excepted = {}
    for line in (line for line in text.splitlines() if line.startswith("| `-") and line.count("|") == 4):
        first, _, third = line.split("|")[1:-1]
        for option in _OPTION.findall(first):
            excepted[option] = set(_SPAN.findall(third))
    commands = leaves(parser())
    assert excepted == {option: {name for name, each in commands.items() if option not in options(each)} for option in EVERYWHERE}
    named = {option for span in _SPAN.findall(text) for option in _OPTION.findall(span) if option.startswith("--")}
    assert named >= {option for option in options(parser()) if option.startswith("--")}


def test_every_setting_is_documented_with_its_default(samples: Path) -> None:
    import json

    settings = json.loads(Shell(samples / "my-kb").run("gitkb config --json"))
    said = {
        key: value.strip().strip("`")
        for key, value in re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", _guide("settings"), re.MULTILINE)
        if value.strip() == "none" or value.strip().startswith("`")
    }
    assert said == {each["name"]: _written(each["value"]) for each in settings}


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value or "none")


def test_every_setting_of_the_example_is_one(samples: Path) -> None:
    """The tables and the shipped example say the same."""
    example = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    (samples / "my-kb" / ".gitkb" / "config.yaml").write_text(example, encoding="utf-8")
    try:
        Shell(samples / "my-kb").run("git -c user.name=A -c user.email=a@example.org commit -qam settings")
        Shell(samples / "my-kb").run("gitkb status")
    finally:
        Shell(samples / "my-kb").run("git reset -q --hard HEAD~1")


def test_every_kind_of_finding_is_documented(run: Callable[..., Any], samples: Path) -> None:
    refused = run("lint", "--kb", samples / "my-kb", "--only", "no-such-code").err
    codes = refused.partition("There are: ")[2].strip().rstrip(".").split(", ")
    assert _cells(_sections(_guide("quality"))["Find what could be better"]) == codes


def test_every_exit_code_is_documented() -> None:
    assert list(map(int, re.findall(r"^\| (\d+) \|", _guide("troubleshooting"), re.MULTILINE))) == sorted(ExitCode)


def test_every_format_and_outcome_is_documented() -> None:
    sections = _sections(_guide("documents"))
    assert sorted(_cells(sections["Formats"], 1)) == sorted(ENDINGS)
    assert _cells(sections["What became of each file"]) == list(Outcome)


def test_every_command_within_a_conversation_is_documented(program: Callable[..., Any], samples: Path) -> None:
    told = program("chat", "--no-model", cwd=samples / "my-kb", input="/help\n", stdin=None)
    usages = re.findall(r"^ *(/\S+(?: \S+)*)  ", f"{told.stdout}{told.stderr}", re.MULTILINE)
    assert len(usages) > 5
    assert sorted(_cells(_sections(_guide("asking"))["Have a conversation"])) == sorted(usages)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_pages_and_headings(name: str) -> None:
    folder = (ROOT / name).parent
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(PAGES[name]))):
        page = (folder / target).resolve() if target else ROOT / name
        assert page.exists(), f"{name}: {target}"
        assert not anchor or anchor in _anchors(page), f"{name}: {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as hosting services make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_lists_every_page_under_a_name_that_is_no_command() -> None:
    listed = re.findall(r"^- \[[^\]]+\]\(([a-z-]+)\.md\): ", _guide("index"), re.MULTILINE)
    assert sorted(["index", *listed]) == sorted(page.stem for page in GUIDE.glob("*.md"))
    assert not set(listed) & set(parser().commands)


def test_the_example_of_the_library_runs(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "tests").symlink_to(samples / "tests")
    assert python(block(_guide("library"), "example"), tmp_path) == block(_guide("library"), "output")
