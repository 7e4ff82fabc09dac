"""What every document has and nobody looks up: structural headings, licence text, navigation.

Invariant: decides by the words alone, in every language of `stopwords` and in Japanese and Chinese; a heading's number and
punctuation do not matter.
"""

import re
from functools import lru_cache

_HEADINGS = """
    abstract|about|about this (?:book|document|manual|guide|chapter|section|page)|acknowledge?ments?|
    additional (?:information|notes|resources|reading)|advanced(?: usage| topics)?|
    alternatives?|answers?|api|appendix|appendices|arguments?|attributes?|authors?|availability|background|
    backwards? compatibility|basics?|basic usage|
    best practices|bibliography|bugs?|building|caveats?|changelog|changes|chapter|code|cod(?:e|ing) examples?|colophon|
    command|commands|
    common (?:options|problems|mistakes|errors)|compatibility|compiling|conclusions?|configuration|configuration options|
    considerations|contact|
    contents?|contributing|contributors|contributions|conventions?|copying|copyright(?: notice)?|creating|credits?|
    customi[sz]ation|data types?|
    debugging|defaults?|definitions?|dependencies|deprecated|deprecation|description|design|details|development|diagnostics|
    discussion|
    documentation|download|downloads|drawbacks|editor'?s note|end|environment(?: variables?)?|error codes?|errors?|evaluation|
    examples?|exercises?|exit (?:status|codes?)|
    explanation|extensions?|faqs?|feature gates?|features?|feedback|fields?|figures?|files?|final thoughts|fixes|footnotes?|
    foreword|format|frequently asked questions|
    functions?|further (?:reading|information|resources|topics)|future(?: work| possibilities| directions)?|general|
    getting (?:started|help|involved)|global options|glossary|goals?|guidelines|guide[- ]level explanation|help|
    hints|history|how (?:it|this) works|how to.*|implementation(?: details| notes| status)?|important|in this (?:chapter|
    section|page|article).*|index|info|information|inputs?|installation|installing|
    instructions?|internals|introduction(?: to.*)?|intro|invocation|issues?|key points|keywords?|known (?:issues|bugs|
    problems|limitations)|language|learn more|legal(?: notice)?|
    licen[cs]es?|licen[cs]ing|limitations?|links|list of (?:figures|tables|examples|listings)|listings?|local variables|
    manual|menu|metadata|methods?|miscellaneous|misc|motivation|more (?:examples|information|details|options)|
    name|names|navigation|new features|next(?: steps| chapter| page)?|nomenclature|non-goals|notation|notes?|options?|other|
    other (?:options|changes|topics|notes|functions|resources|information)|outline|output|outputs?|overview|
    parameters?|part|performance|portability|postscript|preamble|preface|prefaces?|prerequisites?|previous|prior art|
    problems?|properties|purpose|quick ?start|quick reference|
    quiz|rationale|rationale and alternatives|readme|recap|recommendations?|reference|references?|
    reference[- ]level explanation|related(?: topics| work| links| information)?|release notes|remarks?|reporting(?: bugs|
     issues)?|requirements?|
    resources|results?|return(?: values?|s| codes?| types?)|roadmap|rules|running|running (?:the )?tests?|running it|
    sections?|security(?: considerations)?|see also|set ?up|settings|side ?bar|signals|solutions?|source(?: code)?|specification|
    stability|standards?|status|steps?|structure|styles?|subcommands|summary|support|supported (?:platforms|languages)|
    synopsis|syntax|system requirements|table of contents|tables?|target audience|tasks?|templates?|terminology|testing|tests?|
    thanks|the (?:basics|problem|solution|end|code)|things to (?:know|remember|note)|tips(?: and tricks)?|title|todo|to do|
    tools|topics|tracking issues?|translations?|tricks|troubleshooting|tutorials?|types?|
    unresolved questions|unstable features?|updates?|upgrading|usage|usage (?:notes|examples)|use cases?|uses?|user'?s? guide|
    using|using this.*|values?|variables|version(?:s| history)?|warnings?|
    what(?:'s| is)? new.*|what is this.*|what next|where to go from here|who (?:this|should).*|why.*\\??|working with.*|
    writing.*|yes|no|
    abbildungsverzeichnis|abschluss|änderungen|anhang|anhänge|anleitung|anmerkungen?|argumente|ausblick|ausgabe|autor(?:en)?|
    bedienung|beispiele?|beschreibung|bezeichnung|bibliographie|copyright|danksagung(?:en)?|dateien|
    details|diagnose|einführung|einleitung|einstellungen|erklärung|ergebnisse|exit-status|fazit|fehler|fragen|fußnoten|
    geschichte|glossar|grundlagen|haftungsausschluss|hintergrund|hinweise?|hilfe|impressum|inhalt(?:sverzeichnis)?|
    installation|kapitel|kontakt|literatur(?:verzeichnis)?|lizenz|mitwirkende|nächste schritte|nutzung|optionen|parameter|
    quellen|referenz(?:en)?|rückgabewert|schluss|sonstiges|siehe auch|stichwortverzeichnis|syntax|tabellenverzeichnis|tipps|
    übersicht|überblick|umgebungsvariablen|verwendung|verweise|voraussetzungen|vorwort|warnung(?:en)?|weiterführende.*|
    weitere (?:informationen|hinweise)|wichtig|ziele?|zusammenfassung|zweck|
    à propos.*|annexes?|arguments|astuces|auteurs?|avant[- ]propos|avertissement|bogues|bibliographie|changements|chapitre|
    commandes|conclusion|configuration|contenu|contexte|crédits|démarrage|description|détails|droits? d'auteur|
    exemples?|fichiers|glossaire|historique|index|informations?|installation|introduction|liens|limitations|mentions légales|
    nom|notes?|objectifs?|options|paramètres|plan|préface|présentation|prérequis|références|remarques?|remerciements|
    résumé|sommaire|sources|syntaxe|table des matières|utilisation|valeur de retour|variables d'environnement|voir aussi|
    vue d'ensemble|
    acerca de.*|advertencia|agradecimientos|apéndices?|archivos|autor(?:es)?|ayuda|bibliografía|capítulo|conclusi[oó]n(?:es)?|
    configuración|contenidos?|créditos|descripción|ejemplos?|enlaces|errores|estructura|ficheros|glosario|historia|índice|
    información|instalación|introducción|licencia|limitaciones|nombre|notas?|objetivos?|opciones|parámetros|prefacio|
    preguntas frecuentes|primeros pasos|prólogo|referencias|requisitos|resumen|sinopsis|sintaxis|tabla de contenidos?|uso|
    véase también|ver también|
    appendice|autori?|avvertenze|bibliografia|capitolo|conclusioni?|configurazione|contenuti?|descrizione|esempi|esempio|
    indice|installazione|introduzione|licenza|nome|note|nota|opzioni|parametri|prefazione|requisiti|ringraziamenti|riferimenti|
    riepilogo|sintassi|sommario|uso|utilizzo|vedere anche|vedi anche|
    agradecimentos|anexos?|apêndice|arquivos|autor(?:es)?|bibliografia|capítulo|conclus(?:ão|ões)|configuração|conteúdos?|
    descrição|exemplos?|glossário|índice|instalação|introdução|licença|nome|notas?|objetivos?|opções|parâmetros|prefácio|
    referências|requisitos|resumo|sinopse|sintaxe|sumário|utilização|ver também|veja também|visão geral|
    auteurs?|beschrijving|bestanden|bijlagen?|bronnen|conclusie|dankwoord|gebruik|hoofdstuk|inhoud(?:sopgave)?|inleiding|
    installatie|licentie|naam|opmerkingen?|opties|overzicht|referenties|samenvatting|syntaxis|vereisten|verwijzingen|
    voorbeeld(?:en)?|voorwoord|zie ook|
    автор(?:ы)?|аннотация|библиография|благодарности|введение|вступление|вывод(?:ы)?|глава.*|заключение|замечани[ея]|имя|
    использование|история|источники|лицензия|литература|название|обзор|оглавление|описание|параметры|предисловие|пример(?:ы)?|
    приложени[ея].*|примечани[ея]|содержание|ссылки|см\\. также|смотрите также|требования|установка|файлы|цель|
    名前|書式|説明|概要|はじめに|始めに|まえがき|前書き|序文|序章|序|目次|索引|例|使用例|用例|使い方|使用法|使用方法|オプション|引数|戻り値|返り値|環境変数|ファイル|関連項目|参照|参考|参考文献|参考資料|注意|注意事項|
    注釈|注|備考|補足|付録|謝辞|著者|著作権|ライセンス|
    まとめ|おわりに|終わりに|結論|インストール|設定|バグ|履歴|変更履歴|用語集|用語|背景|目的|基本|その他|準備|前提条件|エラー|診断|終了ステータス|第.{1,4}[章節部]|
    名称|概述|概要|简介|簡介|介绍|介紹|引言|前言|序言|绪论|目录|目錄|索引|例子|示例|范例|範例|用法|使用方法|选项|選項|参数|參數|返回值|环境变量|環境變數|文件|参见|參見|参考|參考|参考文献|參考文獻|注意|注意事项|
    备注|備註|附录|附錄|致谢|致謝|作者|版权|版權|许可证|授權|
    总结|總結|小结|结论|結論|安装|安裝|配置|设置|設定|背景|目的|基础|其他|术语|術語|说明|說明|描述|第.{1,4}[章节節部]|准备工作|快速开始|入门|常见问题
"""
_STRUCTURAL = re.compile("(?:" + re.sub(r"\s*\n\s*", "", _HEADINGS.strip()).strip("|") + ")")
_NUMBERING = re.compile(
    r"^(?:(?:chapter|part|section|appendix|kapitel|teil|abschnitt|anhang|chapitre|partie|annexe|capítulo|capitolo|hoofdstuk|"
    r"глава|step)\s+)?"
    r"(?:(?:[0-9]{1,3}(?:\.[0-9A-Za-z]{1,3}){0,5}[.):]?|[A-Z](?:\.[0-9]{1,3}){1,5}[.):]?|[A-Z][.):]|"
    r"[IVX]{1,5}[.):])(?:\s*[-–—:]\s*|\s+)|[-–—•*#§]+\s*)+",
    re.I,
)
_OUTER = " \t.:;,!?#*_-–—()[]{}'\"“”„«»\u3000。：、…"
_LICENCE_HEADING = re.compile(
    r"licen[cs]|lizenz|licencia|licenza|licença|copyright|copying|legal notice|mentions légales|warrant|disclaimer|"
    r"rechtlicher|impressum|urheber|著作権|ライセンス|版权|版權|许可|acknowledg|danksagung|remerciements",
    re.I,
)
# For text in small letters: a pattern that ignores case takes four times as long.
_BOILERPLATE = re.compile(
    r"copyright|©|\(c\) (?:19|20)\d\d|all rights reserved|permission is (?:hereby )?granted|without (?:any )?warranty|"
    r"licen[cs]ed under|under the terms of|"
    r"gnu (?:general|free|lesser)|creative commons|public license|as is\b.*warrant|table of contents|click here|"
    r"this page (?:was|is|has)|last (?:updated|modified)|page generated|"
    r"subscribe|sign up|follow us|cookie|next page|previous page|back to top|edit this page|alle rechte vorbehalten|"
    r"tous droits réservés|todos los derechos|"
    r"著作権|無断|版权所有|保留所有权利|trademark|mailing list|bug report|report (?:a )?bugs?|pull request|"
    r"translated by|isbn|typeset|printed in|lorem ipsum"
)


