"""A scripted model that compiles: digests of a document's own sentences, overviews of the claims it is given.

Its answers are a function of the request alone and honest: each statement is the sentence that it names. So what is committed
can be foretold, and everything that differs between two runs is the program's doing.
"""

import re

from tests.support.model_server import Asked, Json

_SENTENCE = re.compile(r"^(?:[-*] )?<(\d+)> ([A-Z][^\n]{30,280}?[.])(?=\s|$)", re.MULTILINE)
_TERM = re.compile(r"^((?:A |An |The )?[A-Za-z][\w-]+(?: [a-z][\w-]+){0,2}) (?:is|are) (?:a|an|the) ")
_ITEM = re.compile(r"^(\d+)\. (.*) \([^()]*\)$", re.MULTILINE)
_POINT = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
_NAMES = re.compile(r"^Name: (.*) \(", re.MULTILINE)


def writing(asked: Asked) -> Json:
    """The answer to a digest, a reduction, a comparison of names or an overview."""
    if asked.purpose == "overview":
        told = [{"text": text, "claims": [int(number)]} for number, text in _ITEM.findall(asked.last)[:3]]
        empty: Json = {"parts": [], "how_it_works": [], "comparison": [], "disagreement": [], "open_questions": []}
        return {"opening": told} | empty
    if asked.purpose == "reduce":
        points = _POINT.findall(asked.last)
        summary = [{"text": text, "points": [int(number)]} for number, text in points[:3]]
        return {"title": "", "description": "", "summary": summary, "key_points": [int(number) for number, _ in points[:8]]}
    if asked.purpose == "same":
        names = [re.sub(r"\W|s\b", "", name.lower()) for name in _NAMES.findall(asked.last)]
        return {"same": names[0] == names[1]}
    return _digest(asked)


def _digest(asked: Asked) -> Json:
    sentences = {text: int(number) for number, text in reversed(_SENTENCE.findall(asked.last.partition("<<<")[2]))}
    said: list[Json] = [{"text": text, "from": [number]} for text, number in reversed(sentences.items())]
    concepts = []
    for each in said:
        term = _TERM.match(each["text"])
        if term:
            name = re.sub(r"^(?:A|An|The) ", "", term[1])
            claims = [other for other in said if name.lower() in other["text"].lower() and other is not each]
            concepts.append({"name": name, "aliases": [], "definition": each, "claims": claims[:3]})
    title = re.search(r"^# (.*)$", asked.last, re.MULTILINE)
    found: Json = {"title": title[1] if title else "", "description": "", "summary": said[:2], "key_points": said[2:6]}
    return found | {"concepts": concepts[:12], "entities": []}
