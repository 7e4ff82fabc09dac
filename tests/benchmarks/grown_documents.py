"""Generates Markdown documents for the benchmark of growth: small, nested, and with topics that are shared as in real corpora.

A document depends on its number alone, so that a base of 10,000 begins with the documents of one of 1,000. How often a topic
is spoken of falls with its rank (Zipf), so the number of different topics grows more slowly than the number of documents.
"""

import argparse
import bisect
import itertools
import random
from pathlib import Path

FIRST = """lease quorum shadow bounded lazy eager rolling sparse dense layered virtual regional nightly static dynamic partial
nested ranked weighted sampled deferred chained guarded pinned sealed signed tiered sliding striped mirrored federated hashed
typed packed mapped traced routed cached queued bundled masked folded linked indexed metered throttled batched pooled isolated
verified""".split()
SECOND = """session billing payment storage network build release tenant sensor customer catalogue shipping invoice identity
audit backup capacity colour document event gateway harvest image job kernel ledger machine message metric model notice order
parcel partner permit pipeline policy price process profile project query record region report request resource schedule
search signal station supplier survey ticket traffic vehicle warehouse weather workflow""".split()
THIRD = """index buffer journal scheduler registry planner monitor resolver broker archive inspector translator allocator
collector compiler controller dispatcher estimator exporter filter importer manager matrix observer optimiser parser policy
proxy reader recorder replicator router sampler scanner table tracker validator writer""".split()
TOPICS = len(FIRST) * len(SECOND) * len(THIRD)
EXPONENT = 1.05
DEFINITIONS = (
    "A {topic} is a part that keeps {other} entries in the order in which they came.",
    "The {topic} is the component that decides which {other} may go on.",
    "A {topic} is a table in which each {other} has one row.",
)
SENTENCES = (
    "When the {topic} is full, the {other} waits until {number} entries have gone.",
    "Each {topic} reports to the {other} every {number} seconds.",
    "The {topic} was moved behind the {other} after incident {number}.",
    "Without a {topic}, the {other} would have to read all {number} files again.",
    "Operators restart the {topic} before the {other}, never after it, as ticket {number} explains.",
    "In the measurements of week {number}, the {topic} took longer than the {other}.",
)
HEADINGS = ("Purpose of the {topic}", "How the {topic} works", "Limits of the {topic}", "The {topic} and its neighbours")


def _ranked() -> list[str]:
    names = [" ".join(parts) for parts in itertools.product(FIRST, SECOND, THIRD)]
    random.Random(11).shuffle(names)
    return names


_NAMES = _ranked()
COMMONEST = _NAMES[0]
_WEIGHTS = list(itertools.accumulate(1 / (rank + 1) ** EXPONENT for rank in range(TOPICS)))


def _topic(chance: random.Random) -> str:
    return _NAMES[bisect.bisect_left(_WEIGHTS, chance.random() * _WEIGHTS[-1])]


def document(number: int, edition: int = 1) -> str:
    """The text of a document, 1 to 2 kB; another `edition` adds a sentence."""
    chance = random.Random(number)
    topics = list(dict.fromkeys(_topic(chance) for _ in range(chance.randint(4, 9))))
    main = topics[0]
    lines = [f"# {main.capitalize()} in plant {number}", ""]
    lines += [chance.choice(DEFINITIONS).format(topic=f"**{main}**", other=chance.choice(topics)), ""]
    for heading, topic in zip(chance.sample(HEADINGS, 3), itertools.cycle(topics)):
        lines += [f"## {heading.format(topic=topic)}", ""]
        pairs = [(topic, chance.choice(topics), chance.randrange(10_000)) for _ in range(chance.randint(2, 5))]
        lines += [" ".join(chance.choice(SENTENCES).format(topic=a, other=b, number=c) for a, b, c in pairs), ""]
    lines += [f"See also the **{topic}**." for topic in topics[1:]]
    lines += ["", f"This is edition {edition} of the page."] if edition > 1 else []
    return "\n".join(lines) + "\n"


def place(number: int) -> str:
    """The path of a document below the folder of all: three levels, fifty files a folder, twenty folders a level."""
    group = number // 50
    return f"area-{group // 400:03d}/site-{group // 20 % 20:02d}/team-{group % 20:02d}/plant-{number:07d}.md"


def write(folder: Path, first: int, count: int, edition: int = 1) -> None:
    """Writes `count` documents, from the one with this number, each at its place."""
    for number in range(first, first + count):
        file = folder / place(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document(number, edition), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    write(arguments.folder, 0, arguments.count)
