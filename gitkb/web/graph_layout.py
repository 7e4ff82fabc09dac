"""The graph of documents and pages: laid out here, drawn by the browser.

Invariant: the layout is a function of the graph alone, and costs what it has nodes and lines: groups are found by labels that
neighbours hand on, each group is a disc of sunflower seeds, and the discs stand on a spiral, the largest in the middle.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from gitkb.errors import NotFound
from gitkb.web.reading import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitkb.model.rows import Graph
    from gitkb.web.view import View

_ROUNDS = 8
_GOLDEN = math.pi * (3 - math.sqrt(5))
_SPACE = 14.0
_MOST_NEAR, _MOST_LISTED, _MOST_GROUPS = 400, 60, 60
Place = tuple[float, float]


def page(view: View) -> Response:
    """The graph around a page, or of everything, with a list of what stands in it."""
    graph = view.interface.graph(view.base, view.rev, view.commit)
    wanted = view.query("page")
    shown, edges = _part(graph, wanted)
    degree = Counter(end for edge in edges for end in edge)
    order = sorted(shown, key=lambda at: (-degree[at], graph.nodes[at].title))
    near = [at for at in order if graph.nodes[at].path != wanted][:_MOST_LISTED]
    title = next((node.title for node in graph.nodes if node.path == wanted), "")
    return view.render(
        "graph.html",
        title=title,
        nodes=len(shown),
        edges=len(edges),
        source=view.to.to("/graph.json", page=wanted),
        near=[Entry(view.to.page(graph.nodes[at].path), graph.nodes[at].title, graph.nodes[at].kind) for at in near],
    )


def data(view: View) -> Response:
    """The nodes with their places and the lines between them, for the canvas."""
    graph = view.interface.graph(view.base, view.rev, view.commit)
    wanted = view.query("page")
    shown, edges = _part(graph, wanted)
    if wanted:
        center = next(at for at in shown if graph.nodes[at].path == wanted)
        near = around(center, edges)
        places, groups = [near.get(at, (0.0, 0.0)) for at in range(len(graph.nodes))], list[list[Any]]()
    else:
        places, groups = laid_out(graph)
    index = {at: number for number, at in enumerate(shown)}
    nodes = [[*(round(value, 1) for value in places[at]), *_told(graph, at)] for at in shown]
    lines = [[index[one], index[other]] for one, other in edges]
    return JSONResponse({"nodes": nodes, "lines": lines, "groups": groups, "base": view.to.to("/"), "at": view.at})


def _told(graph: Graph, at: int) -> tuple[str, str, str]:
    node = graph.nodes[at]
    return node.kind, node.title, node.path


def _part(graph: Graph, wanted: str) -> tuple[list[int], list[tuple[int, int]]]:
    """The nodes and lines of the whole, or those at most two lines from a page."""
    if not wanted:
        return list(range(len(graph.nodes))), list(graph.edges)
    center = next((at for at, node in enumerate(graph.nodes) if node.path == wanted), None)
    if center is None:
        raise NotFound(f"{wanted} is not in the graph.", "Documents, concepts and names are.")
    neighbours = _neighbours(len(graph.nodes), graph.edges)
    near = list(dict.fromkeys([center, *neighbours[center]]))
    far = Counter(other for one in near[1:] for other in neighbours[one] if other not in near[:1])
    for other, _ in far.most_common():
        if len(near) >= _MOST_NEAR:
            break
        if other not in near:
            near.append(other)
    kept = set(near)
    return near, [(one, other) for one, other in graph.edges if one in kept and other in kept]


def _neighbours(count: int, edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for one, other in edges:
        found[one].append(other)
        found[other].append(one)
    return found


def around(center: int, edges: Sequence[tuple[int, int]]) -> dict[int, Place]:
    """Places for what is around one node: its neighbours on a ring, theirs outside of those by which they came."""
    near = list(dict.fromkeys(other for edge in edges if center in edge for other in edge if other != center))
    places = {center: (0.0, 0.0)}
    radius = max(120.0, len(near) * _SPACE * 1.6 / (2 * math.pi))
    angle = {}
    for number, each in enumerate(near):
        angle[each] = 2 * math.pi * number / max(len(near), 1)
        places[each] = (radius * math.cos(angle[each]), radius * math.sin(angle[each]))
    outside: dict[int, list[float]] = {}
    for one, other in edges:
        for first, second in ((one, other), (other, one)):
            if first in angle and second not in places:
                outside.setdefault(second, []).append(angle[first])
    ordered = sorted(outside, key=lambda each: (sum(map(math.sin, outside[each])), sum(map(math.cos, outside[each])), each))
    for number, each in enumerate(ordered):
        wish = math.atan2(sum(map(math.sin, outside[each])), sum(map(math.cos, outside[each])))
        far = radius * (1.7 + 0.28 * (number % 4))
        places[each] = (far * math.cos(wish + 0.05 * (number % 5)), far * math.sin(wish + 0.05 * (number % 5)))
    return places


@lru_cache(4)
def laid_out(graph: Graph) -> tuple[list[Place], list[list[Any]]]:
    """A place for each node, and the names of the groups: [x, y, radius, name]."""
    neighbours = _neighbours(len(graph.nodes), graph.edges)
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(_labels(neighbours)):
        groups.setdefault(label, []).append(at)
    alone = [each[0] for each in groups.values() if len(each) == 1]
    ordered = sorted((each for each in groups.values() if len(each) > 1), key=lambda each: (-len(each), each[0]))
    places: list[Place] = [(0.0, 0.0)] * len(graph.nodes)
    names: list[list[Any]] = []
    taken = 0.0  # the area of the discs so far: the next stands on a spiral outside of them
    for number, members in enumerate([*ordered, *([alone] if alone else [])]):
        radius = _SPACE * math.sqrt(len(members)) * 0.75
        taken += (radius + _SPACE) ** 2
        far = 0.0 if number == 0 else math.sqrt(taken) * 1.25 + (radius if members is alone else 0.0)
        middle = (far * math.cos(number * _GOLDEN), far * math.sin(number * _GOLDEN))
        members.sort(key=lambda at: (-len(neighbours[at]), at))
        for seed, at in enumerate(members):
            out = _SPACE * 0.75 * math.sqrt(seed)
            places[at] = (middle[0] + out * math.cos(seed * _GOLDEN), middle[1] + out * math.sin(seed * _GOLDEN))
        if len(members) > 2 and members is not alone and len(names) < _MOST_GROUPS:
            title = graph.nodes[members[0]].title
            names.append([round(middle[0]), round(middle[1]), round(radius), title])
    return places, names


def _labels(neighbours: Sequence[Sequence[int]]) -> list[int]:
    """The group of each node: the label that most of its neighbours have, each counted the less the more lines it has."""
    labels = list(range(len(neighbours)))
    order = sorted(range(len(neighbours)), key=lambda at: (len(neighbours[at]), at))
    weight = [1 / math.sqrt(len(each) or 1) for each in neighbours]
    for _ in range(_ROUNDS):
        changed = 0
        for at in order:
            votes: dict[int, float] = {}
            for other in neighbours[at]:
                votes[labels[other]] = votes.get(labels[other], 0.0) + weight[other]
            if votes:
                best = min(votes, key=lambda label: (-votes[label], label))
                changed += best != labels[at]
                labels[at] = best
        if changed * 200 < len(labels):
            break
    return labels
