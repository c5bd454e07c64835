#!/usr/bin/env python3
"""Proves that the private mail host, and the readers of its letters, do what the tests rely on.

    mailhost_selftest.py [--cache FOLDER]       as root; prints one line per check, fails if any does

Two hosts run side by side in a temporary folder with a throw-away PKI, on ports that were free. The letters
carry made-up patients with the ANS test OID.
"""

from __future__ import annotations

import argparse
import hashlib
import imaplib
import io
import os
import pathlib
import random
import re
import shutil
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from email.message import EmailMessage

import mailbox as box  # the file beside this one

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MAILHOST = REPOSITORY / "deploy" / "demo" / "mailhost"
READ_LETTER = REPOSITORY / "deploy" / "demo" / "read_letter.py"
SENDER = "passerelle@clinique.example"
DEADLINE_S = 20


class Failed(AssertionError):
    """A check's finding."""


def require(condition: object, finding: object) -> None:
    if not condition:
        raise Failed(finding)


def wait_until(condition, finding: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        require(time.monotonic() < deadline, finding)
        time.sleep(0.05)


# --- a throw-away PKI, in the layout of `passerelle pki dev` ------------------------------------------------


def openssl(*words: str | os.PathLike) -> None:
    subprocess.run(["openssl", *map(os.fspath, words)], check=True, capture_output=True)


def make_authority(folder: pathlib.Path) -> None:
    folder.mkdir()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=mailhost selftest", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")


def make_certificate(folder: pathlib.Path, name: str, usage: str) -> None:
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey",
            folder / "ca.key", "-days", "2", "-extfile", extensions, "-out", folder / f"{name}.pem")


def make_pki(folder: pathlib.Path) -> None:
    make_authority(folder)
    make_certificate(folder, "mail", "serverAuth")
    make_certificate(folder, "mail-client", "clientAuth")


