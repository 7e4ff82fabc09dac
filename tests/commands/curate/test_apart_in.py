"""Telling one name apart by documents: what it means in some of them has a page of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.small_documents import Git, subjects, tree, write

Run = Callable[..., Any]
FILES = {
    "coin.md": "# Transaction\n\nA transaction is a payment in a digital currency that miners write into a block.\n",
    "sql.md": "# Transaction\n\nA transaction is a group of statements that a database runs as a whole or not at all.\n",
    "redo.md": "# Redo log\n\nA redo log is a file in which database servers keep changes of tables on disk until recovery.\n",
}
PAGE, COINS = "wiki/concepts/transaction.md", "wiki/concepts/transaction-coin.md"
DECISIONS = [
    ".gitkb/decisions/keep-apart/transaction--transaction-coin.json",
    ".gitkb/decisions/other-sense/transaction--transaction-coin.json",
]
ASKED = ("apart", "Transaction", "Transaction (coins)", "--in", "docs/coin")


def _page(kb: Path, path: str = PAGE) -> str:
    return (kb / path).read_text(encoding="utf-8")


def test_what_the_documents_say_goes_on_a_page_of_its_own_and_undo_takes_it_back(kb: Path, gitkb: Run, git: Git) -> None:
    before = tree(git, kb)
    assert "a payment in a digital currency" in _page(kb) and "runs as a whole" in _page(kb)
    told = json.loads(gitkb(*ASKED, "--dry-run", "--json").out)
    done = json.loads(gitkb(*ASKED, "--json").out)
    assert sorted(done["written"]) == DECISIONS and done["documents"] == ["docs/coin"] and done["page"] == COINS
    assert (told["written"], told["pages"]) == (done["written"], done["pages"])
    assert subjects(git, kb)[1] == "decide: Transaction means Transaction (coins) in docs/coin"
    assert "a payment in a digital currency" in _page(kb, COINS) and "# Transaction (coins)" in _page(kb, COINS)
    assert "a payment in a digital currency" not in _page(kb) and "runs as a whole" in _page(kb)
    assert "Another meaning: [Transaction (coins)](transaction-coin.md)" in _page(kb)
    assert "Another meaning: [Transaction](transaction.md)" in _page(kb, COINS)
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"
    assert "already" in gitkb(*ASKED).out
    gitkb("undo")
    assert tree(git, kb) == before


def test_it_holds_for_the_document_as_it_changes_and_not_for_others(kb: Path, gitkb: Run, tmp_path: Path) -> None:
    gitkb(*ASKED)
    folder = tmp_path / "docs"
    write(folder, {"coin.md": "# Transaction\n\nA transaction is a payment in coins that moves between two wallets.\n"})
    write(folder, {"game.md": "# Transaction\n\nA transaction is a deal in which two players of the game swap cards.\n"})
    gitkb("add", folder, "--update")
    assert "a payment in coins" in _page(kb, COINS) and "a payment in coins" not in _page(kb)
    assert "two players" in _page(kb)
    done = json.loads(gitkb("apart", "transaction", "Transaction (coins)", "--in", "docs/game", "--json").out)
    assert json.loads(_page(kb, DECISIONS[1]))["documents"] == ["docs/coin", "docs/game"]
    assert "two players" in _page(kb, COINS) and done["documents"] == ["docs/game"]


def test_it_follows_documents_that_are_renamed_even_two_at_once(kb: Path, gitkb: Run, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    game = "# Transaction\n\nA transaction is a deal in which two players of the game swap cards.\n"
    write(folder, {"game.md": game})
    gitkb("add", folder, "--update")
    gitkb(*ASKED, "--in", "docs/game")
    (folder / "game.md").unlink()
    write(folder, {"new-coin.md": FILES["coin.md"], "new-game.md": game})
    gitkb("add", folder, "--update")
    assert json.loads(_page(kb, DECISIONS[1]))["documents"] == ["docs/new-coin", "docs/new-game"]
    assert "a payment in a digital currency" in _page(kb, COINS) and "two players" in _page(kb, COINS)
    assert "two players" not in _page(kb)
    assert json.loads(gitkb("check", "--json").out)["state"] == "whole"


def test_a_merge_unites_decisions_and_lets_them_follow_renames(kb: Path, gitkb: Run, git: Git, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    write(folder, {"game.md": "# Transaction\n\nA transaction is a deal in which two players of the game swap cards.\n"})
    gitkb("add", folder, "--update")
    git(kb, "branch", "renamed")
    gitkb(*ASKED)
    git(kb, "branch", "more", "main")
    gitkb("apart", "Transaction", "Transaction (coins)", "--in", "docs/game")
    write(folder, {"new-coin.md": FILES["coin.md"]})
    gitkb("add", folder, "--update", "--branch", "renamed")
    gitkb("merge", "renamed")
    assert json.loads(_page(kb, DECISIONS[1]))["documents"] == ["docs/game", "docs/new-coin"]
    assert "a payment in a digital currency" in _page(kb, COINS) and "two players" in _page(kb, COINS)
    git(kb, "checkout", "-q", "more")
    gitkb("add", folder, "--update")
    assert json.loads(_page(kb, DECISIONS[1]))["documents"] == ["docs/new-coin"]
    gitkb("merge", "main")
    assert json.loads(_page(kb, DECISIONS[1]))["documents"] == ["docs/game", "docs/new-coin"]


def test_same_puts_them_together_again(kb: Path, gitkb: Run, git: Git) -> None:
    gitkb(*ASKED)
    gitkb("same", "transaction-coin", "transaction")
    assert "a payment in a digital currency" in _page(kb) and "Another meaning" not in _page(kb)
    assert "other-sense" not in git(kb, "ls-files", ".gitkb/decisions")


def test_what_cannot_be_told_apart_is_refused(kb: Path, gitkb: Run) -> None:
    assert "does not speak" in gitkb("apart", "Redo log", "Redo log (x)", "--in", "docs/sql", code=2).err
    everywhere = ("--in", "docs/coin", "--in", "docs/sql")
    assert "nothing to tell apart" in gitkb("apart", "Transaction", "Deal", *everywhere, code=2).err
    assert "same name" in gitkb("apart", "Transaction", "transactions", "--in", "docs/coin", code=2).err


def test_a_review_is_told_of_a_likely_homonym_and_of_the_decision(kb: Path, gitkb: Run, git: Git, tmp_path: Path) -> None:
    git(kb, "branch", "review")
    folder = tmp_path / "docs"
    timber = "A redo log is a stack of timber that forest workers saw again with long blades before winter comes."
    write(folder, {"rail.md": f"# Redo log\n\n{timber}\n"})
    gitkb("add", folder, "--into", "more", "--branch", "review")
    concerns = [item["concern"] for item in json.loads(gitkb("diff", "main..review", "--json").out)["attention"]]
    assert "homonym" in concerns
    gitkb("apart", "Redo log", "Redo log (timber)", "--in", "more/rail", "--branch", "review")
    assert "redo-log means redo-log-timber in more/rail" in gitkb("diff", "main..review").out
