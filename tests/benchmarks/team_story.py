"""Tells long stories of a team: python tests/benchmarks/team_story.py --documents 300 --branches 2 --seed 1

Six people with a clone each, half of them over http, two branches a person, a drawn order, buttons that push through the server's
hook, edits by plain git. After each step all gates are asked, and the end is compared with what one person would have made. It
stands in tests/support/team_story.py. The last line counts.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))


def main() -> int:
    """Tells one story; returns the exit code."""
    parser = argparse.ArgumentParser(description="Tells a long story of a team.")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--branches", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitkb-team-") as folder:
        from tests.support.isolation import isolate

        top = Path(folder)
        (top / "home").mkdir()
        isolate(top / "home")
        from tests.support import git_servers
        from tests.support.team_story import Story

        started = time.monotonic()
        (top / "story").mkdir()
        with git_servers.http(top / "story") as address:
            story = Story(
                top / "story",
                options.seed,
                documents=options.documents,
                branches=options.branches,
                address=address,
                internal=False,
            )
            story.play()
        seconds = time.monotonic() - started
    print(f"{options.documents} documents, {6 * options.branches} branches, {story.pushed} pushes in {seconds:.0f} s: no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