# --- a host, and the ways to speak with it ------------------------------------------------------------------


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago: all held together, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def is_open(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(2)
        return one.connect_ex(("127.0.0.1", port)) == 0


Done = subprocess.CompletedProcess


class Host:
    def __init__(self, folder: pathlib.Path, cache: pathlib.Path, pki: pathlib.Path):
        self.folder, self.cache, self.pki = folder, cache, pki
        self.smtp, self.imap = free_ports(2)

    def run(self, command: str, *words: object, folder: pathlib.Path | None = None) -> Done:
        return subprocess.run([MAILHOST, command, folder or self.folder, *map(str, words)], text=True,
                              timeout=120, capture_output=True, check=False)

    def start(self, folder: pathlib.Path | None = None, **changed: object) -> Done:
        options = {"cache": self.cache, "pki": self.pki, "smtp": self.smtp, "imap": self.imap} | changed
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return self.run("start", *words, folder=folder)

    def must(self, command: str) -> None:
        done = self.start() if command == "start" else self.run(command)
        require(done.returncode == 0, f"mailhost {command} failed: {done.stderr.strip()}")

    def password(self) -> str:
        return (self.folder / "imap-password").read_text().strip()

    def mailbox(self, user: str, password: str | None = None) -> box.Mailbox:
        return box.Mailbox("localhost", self.imap, self.pki / "ca.pem", user, password or self.password())

    def tls(self, client: pathlib.Path | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.pki / "ca.pem")
        if client:
            context.load_cert_chain(client / "mail-client.pem", client / "mail-client.key")
        return context

    def connect(self) -> smtplib.SMTP:
        """A session of the gateway's: TLS, with its certificate."""
        session = smtplib.SMTP("localhost", self.smtp, timeout=DEADLINE_S)
        session.starttls(context=self.tls(self.pki))
        session.ehlo()
        return session

    def send(self, to: str, content: bytes) -> None:
        with self.connect() as session:
            session.sendmail(SENDER, [to], content)

    def processes(self) -> list[int]:
        """Every live process that works in this host's folder or names it."""
        mine = os.fspath(self.folder)
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                if mine in words or os.readlink(entry / "cwd").startswith(mine):
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended, or is a zombie
        return found


def letter(to: str, text: str = "Bonjour,\nça va ?", **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = SENDER, to
    made["Subject"] = headers.pop("Subject", "Essai de la messagerie")
    made["Date"] = "Mon, 06 Oct 2025 09:30:00 +0200"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def smtp_bytes(made: EmailMessage) -> bytes:
    return made.as_bytes(policy=made.policy.clone(linesep="\r\n"))


# --- a small IHE_XDM.zip ------------------------------------------------------------------------------------

CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
 <id root="1.2.250.1.213.1.4.99.1"/>
 <code code="11490-0" displayName="Lettre de liaison à la sortie" codeSystem="2.16.840.1.113883.6.1"/>
 <title>Lettre de liaison</title>
 <effectiveTime value="20251006093000+0200"/>
 <recordTarget><patientRole>
  <id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
  <patient><name><family qualifier="BR">PAT-TROIS</family><given qualifier="BR">DOMINIQUE</given>
   <given>DOMINIQUE MARIE</given></name><birthTime value="19790322"/></patient>
 </patientRole></recordTarget>
 <author><assignedAuthor><assignedPerson><name><prefix>DR</prefix><given>Camille</given><family>ESSAI</family>
  </name></assignedPerson><representedOrganization><name>Clinique d'essai</name></representedOrganization>
 </assignedAuthor></author>
</ClinicalDocument>""".encode()
CDA_SHA1 = hashlib.sha1(CDA, usedforsecurity=False).hexdigest()

NAMES = box.SCHEMES  # one table of UUIDs for reading and writing
SET_SCHEMES, ENTRY_SCHEMES = list(NAMES)[:5], list(NAMES)[5:]
PATIENT = "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"
METADATA = "IHE_XDM/SUBSET01/METADATA.XML"
CUSTODIAN = "1.2.250.1.213.1.4.99"
VALUES = {"patientId": PATIENT, "sourceId": CUSTODIAN}


def slot(name: str, *values: str) -> str:
    listed = "".join(f"<Value>{value}</Value>" for value in values)
    return f'<Slot name="{name}"><ValueList>{listed}</ValueList></Slot>'


def labelled(name: str) -> str:
    return f'<Name><LocalizedString value="{name}"/></Name>'


def attribute(owner: str, scheme: str, unique_id: str) -> str:
    """The classification or the external identifier of a scheme."""
    name, own = NAMES[scheme], f'id="{owner}-{scheme[9:17]}"'
    if name in ("patientId", "sourceId", "uniqueId"):
        value = VALUES.get(name, unique_id)
        return (f'<ExternalIdentifier {own} registryObject="{owner}" identificationScheme="{scheme}" '
                f'value="{value}">{labelled(name)}</ExternalIdentifier>')
    inside = slot("codingScheme", "1.2.3") + labelled(name)
    if name == "author":
        inside = slot("authorPerson", "801234567897^ESSAI^Camille") + slot("authorInstitution", "Clinique")
    return (f'<Classification {own} classifiedObject="{owner}" classificationScheme="{scheme}" '
            f'nodeRepresentation="{"" if name == "author" else "code"}">{inside}</Classification>')


def metadata() -> str:
    identifiers = ("patientId", "sourceId", "uniqueId")
    in_order = sorted(NAMES, key=lambda scheme: NAMES[scheme] in identifiers)  # the schema's order
    of_entry = "".join(attribute("doc", one, f"{CUSTODIAN}.1") for one in in_order if one in ENTRY_SCHEMES)
    of_set = "".join(attribute("lot", one, f"{CUSTODIAN}.2") for one in in_order if one in SET_SCHEMES)
    node = f'<Classification id="node" classifiedObject="lot" classificationNode="{box.SUBMISSION_SET}"/>'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
 xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><RegistryObjectList>
<ExtrinsicObject id="doc" objectType="{box.DOCUMENT_ENTRY}" mimeType="text/xml">
{slot("hash", CDA_SHA1)}{slot("size", str(len(CDA)))}{slot("URI", "DOC0001.XML")}
{slot("creationTime", "20251006073000")}{slot("languageCode", "fr-FR")}
{slot("legalAuthenticator", "801234567897^ESSAI^Camille")}{slot("serviceStartTime", "20251006070000")}
{slot("sourcePatientId", "12345^^^&amp;1.2.250.1.99&amp;ISO^PI")}
{slot("sourcePatientInfo", "PID-5|PAT-TROIS^DOMINIQUE^^^^^L", "PID-7|19790322")}
{labelled("Lettre de liaison")}{of_entry}</ExtrinsicObject>
<RegistryPackage id="lot">{slot("submissionTime", "20251006073100")}{labelled("lot")}{node}{of_set}
</RegistryPackage>
<Association id="link" associationType="{box.HAS_MEMBER}" sourceObject="lot" targetObject="doc">
{slot("SubmissionSetStatus", "Original")}</Association>
</RegistryObjectList></lcm:SubmitObjectsRequest>"""


def xdm(changes: dict[str, bytes | None] | None = None) -> bytes:
    """The zip, sound but for the files that `changes` adds, replaces or, by None, leaves out."""
    files = {
        "INDEX.HTM": b'<html><body>Emetteur : Clinique <a href="README.TXT">README.TXT</a></body></html>',
        "README.TXT": b"Emetteur\r\n",
        METADATA: metadata().encode(),
        "IHE_XDM/SUBSET01/DOC0001.XML": CDA,
    } | (changes or {})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                entry = zipfile.ZipInfo(name, (2025, 10, 6, 9, 30, 0))  # the same files make the same bytes
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


# --- checks of the readers ----------------------------------------------------------------------------------


def check_sound_archive_has_no_fault() -> None:
    faults = box.check_xdm(xdm())
    require(not faults, f"faults in a sound archive: {faults}")


def check_every_planted_fault_is_found() -> None:
    sound = metadata()
    plants = [
        ("creationTime is not the CDA's", "20251006073000", "20251006093000"),
        ("creationTime is not a date", "20251006073000", "20251306073000"),
        ("submissionTime is not a date", "20251006073100", "2025100607"),
        ("hash is not the file's", CDA_SHA1, "0" * 40),
        ("size is not the file's", str(len(CDA)), str(len(CDA) + 1)),
        ("URI names no file", ">DOC0001.XML<", ">DOC0002.XML<"),
        ("uniqueId is not the CDA's id", 'value="1.2.250.1.213.1.4.99.1"', 'value="1.2.250.1.213.1.4.99.3"'),
        ("two objects have one uniqueId", 'value="1.2.250.1.213.1.4.99.2"', 'value="1.2.250.1.213.1.4.99.1"'),
        ("its target is not a document entry", 'targetObject="doc"', 'targetObject="elsewhere"'),
        ("its source is not the submission set", 'sourceObject="lot"', 'sourceObject="doc"'),
        ("SubmissionSetStatus is not Original", ">Original<", ">Reference<"),
        ("its classifiedObject is not", 'classifiedObject="doc"', 'classifiedObject="lot"'),
        ("its registryObject is not", 'registryObject="doc"', 'registryObject="nothing"'),
        ("its id is another object's too", 'id="link"', 'id="doc"'),
        ("patientId is not of its form", PATIENT, "279035121518989"),
        ("sourcePatientInfo is not of its form", "PID-7|", "7|"),
        ("author: authorInstitution is missing", slot("authorInstitution", "Clinique"), ""),
        ("languageCode is missing", slot("languageCode", "fr-FR"), ""),
        ("typeCode is missing", "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983", "urn:uuid:0"),
        ("objectType is not a document entry's", box.DOCUMENT_ENTRY, "urn:uuid:0"),
        ("the submission set is missing", box.SUBMISSION_SET, "urn:uuid:0"),
        ("has a DTD", "<lcm:", '<!DOCTYPE x [<!ENTITY y "z">]><lcm:'),
        ("not well formed", "</RegistryObjectList>", ""),
    ]
    missed = [expected for expected, old, new in plants
              if not _has(box.check_xdm(xdm({METADATA: sound.replace(old, new).encode()})), expected)]
    archives = {
        "INDEX.HTM is missing": xdm({"INDEX.HTM": None}),
        "no METADATA.XML": xdm({METADATA: None}),
        "no document entry describes it": xdm({"IHE_XDM/SUBSET01/DOC0002.XML": CDA}),
        "is outside of IHE_XDM": xdm({"OTHER/DOC0002.XML": CDA}),
        "not of the ISO 9660": xdm({"IHE_XDM/SUBSET01/document.xml": CDA}),
        "unsafe entry name": xdm({"../DOC0002.XML": CDA}),
        "two entries of one name": xdm({"Readme.txt": b"x"}),
        "the zip cannot be read": xdm()[:-30],
        "unpacks to more than": xdm({"BIG.TXT": bytes(box.MAX_ZIP_BYTES)}),
        "is not well formed": xdm({"IHE_XDM/SUBSET01/DOC0001.XML": CDA[:-5]}),
    }
    missed += [expected for expected, archive in archives.items()
               if not _has(box.check_xdm(archive), expected)]
    require(not missed, f"not found: {missed}")


def _has(faults: list[str], expected: str) -> bool:
    return any(expected in fault for fault in faults)


def check_xml_too_deep_is_refused() -> None:
    depth = 100_000
    try:
        box.parse_xml(b"<a>" * depth + b"</a>" * depth)
    except box.Refused:
        return
    raise Failed("it was read")


# --- checks of one host -------------------------------------------------------------------------------------


def check_folders_and_password(host: Host) -> None:
    mode = stat.S_IMODE((host.folder / "imap-password").stat().st_mode)
    require(mode == 0o600 and len(host.password()) >= 24, "imap-password is not a secret file")


def check_start_again_changes_nothing(host: Host) -> None:
    before = host.run("status").stdout
    host.must("start")
    require(host.run("status").stdout == before, "the processes changed")


def check_other_settings_are_refused(host: Host) -> None:
    done = host.start(smtp=free_ports(1)[0])
    require(done.returncode == 1 and "other settings" in done.stderr, done.stderr)


def check_taken_port_is_told(host: Host) -> None:
    folder = host.folder.parent / "taken"
    for name, port in (("smtp", host.smtp), ("imap", host.imap)):
        free = dict(zip(("smtp", "imap"), free_ports(2))) | {name: port}
        done = host.start(folder=folder, **free)
        require(done.returncode == 1 and f"port {port} ({name.upper()}) is taken" in done.stderr, done.stderr)
        require(not any(is_open(one) for one in free.values() if one != port), "half was left running")


def check_reason_of_a_failed_start_is_told(host: Host) -> None:
    """A port that is bound without listening looks free: the program's own words must say what is wrong."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        for name in ("smtp", "imap"):
            free = dict(zip(("smtp", "imap"), free_ports(2))) | {name: port}
            done = host.start(folder=host.folder.parent / "held", **free)
            require(done.returncode == 1 and "ddress already in use" in done.stderr, done.stderr)
            require(not any(map(is_open, free.values())), "half was left running")


def check_closed_parent_folder_is_told(host: Host) -> None:
    closed = host.folder.parent / "closed"
    closed.mkdir(mode=0o700)
    done = host.start(folder=closed / "host", smtp=free_ports(1)[0])
    require(done.returncode == 1 and f"chmod o+x {closed}" in done.stderr, done.stderr)


def check_key_of_another_certificate_is_told(host: Host) -> None:
    mixed = host.folder.parent / "mixed-pki"
    shutil.copytree(host.pki, mixed)
    shutil.copy(host.pki / "mail-client.key", mixed / "mail.key")
    done = host.start(folder=host.folder.parent / "mixed", pki=mixed)
    require(done.returncode == 1 and "mail.key is not the key of" in done.stderr, done.stderr)


def check_no_tls_no_mail(host: Host) -> None:
    with smtplib.SMTP("localhost", host.smtp, timeout=DEADLINE_S) as session:
        session.ehlo()
        code, _ = session.mail(SENDER)
    require(code == 530, f"MAIL was answered {code}")


def must_refuse(host: Host, context: ssl.SSLContext, reason: str) -> None:
    """The session ends before RCPT is accepted, for the reason that Postfix writes in its log.

    Under TLS 1.3 the client believes in the handshake until its next read: the refusal may come there.
    """
    log = host.folder / "postfix" / "mail.log"
    before = len(log.read_text())
    session = smtplib.SMTP("localhost", host.smtp, timeout=DEADLINE_S)
    try:
        session.starttls(context=context)
        session.ehlo()
        code, _ = session.mail(SENDER)
        if code == 250:
            code, _ = session.rcpt("dr.martin@cabinet.example")
        require(code >= 500, f"RCPT was answered {code}")
    except (OSError, smtplib.SMTPServerDisconnected):
        pass
    finally:
        session.close()
    wait_until(lambda: reason in log.read_text()[before:], f"the log does not say: {reason}")


def check_no_client_certificate_no_mail(host: Host) -> None:
    must_refuse(host, host.tls(None), "No client certificate presented")


def check_foreign_client_certificate_no_mail(host: Host) -> None:
    must_refuse(host, host.tls(host.folder.parent / "other-pki"), "Client certificate not trusted")


def check_old_tls_no_mail(host: Host) -> None:
    context = host.tls(host.pki)
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that it is the server that refuses, not this side
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    must_refuse(host, context, "unsupported protocol")


def check_letter_arrives_as_sent(host: Host) -> None:
    to = "dr.martin@cabinet.example"
    made = letter(to, X_MSS_NIL="PASSERELLE", Message_ID="<1@clinique.example>")
    made.add_attachment(xdm(), maintype="application", subtype="zip", filename="IHE_XDM.zip")
    made.add_attachment(bytes(range(256)), maintype="application", subtype="pdf", filename="é.pdf")
    host.send(to, smtp_bytes(made))
    got = host.mailbox(to).wait_letters(1, DEADLINE_S)[0]
    raw = host.mailbox(to).raw_letters()[0]
    require(raw.endswith(smtp_bytes(made)), "its bytes changed on the way")
    files = {one.name: one for one in box.attachments(got)}
    require(set(files) == {"IHE_XDM.zip", "é.pdf"}, list(files))
    require(files["é.pdf"].type == "application/pdf", files["é.pdf"].type)
    require(box.xdm_attachment(got) == xdm(), "the archive differs")
    require("ça va ?" in box.body_text(got), "the text differs")


def check_any_address_is_a_mailbox_in_lower_case(host: Host) -> None:
    for to in ("Dr.MARTIN@Ailleurs.Example", "279035121518989@patient.mssante.fr", "a+b_c=d'e@x-y.test"):
        host.send(to, smtp_bytes(letter(to)))
        host.mailbox(to.lower()).wait_letters(1, DEADLINE_S)


def check_same_message_id_is_kept_twice(host: Host) -> None:
    to = "doublon@cabinet.example"
    for _ in range(2):
        host.send(to, smtp_bytes(letter(to, Message_ID="<2@clinique.example>")))
    host.mailbox(to).wait_letters(2, DEADLINE_S)


def check_8_mib_arrive(host: Host) -> None:
    to = "gros@cabinet.example"
    content = random.Random(1).randbytes(8 * 1024 * 1024)
    made = letter(to)
    made.add_attachment(content, maintype="application", subtype="octet-stream", filename="gros.bin")
    host.send(to, smtp_bytes(made))
    got = host.mailbox(to).wait_letters(1, DEADLINE_S)[0]
    require(box.attachments(got)[0].content == content, "the content differs")


def check_more_than_40_mb_are_refused(host: Host) -> None:
    with host.connect() as session:
        limit = int(session.esmtp_features["size"])
        code, _ = session.mail(SENDER, [f"size={limit + 1}"])
    require(limit == 40 * 1024 * 1024 and code == 552, f"limit {limit}, answer {code}")


def check_fault_addresses(host: Host) -> None:
    faults = {"absent.dr": (550, "5.1.1"), "plein.dr": (552, "5.2.2"), "PLUS-TARD.dr": (450, "4.2.1"),
              "bloque.dr": (421, "4.3.2")}
    for local, expected in faults.items():
        session = host.connect()
        session.mail(SENDER)
        code, text = session.rcpt(f"{local}@cabinet.example")
        session.close()
        require((code, text.decode().split()[0]) == expected, f"{local}: {code} {text.decode()}")


def check_good_address_beside_a_refused_one(host: Host) -> None:
    to = ["bon@cabinet.example", "absent.dr@cabinet.example"]
    with host.connect() as session:
        refused = session.sendmail(SENDER, to, smtp_bytes(letter(to[0])))
    require(list(refused) == to[1:], f"refused: {list(refused)}")
    host.mailbox(to[0]).wait_letters(1, DEADLINE_S)


def check_imap_needs_tls_and_the_password(host: Host) -> None:
    plain = imaplib.IMAP4("localhost", host.imap, timeout=DEADLINE_S)
    for login in (lambda: plain.login("dr.martin@cabinet.example", host.password()),
                  lambda: host.mailbox("dr.martin@cabinet.example", "wrong").letters()):
        try:
            login()
        except imaplib.IMAP4.error:
            continue
        raise Failed("a login that had to fail succeeded")
    plain.shutdown()


def check_server_certificate_is_verified(host: Host) -> None:
    ca = host.folder.parent / "other-pki" / "ca.pem"
    try:
        box.Mailbox("localhost", host.imap, ca, "dr.martin@cabinet.example", host.password()).letters()
    except ssl.SSLCertVerificationError:
        return
    raise Failed("a server of another authority was believed")


def check_reader_shows_the_letter(host: Host) -> None:
    to = "lecteur@cabinet.example"
    made = letter(to, "Bonjour,\nça va \x1b[31m?", Subject="XDM/1.0/DDM+Lettre de liaison", X_MSS_INS="O",
                  X_MSS_NIL="PASSERELLE", X_MSS_CODECDA="11490-0", Disposition_Notification_To=SENDER)
    made.add_attachment(xdm(), maintype="application", subtype="zip", filename="IHE_XDM.ZIP")
    host.send(to, smtp_bytes(made))
    saved = host.folder.parent / "saved"
    shown = subprocess.run(
        [READ_LETTER, "--port", str(host.imap), "--ca", host.pki / "ca.pem", "--user", to, "--password-file",
         host.folder / "imap-password", "--wait", str(DEADLINE_S), "--save", saved],
        text=True, capture_output=True, timeout=60, check=False)
    require(shown.returncode == 0, shown.stderr)
    wanted = ("lundi 6 octobre 2025 à 09:30:00", "Accusé demandé à", "identité du patient qualifiée",
              "ça va", "Pièces jointes (1)", "application/zip", "Lettre de liaison à la sortie (11490-0)",
              "22/03/1979", "PAT-TROIS DOMINIQUE MARIE", "2 79 03 51 215 189, clé 89 (NIR de test)",
              "DR Camille ESSAI")
    absent = [text for text in wanted if text not in shown.stdout]
    require(not absent, f"not shown: {absent}")
    require("\x1b" not in shown.stdout, "the letter commands the terminal")
    require((saved / "message-1" / "1-IHE_XDM.ZIP").read_bytes() == xdm(), "the attachment saved differs")


def check_smtp_goes_down_and_up(host: Host) -> None:
    to = "reprise@cabinet.example"
    host.must("stop-smtp")
    require(not is_open(host.smtp) and is_open(host.imap), "not only SMTP is down")
    require(host.run("status").returncode == 1, "status says that all is well")
    host.mailbox(to).letters()
    host.must("start-smtp")
    host.send(to, smtp_bytes(letter(to)))
    host.mailbox(to).wait_letters(1, DEADLINE_S)


def check_crash_does_not_prevent_start(host: Host) -> None:
    pids = re.findall(r"process (\d+)", host.run("status").stdout)
    for pid in pids:
        os.kill(int(pid), 9)
    wait_until(lambda: not is_open(host.smtp) and not is_open(host.imap), "children outlive their master")
    host.must("start")
    require(host.mailbox("reprise@cabinet.example").letters(), "the letters are gone")


def check_password_survives_a_restart(host: Host) -> None:
    before = host.password()
    host.must("stop")
    host.must("start")
    require(host.password() == before and host.mailbox("reprise@cabinet.example").letters(), "it changed")


def check_nothing_waits_in_the_queue(host: Host) -> None:
    names = ("incoming", "active", "deferred", "corrupt")
    queues = [host.folder / "postfix" / "queue" / name for name in names]
    wait_until(lambda: not any(path.is_file() for queue in queues for path in queue.rglob("*")),
               "letters are stuck")


def check_hosts_do_not_mix(host: Host, other: Host) -> None:
    to = "voisin@cabinet.example"
    host.send(to, smtp_bytes(letter(to, "chez le premier")))
    other.send(to, smtp_bytes(letter(to, "chez le second")))
    for one, text in ((host, "chez le premier"), (other, "chez le second")):
        letters = one.mailbox(to).wait_letters(1, DEADLINE_S)
        require(len(letters) == 1 and text in box.body_text(letters[0]), "a letter went to the other host")


def check_stop_leaves_nothing(host: Host) -> None:
    require(host.processes(), "this check sees no process even before")
    host.must("stop")
    require(not host.processes(), "processes are left")
    require(not is_open(host.smtp) and not is_open(host.imap), "a port is still open")
    host.must("stop")  # stopping what is stopped is no fault


READER_CHECKS = (check_sound_archive_has_no_fault, check_every_planted_fault_is_found,
                 check_xml_too_deep_is_refused)
HOST_CHECKS = (check_folders_and_password, check_start_again_changes_nothing,
               check_other_settings_are_refused, check_taken_port_is_told,
               check_reason_of_a_failed_start_is_told, check_closed_parent_folder_is_told,
               check_key_of_another_certificate_is_told,
               check_no_tls_no_mail, check_no_client_certificate_no_mail,
               check_foreign_client_certificate_no_mail, check_old_tls_no_mail, check_letter_arrives_as_sent,
               check_any_address_is_a_mailbox_in_lower_case, check_same_message_id_is_kept_twice,
               check_8_mib_arrive, check_more_than_40_mb_are_refused, check_fault_addresses,
               check_good_address_beside_a_refused_one, check_imap_needs_tls_and_the_password,
               check_server_certificate_is_verified, check_reader_shows_the_letter,
               check_smtp_goes_down_and_up, check_crash_does_not_prevent_start,
               check_password_survives_a_restart, check_nothing_waits_in_the_queue)


# --- the run ------------------------------------------------------------------------------------------------


class Report:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def run(self, check, *inputs: object) -> None:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        begin = time.monotonic()
        try:
            check(*inputs)
        except Exception as error:  # whatever it is, the other checks still count
            self.failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
        else:
            self.passed += 1
            print(f"ok    {name} ({time.monotonic() - begin:.2f} s)", flush=True)


def check_fetch(host: Host) -> None:
    """Two at once: one does the work, the other waits for it."""
    runs = [subprocess.Popen([MAILHOST, "fetch", host.cache], stderr=subprocess.PIPE) for _ in range(2)]
    errors = [run.communicate(timeout=900)[1].decode() for run in runs]
    require(not any(run.returncode for run in runs), "".join(errors))


def check_start(host: Host) -> None:
    host.must("start")


def run_all(folder: pathlib.Path, cache: pathlib.Path, report: Report) -> None:
    make_pki(folder / "pki")
    make_authority(folder / "other-pki")
    make_certificate(folder / "other-pki", "mail-client", "clientAuth")
    host, other = (Host(folder / name, cache, folder / "pki") for name in ("one", "two"))
    for check in READER_CHECKS:
        report.run(check)
    try:
        report.run(check_fetch, host)
        report.run(check_start, host)
        report.run(check_start, other)
        for check in HOST_CHECKS:
            report.run(check, host)
        report.run(check_hosts_do_not_mix, host, other)
        report.run(check_stop_leaves_nothing, host)
        report.run(check_stop_leaves_nothing, other)
    finally:
        host.run("stop")
        other.run("stop")


def main() -> int:
    parser = argparse.ArgumentParser(description="Proves the private mail host.")
    parser.add_argument("--cache", type=pathlib.Path, default=REPOSITORY / "build" / "mailhost-cache",
                        help="where `mailhost fetch` puts the mail programs")
    given = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailhost-selftest-"))
    folder.chmod(0o711)  # the mail programs' own users pass through it
    report = Report()
    try:
        run_all(folder, given.cache, report)
    finally:
        if report.failed:
            print(f"the hosts' folders are kept: {folder}")
        else:
            shutil.rmtree(folder)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
