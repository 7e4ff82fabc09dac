"""Which sentences can stand alone, and how good they are: what makes a claim.

Invariant: `claim_text` gives one line of plain text that opens with no pronoun, leans on no neighbour ("this", "above",
"as we saw"), is no question, list, code or table fragment and ends with a full stop; or "". Scores depend on the sentence alone.
"""

import itertools
import re

from gitkb.text.prose import CODE_CLOSE, CODE_OPEN, plain
from gitkb.text.stopwords import function_words
from gitkb.text.wordclasses import breaks_run, is_verb_form

MIN_LENGTH, MAX_LENGTH = 40, 300
_CJK_LENGTHS = (16, 180)
_CJK = ("ja", "zh", "ko")

_OPENINGS = {
    "en": """this|these|those|that|it|its|it's|they|them|their|theirs|he|she|his|her|hers|here|there|then|thus|hence|
        therefore|however|but|and|or|nor|so|
        also|moreover|furthermore|additionally|finally|lastly|similarly|likewise|instead|otherwise|conversely|consequently|
        accordingly|nevertheless|
        nonetheless|meanwhile|still|yet|again|besides|alternatively|regardless|for example|for instance|for (?:this|that|
        these|more|further|now)|in (?:this|that|these|such|addition|contrast|
        particular|other words|fact|summary|short|general,|turn|practice|both|either|our|the (?:above|following|previous|
        first|second|last|next|example|preceding|same))|as (?:a (?:result|consequence)|such|you|we|before|above|an? example|
        with|shown|mentioned|noted|described|discussed)|
        on the (?:other|one) hand|at (?:this|that|the (?:moment|time)|first)|by (?:this|that|doing|the way)|to (?:this|that|
        do this|see|summarize|be|make this|illustrate|avoid this|fix|address)|
        with (?:this|that|these|those)|from (?:this|that|here|there|now)|after (?:this|that|these|which)|because of (?:this|
        that)|due to this|given (?:this|that|these)|
        first(?:ly)?,|second(?:ly)?,|third(?:ly)?,|next,?|now,?|note|notice|remember|recall|observe|consider|imagine|suppose|
        assume|let|let's|try|see|look|say|think|please|don't|do|be|
        we|i|i'm|i've|we've|we'll|we're|my|our|us|one|another|both|neither|either|each of|some of (?:these|this|the|them|it)|
        most of (?:these|this|the|them|it)|all of (?:these|this|the)|any of|none|others?|such|same|
        the (?:following|above|former|latter|same|other|others|code|example|examples|first|second|third|fourth|last|next|
        previous|preceding|former|result|reason|reasons|answer|problem|idea|point|difference|only|main|remaining|rest|output|
        one|ones|
        program|error|solution|listing|diagram|figure|table|below|trick|key|goal|purpose|downside|advantage|disadvantage|
        benefit|question|issue|catch|fact|good news|bad news|plan|aim|new|resulting|two|three|four|call|line|lines|body|
        caller|crate above|macro above)|
        what|which|who|whose|where|why|how|yes|no|ok|okay|well|sure|of course|fortunately|unfortunately|luckily|interestingly|
        actually|basically|sometimes|often|usually|once (?:you|we|this|that|it)|
        when (?:we|it|this|that|they|doing|used|these)|while (?:this|that|it|we|these)|if (?:this|that|it|we|not|so|they|any|
        these|either)|since (?:this|that|it|we|they|then)|because (?:this|that|it|we|they)|although (?:this|it|we|that)|
        though|even (?:though|if|so)|
        and/or|rather|more|less|too|not|nothing|everything|something|anything|e\\.g\\.|i\\.e\\.|click|go to|make sure|
        return(?:s)?|example|note:|warning|tip|caution|fixme|todo|used|using this|changed|added|new in|deprecated|
        thanks|today|currently,? (?:this|we|it|there)|same as|see also|there(?:'s| is| are)|here's|that's|what's|
        until (?:this|now|we)|before (?:this|we|that)|like (?:this|that|the|in)|unlike (?:this|that|the (?:previous|other))|
        along with|apart from (?:this|that)|aside from|other than (?:this|that)|under (?:this|these|the hood)""",
    "de": """dies|diese|dieser|dieses|diesem|diesen|es|er|sie|das (?=[a-zäöü])|der (?=[a-zäöü]+t\\b)|da|damit|dabei|daher|
        dadurch|dafür|dann|danach|daraus|darin|davon|davor|denn|deshalb|deswegen|dazu|darüber|darunter|dort|hier|hierbei|
        hierfür|hierzu|hiermit|so|somit|
        aber|und|oder|auch|außerdem|jedoch|allerdings|zudem|ferner|trotzdem|dennoch|folglich|schließlich|zunächst|zuerst|
        anschließend|zum beispiel|beispielsweise|wir|ich|sein|seine|ihr|ihre|beide|beides|solche|solcher|solches|jene|jener|
        man|sonst|andernfalls|
        stattdessen|ansonsten|siehe|beachten|bitte|im folgenden|wie (?:oben|bereits)|die (?:folgende|obige|obigen|folgenden)|
        in diese[mr]|aus diesem|auf diese|bei diese[mr]|mit diese[mr]|nach diese[mr]|zu diese[mr]|für diese[sn]?|was|warum|
        wer|wo|wie|nun|jetzt|falls (?:sie|dies|es|das)|wenn (?:sie|dies|es|das)|einige(?:r|n)?|andere(?:r|s)?|ein(?:e)? ander|
        weitere|ebenso|ebenfalls|zwar|nur|natürlich|leider|eines|einer der""",
    "fr": """ce|cela|ceci|cet|cette|ces|c'est|c'était|il|ils|elle|elles|on|nous|je|j'ai|mais|et|ou|donc|ainsi|aussi|alors|
        cependant|toutefois|néanmoins|puis|ensuite|enfin|par exemple|ici|là|en effet|de plus|en outre|par conséquent|sinon|
        celui|celle|ceux|celles|
        voici|voilà|leur|leurs|son|sa|ses|notez|veuillez|voir|consultez|dans (?:ce|cet|cette|ces)|à (?:ce|cet|cette)|
        pour (?:cela|ce|cette)|de (?:ce|cette)|avec (?:ce|cette|cela)|lorsque (?:vous|cela)|si (?:vous|cela|ce|c'est|le cas|
        nécessaire)|y|d'autre part|d'une part|au contraire|notre|nos|mon|mes|certain(?:e)?s|d'autres|l'autre|les autres|l'un|
        pourquoi|comment|que|qu'|quel(?:le)?s?|finalement|également|malheureusement|c’est|toujours|pourtant|or|car|parfois|
        n'oubliez|merci|s'il""",
    "es": """este|esta|estos|estas|esto|ese|esa|esos|esas|eso|aquel|aquella|él|ella|ellos|ellas|pero|y|o|u|e|así|también|
        además|sin embargo|luego|por ejemplo|aquí|allí|por (?:lo tanto|ello|eso|esto|esta|este)|entonces|es|son|está|están|
        era|nosotros|su|sus|lo|
        se|nuestro|nuestra|yo|mi|no obstante|en (?:este|esta|estos|estas|ese|esa|cambio)|de (?:este|esta|esa|ese)|con (?:este|
        esta|esto)|para (?:esto|ello|este|esta)|vea|véase|nota|tenga en cuenta|si (?:usted|esto|es)|cuando (?:usted|esto)|
        otro|otra|otros|otras|ambos|qué|cómo|cuál|por qué|finalmente|después|primero|puede|pueden|hay|tiene|tienen|debe|deben|
        fue|será|mientras|aunque|ya|asimismo|igualmente|dicho|dicha""",
    "it": """questo|questa|questi|queste|quello|quella|esso|essa|essi|esse|egli|lui|lei|loro|ma|e|ed|o|così|anche|inoltre|
        tuttavia|poi|infine|per esempio|ad esempio|qui|quindi|pertanto|è|sono|noi|io|suo|sua|in quest|si|ciò|nota|vedere|
        altri|altre|entrambi|invece|dopo|può|possono|c'è|ci sono""",
    "pt": """este|esta|estes|estas|isto|esse|essa|esses|essas|isso|aquele|aquela|ele|ela|eles|elas|mas|e|ou|assim|também|
        além disso|no entanto|porém|depois|por exemplo|aqui|portanto|então|é|são|nós|eu|seu|sua|seus|suas|nest[ea]|ness[ea]|
        dess[ea]|dest[ea]|se|veja|nota|outro|outra|ambos|há|pode|podem|tem""",
    "nl": """dit|dat|deze|die|het (?=is|kan|zal|wordt)|hij|zij|ze|wij|we|ik|maar|en|of|dus|ook|daarnaast|echter|dan|daarna|
        bijvoorbeeld|hier|daar|daarom|hierdoor|zo|er|zijn (?=is)|haar|hun|beide|zie|in dit|in deze|bovendien|vervolgens|
        tot slot|als (?:u|je|dit)|wat|waarom|hoe|andere""",
    "ru": """это|этот|эта|эти|он|она|оно|они|но|и|или|а|также|кроме того|однако|затем|поэтому|например|здесь|там|тут|так|
        таким образом|мы|я|его|её|ее|их|в этом|в этой|для этого|если вы|тогда|потом|наконец|оба|обе|что|как|почему|вы|такой|
        такая|такие|то|тот|та|те|при этом|после этого|другой|другие|наш|следующ\\w+""",
}
_CJK_OPENINGS = {
    "ja": """これ|それ|この|その|あれ|あの|ここ|そこ|こう|そう|また|しかし|そして|なお|
        ただし|例えば|たとえば|したがって|従って|だから|つまり|さらに|次に|まず|もし|私|わたし|あなた|
        以下|上記|下記|前述|では|
        さて|ちなみに|一方|同様|そのため|ですから|すなわち|または|および|あるいは|ところで|特に|なぜ|
        詳しく|詳細|次の|前の|最後に|最初に|他の|どの|何|いくつか|通常は|もちろん|ほか|皆|我々|彼|注意|同じ|両方|いずれ|こちら|第""",
    "zh": """这|這|那|它|他|她|该|該|此|其|但|而|因此|所以|例如|比如|另外|此外|同时|同時|然后|然後|首先|
        其次|最后|最後|我|你|您|以下|上述|下面|上面|如果你|如果您|请|請|如上|如下|本|
        并|並|或|也|
        还|還|就|不过|不過|然而|于是|於是|接着|接著|当然|當然|参见|參見|注意|在这|在這|
        对于这|為了|为了这|由此|从这|其中|同样|同樣|有些|另一|什么|如何|为什么|怎|和|与|以及|只|又|再|可以""",
}


