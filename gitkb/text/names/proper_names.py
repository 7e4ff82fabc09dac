"""What kind of thing a proper name names, told from the name alone: its ending, a place list, common given names.

Invariant: "" where the name does not tell; never a guess from a single capital letter.
"""

_ORGANISATION = frozenset(
    """inc ltd llc gmbh ag corp corporation company foundation institute university college association society committee
    consortium
    laboratory laboratories labs agency organization organisation union council group team project bank ministry department
    stiftung universität verein gesellschaft hochschule verlag fondation université institut association universidad fundación
    instituto universidade fundação università fondazione press software systems technologies conference""".split()
)
_PLACES = frozenset(
    """Africa America Argentina Asia Australia Austria Belgium Berlin Boston Brazil Britain California Cambridge Canada
    Chicago Chile China
    Colombia Denmark Egypt England Europe Finland France Geneva Germany Greece Hungary Iceland India Indonesia Iran Iraq
    Ireland Israel Italy
    Japan Kenya London Madrid Mexico Moscow Munich Netherlands Norway Oxford Paris Peru Poland Portugal Prague Romania Rome Russia
    Scotland Seattle Singapore Spain Stockholm Sweden Switzerland Taiwan Tokyo Toronto Turkey Ukraine Vienna Vietnam Wales
    Washington Zurich
    Deutschland Frankreich Österreich Schweiz Allemagne Espagne Suisse Alemania España Francia""".split()
) | {
    "New York",
    "San Francisco",
    "United States",
    "United Kingdom",
    "European Union",
    "South Africa",
    "New Zealand",
    "Hong Kong",
    "South Korea",
}
_GIVEN = frozenset(
    """adam alan albert alex alexander alice andrew andreas andré anna anne anthony antonio arthur barbara ben benjamin
    bernard  bob brian bruce
    carl carlos carol caroline charles chris christian christine christopher claude daniel david dennis  donald doug douglas
    edgar edward elizabeth eric erik eugene felix florian  frank franz fred frederick friedrich gary george gerald gerard
    gordon graham  greg guido hans harold heinrich helen henri henry herbert howard  ian ivan  jacques james jan jane
    jason jean jeff jeffrey jennifer jeremy jim joe johann johannes john jonathan jorge josé joseph juan julia karen karl kate
    keith ken kenneth kevin klaus kurt larry laura leonard leslie linda linus louis luca lukas luis maria marie  markus martin
    mary matt matthew matthias  michael michel mike miguel nicholas nick niklas nikolaus norman oliver oscar otto patrick
    paul pedro
    peter philip philipp pierre rachel ralph raymond rené richard rick robert  roger roland ronald rudolf ruth ryan sam samuel
    sarah scott sebastian simon stefan stephan stephen steve steven stuart susan terry theodore thomas tim timothy tom tony
    ulrich victor vincent walter werner wilhelm william wolfgang yann yves""".split()
)
_CALENDAR = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday
    saturday sunday english german french spanish japanese chinese italian russian american european christmas easter
    jan feb mar apr jun jul aug sep oct nov dec januar februar märz mai juni juli oktober dezember true false none null nan ok
    boolean figure table section chapter appendix note warning tip example listing todo fixme part step internet web""".split()
)


def entity_type_of(name: str) -> str:
    """ "person", "organisation", "place", or "" where the name does not tell."""
    words = name.replace(".", "").split(" ")
    if name in _PLACES:
        return "place"
    if len(words) > 1 and (
        {words[-1].lower(), words[0].lower()} & _ORGANISATION or (" of " in name and words[0].lower() in _ORGANISATION)
    ):
        return "organisation"
    if 2 <= len(words) <= 4 and words[0].lower() in _GIVEN and all(word[:1].isupper() for word in words if len(word) > 3):
        return "person"
    return ""


def is_calendar_word(word: str) -> bool:
    """Whether a lower-case word is a month, a day, a nationality or another capitalised word that names no thing."""
    return word in _CALENDAR
