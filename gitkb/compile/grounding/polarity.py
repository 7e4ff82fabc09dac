"""Whether a claim says the opposite of a passage or more than it: negations, hedges, quantifiers, opposites, small changes to
copied words.

Invariant: decides by words and their order alone, in the languages that have a list here; in others it objects to nothing. What a
negation or hedge is about are the words after it in its clause (before it in Japanese).

Invariant: looks only at places where a claim copies its passage before or after, and where nothing but such words differs; what a
claim says in words of its own is judged elsewhere.

Invariant: a claim is objected to only where it has a word of a group that its passage does not have, while the passage has
another one of the group that the claim lacks. Function words ("before", "more") count too.
"""

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import cache

from gitkb.compile.grounding.facts import content_words, is_acronym_of
from gitkb.text.language.tokens import normalise, stems, words

_NEGATIONS = {
    "en": re.compile(
        r"\b(?:not(?! only\b)|cannot|never|no(?! (?:longer than|more than|less than|later than|matter)\b)|none|neither|nor|"
        r"without|nothing|nobody|nowhere)\b|n['’]t\b"
    ),
    "de": re.compile(r"\b(?:nicht(?! nur\b)|kein\w*|nie|niemals|ohne|weder|nichts|niemand)\b"),
    "fr": re.compile(r"\b(?:ne|pas|jamais|aucune?|sans|ni|rien)\b|\bn['’]"),
    "es": re.compile(r"\b(?:no|nunca|sin|ninguna?|ningún|tampoco|ni|nada)\b"),
    "ja": re.compile(r"ない|ません|なかった|なく(?:なる|て)|ず(?=に|、)|不可|不要"),
    "zh": re.compile(r"不(?!仅|僅|同)|没|沒|未|无|無"),
}
# What negates without a negation: enough where a claim says "not", and reason not to miss one in a claim.
_IMPLIED = {
    "en": re.compile(
        r"\b(?:prevent\w*|avoid\w*|fail\w*|lack\w*|prohibit\w*|forbid\w*|disabl\w*|unable|impossible|unless|except|instead|rather|refus\w*|"
        r"reject\w*|ignor\w*|omit\w*|exclud\w*|skip\w*|missing|absen\w*|optional\w*|non|hardly|free of|too|un(?:used|known|safe|"
        r"supported|defined|available|necessary|needed|changed|committed|likely|readable|set|wanted))\b"
    ),
    "de": re.compile(
        r"\b(?:verhinder\w*|vermeid\w*|verbot\w*|verbiet\w*|deaktivier\w*|unmöglich|außer|statt|ignorier\w*|un(?:nötig|bekannt)\w*)\b"
    ),
    "fr": re.compile(
        r"\b(?:empêch\w*|évit\w*|échou\w*|interdi\w*|désactiv\w*|impossible|inutile|sauf|non|ignor\w*|refus\w*|peu)\b"
    ),
    "ja": re.compile("防|避|失敗|禁|無効|以外|拒|無視|不要|不可|未"),
}
_HEDGES = {
    "en": re.compile(
        r"\b(?:may|might|could|should|usually|typically|(?<!more )(?<!less )often(?! enough)|sometimes|generally|"
        r"normally|probably|perhaps|likely|"
        r"mostly|rarely|seldom|almost|nearly|partly|presumably)\b"
    ),
    "de": re.compile(
        r"\b(?:könnten?|möglicherweise|vielleicht|meist|meistens|gewöhnlich|normalerweise|oft|manchmal|wahrscheinlich|sollten?|fast)\b"
    ),
    "fr": re.compile(
        r"\b(?:pourrai\w+|peut-être|généralement|souvent|parfois|habituellement|probablement|normalement|presque|devrai\w+)\b"
    ),
    "ja": re.compile("かもしれ|場合があ|通常|大抵|しばしば|ときどき|おそらく|でしょう|ほとんど"),
}
_HEDGED = {
    "en": re.compile(r"\b(?:can|possibl\w*|recommended|ought|expected|intended|tends?|some|most|many|must|need\w*|unless)\b"),
    "de": re.compile(r"\b(?:kann|können|möglich\w*|empfohlen|einige|manche|dürfen|darf|muss|soll\w*)\b"),
    "fr": re.compile(r"\b(?:peut|peuvent|possibl\w*|recommandé\w*|certain\w*|doi\w+)\b"),
    "ja": re.compile("可能|できる|ことがあ|多く|べき"),
}
_ALWAYS = {
    "en": re.compile(
        r"\b(?:always|never|invariably|under all circumstances|in (?:all|every) cases?|entirely|completely|fully)\b"
    ),
    "de": re.compile(r"\b(?:immer|nie|niemals|stets|vollständig|ausnahmslos)\b"),
    "fr": re.compile(r"\b(?:toujours|jamais|entièrement|complètement|systématiquement)\b"),
    "ja": re.compile("常に|必ず|いつも|完全に|絶対"),
}
_ALL = {
    "en": re.compile(r"\b(?:all|every|any|each|per)\b(?: of)?(?: the| its| their)?"),
    "de": re.compile(r"\b(?:alle[nmrs]?|jede[nmrs]?|sämtliche\w?)\b"),
    "fr": re.compile(r"\b(?:tous|toutes|tout|toute|chaque|n'importe)\b(?: les)?"),
    "ja": re.compile("すべて|全て|全ての|あらゆる|どの"),
}
_EXTENT = {"en": re.compile(r"\b(?:more than|at least|at most|up to|less than|fewer than|over \d)")}
_EXTENT_THERE = {
    "en": re.compile(
        r"\b(?:more|least|most|up to|less|fewer|over|exceed\w*|above|below|under|minim\w*|maxim\w*|higher|lower|beyond|no)\b"
    )
}
_CAUSES = {
    "en": re.compile(r"\b(?:because|due to|owing to|as a result|therefore|consequently|thanks to)\b"),
    "de": re.compile(r"\b(?:weil|wegen|aufgrund|infolge|deshalb|daher)\b"),
    "fr": re.compile(r"\b(?:parce|grâce|à cause|en raison|car|puisque)\b"),
    "ja": re.compile("から、|ため、|せいで|おかげで|によって引き起こ"),
}
_CAUSES_THERE = {
    "en": re.compile(
        r"\b(?:because|since|as|due|owing|thus|hence|therefore|so|caus\w*|result\w*|reason\w*|lead\w*|mak\w*|if|when|by|thanks|"
        r"consequen\w*)\b"
    ),
    "de": re.compile(
        r"\b(?:weil|da|wegen|aufgrund|infolge|deshalb|daher|denn|sodass|damit|wenn|durch|führ\w*|verursach\w*|dank)\b"
    ),
    "fr": re.compile(r"\b(?:parce|grâce|cause|raison|car|puisque|donc|ainsi|lorsque|si|quand|par|entraîn\w*|permet\w*|en)\b"),
    "ja": re.compile("から|ため|ので|よって|より|と、|ば"),
}
_EXCEPTION = {
    "en": re.compile(r"\b(?:unless|except|only if|only when)\b"),
    "de": re.compile(r"\b(?:außer|es sei denn|nur wenn)\b"),
    "fr": re.compile(r"\b(?:sauf|excepté|à moins|seulement si)\b"),
}
_RESERVE = {
    "en": re.compile(r"\b(?:unless|except\w*|only|if|when|without|other than|not|never|no|but)\b"),
    "de": re.compile(r"\b(?:außer|es sei denn|nur|wenn|falls|ohne|nicht|kein\w*|nie|aber)\b"),
    "fr": re.compile(r"\b(?:sauf|excepté|moins|seul\w*|si|quand|lorsque|sans|ne|pas|jamais|mais)\b"),
}
_SENTENCE = re.compile(r"[.;:!?]\s")
_MOSTLY = 0.6
_CLAUSE = re.compile(
    r"[.,;:!?()\[\]—–]|\s-\s|[、。；：（）]|\b(?:but|because|since|while|whereas|if|when|unless|until|"
    r"sondern|aber|weil|denn|wenn|während|mais|parce|car|si|lorsque|quand|pero|porque)\b"
)
_CONTENT_JA = re.compile("[一-龠々]+|[ァ-ヺー]{2,}|[a-z0-9_.-]{2,}")
_SCOPE, _MORE_THAN = 5, 0.5
_NOUN_NEAR = 5


