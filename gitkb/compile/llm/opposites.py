"""Words of which one cannot stand for the other: opposites, units, the two sides of a thing.

Invariant: a claim is objected to only where it has a word of a group that its passage does not have, while the passage has
another one of the group that the claim lacks. Function words ("before", "more") count too.
"""

from collections.abc import Callable
from functools import cache

from gitkb.text.tokens import normalise, stems, words

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
        return any(_swaps(group, lambda word: word in claim, lambda word: word in passage) for group in groups)
    said, there = _stems(claim, language), _stems(passage, language)
    return any(_swaps(group, said.__contains__, there.__contains__) for group in groups)


def _swaps(group: frozenset[str], said: Callable[[str], bool], there: Callable[[str], bool]) -> bool:
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
