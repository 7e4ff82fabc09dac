"""Words that are no function words and yet name no topic, and how common a word is in its language.

Invariant: lower case; verbs are given as base forms and inflected here. `breaks_run` says what ends a run of nouns,
`is_general_noun`
what is no topic by itself. English has all classes; other languages have the general nouns and adjectives that matter most.

Invariant: the same answer everywhere; a language without a list has no common words.
"""

from functools import lru_cache

# Hardly ever nouns: no form of them may stand inside a term.
_VERBS = """accept achieve acquire act add adjust admit affect agree aim allow annotate appear apply arise assert assign
    assume attempt avoid bear become begin behave believe belong bring build call care carry cause choose claim clean come
    compare compute conclude confirm confuse consider consist contain continue contribute convert correspond create deal
    decide declare define delete demonstrate denote depend derive describe deserve detect determine differ disable disappear
    discover discuss distinguish do drop eat elide eliminate emit employ enable encounter end enforce ensure enter establish
    evaluate exceed exist expand expect explain explore expose express extend extract fail fall feel fill find fit fix follow
    forbid force forget gain gather generate get give go grow guarantee happen have hear help hold ignore illustrate imagine
    implement imply import improve include incorporate increase indicate infer inform inherit insert install intend introduce
    invoke involve iterate join keep know lack lead learn leave let lie listen live look lose maintain make manage mean
    mention modify move need notice obtain occur offer omit operate overwrite own pass pay perform permit pick play pop
    possess prefer prepare present preserve prevent proceed produce prohibit propose protect prove provide push put raise
    reach read realize receive recommend reduce refer refuse regard reject rely remain remember remove rename replace
    represent require resemble resolve respond retain retrieve reveal rewrite run satisfy save say see seem send serve show
    simplify specify spend start state stay stop store suggest supply suppose take talk teach tell tend think throw treat
    trigger try turn understand update use utilize vary verify violate wait want warn wish work worry write yield"""
# As often nouns ("a call", "a return value"): only the forms in -s and -ed betray the verb.
_NOUN_VERBS = """answer benefit borrow catch change check close cover ask cause count display fetch expect finish handle help
    hide match mean need permit print prompt point request result return rule sound speed start stop support test turn use
    vary want watch work"""
_IRREGULAR = """am are be been began begun better built came caught chose chosen did does done drawn driven fallen fell felt
    found gave given goes gone got gotten grew grown had has held hid hidden is kept knew known laid led left lent lost made
    meant met paid put ran read said sat saw seen sent set shown sold spent stood stuck taken taught thought threw thrown told
    took understood went were won wrote written using"""
_ADJECTIVES = """able actual additional alternative applicable appropriate arbitrary available aware bad basic best better big
    bigger bottom brief broad busy careful certain clear cheap closed common complete complex complicated concise consistent
    convenient cool correct corresponding current dead desired detailed difficult direct distinct earlier early easier easy
    empty entire equal equivalent essential exact existing expensive explicit extra false familiar famous far fast faster
    final fine following former free fresh full fun funny further future general good great greater half handy happy hard
    harder helpful high higher huge identical important incorrect individual initial inner intended interested interesting
    internal invalid irrelevant large larger last late later latest latter left likely little long longer low lower lucky main
    major meaningful minor missing modern multiple necessary neat new newer next nice normal obvious odd old older only open
    opposite optimal optional original outer overall particular perfect plain popular possible potential powerful preceding
    precise preferred present previous primary prior proper quick ready real reasonable recent regular relevant remaining
    required respective right robust rough rust-specific safe second secondary separate serious several short shorter similar
    simple simpler single slight slow small smaller sole special specific standard straight strange strict strong subsequent
    subtle successful sufficient suitable super sure third tiny top total tough tricky true typical ultimate underlying
    unclear unique unknown unnecessary unrelated unsure unusual useful usual valid various vast weird whole wide willing
    wonderful worse worst worth wrong zero first fourth six seven eight nine ten hundred thousand million own entire many said
    above-mentioned aforementioned so-called upcoming ongoing respective else's"""
