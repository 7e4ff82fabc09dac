"""What looks like a private paper, and what only speaks of one."""

import pytest

from gitkb.compile.private_kinds import CURRICULUM, IDENTITY, KEY, MEDICAL, private_kind

_BODY = "\n".join("MIIEpAIBAAKCAQEA" + letter * 48 for letter in "abcdef")
# Keys are put together here, so that this file is none for those who scan it.
_KEYS = (
    f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{_BODY}\n-----END RSA {'PRIVATE'} KEY-----",
    "key = " + "AKIA" + "QYLPMN5HHHFPZAM2",
    "token: " + "ghp_" + "a1B2c3D4e5" * 4,
    "SLACK=" + "xoxb" + "-123456789012-abcDEF1234567",
    "export OPENAI_API_KEY=" + "sk-" + "proj-" + "aB3" * 16,
)
PRIVATE = [
    *((KEY, f"# Notes\n\nDo not lose this:\n\n{key}\n") for key in _KEYS),
    (IDENTITY, "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n"),
    (IDENTITY, "**Surname:** Eriksson\n**Date of birth:** 12 Aug 1974\n**Nationality:** Utopia\n**Passport No.:** L898902C3\n"),
    (
        IDENTITY,
        "| Geburtsdatum | 1.2.1980 |\n| Geburtsort | Kassel |\n| Staatsangehörigkeit | deutsch |\n| Ausweisnummer | L01X |\n",
    ),
    (IDENTITY, "The form says: social security number: 078-05-1120.\n"),
    (CURRICULUM, "# Curriculum Vitae\n\nAda Lovely, ada@example.org\n\n## Education\n\nMaths.\n\n## Experience\n\nEngines.\n"),
    (CURRICULUM, "# Karl Muster\n\nTel. +49 561 123456\n\n## Berufserfahrung\n\nx\n\n## Ausbildung\n\ny\n\n## Sprachen\n\nz\n"),
    (MEDICAL, "Patient: B. Example\nDate of birth: 1970\n\nDiagnosis: gout\nMedication: allopurinol\nAllergies: none\n"),
]
PUBLIC = [
    "# Keys\n\nA key begins with AKIA, such as AKIAIOSFODNN7EXAMPLE, and ghp_ is how tokens begin.\n",
    f"A file in PEM form begins with `-----BEGIN {'PRIVATE'} KEY-----` and ends with a line like it.\n",
    "The commit 4c1e2f7a9b0d3e5f6a7b8c9d0e1f2a3b4c5d6e7f broke it.\n",
    "# How to write a curriculum vitae\n\n## Education\n\nName schools.\n\n## Experience\n\nMail us: jobs@example.org\n",
    "# Onboarding\n\n## Skills\n\n## Languages\n\nWrite to us at team@example.org.\n",
    "The patient record has a diagnosis, a medication list, allergies and a date of birth.\n",
    "Fields of the table: `surname`, `nationality`, `date of birth`.\n",
    "sk-learn-contrib-and-other-packages-of-the-family are not keys.\n",
]


@pytest.mark.parametrize(("kind", "text"), PRIVATE)
def test_private_papers_are_known_by_their_form(kind: str, text: str) -> None:
    assert private_kind(text) == kind


@pytest.mark.parametrize("text", PUBLIC)
def test_a_text_that_speaks_of_such_papers_is_none(text: str) -> None:
    assert private_kind(text) == ""