_POINTERS = re.compile(
    r"see also|related.*|further reading|references?|links|siehe auch|verweise|weiterführende.*|voir aussi|liens|références|"
    r"véase también|ver también|enlaces|vedi anche|veja também|zie ook|関連項目|参考文献|参见|參見",
    re.I,
)


_REFERENCES = re.compile(
    r"(?:list of |literature )?references(?: and notes| cited)?|bibliograph(?:y|ie|ía)|works cited|literature(?: cited)?|"
    r"literatur(?:verzeichnis|nachweise?|hinweise)?|quellen(?:verzeichnis|nachweise?)|références(?: bibliographiques)?|"
    r"referencias(?: bibliográficas)?|bibliografia|referências(?: bibliográficas)?|riferimenti bibliografici|"
    r"literatuur(?:lijst)?|список литературы|литература|参考文献|引用文献|參考文獻",
    re.I,
)


def lists_references(heading: str) -> bool:
    """Whether below a heading stands a list of what was cited, whose entries say nothing of the subject."""
    return len(heading) < 60 and bool(_REFERENCES.fullmatch(bare_heading(heading)))


_HOUSEKEEPING = re.compile(
    r"\b(?:change ?log|release[ -]?notes|relnotes|releases?(?=\.\w+$)|version history|history(?=\.\w+$)|code[ _-]of[ _-]conduct|"
    r"contributing|contribution guide(?:lines)?|governance|roadmap|security policy|änderungsprotokoll|versionshinweise|"
    r"notes de version|notas de la versión)\b",
    re.I,
)


