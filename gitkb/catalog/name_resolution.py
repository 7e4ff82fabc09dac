"""Which names mean the same, and which pages the topics of all documents make: kind, title, description, support.

Invariant: a page is a function of the rows of its own name, of the names that it takes over and of those that list it; never
of the order in which documents came, nor of statistics of the whole. `affected` names every page that a change of some
names can touch, so a document costs what it speaks of.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from itertools import islice

from msgspec import Struct

from gitkb.catalog.decision_tables import other_senses
from gitkb.formats.topic_rows import TopicPage, left_out, shortened
from gitkb.model.documents import TopicKind

MANY = 100
LEAST_DOCUMENTS, LEAST_CLAIMS, GOOD = 2, 3, 0.66
"""What has no definition needs so many documents that speak of it and so many claims that are good to have a page."""
_KINDS: tuple[TopicKind, TopicKind] = ("concept", "entity")


_AT_END = (
    r"(?:e?s)?(?= ?(?:$|[\n:,;.()–—]|- | (?:and|as|at|by|for|from|in|on|proposal|to|vs|with|für|im|und|pour|para|per|con)\b))"
)
"""What follows a name in a title or heading that names it, and not something longer."""


def _in_title(name: str) -> re.Pattern[str]:
    """What finds a name in a title or heading in small letters, with blanks or hyphens between its words."""
    words = map(re.escape, re.split(r"[\s-]+", name.casefold().replace("’", "'")))
    return re.compile(rf"(?<![^\W_]){'[ -]'.join(words)}{_AT_END}")


class _Support(Struct, frozen=True):
    """The evidence for one name: documents by kind, and the number that define it, by kind."""

    documents: int
    entities: int
    defined: int
    defined_as: dict[TopicKind, int]


class Resolution:
    """Questions to the tables of names, of forms, of aliases and of claims; none reads what every document says of a name."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._supports: dict[str, _Support] = {}
        self._targets: dict[str, str] = {}
        self._pages: dict[str, TopicPage | None] = {}

    def target(self, name: str) -> str:
        """The key on whose page a name goes, whose own target is itself: where decisions and aliases lead to, step by step. In
        a circle it is a name about which nothing was decided, else the first by sort."""
        if name not in self._targets:
            way, last = {name: 0}, name
            while (following := self.following(last)) not in way and following not in self._targets:
                way[following], last = len(way), following
            found = self._targets.get(following) or self._settled(list(way)[way[following] :])
            # Whatever is on the way leads to the same end, so a chain of any length is walked once.
            self._targets.update(dict.fromkeys(way, found))
        return self._targets[name]

    def _settled(self, circle: list[str]) -> str:
        return min([each for each in circle if not self.decided(each)] or circle)

    def following(self, name: str) -> str:
        """The name to which a name leads in one step: by decision, otherwise because that one lists it as an alias; the name
        itself if it leads no further."""
        return self.decided(name) or self._listing(name)

    def decided(self, name: str) -> str:
        """The name that a name was decided to mean, "" for none."""
        row = self.db.execute("SELECT target FROM record_same WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _meaning(self, key: str) -> list[str]:
        """The names that were decided to mean a key."""
        rows = self.db.execute("SELECT name FROM record_same WHERE target = ? ORDER BY name", (key,))
        return [str(row[0]) for row in rows]

    def apart(self, one: str, other: str) -> bool:
        """Whether two names were decided to mean different things."""
        found = self.db.execute("SELECT 1 FROM record_apart WHERE one = ? AND other = ?", (min(one, other), max(one, other)))
        return found.fetchone() is not None

    def dropped(self, key: str) -> bool:
        """Whether it was decided that a name gets no page."""
        return self.db.execute("SELECT 1 FROM record_dropped WHERE name = ?", (key,)).fetchone() is not None

    def documents(self, name: str) -> list[str]:
        """The documents that speak of a name, sorted."""
        return [str(row[0]) for row in self.db.execute("SELECT document FROM record_topics WHERE key = ? ORDER BY 1", (name,))]

    def other_senses(self, key: str) -> list[str]:
        """The keys from which a key was told apart by documents, sorted."""
        return other_senses(self.db, key)

    def _listing(self, name: str) -> str:
        """The only other name that lists this one as an alias, unless that one is itself an alias, or this one better known as
        its own thing, or they are to be kept apart; else the name itself. One step: what it leads to leads no further."""
        claimants = self.claimants(name)
        if len(claimants) != 1:
            return name
        key = claimants[0]
        if self.apart(name, key):
            return name
        if self._support(name).defined > self._support(key).documents:
            return name
        rivals = self.claimants(key)
        if len(rivals) == 1 and (rivals[0] != name or self._rank(name) > self._rank(key)):
            return name
        return key

    def _rank(self, name: str) -> tuple[int, int, str]:
        return self._support(name).documents, len(name), name

    def claimants(self, name: str) -> list[str]:
        """The first two other keys that list a name as an alias."""
        rows = self.db.execute("SELECT DISTINCT key FROM record_listed WHERE alias = ? ORDER BY key LIMIT 2", (name,))
        return [str(row[0]) for row in rows]

    def listed(self, key: str) -> list[str]:
        """The names that a key's documents list as its aliases."""
        rows = self.db.execute("SELECT DISTINCT alias FROM record_listed WHERE key = ? ORDER BY alias", (key,))
        return [str(row[0]) for row in rows]

    def members(self, key: str) -> list[str]:
        """The names whose claims are on a key's page, its own first."""
        others = sorted(name for name in self.leading_to(key) if self.target(name) == key and self._support(name).documents)
        return [key, *others]

    def leading_to(self, key: str) -> set[str]:
        """The other names that may lead to a key: its aliases, those decided to mean it, and the same of each such."""
        found, last = {key}, {key}
        while last:
            meaning = {name for each in last for name in self._meaning(each)}
            # What documents list leads one step, so only names that decisions lead on have aliases that matter.
            last = (meaning | {alias for each in {key, *meaning} for alias in self.listed(each)}) - found
            found |= last
        return found - {key}

    def affected(self, names: Collection[str]) -> set[str]:
        """All keys whose pages can differ when the topics and aliases of documents that speak of `names` changed."""
        names = {*names, *(other for name in names for other in self.other_senses(name))}
        moved = set(names)
        for name in names:
            moved.update(self.listed(name))
        keys = set(moved)
        for name in moved:
            keys.update(self._other_claimants(name, names))
        walked: set[str] = set()
        for key in list(keys):
            while key not in walked:
                walked.add(key)
                key = self.following(key)
        return keys | walked | self._leading_to_any(keys | walked)

    def _leading_to_any(self, keys: set[str]) -> set[str]:
        """All names that `leading_to` has for one of the keys, found in one go."""
        found, asked, last = set(keys), set[str](), set(keys)
        while last:
            asked |= last
            meaning = {name for each in last for name in self._meaning(each)} - asked
            listed = {alias for each in last for alias in self.listed(each)} - asked
            # Of what is only listed as an alias, those that mean it count, and not its own aliases.
            for alias in listed - meaning:
                meaning.update(name for name in self._meaning(alias) if name not in asked)
            found |= meaning | listed
            last = meaning
        return found

    def way(self, name: str) -> set[str]:
        """The names to which a name leads, and those that it was decided to mean, step by step."""
        found = {name}
        while (following := self.following(name)) not in found:
            found.add(following)
            name = following
        return found

    def _other_claimants(self, name: str, changed: Collection[str]) -> list[str]:
        """The key that may take a name over, apart from those that changed; two of them never did and never will."""
        rows = self.db.execute("SELECT DISTINCT key FROM record_listed WHERE alias = ? ORDER BY key", (name,))
        others = list(islice((str(row[0]) for row in rows if row[0] not in changed), 2))
        return others if len(others) == 1 else []

    def pages(self, key: str) -> Iterator[TopicPage]:
        """The page of a key, and the pages that lead elsewhere so that every link of a document to what it defines resolves."""
        target = self.target(key)
        page = self.page(target)
        support = self._support(key)
        moved = self._defined_elsewhere(key)
        if page is None and any(moved.values()):
            page = next(filter(None, map(self.page, map(self.target, self.other_senses(key)))), None)
        if page is None:
            if self.dropped(target):
                # What it defines still links there from its summary, so a note stands there that nothing lists.
                yield from (left_out(kind, key, self.title(key)) for kind in _KINDS if support.defined_as[kind])
            return
        if page.key == key:
            yield page
        for kind in _KINDS:
            if (support.defined_as[kind] or moved[kind]) and (kind, key) != (page.kind, page.key):
                title = self.title(key)
                about = f"See {page.title}." if title != page.title else page.description
                yield TopicPage(kind, key, title, about, 0, page.key, page.kind, page.title)

    def _defined_elsewhere(self, key: str) -> dict[TopicKind, int]:
        """How many documents define a name, by kind, in which it means something else by decision; they link to its page."""
        row = self.db.execute(
            "SELECT total(t.as_concept), total(t.as_entity) FROM record_senses s CROSS JOIN record_topics t"
            " ON t.key = s.key AND t.document = s.document WHERE s.name = ?",
            (key,),
        ).fetchone()
        return {"concept": int(row[0]), "entity": int(row[1])}

    def page(self, key: str) -> TopicPage | None:
        """The page of a key that is its own target, if it has one."""
        if key not in self._pages:
            self._pages[key] = self._page(key)
        return self._pages[key]

    def _page(self, key: str) -> TopicPage | None:
        if self.dropped(key):
            return None
        members = self.members(key)
        support = self._united(members)
        kind: TopicKind = "entity" if support.entities * 2 > support.documents else "concept"
        if not support.defined and not self._is_worth_a_page(members, support):
            return None
        return TopicPage(kind, key, self.title(key), self._description(members), support.documents)

    def _is_worth_a_page(self, members: list[str], support: _Support) -> bool:
        """Whether several documents say enough of what none defines."""
        if support.documents < LEAST_DOCUMENTS:
            return False
        said: set[str] = set()
        for name in members:
            rows = self.db.execute(
                "SELECT DISTINCT text FROM record_claims WHERE key = ? AND score >= ? LIMIT ?",
                (name, GOOD, LEAST_CLAIMS),
            )
            said.update(str(row[0]) for row in rows)
        return len(said) >= LEAST_CLAIMS or self._leads_documents(members)

    def _leads_documents(self, members: list[str]) -> bool:
        """Whether the titles of several documents name it, or the headings of what they say of it."""
        patterns = [_in_title(self.title(name)) for name in members]
        led: set[str] = set()
        for name in members:
            rows = self.db.execute(
                "SELECT DISTINCT c.document, c.label, d.title FROM record_claims c JOIN record_documents d ON d.name = c.document"
                " WHERE c.key = ? ORDER BY c.document, c.label LIMIT ?",
                (name, MANY),
            )
            for document, label, title in rows:
                shown = f"{label}\n{title}".casefold().replace("’", "'")
                if any(pattern.search(shown) for pattern in patterns):
                    led.add(str(document))
        return len(led) >= LEAST_DOCUMENTS

    def _support(self, name: str) -> _Support:
        if name not in self._supports:
            row = self.db.execute(
                "SELECT documents, entities, defined, as_concept, as_entity FROM record_names WHERE key = ?", (name,)
            ).fetchone()
            self._supports[name] = _supported(*(row or (0, 0, 0, 0, 0)))
        return self._supports[name]

    def _united(self, members: list[str]) -> _Support:
        """The combined evidence for several names; documents that know two of them count once as long as that can matter."""
        each = [self._support(name) for name in members]
        if len(each) == 1 or sum(one.documents for one in each) > MANY:
            return _supported(
                sum(one.documents for one in each), sum(one.entities for one in each), sum(one.defined for one in each), 0, 0
            )
        documents, entities, defined = self.db.execute(
            "SELECT count(*), total(kind = 'entity'), total(defined) FROM"
            " (SELECT max(kind) AS kind, max(as_concept OR as_entity) AS defined FROM record_topics"
            f" WHERE key IN ({','.join('?' * len(members))}) GROUP BY document)",
            tuple(members),
        ).fetchone()
        return _supported(documents, entities, defined, 0, 0)

    def title(self, key: str) -> str:
        """The form in which most documents write a name; the key itself if no document does."""
        row = self.db.execute(
            "SELECT text FROM record_forms WHERE key = ? AND field = 'name' ORDER BY documents DESC, text LIMIT 1", (key,)
        ).fetchone()
        return str(row[0]) if row else key

    def _description(self, members: list[str]) -> str:
        best = [
            row
            for name in members  # one by one, so that the index gives the best without a look at the others
            for row in self.db.execute(
                "SELECT -defines, -score, text FROM record_claims WHERE key = ? ORDER BY defines DESC, score DESC, text LIMIT 1",
                (name,),
            )
        ]
        return shortened(str(min(best)[2])) if best else ""


def _supported(documents: int, entities: int, defined: int, as_concept: int, as_entity: int) -> _Support:
    return _Support(documents, int(entities), int(defined), {"concept": as_concept, "entity": as_entity})
