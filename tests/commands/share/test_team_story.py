"""Six people, each with a clone and a branch, buttons of all kinds, a server's hook: nobody is blocked, all gates agree, and
the end is the knowledge base of one person. `tests/benchmarks/team_story.py` tells longer ones."""

from pathlib import Path

from tests.support.team_story import Story


def test_a_team_ends_with_the_knowledge_base_of_one_person(tmp_path: Path) -> None:
    story = Story(tmp_path, seed=7, documents=3, branches=1)
    story.play()
    assert story.pushed >= 12
