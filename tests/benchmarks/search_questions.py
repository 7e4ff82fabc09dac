"""Thirty questions in three languages about two public handbooks, with the chapters that should answer them.

Written from general knowledge of what the handbooks treat and from the names of their chapters, before anybody looked at the
pages or at what a search finds. The documents are Debian's Developer's Reference (packages developers-reference,
developers-reference-de, developers-reference-ja) and Debian Policy (debian-policy): the HTML file of each chapter, in a folder
en, de, ja or policy.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """What a person types, in a language, and the documents of which any one answers it."""

    language: str
    text: str
    answers: tuple[str, ...]


QUESTIONS = (
    Question("en", "Which user ids are allocated dynamically to system users by a package?", ("policy/ch-opersys",)),
    Question("en", "How should log files be rotated?", ("policy/ch-files",)),
    Question("en", "When do I change the soname and how is the runtime library package named?", ("policy/ch-sharedlibs",)),
    Question("en", "difference between Depends, Pre-Depends, Recommends and Suggests", ("policy/ch-relationships",)),
    Question("en", "arguments of postinst when an upgrade fails", ("policy/ch-maintainerscripts",)),
    Question("en", "may a program in main need non-free software to build", ("policy/ch-archive",)),
    Question("en", "epoch in a version number and how versions are compared", ("policy/ch-controlfields",)),
    Question("en", "how many days to wait before an NMU, delayed queue", ("en/pkgs",)),
    Question("en", "a maintainer has not answered for months, missing in action", ("en/beyond-pkging",)),
    Question("en", "how to resign and leave the project", ("en/developer-duties",)),
    Question("de", "Wie werde ich offizieller Debian-Entwickler und wer bürgt für mich?", ("de/new-maintainer",)),
    Question("de", "Was muss ich tun, bevor ich in den Urlaub fahre?", ("de/developer-duties",)),
    Question("de", "ein Paket verwaisen, das ich nicht mehr pflegen kann", ("de/pkgs",)),
    Question("de", "Wie schreibt man eine gute Kurzbeschreibung für ein Paket?", ("de/best-pkging-practices",)),
    Question("de", "Wie arbeiten Übersetzer und Übersetzungsteams mit den Paketbetreuern zusammen?", ("de/l10n",)),
    Question("de", "Auf welchen Rechnern des Projekts darf ich mich anmelden?", ("de/resources",)),
    Question("de", "Programm, das Pakete in einer Chroot-Umgebung baut", ("de/tools",)),
    Question("de", "viele gleiche Fehlerberichte auf einmal einreichen", ("de/beyond-pkging",)),
    Question("de", "Wie lade ich eine korrigierte Fassung nach einem Sicherheitsproblem hoch?", ("de/pkgs",)),
    Question("de", "Was prüft ein Sponsor, bevor er das Paket eines anderen hochlädt?", ("de/beyond-pkging", "de/pkgs")),
    Question("ja", "メンテナになるための応募手続き", ("ja/new-maintainer",)),
    Question("ja", "休暇を取るときに知らせること", ("ja/developer-duties",)),
    Question("ja", "パッケージをアーカイブから削除する方法", ("ja/pkgs",)),
    Question("ja", "メーリングリストでのマナー", ("ja/resources",)),
    Question("ja", "パッケージの誤りを自動的に検査するツール", ("ja/tools",)),
    Question("ja", "翻訳者と翻訳チームの仕事", ("ja/l10n",)),
    Question("ja", "バグをまとめて大量に報告する", ("ja/beyond-pkging",)),
    Question("ja", "よいパッケージの説明文の書き方", ("ja/best-pkging-practices",)),
    Question("ja", "公開鍵を更新する", ("ja/developer-duties",)),
    Question("ja", "移植者によるバイナリのみのアップロード", ("ja/pkgs",)),
)