def _pattern(words: str) -> str:
    return "|".join(part.strip() for part in words.split("|"))


_OPENING = {language: re.compile(rf"(?:{_pattern(words)})(?![\w-])", re.I) for language, words in _OPENINGS.items()}
_CJK_OPENING = {language: re.compile(_pattern(words)) for language, words in _CJK_OPENINGS.items()}
_LEANS = {
    "en": re.compile(
        r"(?:\b|, )(?:(?:this|these) (?:chapter|section|book|example|examples|code|document|page|tutorial|guide|article|"
        r"paper|manual|case|point|way|means|problem|list|table|rfc|post|lesson|situation|reason|time|program|function|lint|"
        r"issue|error|module|behavior|behaviour|approach|feature|function|method|type|file|crate|one|option|command)|"
        r"the (?:above|below|following|previous|preceding|next|last) \w+|above|below|as follows|following (?:code|example|"
        r"section|list)|(?:listing|figure|fig\.|table|example|exercise|chapter|section|appendix|equation|"
        r"step) \(?[0-9A-Z][0-9.-]*\b|"
        r"we|we'll|we've|we're|we'd|i|i'm|i've|i'd|i'll|us|our|ours|my|me|let's|as shown|shown here|see (?:the|also|chapter|"
        r"section|below|above|more)|mentioned|later (?:on|in)|earlier|discussed|that's (?:why|it)|(?:shown|seen|described|"
        r"listed|defined) (?:here|above|below|in)|"
        r"this (?:is|was|can be) (?:done|achieved|used|because|why)|previously|in turn,|on the other hand|on the contrary|"
        r"however|therefore|though,|so far|stay tuned|sorry|hello|foo|"
        r"bar|baz|these two|those two|latter|former|aforementioned|dear|fun|talk about|as you can see|you(?:'ve|"
        r" have) (?:seen|learned))\b",
        re.I,
    ),
    "de": re.compile(
        r"\b(?:wir|uns|unser\w*|ich|mein\w*|siehe|diese[smr]? (?:kapitel|abschnitt|buch|dokument|beispiel|seite|handbuch|"
        r"anleitung)\w*|oben|unten|(?:abbildung|tabelle|kapitel|abschnitt|anhang) [0-9A-Z]|folgende[nrsm]?|letztere\w*|"
        r"obige\w*|vorige\w*|vorherig\w*)\b",
        re.I,
    ),
    "fr": re.compile(
        r"\b(?:nous|notre|nos|je|mon|mes|moi|voir|ci-dessous|ci-dessus|(?:ce|cet|cette) (?:chapitre|section|livre|document|"
        r"exemple|page|manuel|guide)|(?:figure|tableau|chapitre|section|annexe) [0-9A-Z]|suivante?s?|précédente?s?|"
        r"ce dernier|cette dernière)\b",
        re.I,
    ),
    "es": re.compile(
        r"\b(?:nosotros|nuestr[oa]s?|yo|mi|véase|vea|(?:este|esta) (?:capítulo|sección|libro|documento|ejemplo|página|"
        r"manual|guía)|(?:figura|tabla|capítulo|sección) [0-9A-Z]|siguientes?|anterior(?:es)?|este último)\b",
        re.I,
    ),
    "ja": re.compile(
        r"この(?:章|節|文書|本|例|ページ|マニュアル|セクション)|本(?:章|節|書|文書)|上記|下記|以下の|次の|前述|私|我々|を参照|をご覧"
    ),
    "zh": re.compile(
        r"(?:本|这|這|该|該)(?:章|节|節|书|書|文|例|页|頁|手册|手冊|文档|文件)|上述|如下|下面|以下|上面|我们|我們|我|请参|請參|参见|參見"
    ),
}
_ENDS = re.compile(r"[^.…:;,?!\s][\"'”’»)\]]*\.[\"'”’»)\]]*$|[。．｡][」』）”]*$")
_CLEAN_FAILS = re.compile(
    r"https?:|www\.|\]\(|\[\[|\||\*\*|^[-*+>#]|\\[a-z]|[\ufffd\ufffe\uffff\x00-\x1f]|\.\.\.|…|\{\{|\}\}|<[a-z/!]|__|::$|"
    r"[→⇒■□●▪►✓✗]|\s[.,;:](?:\s|$)|\(\s*\)|\[\s*\]|\?|\S{60}|;.*;.*;|= ?\d+ |(?:e\.g|i\.e)\.$"
)
_OPENS_WELL = re.compile(r"[\"“‘«„(]?[^\W_]")
_BRACKETS = str.maketrans({"（": "(", "）": ")"})
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_YOU = re.compile(r"\b(?:you|your|you're|you'll|yours)\b", re.I)
_POINTING = re.compile(r"\b(?:this|these|those|such|here|there|it)\b", re.I)
_CODE = re.compile(f"{CODE_OPEN}[^{CODE_CLOSE}]*{CODE_CLOSE}")


