#!/usr/bin/env python3
"""Bad input, through a stock gRPC client: each kind gets its own clear answer, which never repeats the value that was
wrong, and what was accepted before is intact and delivered."""

from __future__ import annotations

import contextlib
import copy
import os
import pathlib
import random
import subprocess
from dataclasses import dataclass, field
from xml.etree import ElementTree

import world as w
from world import require, require_equal

KIB, MIB = 1024, 1024 * 1024
PDF = "samples/letters/pdf.yaml"
CDA = "samples/letters/cda-passthrough.yaml"
FIELDS = "samples/letters/minimal.yaml"
FIELDS_PATH = "event.discharge_letter.structured"
WITNESS = "temoin@cabinet-temoin.demo.mssante.fr"
PDF_FIELD = "event.discharge_letter.pdf.pdf"
CDA_FIELD = "event.discharge_letter.sender_cda"


@dataclass
class Bad:
    """A sample with one thing wrong, and the answer that it must get. `poison` is the wrong value."""

    claim: str
    sample: str
    edit: object
    code: str
    reason: str
    fields: list[str] = field(default_factory=list)
    poison: str = ""


def wrong_key(request) -> None:
    ins = request.event.subject.ins
    ins.matricule = ins.matricule[:13] + f"{int(ins.matricule[13:]) % 97 + 1:02}"


def other_patient(request) -> None:
    request.event.subject.CopyFrom(w.load_event("samples/letters/several-recipients.yaml").event.subject)


def in_cda(old: bytes, new: bytes):
    def edit(request) -> None:
        letter = request.event.discharge_letter
        require(old in letter.sender_cda, "the sample's CDA is not what this test expects")
        letter.sender_cda = letter.sender_cda.replace(old, new, 1)

    return edit


def with_doctype(declaration: bytes, use: bytes = b""):
    def edit(request) -> None:
        in_cda(b"<ClinicalDocument", declaration + b"<ClinicalDocument")(request)
        in_cda(b"<title>", b"<title>" + use)(request)

    return edit


def bomb() -> bytes:
    levels = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<!DOCTYPE ClinicalDocument [<!ENTITY e0 "boum">' + levels + b"]>"


def set_pdf(content: bytes):
    def edit(request) -> None:
        request.event.discharge_letter.pdf.pdf = content

    return edit


def small_pdf(trailer: bytes) -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R " + trailer + (
        b" >>\nstartxref\n9\n%%EOF\n")


def fields_of(request):
    return request.event.discharge_letter.structured


def set_synthesis(value: str):
    def edit(request) -> None:
        fields_of(request).stay.synthesis = value

    return edit


def add_treatments(request, count: int):
    treatments = fields_of(request).treatments_at_discharge
    treatments.ClearField("none")
    for _ in range(count):
        treatments.treatments.add(medicine={"text": "poison"})
    return treatments.treatments


def treatments_and_none(request) -> None:
    fields_of(request).treatments_at_discharge.treatments.add(medicine={"text": "poison"})


def ten_thousand_treatments(request) -> None:
    add_treatments(request, 10000)


def wrong_system(request) -> None:
    add_treatments(request, 1)[0].medicine.codes.add(code="B01AF02", system="1.2.3.4", label="Apixaban")


def set_mailbox(value: str):
    def edit(request) -> None:
        request.event.recipients[0].person.mailbox = value

    return edit


def set_tool(request, name: str) -> None:
    request.event.recipients[2].tool.name = name


def assign(path: str, value):
    def edit(request) -> None:
        *way, last = path.split(".")
        for name in way:
            request = getattr(request, name)
        setattr(request, last, value)

    return edit


INVALID = ("INVALID_ARGUMENT", "FIELD_INVALID")
DOCUMENT = ("INVALID_ARGUMENT", "DOCUMENT_INVALID")