_ADVERBS = """abroad ago ahead altogether apart aside backwards else everywhere forever forward forwards hence here
    immediately inside maybe online otherwise outside rather somehow somewhat straight thereafter today together tomorrow
    tonight twice yesterday together even alike alone anymore away back overnight instead e.g i.e etc vs respectively sort
    kinda please ok okay yeah wow hey hello thanks"""

_GENERAL_NOUNS: dict[str, str] = {
    "en": """ability abbreviation abc access account action activity addition advantage advice aid alternative amount analogy
        answer anyone appendix approach area argument arrangement arrow article aspect assumption attempt attention author
        background base basis beginning behavior behaviour benefit bit body book bottom box bracket branch bug build bunch
        caller case category cause caveat center challenge chance change chapter character characteristic check choice
        circumstance class clause code collection column combination command comment comparison complexity component computer
        concept concern conclusion condition consequence consideration construct content contents context contrast control
        convention copy corner correctness cost count couple course crash creation data date day deal decision default
        definition degree description design desire destination detail developer development diagram difference difficulty
        direction directory disadvantage discussion distinction document documentation downside drawback edge effect effort
        element end entity entry environment error event evidence exact example exception execution exercise existence
        expectation experience explanation expression extension extent eye face fact factor failure fashion feature feedback
        field figure file fix flag flow folder following form format friend function functionality future gap goal good group
        guarantee guide guideline half hand handling head heading help hint history home hour idea identifier image impact
        implementation implication importance improvement info information input inside instance instruction intent intention
        interest introduction issue item job key keyword kind knowledge label lack language layout lead length less lesson
        letter level library line link list listing location logic look lot luck machine maintenance majority manner manual
        map mark material matter maximum meaning means measure mechanism member mention message method middle mind minimum
        minute mistake mode model moment month motivation move name nature need news nobody node note notion number object
        occurrence office operation opinion opportunity option order origin outcome output overview owner page pain pair paper
        paragraph parameter parent part party past path pattern people percent performance period person perspective phase
        phrase picture piece place plan platform plenty point portion position possibility power practice precedence
        preference presence problem procedure process program programmer project promise property proposal pros purpose
        quality quantity question range rate reader reason recommendation record reference region relation relationship
        release remainder remark reminder report representation request requirement rest restriction result return review
        right risk role root row rule run safety sake sample scenario scheme scope screen section sense sentence separation
        sequence series service set setting setup shape side sign significance similarity situation size skill software
        solution sort source space specification spot stage stake standard star start state statement status step stop story
        strategy structure stuff style subject subsection substance success suggestion suite summary support syntax system
        table tag talk target task technique technology term terminology test text thing thought time tip title today tool top
        topic total track trade-off tradeoff trick trouble truth tutorial type unit update usage use user value variant
        variation variety version video view volume warning way website week while wish word work workaround world worry year
        zero foo bar baz qux foobar hello todo fixme lorem ipsum dolor faq q&a readme changelog thanks acknowledgement
        contributor contribution rationale prerequisite limitation gotcha pitfall caveat outline recap walkthrough objective
        footnote endnote bibliography parenthesis parenthese reviewer
        configuration api moderator team community maintainer committer worker semicolon""",
    "de": """abbildung abschnitt absicht abschluss änderung anfang angabe anleitung ansatz anzahl art aspekt aufgabe auswahl
        autor bedeutung bedingung begriff beispiel bereich beschreibung besonderheit bezeichnung buch datei daten dinge
        eigenschaft einführung einleitung element ende ergebnis ersteller fall fälle fehler folge form frage funktion ganze
        gelegenheit grund gruppe handbuch hilfe hinweis hinweise idee information informationen inhalt jahr kapitel lage leute
        liste lösung menge methode möglichkeit monat name namen nummer objekt ordnung ort paar person platz problem prozess
        punkt rahmen regel reihe richtung sache schritt seite sinn stelle tag teil text thema titel tatsache typ übersicht
        umgebung unterschied ursache variante verfahren vergleich version verzeichnis voraussetzung vorgang vorteil weg weise
        paket pakete welt werkzeug wert wichtig wort zahl zeichen zeile zeit ziel zusammenfassung zustand zweck benutzer ding""",
    "fr": """action aide an ans année annexe approche article aspect auteur aux avantage besoin but cas cause changement
        chapitre chose code condition conseil contenu contexte date début défaut définition description détail différence
        document élément endroit ensemble erreur étape état exemple façon fait fichier fin fois fonction forme genre groupe
        guide heure idée information informations introduction jour lecteur lieu ligne lien liste livre manière manque mesure
        méthode mise mode mois moment mot moyen nature nom nombre note numéro objectif objet option ordre page paquet partie
        pays personne place plupart point position possibilité problème processus projet propos question raison règle remarque
        reste résultat rôle section sens série situation solution sorte suite sujet système table tâche temps terme texte
        titre tour travail type usage utilisation utilisateur valeur version vie vue""",
    "es": """acción año apartado artículo aspecto autor ayuda caso capítulo cambio causa clase código condición contenido
        contexto cosa cuestión dato datos definición descripción detalle día diferencia documento ejemplo elemento error
        estado etapa fecha fichero fin forma función grupo guía hecho hora idea información introducción lado lector libro
        línea lista lugar manera medio método modo momento nivel nombre nota número objetivo objeto opción orden página
        palabra parte paso persona problema proceso proyecto propósito punto razón regla resultado sección sentido serie
        sistema situación solución tabla tarea tema texto tiempo tipo título trabajo uso usuario valor versión vez vida""",
    "it": """anno argomento autore aiuto campo capitolo caso cosa dato dati definizione descrizione elemento errore esempio
        file fine forma funzione giorno gruppo idea informazione introduzione lavoro libro linea lista luogo metodo modo
        momento nome nota numero oggetto opzione ordine pagina parola parte passo persona problema processo punto ragione
        regola risultato sezione sistema soluzione tempo termine testo tipo titolo uso utente valore versione vita volta""",
    "pt": """ano arquivo artigo aspecto autor ajuda caso capítulo causa código coisa conteúdo contexto dado dados definição
        descrição detalhe dia diferença documento elemento erro estado etapa exemplo fato fim forma função grupo guia ideia
        informação introdução lado leitor linha lista livro lugar maneira método modo momento nível nome nota número objetivo
        objeto opção ordem página palavra parte passo pessoa problema processo projeto ponto razão regra resultado seção
        sistema situação solução tabela tarefa tema tempo texto tipo título trabalho uso usuário valor versão vez vida""",
    "nl": """aantal antwoord auteur bestand betekenis boek deel ding doel eigenschap einde element fout functie geval gebruik
        gebruiker gegevens groep hoofdstuk hulp idee informatie inhoud inleiding jaar keer lijst manier mensen moment naam
        nummer object onderdeel onderwerp optie pagina persoon plaats probleem proces punt reden regel resultaat situatie
        soort stap systeem tekst tijd titel type vraag versie voorbeeld waarde weg werk woord""",
    "ja": """こと もの ため とき 場合 以下 以上 上記 下記 次 前 後 例 方法 注意 注 説明 概要 目次 参考 問題 情報 内容 部分 自分
        作業 名前 必要 可能 使用 利用 作成 変更 追加 設定 実行 処理 結果 理由 目的
        種類 最初 最後 一つ 二つ 他 全て 現在 今 人 者 値 点 中 本書 文書 ファイル データ コマンド ページ システム ユーザ ユーザー
        プログラム テキスト リスト オプション 章 節 項 通常 標準 一般 基本 すべて それ
        これ""",
    "zh": """这 那 它 他们 我们 你 这个 那个 以下 以上 例如 例子 方法 注意 说明 概述 目录 参考 问题 信息 内容 部分 名称 名字
        必要 可能 使用 利用 创建 修改 添加 设置 运行 处理 结果 原因 目的 种类 最后
        其他 所有 现在 值 文件 数据 命令 页面 系统 用户 程序 文本 列表 选项 章节 情况 时候 下面 上面 這 那個 這個 檔案 資料 系統
        程式 命令 內容 問題 說明 使用者 方式 时间 第一 第二 目前 主要 一般 如果 因此
        但是""",
}
# Fine as the last word of a longer term ("parse tree node" is), hopeless as its head whatever stands before it.
_HOPELESS_HEADS = """example way thing case lot bit fact reason note chapter section listing figure idea point sake kind sort
    bunch couple approach purpose difference advantage disadvantage benefit question answer problem situation number amount
    part piece side rest end beginning middle detail information instance moment time day year week hour minute people author
    reader user version page paragraph sentence tutorial exercise mistake issue discussion explanation description overview
    summary introduction documentation manual book guide article paper appendix output input result line word choice
    possibility implementation behavior behaviour usage use purpose call caller decision consequence requirement fix
    workaround change update step task work job goal need help hint tip today look example one name text folder change advice
    bug developer contributor maintainer support programmer project default feature thanks team case-study section syntax"""