def turns_round(claim: str, passage: str, language: str) -> bool:
    """Whether a claim negates what its passage affirms, or affirms what it negates."""
    pattern = _NEGATIONS.get(language)
    if pattern is None:
        return False
    claim, passage = normalise(claim), normalise(passage)
    implied = _IMPLIED.get(language)
    if pattern.search(claim):
        return not _is_negated_there(claim, passage, pattern, implied, language)
    if implied and any(found[0] not in passage for found in implied.finditer(claim)):
        return False
    said = set(_in_order(claim, language))
    affirmed = [set(_in_order(clause, language)) for clause in _CLAUSE.split(passage) if not pattern.search(clause)]
    return any(
        _uses(scope, said) and not any(said.intersection(scope) <= clause for clause in affirmed)
        for scope in _scopes(passage, pattern, language)
    )


def says_more(claim: str, passage: str, language: str) -> bool:
    """Whether a claim is surer or wider than its passage: a hedge is lost, some became all, a bound or a cause was added."""
    claim, passage = normalise(claim), normalise(passage)
    if _adds(claim, passage, _ALWAYS, _ALWAYS, language) or _adds(claim, passage, _EXTENT, _EXTENT_THERE, language):
        return True
    if _gives_reason(claim, passage, language) or _made_all(claim, passage, language):
        return True
    if _forgets_exception(claim, passage, language):
        return True
    hedges, hedged = _HEDGES.get(language), _HEDGED.get(language)
    if hedges is None or hedged is None or hedges.search(claim) or hedged.search(claim):
        return False
    said = set(_in_order(claim, language))
    return any(_uses(scope, said) for scope in _scopes(passage, hedges, language))


