"""Which language a text is written in: by its script, then by its function words.

They end a run of nouns, never name a topic, and tell languages apart. Invariant: lower case, NFC, one frozenset per ISO 639-1
code. What is merely too general to be a topic ("example", "Wert") stands in `wordclasses`, not here.

Invariant: the same text gives the same ISO 639-1 code on every machine; "" where nothing speaks clearly for one language
(code, numbers, a language without a list here). Needs no model and no word list beyond `stopwords`.
"""

import re
from collections import Counter

_WORDS: dict[str, str] = {
    "en": """a about above across after again against all almost along already also although always am among an and another
        any anybody anyone anything anyway are aren't around as at away be became because become becomes been before behind
        being below beside besides between beyond both but by can can't cannot could couldn't despite did didn't do does
        doesn't doing don't done down due during each either else enough especially etc even ever every everybody everyone
        everything except few fewer first for from further had hadn't has hasn't have haven't having he hence her here hers
        herself him himself his how however i i'd i'll i'm i've if in indeed instead into is isn't it it'd it'll it's its
        itself just least less let let's like likely many may maybe me might mine more moreover most much must mustn't my
        myself namely near neither never nevertheless no nobody none nor not nothing now nowhere of off often on once one ones
        only onto or other others otherwise ought our ours ourselves out over own per perhaps please quite rather really same
        shall she should shouldn't since so some somebody someone something sometimes somewhat somewhere soon still such than
        that that's the their theirs them themselves then there there's thereby therefore these they they'd they'll they're
        they've this those though through throughout thus to together too toward towards two three four five under unless
        unlike until up upon us usually very via was wasn't we we'd we'll we're we've well were weren't what what's whatever
        when whenever where whereas whereby wherever whether which whichever while who whoever whole whom whose why will with
        within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself yourselves""",
    "de": """aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus außer außerdem bei
        beide beiden beim bereits bevor bin bis bist bzw da dabei dadurch dafür daher dahin damit danach daran darauf daraus
        darf darin darüber darum darunter das dass davon davor dazu dein dem den denen denn dennoch der deren des deshalb
        dessen desto die dies diese diesem diesen dieser dieses doch dort du durch dürfen ebenfalls ebenso ehe ein eine einem
        einen einer eines einfach einige einigen einiger einiges einmal er erst es etwa etwas euch euer falls fast für gar
        gegen gegenüber genau gerade gern haben habt hat hatte hatten hier hierbei hierfür hierzu hinter ich ihm ihn ihnen ihr
        ihre ihrem ihren ihrer im immer in indem innerhalb ins insbesondere irgendein ist ja je jede jedem jeden jeder jedes
        jedoch jemand jetzt kann kannst kein keine keinem keinen keiner können könnte könnten lassen mal man manche manchmal
        mehr mehrere mein meist meisten mich mir mit mittels muss müssen musste nach nachdem neben nein nicht nichts nie
        niemals noch nun nur ob oben obwohl oder oft ohne per pro schon sehr sei sein seine seinem seinen seiner seit selbst
        sich sie sind so sobald sofern sogar solche solchen soll sollen sollte sollten somit sondern sonst soweit sowie sowohl
        statt trotz über überhaupt um und uns unser unter usw viel viele vielen vom von vor während wann war waren warum was
        wegen weil weiter weitere weiteren welche welchem welchen welcher welches wenig wenn wer werden wie wieder will wir
        wird wo wobei wodurch wohl wollen worden wurde wurden würde würden zu zum zumindest zur zusammen zwar zwei zwischen""",
    "fr": """à afin ai ainsi alors après as au aucun aucune aujourd'hui auquel aussi autre autres aux auxquels avait avant
        avec avez avoir avons ayant beaucoup bien bon c'est car ce ceci cela celle celles celui ces cet cette ceux chaque chez
        ci comme comment d'abord d'un d'une dans de dehors déjà depuis des dès deux devrait devant doit doivent donc dont du
        durant elle elles en encore entre est et étaient était étant été être eu eux fait faire faut font hors il ils j'ai je
        jusqu'à jusque l'on la là laquelle le lequel les lesquelles lesquels leur leurs lors lorsque lui ma mais malgré me
        même mêmes mes moi moins mon n'a n'est ne ni non nos notre nous on ont or ou où par parce parfois parmi pas pendant
        peu peut peuvent plus plusieurs plutôt pour pourquoi pouvez puis puisque qu'elle qu'il qu'ils qu'on qu'un qu'une quand
        que quel quelle quelles quelque quelques quels qui quoi s'il s'ils sa sans se selon sera sert ses seulement si sinon
        soit son sont sous souvent suivant sur ta tant te tel telle telles tels tes toi ton toujours tous tout toute toutefois
        toutes très tu un une vers via voici voilà vos votre vous y""",
    "es": """a acerca además ahí ahora al algo alguien algún alguna algunas alguno algunos allí ambos ante antes aquel aquella
        aquellos aquí así aún aunque bajo bien cada casi como cómo con contra cual cuál cuales cualquier cuando cuándo cuanto
        cuya cuyo da de debe deben debería del demás dentro desde después donde dónde dos durante e el él ella ellas ello
        ellos embargo en encima entonces entre era eran es esa esas ese eso esos esta está estaba están estar estas este esto
        estos fue fueron ha había han hasta hay hace hacer la las le les lo los luego más me mediante menos mi mientras mis
        misma mismas mismo mismos mucho muchos muy nada ni ningún ninguna no nos nosotros nuestra nuestro nunca o os otra
        otras otro otros para pero poco por porque pueda puede pueden pues que qué quien quién quienes se sea según ser si sí
        sido siempre sin sino sobre solo sólo son su sus también tampoco tan tanto te tener tiene tienen toda todas todavía
        todo todos tras tu tus u un una unas uno unos usted ustedes va varias varios y ya yo""",
    "it": """a abbiamo ad ai al alcune alcuni alla alle allo allora altra altre altri altro anche ancora avere che chi ci ciò
        coi col come con contro cosa così cui da dal dalla dalle dallo degli dei del dell dell' della delle dello dentro di
        dopo dove due durante e è ed era erano essere fa fino fra già gli ha hanno i il in invece io l' la le lei li lo loro
        lui ma meno mentre mi mio molto né negli nei nel nella nelle nello no noi non nostro o ogni oppure ora per perché però
        più poi possono prima può qualche quale quali quando quanto quasi quella quelle quelli quello questa queste questi
        questo qui quindi sarà se sempre senza sia si siamo sono sopra sotto sta su sua sue sugli sui sul sulla sulle suo tale
        tali tanto te tra tu tutta tutte tutti tutto un un' una uno vi viene voi""",
    "pt": """a à além ainda algo alguém algum alguma alguns ao aos apenas após aquela aquele aqui as às assim até cada com
        como contra da das de dela dele deles depois desde dessa desse desta deste deve devem do dos durante e é ela elas ele
        eles em enquanto então entre era eram essa essas esse esses esta está estão estar estas este estes eu foi foram há
        isso isto já la lhe lo mais mas me mesma mesmo meu minha muito muitos na não nas nem nenhum nessa nesta nisso no nos
        nós nossa nosso num numa o onde os ou outra outras outro outros para pela pelas pelo pelos pode podem por porque porém
        pouco quais qual qualquer quando quanto que quem se seja sem sempre ser será seu seus si sido sob sobre sua suas
        também tem têm ter toda todas todo todos tu tudo um uma umas uns você vocês""",
    "nl": """aan al alle alleen als altijd ander andere bij binnen dan dat de der deze die dit doch doen door dus echter een
        eens elk elke en er etc geen haar had hebben heeft hem hen het hij hier hoe hun ieder iedere iemand iets ik in indien
        is ja je jij jou jouw jullie kan kon kunnen maar me meer men met mij mijn moet moeten na naar naast niet niets nog nu
        of om omdat onder ons onze ook op over per reeds samen sinds sommige te tegen ten ter terwijl toch toen tot tussen u
        uit uw van vanaf veel via volgens voor waar waarbij waarin want waren was wat we wel welke werd wie wij wil worden
        wordt zal ze zeer zelf zich zij zijn zo zoals zonder zou zouden zowel""",
    "ru": """а без более больше будет будут бы был была были было быть в вам вас ваш весь во вот все всё всегда всего всех вы
        где да даже для до другие другой его ее её если есть еще ещё же за здесь и из или им иметь их к каждый как какая какие
        какой когда которая которого которое которой котором которые который которых которым кто ли либо лишь между меня мне
        много может можно могут мой мы на над надо нас наш не него нее неё ней некоторые нет ни них но ну о об однако одна
        один он она они оно от очень перед по под после поэтому при про раз с сам свой своих себя сейчас со так также такая
        такие такой там тем тех то того тоже той только том тот тут ты у уже хотя чего чем через что чтобы эта эти этим этих
        это этого этой этом этот я является""",
    "pl": """a aby ale bardzo bez będzie być był była było były co czy dla do go i ich ile im innych ja jak jako jego jej jest
        jeszcze jeśli jeżeli już każdy kiedy która które którego której który których którzy lub ma mają może można na nad nie
        niż o od on ona one oni oraz po pod poza przed przez przy są się tak także tam te tego tej ten to tu tych tylko tym u
        w we więc wszystkie z za zawsze ze że""",
    "sv": """alla att av de den denna det detta dig din du efter eller en ett från för genom hade han har hon här i icke ingen
        inte jag kan man med men mycket någon något nu när och också om på samma sig sin ska skall som till under upp ut utan
        vad var vara vi vid vilken än är även åt över""",
    "da": """af alle at blev blive da de dem den denne der deres det dette dig du efter eller en et for fra ham han har havde
        hun hvad hvis hvor i ikke jeg kan man med meget men mod når og også om op over på sig som sådan til ud under var ved
        vi vil være""",
    "cs": """a aby aj ale anebo ani až bude by byl byla bylo být co či další do i ie jak jako je jeho jejich jen její jestliže
        ještě již když která které který kteří ke ma mezi může na nad nebo není než o od po pod podle pokud pouze pro proto
        před při s se si jsou tak také tato tento této to tuto u v ve více však z za ze že""",
    "tr": """ama ancak bir bu bunu çok da daha de değil diye en gibi göre hem her için ile ise kadar ki mi mu nasıl ne olan
        olarak olduğu onun sonra şey tüm ve veya ya yok""",
    "fi": """ei että hän ja joka jos kanssa kuin kun mutta myös ne niin oli ole olla on ovat se sekä siitä sitä tai tämä vain
        voi""",
}