GENERAL_NOUNS = {language: frozenset(words.split()) for language, words in _GENERAL_NOUNS.items()}
_HOPELESS = frozenset(_HOPELESS_HEADS.split())


def _inflect(base: str) -> tuple[str, ...]:
    third = base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    if base.endswith("e"):
        return base, third, base + "d", base[:-1] + "ing"
    if base.endswith("y") and base[-2] not in "aeou":
        return base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"
    doubled = (
        base + base[-1] if len(base) < 7 and base[-1] in "tpnmrg" and base[-2] in "aeiou" and base[-3] not in "aeiou" else base
    )
    return base, third, doubled + "ed", doubled + "ing"


_BREAKING = frozenset(
    {form for base in _VERBS.split() for form in _inflect(base)}
    | {form for base in _NOUN_VERBS.split() for form in (_inflect(base)[1], _inflect(base)[2])}
    | set(_IRREGULAR.split())
    | set(_ADJECTIVES.split())
    | set(_ADVERBS.split())
)
_VERB_FORMS = frozenset(
    {form for base in _VERBS.split() + _NOUN_VERBS.split() for form in _inflect(base)[:3]} | set(_IRREGULAR.split()) - {"using"}
)
_NO_HEAD_ENDINGS = ("ly", "ed", "ous", "ful", "able", "ible", "ical", "less", "ish", "'s", "’s")
_HEADS_DESPITE = frozenset(
    "assembly family reply supply table variable executable deliverable feed seed embed need speed bed anomaly vertical rely "
    "poly tally ally fly bully breed weed deed shed thread multiply".split()
)