def _adds(claim: str, passage: str, added: dict[str, re.Pattern[str]], there: dict[str, re.Pattern[str]], language: str) -> bool:
    new, known = added.get(language), there.get(language)
    return bool(new and known and new.search(claim) and not known.search(passage))


def _gives_reason(claim: str, passage: str, language: str) -> bool:
    """Whether a claim gives a reason that its passage does not give."""
    reason = _CAUSES[language].search(claim) if language in _CAUSES else None
    if reason is None:
        return False
    why = _in_order(claim[reason.end() :] if language != "ja" else claim[: reason.start()], language)
    there = set(_in_order(passage, language))
    return _adds(claim, passage, _CAUSES, _CAUSES_THERE, language) or sum(word in there for word in why) * 2 <= len(why)


def _forgets_exception(claim: str, passage: str, language: str) -> bool:
    """Whether a claim says without reserve what its passage says with one: "..., unless ..."."""
    exception, reserve = _EXCEPTION.get(language), _RESERVE.get(language)
    if exception is None or reserve is None or reserve.search(claim):
        return False
    said = set(_in_order(claim, language))
    for found in exception.finditer(passage):
        rule = _in_order(_SENTENCE.split(passage[: found.start()])[-1], language)
        if len(rule) > 2 and sum(word in said for word in rule) > _MOSTLY * len(rule):
            return True
    return False


def _made_all(claim: str, passage: str, language: str) -> bool:
    """Whether "all Xs" or "every X" stands where the passage does not say so of X."""
    pattern = _ALL.get(language)
    if pattern is None:
        return False
    if language == "ja":
        return bool(pattern.search(claim)) and not pattern.search(passage)
    near = [word for found in pattern.finditer(passage) for word in _in_order(passage[found.end() :], language)[:_NOUN_NEAR]]
    for found in pattern.finditer(claim):
        noun = _in_order(claim[found.end() :], language)[:1]
        if noun and noun[0] not in near and noun[0] in _in_order(passage, language):
            return True
        if noun and not pattern.search(passage):
            return True
    return False


def _is_negated_there(claim: str, passage: str, pattern: re.Pattern[str], implied: re.Pattern[str] | None, language: str) -> bool:
    """Whether what a claim negates is negated in its passage too, if in other words."""
    there = [word for scope in _scopes(passage, pattern, language) for word in scope]
    if implied:
        marks = list(implied.finditer(passage))
        there += [word for mark in marks for word in _in_order(_clause_around(passage, mark), language)]
    said = [word for scope in _scopes(claim, pattern, language) for word in scope]
    return bool(there) and (not said or any(word in there for word in said))


def _clause_around(text: str, mark: re.Match[str]) -> str:
    start = max((found.end() for found in _CLAUSE.finditer(text, 0, mark.start())), default=0)
    end = _CLAUSE.search(text, mark.end())
    return text[start : end.start() if end else len(text)]


