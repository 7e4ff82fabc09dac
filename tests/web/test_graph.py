"""The graph is laid out as a function of itself, whole and around a page."""

import random

from starlette.testclient import TestClient

from gitkb.model.rows import Graph, GraphNode
from gitkb.web.graph_layout import laid_out

PAGE = "wiki/concepts/write-ahead-logging.md"


def test_the_whole_has_every_document_and_page(browser: TestClient) -> None:
    found = browser.get("/graph.json").json()
    paths = [node[4] for node in found["nodes"]]
    assert PAGE in paths and "wiki/summaries/docs/wal.md" in paths
    at = {path: number for number, path in enumerate(paths)}
    assert [at[PAGE], at["wiki/summaries/docs/wal.md"]] in found["lines"]
    assert f"{len(paths)} nodes" in browser.get("/graph").text


def test_around_a_page_are_its_neighbours(browser: TestClient) -> None:
    found = browser.get("/graph.json", params={"page": PAGE}).json()
    assert found["nodes"][0][4] == PAGE and found["nodes"][0][:2] == [0, 0] and len(found["nodes"]) >= 2
    assert browser.get("/graph.json", params={"page": "wiki/nothing.md"}).status_code == 404


def test_nodes_do_not_lie_on_one_another_and_come_out_the_same() -> None:
    draw = random.Random(7)
    nodes = [GraphNode(f"wiki/concepts/{n}.md", str(n), "concept") for n in range(600)]
    nodes += [GraphNode(f"wiki/summaries/{n}.md", str(n), "document") for n in range(1_400)]
    edges = {(draw.randrange(600) if draw.random() < 0.2 else n % 600, 600 + n % 1_400) for n in range(4_000)}
    graph = Graph("tree", tuple(nodes), tuple(sorted(edges)))
    places, names = laid_out(graph)
    assert len({(round(x), round(y)) for x, y in places}) > 1_950 and names
    laid_out.cache_clear()
    assert laid_out(graph)[0] == places
