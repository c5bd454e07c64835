#!/usr/bin/env python3
"""Shows letters as the doctor who receives them would see them: the letter, its files, the document inside.

    read_letter.py --port 2143 --ca ca.pem --user dr.martin@cabinet.example --password-file imap-password

What it prints is in French, for the people at the demonstration. It succeeds when it has shown a letter.
"""

from __future__ import annotations

import argparse
import imaplib
import os
import pathlib
import re
import shutil
import sys
import textwrap
import unicodedata
from email.message import EmailMessage

# One reader of mailboxes and of IHE_XDM.zip serves the demonstration and the tests.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "support"))
import mailbox as box  # noqa: E402  (found through the path above, before Python's own mailbox)

_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre")
_INS_KINDS = {
    "1.2.250.1.213.1.4.8": "NIR",
    "1.2.250.1.213.1.4.9": "NIA",
    "1.2.250.1.213.1.4.10": "NIR de test",
    "1.2.250.1.213.1.4.11": "NIR de démonstration",
}
_MSS_MEANINGS = {
    ("X-MSS-INS", "O"): "identité du patient qualifiée",
    ("X-MSS-INS", "N"): "identité du patient non qualifiée",
    ("X-MSS-MES", "FIN"): "le patient ne peut pas répondre",
}


def safe(text: str) -> str:
    """The text on one line, without what could command a terminal or turn the reading order round."""
    shown = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
             for sign in str(text) if unicodedata.category(sign) != "Cf")
    return " ".join("".join(shown).split())


def width() -> int:
    return max(60, min(shutil.get_terminal_size((96, 40)).columns, 110))


def title(text: str) -> None:
    print(f"\n── {text} " + "─" * max(0, width() - len(text) - 4))


def field(label: str, text: str) -> None:
    if text:
        print(textwrap.fill(f"{label:<18}: {safe(text)}", width(), initial_indent="  ",
                            subsequent_indent=" " * 22, break_long_words=False, break_on_hyphens=False))


def french_date(letter: EmailMessage) -> str:
    try:
        moment = letter["Date"].datetime if letter["Date"] else None
    except (AttributeError, ValueError):
        moment = None
    if moment is None:
        return str(letter["Date"] or "")
    day = "1er" if moment.day == 1 else str(moment.day)
    offset = moment.strftime("%z")
    zone = f" (UTC{offset[:3]}:{offset[3:5]})" if offset else ""
    date = f"{_DAYS[moment.weekday()]} {day} {_MONTHS[moment.month - 1]} {moment.year}"
    return f"{date} à {moment:%H:%M:%S}{zone}"


def french_size(count: int) -> str:
    for unit, divisor in (("Mo", 1_000_000), ("Ko", 1_000)):
        if count >= divisor:
            return f"{count / divisor:.1f} {unit}".replace(".", ",")
    return f"{count} o"


def french_day(value: str) -> str:
    """An HL7 date, whole or only a year or a month, as it is written in France."""
    if re.fullmatch(r"[0-9]{8}.*", value):
        return f"{value[6:8]}/{value[4:6]}/{value[:4]}"
    if re.fullmatch(r"[0-9]{6}", value):
        return f"{value[4:6]}/{value[:4]}"
    return value


def french_ins(number: str, oid: str) -> str:
    if not number:
        return "absente du document"
    if len(number) == 15:
        cuts = (0, 1, 3, 5, 7, 10, 13)
        number = " ".join(number[a:b] for a, b in zip(cuts, cuts[1:])) + f", clé {number[13:]}"
    return f"{number} ({_INS_KINDS.get(oid, 'autorité ' + oid)})"


def show_headers(letter: EmailMessage) -> None:
    field("De", letter["From"])
    field("À", letter["To"])
    field("Copie", letter["Cc"])
    field("Répondre à", letter["Reply-To"])
    field("Objet", letter["Subject"])
    field("Date", french_date(letter))
    field("Accusé demandé à", letter["Disposition-Notification-To"])
    for name, value in letter.items():
        if name.upper().startswith("X-MSS-"):
            meaning = _MSS_MEANINGS.get((name.upper(), str(value).strip().upper()))
            field(name, f"{value} — {meaning}" if meaning else str(value))


def show_body(letter: EmailMessage) -> None:
    print()
    for line in box.body_text(letter).strip().splitlines():
        clean = safe(line)
        print(textwrap.fill(clean, width(), initial_indent="    ", subsequent_indent="    ") if clean else "")