def _scopes(text: str, pattern: re.Pattern[str], language: str) -> list[list[str]]:
    """What each match is about, the nearest word first."""
    scopes = []
    for match in pattern.finditer(text):
        if language == "ja":
            start = max((mark.end() for mark in _CLAUSE.finditer(text, 0, match.start())), default=0)
            scopes.append(_in_order(text[start : match.start()], language)[-2:][::-1])
        else:
            end = _CLAUSE.search(text, match.end())
            scopes.append(_in_order(text[match.end() : end.start() if end else len(text)], language)[:_SCOPE])
    return scopes


def _uses(scope: list[str], said: set[str]) -> bool:
    """Whether a claim speaks of what a scope is about."""
    if not any(word in said for word in scope[:2]):
        return False
    share = sum(word in said for word in scope) / len(scope)
    return share > _MORE_THAN or (len(scope) <= 2 and share >= _MORE_THAN)


def _in_order(text: str, language: str) -> list[str]:
    if language == "ja":
        return [run[-2:] if run > "一" else run for run in _CONTENT_JA.findall(text)]  # the end of a compound is its head
    return content_words(text, language)


_WORD = re.compile(r"n['’]t\b|[^\W_]+?(?=n['’]t\b)|[^\W_]+(?:[-_.][^\W_]+)*")
_DIGITS = re.compile(r"\d+")
_LONGEST, _SMALL = 400, 4
_NEGATION_WORDS = frozenset(
    """not n't n’t cannot never no none neither nor without nicht kein keine keinen keiner keinem nie niemals ohne ne pas
    jamais aucun aucune sin nunca""".split()
)
_AUXILIARIES = frozenset("""do does did be is are was were to wird werden a an the any""".split())
_HEDGE_WORDS = frozenset(
    """may might could should usually typically often sometimes generally normally probably perhaps likely mostly rarely some
    most many almost nearly partly möglicherweise meist meistens normalerweise oft manchmal wahrscheinlich sollte sollten
    einige manche viele généralement souvent parfois habituellement probablement normalement presque""".split()
)
_MILD = _HEDGE_WORDS | frozenset("""can possibly kann können darf peut peuvent ought recommended several certain""".split())
_STRONG = frozenset(
    """must always all every never only shall entirely completely immer alle jeder jede jedes nur muss müssen toujours tous
    toutes chaque seulement""".split()
)


def edited(claim: str, passage: str) -> str:
    """What the small changes of a claim do to its passage: "polarity" (it says the opposite), "more" (it says more),
    "names" (it speaks of another thing), or ""."""
    written, original = (_WORD.findall(text)[:_LONGEST] for text in (claim, passage))
    said, there = (list(map(normalise, each)) for each in (written, original))
    blocks = SequenceMatcher(None, there, said, autojunk=False).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(blocks):
        if kind == "equal" or max(i2 - i1, j2 - j1) > _SMALL or not _is_copied(blocks, number):
            continue
        if i2 - i1 == j2 - j1 and any(map(_swaps, original[i1:i2], written[j1:j2])):
            return "names"
        removed, added = there[i1:i2], said[j1:j2]
        if _core(removed) != _core(added):
            continue
        if (_count(removed, _NEGATION_WORDS) + _count(added, _NEGATION_WORDS)) % 2:
            return "polarity"
        if _count(removed, _HEDGE_WORDS) and not _count(added, _MILD):
            return "more"
        if _count(added, _STRONG) > _count(removed, _STRONG):
            return "more"
    return ""


def _swaps(word: str, other: str) -> bool:
    """Whether a word in the place of another is another name, or the same one with another number."""
    if _DIGITS.sub("", word) == _DIGITS.sub("", other):
        return word != other and _DIGITS.search(word) is not None
    names = all(each[0].isupper() and each[1:2].isalpha() for each in (word, other))
    return names and not (is_acronym_of(word, other) or is_acronym_of(other, word)) and word[:4].lower() != other[:4].lower()


def _is_copied(blocks: Sequence[tuple[str, int, int, int, int]], number: int) -> bool:
    """Whether words are the same on both sides, or enough on one."""
    before = blocks[number - 1] if number else None
    after = blocks[number + 1] if number + 1 < len(blocks) else None
    sizes = [block[2] - block[1] if block and block[0] == "equal" else 0 for block in (before, after)]
    return min(sizes) >= 1 and max(sizes) >= 2


def _core(words: list[str]) -> list[str]:
    """The words less those that only negate, hedge or help."""
    bare = ("can" if word == "cannot" else word for word in words)
    return [word for word in bare if word not in _NEGATION_WORDS | _AUXILIARIES | _MILD | _STRONG]


def _count(words: list[str], of: frozenset[str]) -> int:
    return sum(word in of for word in words)