def claim_text(marked: str, language: str, *, leads: bool = True) -> str:
    """The sentence as plain text where it can stand alone, else "". `leads`: it is the first of its paragraph."""
    text = plain(marked)
    if not _has_shape(text, language) or marked.count(CODE_OPEN) != marked.count(CODE_CLOSE):
        return ""
    if is_leaning(text, language) or not _opens_well(marked, text, language, leads):
        return ""
    code = sum(len(match) for match in _CODE.findall(marked))
    if code * 2 > len(text) or not _reads_like_prose(text, language):
        return ""
    return text


def claim_score(text: str, *, is_item: bool, leads: bool) -> float:
    """How good a claim a sentence that can stand alone is, 0..1."""
    score = 0.5
    score += 0.12 if 60 <= len(text) <= 200 else (-0.12 if len(text) > 230 else 0)
    score += 0.08 if leads else 0
    score -= 0.1 if is_item else 0
    score -= 0.15 if _YOU.search(text) else 0
    score -= 0.08 if _POINTING.search(text) else 0
    score -= 0.05 * min(3, sum(text.count(c) for c in "();=") // 2)
    score -= 0.1 if "[" in text else 0
    score -= 0.05 if sum(map(str.isdigit, text)) > 3 else 0
    return max(0.05, score)


def _has_shape(text: str, language: str) -> bool:
    least, most = _CJK_LENGTHS if language in _CJK else (MIN_LENGTH, MAX_LENGTH)
    if not least <= len(text) <= most or not _ENDS.search(text) or _CLEAN_FAILS.search(text):
        return False
    folded = text.translate(_BRACKETS)
    return (
        all(folded.count(a) == folded.count(b) for a, b in (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»")))
        and text.count('"') % 2 == 0
    )


def is_leaning(text: str, language: str) -> bool:
    """Whether a sentence needs its neighbours to be understood, or speaks of the document instead of the subject."""
    cjk = _CJK_OPENING.get(language)
    if cjk is not None:
        return bool(cjk.match(text) or _LEANS[language].search(text))
    opening = _OPENING.get(language)
    bare = text.lstrip("\"'“‘«„(").replace("’", "'")
    if opening is not None and opening.match(bare):
        return True
    leaning = _LEANS.get(language)
    return leaning is not None and bool(leaning.search(bare))


def _opens_well(marked: str, text: str, language: str, leads: bool) -> bool:
    if language in _CJK or marked.startswith(CODE_OPEN):
        return True
    if not _OPENS_WELL.match(text):
        return False
    first = text.split(None, 1)[0].lower().strip("(\"'“‘«„,")
    if text[0].islower():
        # "pg_dump is a utility": a name that is written small opens a paragraph; a fragment opens with a small ordinary word.
        return leads and first not in function_words(language) and not breaks_run(first, language)
    return language != "en" or not _drops_subject(first, text)


def _drops_subject(first: str, text: str) -> bool:
    """Whether an English sentence opens with its verb: "Returns the value ...", "Add a newline ..."."""
    rest = text.split(None, 2)[1:2]
    return bool(rest) and rest[0].lower() in _AFTER_VERBS and is_verb_form(first)


def _reads_like_prose(text: str, language: str) -> bool:
    letters = sum(map(str.isalpha, text))
    if language in _CJK:
        return letters * 3 > len(text) * 2
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < 6 or letters * 10 < len(text) * 7:
        return False
    known = function_words(language)
    if known and sum(word in known for word in words) < (2 if len(words) > 8 else 1):
        return False
    if sum(word[0].isupper() for word in _WORD.findall(text)) * 2 > len(words) + (len(words) if language == "de" else 0):
        return False
    return language != "en" or any(
        word in _AUXILIARIES or (before not in _BEFORE_NOUNS and is_verb_form(word)) for before, word in itertools.pairwise(words)
    )


_AUXILIARIES = frozenset(
    """is are was were be has have had can could may might must shall should will would do does did cannot isn't aren't doesn't
    don't can't won't""".split()
)
_AFTER_VERBS = frozenset(
    "the a an all any whether if that how your this these each every no help and or only when to which".split()
)
_BEFORE_NOUNS = frozenset("to the a an of".split())