FUNCTION_WORDS: dict[str, frozenset[str]] = {language: frozenset(words.split()) for language, words in _WORDS.items()}


def function_words(language: str) -> frozenset[str]:
    """The function words of a language; empty for one that gitkb has no list of."""
    return FUNCTION_WORDS.get(language, frozenset())


_SAMPLE = 6_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_MIN_SHARE = 0.12


def detect_language(text: str) -> str:
    """The ISO 639-1 code of a plain text's language, "" where it is not clear. Looks at three samples of a long text."""
    sample = _sample(text)
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return ""
    return _by_script(sample, letters) or _by_function_words(sample)


def _sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = len(text) // 2
    return f"{text[:_SAMPLE]} {text[middle : middle + _SAMPLE]} {text[-_SAMPLE:]}"


def _by_script(sample: str, letters: int) -> str:
    if sample.isascii():
        return ""
    kana_share = len(_SCRIPTS[0][1].findall(sample)) / letters
    for language, pattern in _SCRIPTS:
        share = len(pattern.findall(sample)) / letters
        if language == "ja" and (kana_share < 0.05):
            continue
        if share >= (0.05 if language == "ja" else 0.2):
            if language == "ru" and len(_UKRAINIAN.findall(sample)) > letters * 0.02:
                return "uk"
            return language
    return ""


def _by_function_words(sample: str) -> str:
    words = Counter(word.lower().replace("’", "'") for word in _WORD.findall(sample))
    total = sum(words.values())
    if not total:
        return ""
    # A language with a longer list would win by its length alone, so each word counts for how few lists hold it.
    scores = dict.fromkeys(FUNCTION_WORDS, 0.0)
    for word, count in words.items():
        for language in _LISTED_IN.get(word, ()):
            scores[language] += count / _SPREAD[word]
    best = max(sorted(scores), key=lambda language: scores[language])
    return best if scores[best] / total >= _MIN_SHARE else ""


_SPREAD = Counter(word for words in FUNCTION_WORDS.values() for word in words)
_LISTED_IN = {word: tuple(name for name, known in FUNCTION_WORDS.items() if word in known) for word in _SPREAD}
