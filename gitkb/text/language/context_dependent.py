"""Sentences that lean on their neighbours: pronouns and connectives at the start, "above", "as we saw", "Listing 4-2".

Invariant: decides by the words alone, in ten languages; patterns are alternatives of fixed words, so their time is linear.
"""

import re

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
# For text in small letters: a pattern that ignores case takes four times as long.
_LEANS = {
    "en": re.compile(
        r"(?:\b|, )(?:(?:this|these) (?:chapter|section|book|example|examples|code|document|page|tutorial|guide|article|"
        r"paper|manual|case|point|way|means|problem|list|table|rfc|post|lesson|situation|reason|time|program|function|lint|"
        r"issue|error|module|behavior|behaviour|approach|feature|function|method|type|file|crate|one|option|command)|"
        r"the (?:above|below|following|previous|preceding|next|last) \w+|above|below|as follows|following (?:code|example|"
        r"section|list)|(?:listing|figure|fig\.|table|example|exercise|chapter|section|appendix|equation|"
        r"step) \(?[0-9a-z][0-9.-]*\b|"
        r"we|we'll|we've|we're|we'd|i|i'm|i've|i'd|i'll|us|our|ours|my|me|let's|as shown|shown here|see (?:the|also|chapter|"
        r"section|below|above|more)|mentioned|later (?:on|in)|"
        r"(?<!every )(?<!all )(?<!than )(?<!an )earlier|discussed|that's (?:why|it)|(?:shown|seen|described|"
        r"listed|defined) (?:here|above|below|in)|"
        r"this (?:is|was|can be) (?:done|achieved|used|because|why)|previously|in turn,|on the other hand|on the contrary|"
        r"however|therefore|though,|so far|stay tuned|sorry|hello|foo|"
        r"bar|baz|these two|those two|latter|former|aforementioned|dear|fun|talk about|as you can see|you(?:'ve|"
        r" have) (?:seen|learned))\b",
    ),
    "de": re.compile(
        r"\b(?:wir|uns|unser\w*|ich|mein\w*|siehe|diese[smr]? (?:kapitel|abschnitt|buch|dokument|beispiel|seite|handbuch|"
        r"anleitung)\w*|oben|unten|(?:abbildung|tabelle|kapitel|abschnitt|anhang) [0-9a-z]|folgende[nrsm]?|letztere\w*|"
        r"obige\w*|vorige\w*|vorherig\w*)\b",
    ),
    "fr": re.compile(
        r"\b(?:nous|notre|nos|je|mon|mes|moi|voir|ci-dessous|ci-dessus|(?:ce|cet|cette) (?:chapitre|section|livre|document|"
        r"exemple|page|manuel|guide)|(?:figure|tableau|chapitre|section|annexe) [0-9a-z]|suivante?s?|précédente?s?|"
        r"ce dernier|cette dernière)\b",
    ),
    "es": re.compile(
        r"\b(?:nosotros|nuestr[oa]s?|yo|mi|véase|vea|(?:este|esta) (?:capítulo|sección|libro|documento|ejemplo|página|"
        r"manual|guía)|(?:figura|tabla|capítulo|sección) [0-9a-z]|siguientes?|anterior(?:es)?|este último)\b",
    ),
    "ja": re.compile(
        r"この(?:章|節|文書|本|例|ページ|マニュアル|セクション)|本(?:章|節|書|文書)|上記|下記|以下の|次の|前述|私|我々|を参照|をご覧"
    ),
    "zh": re.compile(
        r"(?:本|这|這|该|該)(?:章|节|節|书|書|文|例|页|頁|手册|手冊|文档|文件)|上述|如下|下面|以下|上面|我们|我們|我|请参|請參|参见|參見"
    ),
}


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
    return leaning is not None and bool(leaning.search(bare.lower()))