_GROUPS = {
    "en": """before after|begin end|first last|more less fewer|increase decrease reduce|enable disable|
        uppercase lowercase|upper lower|high low|higher lower|large small|larger smaller|fast slow|faster slower|
        minimum maximum|min max|leader follower|dynamic static|dynamically statically|separate single shared|
        internal external|inner outer|old new|older newer|input output|always never|many few|
        substantial negligible|automatic manual|automatically manually|synchronous asynchronous|
        ascending descending|above below|prefix suffix|add remove|create delete drop|
        allow forbid prohibit prevent|accept reject refuse|replace keep|public private|local remote|true false|
        success failure|succeed fail|optional required mandatory|
        nanosecond microsecond millisecond second minute hour day week month year|
        bit byte kilobyte megabyte gigabyte terabyte|weak strong|physical logical|parent child|encode decode|
        encrypt decrypt|lock unlock|import export|upload download|horizontal vertical|early late|earlier later|
        explicit implicit|explicitly implicitly|possible impossible|safe unsafe|supported unsupported|
        sender receiver|producer consumer|primary secondary standby replica|reader writer|insert delete|
        append truncate|mutable immutable|positive negative|odd even|north south|east west|cheap expensive|
        simple complex|good bad|better worse|best worst|long short|longer shorter|wide narrow|rise fall|gain lose|
        open closed|wholly partly|complete partial|completely partially|together separately|within outside|
        inside outside|with without""",
    "de": """vor nach|erste letzte|mehr weniger|höher niedriger|größer kleiner|immer nie niemals|
        aktivieren deaktivieren|schnell langsam|schneller langsamer|alt neu|älter neuer|minimum maximum|
        oben unten|viel wenig|viele wenige|erlaubt verboten|öffnen schließen|hinzufügen entfernen löschen|
        intern extern|automatisch manuell|statisch dynamisch|zunehmen abnehmen|
        sekunde minute stunde tag woche monat jahr|mit ohne|innerhalb außerhalb|früher später|möglich unmöglich|
        richtig falsch""",
    "fr": """avant après|premier dernier|plus moins|toujours jamais|activer désactiver|rapide lent|ancien nouveau|
        minimum maximum|ajouter supprimer|autorisé interdit|ouvrir fermer|interne externe|automatique manuel|
        grand petit|avec sans|seconde minute heure jour semaine mois an|possible impossible|vrai faux|haut bas|
        début fin""",
    "ja": """最初 最後|増加 減少|有効 無効|追加 削除|成功 失敗|可能 不可能|必須 任意|自動 手動|
        内部 外部|上位 下位|最大 最小|許可 禁止|開始 終了|入力 出力|秒 分 時間 日 週|
        古い 新しい|以前 以後|公開 非公開""",
}
_SWITCHED = (
    ("turned on", "enabled"), ("switched on", "enabled"), ("set to on", "enabled"),
    ("turned off", "disabled"), ("switched off", "disabled"), ("set to off", "disabled"),
)  # fmt: skip


def has_opposite(claim: str, passage: str, language: str) -> bool:
    """Whether a claim has the counterpart of a word of its passage in the place of it."""
    groups = _groups(language)
    if not groups:
        return False
    claim, passage = _prepared(claim), _prepared(passage)
    if language == "ja":
        return any(_swaps_opposites(group, lambda word: word in claim, lambda word: word in passage) for group in groups)
    said, there = _stems(claim, language), _stems(passage, language)
    return any(_swaps_opposites(group, said.__contains__, there.__contains__) for group in groups)


def _swaps_opposites(group: frozenset[str], said: Callable[[str], bool], there: Callable[[str], bool]) -> bool:
    new = [word for word in group if said(word) and not there(word)]
    return bool(new) and any(there(word) and not said(word) for word in group)


def _prepared(text: str) -> str:
    text = normalise(text)
    for written, meant in _SWITCHED:
        text = text.replace(written, meant)
    return text


def _stems(text: str, language: str) -> set[str]:
    stem = stems(language)
    return {stem[word.text] for word in words(text) if not word.unspaced}


@cache
def _groups(language: str) -> tuple[frozenset[str], ...]:
    listed = _GROUPS.get(language, "")
    stem = (lambda word: word) if language == "ja" else stems(language).__getitem__
    return tuple(frozenset(stem(normalise(word)) for word in group.split()) for group in listed.split("|") if group.strip())