BAD = (
    Bad("a wrong INS key", PDF, wrong_key, *INVALID, ["event.subject.ins.matricule"], "139113990299056"),
    Bad("a missing trait", PDF, assign("event.subject.birth_place_code", ""), *INVALID,
        ["event.subject.birth_place_code"]),
    Bad("another missing trait", PDF, assign("event.subject.birth_given_names", ""), *INVALID,
        ["event.subject.birth_given_names"]),
    Bad("an INS of real patients", PDF, assign("event.subject.ins.oid", "1.2.250.1.213.1.4.8"), *INVALID,
        ["event.subject.ins.oid"], "1.2.250.1.213.1.4.8"),
    Bad("a CDA of another patient than the envelope", CDA, other_patient, *INVALID, [], "MOREL-VASSEUR"),
    Bad("a CDA with a DTD", CDA, with_doctype(b'<!DOCTYPE ClinicalDocument SYSTEM "http://poison.example/a.dtd">'),
        *DOCUMENT, [CDA_FIELD], "poison.example"),
    Bad("an entity bomb", CDA, with_doctype(bomb(), b"&e9;"), *DOCUMENT, [CDA_FIELD], "boum"),
    Bad("an external entity", CDA, with_doctype(
        b'<!DOCTYPE ClinicalDocument [<!ENTITY x SYSTEM "file:///etc/hostname">]>', b"&x;"), *DOCUMENT, [CDA_FIELD],
        "etc/hostname"),
    Bad("a CDA that is cut", CDA, in_cda(b"</ClinicalDocument>", b""), *DOCUMENT, [CDA_FIELD], "FONTANEL"),
    Bad("a CDA that carries its own stylesheet", CDA, in_cda(
        b"<realmCode", b'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" id="poison"/><realmCode'),
        *DOCUMENT, [CDA_FIELD], "poison"),
    Bad("XML that is not a CDA", CDA, assign("event.discharge_letter.sender_cda", b"<html>poison</html>"), *DOCUMENT,
        [CDA_FIELD], "poison"),
    Bad("a PDF that is not one", PDF, set_pdf(b"PK\x03\x04 poison" * 100), *DOCUMENT, [PDF_FIELD], "poison"),
    Bad("an empty PDF", PDF, set_pdf(b""), *INVALID, [PDF_FIELD]),
    Bad("a PDF that is cut", PDF, lambda request: set_pdf(request.event.discharge_letter.pdf.pdf[:1000])(request),
        *DOCUMENT, [PDF_FIELD]),
    Bad("a recipient with no address", PDF, set_mailbox(""), *INVALID, ["event.recipients[0].person.mailbox"]),
    Bad("a recipient with no target", PDF, lambda request: request.event.recipients.add(), *INVALID,
        ["event.recipients[3]"]),
    Bad("the shared record twice", PDF, lambda request: request.event.recipients.add().shared_record.SetInParent(),
        *INVALID, ["event.recipients[3]"]),
    Bad("a tool that the tenant does not have", PDF, lambda request: set_tool(request, "poison"), *INVALID,
        ["event.recipients[2].tool.name"], "poison"),
    Bad("an address outside of the secure space", PDF, set_mailbox("poison@example.com"), *INVALID,
        ["event.recipients[0].person.mailbox"], "poison"),
    Bad("no recipient", PDF, lambda request: request.event.ClearField("recipients"), *INVALID, ["event.recipients"]),
    Bad("no idempotency key", PDF, assign("idempotency_key", ""), *INVALID, ["idempotency_key"]),
    Bad("no legal basis", PDF, lambda request: request.event.ClearField("legal_basis"), *INVALID,
        ["event.legal_basis"]),
    Bad("a letter of fields that says nothing", PDF,
        lambda request: request.event.discharge_letter.structured.SetInParent(), *INVALID),
    Bad("no answer about treatments", FIELDS, lambda request: fields_of(request).ClearField("treatments_at_discharge"),
        *INVALID, [f"{FIELDS_PATH}.treatments_at_discharge"]),
    Bad("treatments and none at once", FIELDS, treatments_and_none, *INVALID,
        [f"{FIELDS_PATH}.treatments_at_discharge"], "poison"),
    Bad("no synthesis", FIELDS, lambda request: fields_of(request).stay.ClearField("synthesis"), *INVALID,
        [f"{FIELDS_PATH}.stay.synthesis"]),
    Bad("a synthesis of 1 MiB", FIELDS, set_synthesis("poison " * (MIB // 7)), *INVALID,
        [f"{FIELDS_PATH}.stay.synthesis"], "poison"),
    Bad("a control character in a text", FIELDS, set_synthesis("poison\x07"), *INVALID,
        [f"{FIELDS_PATH}.stay.synthesis"], "poison"),
    Bad("a mark that turns the reading direction", FIELDS, set_synthesis("poison \u202e 5 mg"), *INVALID,
        [f"{FIELDS_PATH}.stay.synthesis"], "poison"),
    Bad("10,000 treatments", FIELDS, ten_thousand_treatments, *INVALID,
        [f"{FIELDS_PATH}.treatments_at_discharge.treatments"], "poison"),
    Bad("a code under a wrong system", FIELDS, wrong_system, *INVALID,
        [f"{FIELDS_PATH}.treatments_at_discharge.treatments[0].medicine.codes[0].system"], "1.2.3.4"),
    Bad("another type than a discharge letter", FIELDS, lambda request: fields_of(request).metadata.type.MergeFrom(
        type(fields_of(request).metadata.type)(code="34112-3")), *INVALID, [f"{FIELDS_PATH}.metadata.type"]),
    Bad("an encrypted PDF", PDF, set_pdf(small_pdf(b"/Encrypt 9 0 R")), *DOCUMENT, [PDF_FIELD]),
    Bad("a PDF with JavaScript", PDF, set_pdf(small_pdf(b"/OpenAction << /S /JavaScript /JS (poison) >>")), *DOCUMENT,
        [PDF_FIELD], "poison"),
    Bad("a tenant of somebody else", PDF, assign("event.tenant", "cpts-voisine"), "PERMISSION_DENIED", "NOT_ALLOWED",
        [], "cpts-voisine"),
)


class Scene:
    """A world with a letter accepted before everything else, and the means to see that it stays."""

    def __init__(self, world: w.World):
        self.world, self.client = world, world.client()
        request = w.edited(w.load_event(CDA), lambda one: set_mailbox(WITNESS)(one))
        request.idempotency_key = "temoin"
        self.receipt = self.client.submit(request).status
        self.status = self.client.wait_settled(self.receipt.event_id)
        require(w.all_delivered(self.status), "the witness is not delivered")
        self.request = request

    def require_intact(self) -> None:
        require_equal(self.client.get(event_id=self.receipt.event_id), self.status, "the letter accepted before")
        require_equal(len(self.world.mail.mailbox(WITNESS).letters()), 1, "its copies")
        self.world.repository.document(self.receipt.document_id)

    def require_silent(self, refusal: w.Refusal, *poisons: str) -> None:
        log = self.world.log.read_bytes()
        for poison in filter(None, poisons):
            require(poison.encode() not in refusal.raw, "the answer repeats the value")
            require(poison.encode() not in log, "the log repeats the value")


def fresh(sample: str, edit) -> object:
    request = w.edited(w.load_event(sample), edit)
    if request.idempotency_key:
        request.idempotency_key += f"-{random.getrandbits(40)}"
    return request


def check_bad(bad: Bad, scene: Scene) -> None:
    refusal = w.refusal_of(scene.client.submit, fresh(bad.sample, bad.edit))
    require_equal((refusal.code, refusal.reason), (bad.code, bad.reason), "answer")
    for name in bad.fields:
        require(name in refusal.fields, f"the fields are {sorted(refusal.fields)}, without {name}")
    require(all(refusal.fields.values()), "a field is named without what is expected of it")
    require(bad.reason in refusal.message, "grpc-message does not say the reason")
    scene.require_silent(refusal, bad.poison, "GAUTHERON", "139113990299055")
    scene.require_intact()


# --- what no generated client can write ---------------------------------------------------------------------


def tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def check_unknown_field(scene: Scene) -> None:
    """an unknown field in the event is refused, at its place"""
    request = fresh(PDF, lambda one: None)
    event = request.event
    subject = event.subject.SerializeToString() + tag(99, 2) + varint(6) + b"poison"
    event.ClearField("subject")
    body = event.SerializeToString() + tag(3, 2) + varint(len(subject)) + subject
    whole = tag(1, 2) + varint(len(request.idempotency_key)) + request.idempotency_key.encode()
    refusal = w.refusal_of(scene.client.submit_bytes, whole + tag(2, 2) + varint(len(body)) + body)
    require_equal((refusal.code, refusal.reason), INVALID, "answer")
    require("event.subject" in " ".join(refusal.fields), f"the place is not told: {refusal.fields}")
    scene.require_silent(refusal, "poison")
    scene.require_intact()


def check_not_utf8(scene: Scene) -> None:
    """a text that is not UTF-8 is refused by the name of its field"""
    request = fresh(PDF, assign("event.subject.birth_family_name", "XQXQXQ"))
    latin = request.SerializeToString().replace(b"XQXQXQ", "HÉRITÉ".encode("latin-1"))
    refusal = w.refusal_of(scene.client.submit_bytes, latin)
    require_equal((refusal.code, refusal.reason), ("INVALID_ARGUMENT", "TEXT_NOT_UTF8"), "answer")
    require_equal(list(refusal.fields), ["event.subject.birth_family_name"], "fields")
    require(b"RIT" not in refusal.raw, "the answer repeats the value")
    scene.require_intact()


def check_no_message(scene: Scene) -> None:
    """bytes that are no message are refused as such"""
    refusal = w.refusal_of(scene.client.submit_bytes, b"\xff\xff poison")
    require_equal((refusal.code, refusal.reason), ("INVALID_ARGUMENT", "MESSAGE_UNREADABLE"), "answer")
    scene.require_silent(refusal, "poison")
    scene.require_intact()


def check_too_large(scene: Scene) -> None:
    """a message of 33 MiB is refused, and one of 31 MiB is not refused for its size"""
    refusal = w.refusal_of(scene.client.submit, fresh(PDF, set_pdf(b"%PDF-1.4\n" + bytes(33 * MIB))))
    require_equal(refusal.code, "RESOURCE_EXHAUSTED", "answer")
    refusal = w.refusal_of(scene.client.submit, fresh(PDF, set_pdf(b"%PDF-1.4\n" + bytes(31 * MIB))))
    require_equal((refusal.code, refusal.reason), DOCUMENT, "answer to 31 MiB")
    require_equal(list(refusal.fields), [PDF_FIELD], "fields")
    scene.require_intact()


# --- what is odd, and right ---------------------------------------------------------------------------------


def check_markup(scene: Scene) -> None:
    """what looks like markup in a text is text: in the document it stands as the doctor wrote it, and is no element"""
    text = 'Kaliémie < 5 & > 3,5 <script>alert("x")</script> <renderMultiMedia referencedObject="y"/> ]]> &amp; %s'
    parts = scene.client.preview(w.preview_of(fresh(FIELDS, set_synthesis(text))))
    document = b"".join(part.content for part in parts if part.file_name == "document.xml")
    root = ElementTree.fromstring(document)
    require(text in " ".join(root.itertext()), "the text is another")
    odd = {element.tag.rpartition("}")[2] for element in root.iter()} & {"script", "renderMultiMedia"}
    require_equal(odd, set(), "elements")


def check_plain_pdf(scene: Scene) -> None:
    """a PDF of the same few lines, neither encrypted nor with JavaScript, is taken: it is those that are refused above"""
    require(scene.client.preview(w.preview_of(fresh(PDF, set_pdf(small_pdf(b""))))), "no preview")


# --- twice the same, and not the same -----------------------------------------------------------------------


def check_two_letters_one_key(scene: Scene) -> None:
    """two letters under one key: the second is refused, the first keeps its receipt"""
    other = w.edited(scene.request, assign("event.source.software", "Autre logiciel 1"))
    refusal = w.refusal_of(scene.client.submit, other)
    require_equal((refusal.code, refusal.reason), ("ALREADY_EXISTS", "KEY_REUSED"), "answer")
    again = scene.client.submit(scene.request)
    require(again.already_accepted and again.status == scene.status, "the first receipt is another")
    scene.require_intact()


def check_document_with_two_contents(scene: Scene) -> None:
    """one document id with two contents: the second is refused"""
    request = fresh(CDA, in_cda(b"<title>", b"<title>Autre "))
    refusal = w.refusal_of(scene.client.submit, request)
    require_equal((refusal.code, refusal.reason), ("ALREADY_EXISTS", "DOCUMENT_ID_REUSED"), "answer")
    scene.require_silent(refusal, scene.receipt.document_id)
    scene.require_intact()


def check_document_known_to_recipient(scene: Scene) -> None:
    """the same document under another key goes to those who lack it only"""
    newcomer = "arrivee@cabinet-arrivee.demo.mssante.fr"
    request = fresh(CDA, set_mailbox(WITNESS))
    request.event.recipients.add().person.mailbox = newcomer
    status = scene.client.wait_settled(scene.client.submit(request).status.event_id)
    require(w.all_delivered(status), "it is not delivered")
    require_equal([bool(one.same_as) for one in w.deliveries_of(status)], [True, True, False],
                  "known to the recipients")
    require_equal(len(scene.world.letters_to(newcomer)), 1, "letters to the newcomer")
    scene.require_intact()


# --- who calls ----------------------------------------------------------------------------------------------


def check_no_principal(scene: Scene) -> None:
    """a certificate that the policy does not know is answered UNAUTHENTICATED"""
    scene.world.issue_client("inconnu")
    refusal = w.refusal_of(scene.world.client("inconnu").submit, fresh(PDF, lambda one: None))
    require_equal((refusal.code, refusal.reason), ("UNAUTHENTICATED", "NO_PRINCIPAL"), "answer")
    scene.require_intact()


def check_other_principal(scene: Scene) -> None:
    """another hospital's event does not exist for us, and its keys are its own"""
    scene.world.issue_client("clinique")
    clinic = scene.world.client("clinique")
    refusal = w.refusal_of(lambda: clinic.get(event_id=scene.receipt.event_id))
    require_equal((refusal.code, refusal.reason), ("NOT_FOUND", "NOT_FOUND"), "answer")
    refusal = w.refusal_of(lambda: clinic.get(idempotency_key="temoin", tenant="cpts-demo"))
    require_equal(refusal.code, "NOT_FOUND", "answer")
    request = fresh(PDF, lambda one: None)
    request.idempotency_key = "temoin"
    require(not clinic.submit(request).already_accepted, "two principals share a key")
    scene.require_intact()


def check_expired_certificate(scene: Scene) -> None:
    """an expired client certificate cannot call, and the log says why, and whose it is"""
    w.issue_expired(scene.world.pki, "hopital-demo")
    client = scene.world.client("hopital-demo", wait_for_ready=False)
    refusal = w.refusal_of(client.submit, fresh(PDF, lambda one: None))
    require_equal(refusal.code, "UNAVAILABLE", "answer")
    line = scene.world.gateway.wait_logged("client certificate refused", common_name="hopital-demo")
    require("expired" in line["error"], f"the reason is not told: {line['error']}")
    require_equal(line["level"], "warn", "level")
    done = scene.world.submit(PDF, "--identity", "hopital-demo", "--patience", 1, expect=4)
    require(done.stderr, "the command line says nothing")
    scene.require_intact()


def check_no_certificate(scene: Scene) -> None:
    """without a client certificate nobody gets in"""
    refusal = w.refusal_of(scene.world.client(None, wait_for_ready=False).submit, fresh(PDF, lambda one: None))
    require_equal(refusal.code, "UNAVAILABLE", "answer")
    scene.require_intact()


# --- files --------------------------------------------------------------------------------------------------


def write_event(scene: Scene, name: str, change) -> pathlib.Path:
    """The PDF sample as a file of its own, changed as text."""
    text = (w.REPOSITORY / PDF).read_text("utf-8").replace("contents/", f"{w.LETTERS}/contents/")
    changed = change(text)
    require(changed != text, "the sample is not what this test expects")
    path = scene.world.folder / name
    path.write_text(changed, "utf-8")
    return path


def place_of(path: pathlib.Path, word: str) -> str:
    """file:line:column of the word."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if word in line:
            return f"{path}:{number}:{line.index(word) + 1}"
    raise w.Failed("the word is not in the file")


def check_event_file(scene: Scene) -> None:
    """an unknown field in an event file is refused with file, line and column, before anything is sent"""
    path = write_event(scene, "inconnu.yaml", lambda text: text.replace("birth_family_name:", "birth_familly_name:"))
    said = scene.world.submit(path, expect=1).stderr
    require(place_of(path, "birth_familly_name") in said, said)
    require("GAUTHERON" not in said, "it repeats the value")
    said = scene.world.run("preview", path, "--out", scene.world.folder / "p", "--config", scene.world.config_file,
                           expect=1).stderr
    require(place_of(path, "birth_familly_name") in said, said)
    scene.require_intact()


def check_event_file_value(scene: Scene) -> None:
    """a value of the wrong kind, and a key given twice, are refused with file, line and column"""
    path = write_event(scene, "genre.yaml", lambda text: text.replace("SEX_MALE", "POISON"))
    said = scene.world.submit(path, expect=1).stderr
    require(place_of(path, "POISON") in said and "POISON" not in said.replace(str(path), ""), said)
    path = write_event(scene, "deux.yaml", lambda text: text + "idempotency_key: poison\n")
    said = scene.world.submit(path, expect=1).stderr
    lines = path.read_text("utf-8").splitlines()
    require(f"{path}:{len(lines)}:1" in said and "poison" not in said, said)
    scene.require_intact()


def check_configuration(scene: Scene) -> None:
    """an unknown key in the configuration stops the start with file, line and column"""
    path = scene.world.folder / "faux.yaml"
    path.write_text(scene.world.config_file.read_text("utf-8").replace("sender_name:", "sender_nom:"), "utf-8")
    done = scene.world.run("serve", "--config", path, expect=3)
    require(place_of(path, "sender_nom") in done.stderr, done.stderr)
    scene.require_intact()


def check_configuration_missing(scene: Scene) -> None:
    """what a start needs and lacks is named: a key file, a policy, a readable private key"""
    def without_tenant_key(config):
        config["tenants"][0]["key"]["file"] = str(scene.world.folder / "absent.key")

    path = scene.world.write_config(without_tenant_key, scene.world.folder / "sans-cle.yaml")
    done = scene.world.run("serve", "--config", path, expect=3)
    require("absent.key" in done.stderr, done.stderr)

    open_key = scene.world.folder / "ouverte.key"
    open_key.write_bytes((scene.world.pki / "gateway.key").read_bytes())
    open_key.chmod(0o644)

    def with_open_key(config):
        config["grpc"]["tls"]["key_file"] = str(open_key)

    path = scene.world.write_config(with_open_key, scene.world.folder / "cle-ouverte.yaml")
    done = scene.world.run("serve", "--config", path, expect=3)
    require("ouverte.key" in done.stderr, done.stderr)
    scene.require_intact()


def check_second_gateway(scene: Scene) -> None:
    """a second gateway on the same ledger does not start"""
    done = scene.world.run("serve", "--config", scene.world.config_file, expect=3)
    require("in use by another gateway" in done.stderr, done.stderr)
    scene.require_intact()


# --- a full disk --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(world: w.World, size: int):
    """A disk of that size, or None where this machine does not let us mount one."""
    folder = world.folder / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", folder],
                          capture_output=True, check=False)
    try:
        yield folder if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=False)


def fill(folder: pathlib.Path, leave: int) -> pathlib.Path:
    """Fills the disk but for so many bytes."""
    path = folder / "rempli"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize > leave:
            file.write(bytes(4 * KIB))
    return path


def letter_for(address: str, number: int):
    request = w.edited(w.load_event("samples/letters/several-recipients.yaml"), set_mailbox(address))
    del request.event.recipients[1:]
    request.idempotency_key = f"disque-{address}-{number}"
    return request


def check_disk_nearly_full() -> None:
    """a disk below its reserve: new letters are refused for now, those accepted go on; with room again, all pass"""
    address = "disque@cabinet-disque.demo.mssante.fr"
    with w.World() as world, small_disk(world, 64 * MIB) as disk:
        if disk is None:
            print("      no disk can be mounted here: the reserve is raised instead of filling one", flush=True)
        world.ledger = (disk or world.folder) / "ledger.db"

        def reserve(size: int):
            return lambda config: config.update(limits={"disk_free_bytes_min": str(size)})

        world.write_config(reserve(16 * MIB))
        world.start_gateway()
        client = world.client()
        before = client.wait_settled(client.submit(letter_for(address, 1)).status.event_id)
        world.mail.go_down()
        owed = client.submit(letter_for(address, 2)).status
        if disk:
            filler = fill(disk, leave=8 * MIB)
        else:
            restart(world, reserve(1 << 40))
            client = world.client()
        refusal = w.refusal_of(client.submit, letter_for(address, 3))
        require_equal((refusal.code, refusal.reason), ("UNAVAILABLE", "STORE_UNAVAILABLE"), "answer")
        require("disk" in refusal.message, refusal.message)
        require(client.submit(letter_for(address, 1)).already_accepted, "a known letter lost its receipt")
        world.mail.come_up()
        require(w.all_delivered(client.wait_settled(owed.event_id)), "what was owed is not delivered")
        if disk:
            filler.unlink()
        else:
            restart(world, reserve(MIB))
            client = world.client()
        after = client.wait_settled(client.submit(letter_for(address, 3)).status.event_id)
        require(w.all_delivered(after) and w.all_delivered(before), "a letter is not delivered")
        require_equal(len(world.letters_to(address, 3)), 3, "letters")
        world.verify_audit()


def restart(world: w.World, change) -> None:
    world.gateway.stop()
    world.write_config(change)
    world.start_gateway()


def check_disk_full() -> None:
    """a disk that is full to the last byte: the gateway says so and leaves; started again with room, nothing is lost"""
    address = "plein@cabinet-plein.demo.mssante.fr"
    with w.World() as world, small_disk(world, 24 * MIB) as disk:
        if disk is None:
            print("      skipped: no disk can be mounted here", flush=True)
            return
        world.ledger = disk / "ledger.db"
        world.write_config(lambda config: config.update(limits={"disk_free_bytes_min": str(MIB)}))
        gateway = world.start_gateway()
        client = world.client()
        world.mail.go_down()
        accepted = [client.submit(letter_for(address, number)).status for number in range(5)]
        filler = fill(disk, leave=0)
        # Every attempt is recorded, so the partner that is away makes the ledger grow.
        w.wait_until(lambda: gateway.process.poll() is not None, "the gateway goes on without a ledger")
        require_equal(gateway.stop(), 1, "exit status")
        require(gateway.logged("the ledger failed: leaving", level="error"), "the log does not say it")
        filler.unlink()
        world.mail.come_up()
        world.start_gateway()
        client = world.client()
        for status in accepted:
            require(w.all_delivered(client.wait_settled(status.event_id)), "an accepted letter is not delivered")
        require_equal(len(world.letters_to(address, 5)), 5, "letters")
        world.verify_audit()


def test(report: w.Report) -> None:
    def change_policy(policy: dict) -> None:
        clinic = copy.deepcopy(policy["principals"][0])
        clinic |= {"name": "clinique", "certificate_common_name": ["clinique"]}
        policy["principals"].append(clinic)

    with w.World(change_policy=change_policy) as world:
        world.start_gateway()
        scene = Scene(world)
        for bad in BAD:
            report.run(check_bad, bad, scene, claim=f"{bad.claim}: {bad.code} {bad.reason} {' '.join(bad.fields)}")
        for check in (check_unknown_field, check_not_utf8, check_no_message, check_too_large, check_markup, check_plain_pdf,
                      check_two_letters_one_key, check_document_with_two_contents, check_document_known_to_recipient,
                      check_no_principal, check_other_principal, check_expired_certificate, check_no_certificate,
                      check_event_file, check_event_file_value, check_configuration, check_configuration_missing,
                      check_second_gateway):
            report.run(check, scene)
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()
    report.run(check_disk_nearly_full)
    report.run(check_disk_full)


if __name__ == "__main__":
    w.main(test)