def keeps_house(title: str) -> bool:
    """Whether a title or file name is that of a document about a project's own affairs: its changes, its rules."""
    return bool(_HOUSEKEEPING.search(title))


def points_elsewhere(heading: str) -> bool:
    """Whether below a heading stands what other documents say ("See also")."""
    return bool(_POINTERS.fullmatch(bare_heading(heading)))


@lru_cache(maxsize=5000)
def is_structural(heading: str) -> bool:
    """Whether a heading names a part that any document may have ("3. Examples", "Siehe auch")."""
    bare = bare_heading(heading).lower().replace("’", "'")
    return not bare or len(bare) > 200 or bool(_STRUCTURAL.fullmatch(bare))


def bare_heading(heading: str) -> str:
    """A heading without its number and outer punctuation."""
    cut = _NUMBERING.sub("", heading[:300].strip(), count=1)
    return (cut if cut.strip(_OUTER) else heading[:300]).strip(_OUTER)


def is_licence_heading(heading: str) -> bool:
    """Whether the text below a heading is about rights, not about the subject."""
    return len(heading) < 80 and bool(_LICENCE_HEADING.search(heading))


def is_boilerplate(sentence: str) -> bool:
    """Whether a sentence is licence text, navigation or about the document itself."""
    return bool(_BOILERPLATE.search(sentence.lower()))