@lru_cache(maxsize=20_000)
def breaks_run(word: str, language: str) -> bool:
    """Whether a lower-case word ends a run of nouns (beside the function words)."""
    return language == "en" and (word in _BREAKING or (len(word) > 4 and word.endswith("ly") and word not in _HEADS_DESPITE))


@lru_cache(maxsize=20_000)
def is_verb_form(word: str) -> bool:
    """Whether a lower-case English word is, or may be, a finite verb."""
    return word in _VERB_FORMS or word.endswith(("izes", "ises", "ifies", "ates", "ized", "ated", "ified"))


def is_general_noun(word: str, language: str) -> bool:
    """Whether a lower-case noun says too little to be a topic by itself."""
    known = GENERAL_NOUNS.get(language, frozenset())
    return word in known or (language == "en" and word.endswith("s") and word[:-1] in known)


def has_general_head(term: str, language: str) -> bool:
    """Whether a term is a general noun with something before or after it: "Kurzbeschreibung", "description longue"."""
    words = term.split(" ")
    if language in ("fr", "es", "it", "pt"):
        return is_general_noun(words[0], language)
    last = words[-1]
    return is_general_noun(last, language) or (
        language in ("de", "nl") and any(last.endswith(noun) for noun in GENERAL_NOUNS[language] if len(noun) > 4)
    )


@lru_cache(maxsize=50_000)
def may_head(word: str, language: str) -> bool:
    """Whether a lower-case word can be the last word of a term."""
    if language != "en":
        return True
    if word in _HOPELESS or (word.endswith("s") and word[:-1] in _HOPELESS) or not word[0].isalpha():
        return False
    return word in _HEADS_DESPITE or not word.endswith(_NO_HEAD_ENDINGS)


_LISTED = frozenset({"en", "de", "fr", "es", "it", "pt", "nl", "ru"})


@lru_cache(maxsize=20_000)
def is_common(word: str, language: str, limit: float) -> bool:
    """Whether a word's Zipf frequency (log10 of its occurrences in 10^9 words) is at least `limit`."""
    if language not in _LISTED:
        return False
    import wordfreq

    return wordfreq.zipf_frequency(word.lower(), language, wordlist="small") >= limit
