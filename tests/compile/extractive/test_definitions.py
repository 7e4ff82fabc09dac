"""Sentences that define something."""

import pytest

from gitkb.compile.extractive.definitions import find_definition


@pytest.mark.parametrize(
    ("text", "language", "key"),
    [
        ("A smart pointer is a data structure that acts like a pointer.", "en", "smart pointer"),
        ("Closures are anonymous functions that capture their environment.", "en", "closure"),
        ("A struct, or structure, is a custom data type that groups values.", "en", "struct"),
        ("Aperture is a measure of the opening of a lens.", "en", "aperture"),
        ("Monomorphization refers to the process of making code specific.", "en", "monomorphization"),
        ("A checkpoint is a point in the log from which crash recovery can start.", "en", "checkpoint"),
        ("A dirty page is a page in memory that holds changes.", "en", "dirty page"),
        ("A Bloom filter is a small bit array that says that a key is not in a set.", "en", "bloom filter"),
        ("Compaction is the merging of sorted tables in the background.", "en", "compaction"),
        ("Stable storage is storage that keeps what was written to it.", "en", "stable storage"),
        ("Consensus is the problem of making several machines agree.", "en", "consensus"),
        ("In computer science, a lock is a mechanism that limits access to data.", "en", "lock"),
        ("The catalog \ue000pg_depend\ue001 records the relationships between all objects.", "en", "pg_depend"),
        ("Ein Zeiger ist eine Variable, die eine Adresse enthält.", "de", "zeiger"),
        ("Unter einem Zeiger versteht man eine Variable mit einer Adresse.", "de", "zeiger"),
        ("Un espace de noms est un ensemble de noms distincts.", "fr", "espace de noms"),
        ("Una base de datos es un conjunto de datos ordenados.", "es", "base de datos"),
        ("Un puntatore è una variabile che contiene un indirizzo.", "it", "puntatore"),
        ("Um ponteiro é uma variável que contém um endereço.", "pt", "ponteiro"),
        ("Een pointer is een variabele die een adres bevat.", "nl", "pointer"),
        ("スレッドとは、プログラムの実行の単位のことである。", "ja", "スレッド"),
        ("线程是一种可以并行执行的程序单位。", "zh", "线程"),
    ],
)
def test_the_term_that_is_defined_is_found(text: str, language: str, key: str) -> None:
    found = find_definition(text, language)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "text",
    [
        "A smart pointer is a good idea for programs that are large.",
        "This is a data structure that acts like a pointer in a way.",
        "The same is a problem that all of the programs here do have.",
        "Smart pointers are used by many programs for many reasons.",
        "What follows is a list of things that nobody has ever read.",
        "Rust support for this target is not affiliated with anybody.",
        "Data loaders are the bread-and-butter of every program that reads.",
        "Speed is a problem that every one of the programs has to solve.",
        "A split is an issue with the design of the tree that holds them.",
        "The unit of data at this layer of the model is called a lake frame.",
        "Lake sorting is a so important task that many works have looked into it.",
        "Lake coding is a similar encoding, but for numbers without a sign.",
        "A smart pointer is one of the most popular things of all time.",
    ],
)
def test_praise_and_remarks_define_nothing(text: str) -> None:
    assert find_definition(text, "en") is None


def test_one_certain_thing_is_told_from_a_kind() -> None:
    certain = find_definition("The borrow checker is a component of the compiler that checks references.", "en")
    kind = find_definition("A borrow checker is a component of a compiler that checks references.", "en")
    assert certain is not None
    assert certain.is_definite
    assert kind is not None
    assert not kind.is_definite


def test_initials_in_brackets_are_an_alias() -> None:
    found = find_definition("Write-ahead logging (WAL) is a technique that protects the data.", "en")
    assert found is not None
    assert found.aliases == ("WAL",)


def test_the_kind_of_thing_is_found() -> None:
    found = find_definition("Raft is a consensus algorithm that keeps a log identical.", "en")
    assert found is not None
    assert found.genus == "algorithm"