def show_files(files: list[box.Attachment]) -> None:
    title(f"Pièces jointes ({len(files)})")
    names = [safe(one.name) or "(sans nom)" for one in files]
    column = min(max(map(len, names), default=0), width() - 40)
    for name, one in zip(names, files):
        print(f"  {name:<{column}}  {french_size(len(one.content)):>9}  {safe(one.type)}")
    if not files:
        print("  aucune")


def show_document(name: str, content: bytes) -> None:
    title(f"Document {safe(name)}, lu dans IHE_XDM.zip")
    try:
        cda = box.read_cda(content)
    except box.Refused:
        print(f"  Ce fichier de {french_size(len(content))} n'est pas un document CDA lisible.")
        return
    patient = cda["patient"]
    field("Titre", cda["title"])
    field("Type", f"{cda['type']} ({cda['code']})" if cda["type"] else cda["code"])
    field("Établi le", document_date(cda["time"]))
    field("Patient", " ".join(filter(None, (patient["birth_name"], patient["given_names"]))))
    field("Nom utilisé", patient["used_name"])
    field("Date de naissance", french_day(patient["birth_date"]))
    field("INS", french_ins(patient["ins"], patient["ins_oid"]))
    field("Auteur", cda["author"])
    field("Organisation", cda["organization"])


def document_date(value: str) -> str:
    if not re.match(r"[0-9]{12}", value):
        return french_day(value)
    return f"{french_day(value)} à {value[8:10]}:{value[10:12]}"


def show_archive(letter: EmailMessage) -> None:
    data = box.xdm_attachment(letter)
    if data is None:
        return
    try:
        documents = box.xdm_documents(box.open_xdm(data))
    except box.Refused:
        title("IHE_XDM.zip")
        print("  Archive illisible ou dangereuse : elle n'est pas ouverte.")
        return
    for name, content in documents.items():
        show_document(name, content)


def show(letter: EmailMessage, number: int, count: int) -> None:
    print("═" * width())
    print(f"  Message {number} sur {count}")
    print("═" * width())
    show_headers(letter)
    show_body(letter)
    show_files(box.attachments(letter))
    show_archive(letter)
    print()


def save(letter: EmailMessage, number: int, folder: pathlib.Path) -> None:
    """Writes the files of the letter, for their owner's eyes only: they are a patient's."""
    target = folder / f"message-{number}"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for index, one in enumerate(box.attachments(letter), 1):
        name = re.sub(r"[^\w.+-]", "_", pathlib.PurePosixPath(one.name.replace("\\", "/")).name)
        name = name.lstrip(".") or "sans-nom"
        handle = os.open(target / f"{index}-{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(one.content)
    print(f"Pièces jointes du message {number} enregistrées dans {target}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Affiche les messages d'une boîte aux lettres.")
    box.add_mailbox_arguments(parser, {
        "host": "serveur IMAP (localhost)",
        "port": "port IMAP",
        "ca": "certificat de l'autorité, PEM",
        "user": "adresse de la boîte aux lettres",
        "password-file": "fichier qui contient le mot de passe",
    })
    parser.add_argument("--all", action="store_true", help="tous les messages, pas seulement le dernier")
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDES",
                        help="attend au plus ce temps qu'un message arrive")
    parser.add_argument("--save", type=pathlib.Path, metavar="DOSSIER", help="enregistre les pièces jointes")
    return parser.parse_args()


def read(given: argparse.Namespace) -> list[EmailMessage]:
    mailbox = box.mailbox_of(given)
    if given.wait <= 0:
        return mailbox.letters()
    try:
        return mailbox.wait_letters(1, given.wait)
    except TimeoutError:
        return []


def main() -> int:
    given = arguments()
    try:
        letters = read(given)
    except (OSError, imaplib.IMAP4.error) as error:
        print(f"Boîte aux lettres {safe(given.user)} : lecture impossible ({safe(error)}).", file=sys.stderr)
        return 1
    if not letters:
        print(f"Boîte aux lettres {safe(given.user)} : aucun message.")
        return 1
    first = 1 if given.all else len(letters)
    for number in range(first, len(letters) + 1):
        show(letters[number - 1], number, len(letters))
        if given.save:
            save(letters[number - 1], number, given.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
