#!/usr/bin/env python3
"""Every sample letter, from `passerelle submit` to a real mailbox and to a document repository, read back by readers
that are not ours: one document, two partners. Neither partner holds up the other.

PASSERELLE_XDS_SCHEMA may name the ebRS lcm.xsd: METADATA.XML is then validated with it as well.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import html
import json
import pathlib
import re
import time
import unicodedata
from dataclasses import dataclass
from email.message import EmailMessage
from xml.etree import ElementTree

import world as w
from world import box, repo, require, require_equal

CDA = "{urn:hl7-org:v3}"
SENDER = "cpts.demo@cpts-demo.mssante.fr"


@dataclass
class Sent:
    """One recipient's mail: what was submitted, what the gateway says, what the mailbox holds."""

    name: str
    request: object
    status: object
    index: int
    address: str
    raw: bytes
    preview: pathlib.Path

    @functools.cached_property
    def letter(self) -> EmailMessage:
        return box.parse_letter(self.raw)

    @functools.cached_property
    def archive(self) -> dict[str, bytes]:
        return box.open_xdm(box.xdm_attachment(self.letter))

    @functools.cached_property
    def document(self) -> bytes:
        documents = box.xdm_documents(self.archive)
        require_equal(len(documents), 1, "documents in the archive")
        return next(iter(documents.values()))

    @property
    def pdfs(self) -> list[box.Attachment]:
        return [one for one in box.attachments(self.letter) if one.type == "application/pdf"]

    @property
    def delivery(self):
        return self.status.recipients[self.index].deliveries[0]

    @property
    def to_patient(self) -> bool:
        return self.request.event.recipients[self.index].HasField("patient")


@dataclass
class Filed:
    """One event's document in the repository: what was submitted, what the gateway says, what lies there."""

    name: str
    request: object
    status: object
    index: int
    stored: repo.Stored
    preview: pathlib.Path

    @property
    def delivery(self):
        return self.status.recipients[self.index].deliveries[0]


def samples() -> list[pathlib.Path]:
    """A replacement comes after what it replaces, as a hospital sends it."""
    found = sorted(path for path in w.LETTERS.iterdir() if path.suffix in (".yaml", ".json"))
    return sorted(found, key=lambda path: path.stem == "replacement")


def letter_of(world: w.World, address: str, reference: str) -> bytes:
    """The one letter of that mailbox with that Message-ID."""
    found = [raw for raw in world.mail.mailbox(address).raw_letters()
             if box.parse_letter(raw)["Message-ID"] == reference]
    require_equal(len(found), 1, "letters with the Message-ID that the gateway tells")
    return found[0]


def preview_by_gateway(client: w.Client, request, folder: pathlib.Path) -> None:
    """As the command line lays a preview out. It has no ledger, and cannot tell what a replacement inherits."""
    issues: dict[pathlib.Path, list] = {}
    for part in client.preview(w.preview_of(request)):
        recipient = folder / f"{part.recipient_index}-{part.adapter}"
        recipient.mkdir(parents=True, exist_ok=True)
        with (recipient / part.file_name).open("ab") as file:
            file.write(part.content)
        issues.setdefault(recipient, []).extend(one.code for one in part.issues)
    for recipient, codes in issues.items():
        (recipient / "issues.json").write_text(json.dumps(codes), "utf-8")


def send(world: w.World, client: w.Client, path: pathlib.Path) -> list[Sent | Filed]:
    said = json.loads(world.submit(path, "--wait", "--json").stdout)
    status = client.get(event_id=said["event_id"])
    preview = world.folder / "preview" / path.stem
    request = w.load_event(path)
    if request.event.discharge_letter.replaces:
        preview_by_gateway(client, request, preview)
    else:
        world.run("preview", path, "--out", preview, "--config", world.config_file)
    result: list[Sent | Filed] = []
    for index, address in w.mailboxes_of(request).items():
        delivery = status.recipients[index].deliveries[0]
        raw = letter_of(world, address, delivery.partner_reference)
        result.append(Sent(path.stem, request, status, index, address, raw, preview / f"{index}-{delivery.adapter}"))
    index = w.index_of(request, "shared_record")
    if index is not None:
        adapter = status.recipients[index].deliveries[0].adapter
        stored = world.repository.document(status.document_id)
        result.append(Filed(path.stem, request, status, index, stored, preview / f"{index}-{adapter}"))
    return result


# --- what each letter must be -------------------------------------------------------------------------------


def check_state(sent: Sent) -> None:
    """the gateway says that it is delivered"""
    require_equal(w.state_name(sent.delivery), "delivered", "state")
    require_equal(sent.delivery.attempts, 1, "attempts")
    require_equal(sent.delivery.partner_code[:3], "250", "the partner's code")
    require(sent.delivery.delivered_at.seconds > 0, "no time of delivery")


def check_headers(sent: Sent) -> None:
    """its headers are those of the French profile"""
    letter = sent.letter
    require_equal(letter["Return-Path"], f"<{SENDER}>", "Return-Path")
    require_equal(letter["Disposition-Notification-To"].strip("<>"), SENDER, "Disposition-Notification-To")
    require_equal(letter["From"].addresses[0].addr_spec, SENDER, "From")
    require_equal([one.addr_spec for one in letter["To"].addresses], [sent.address], "To")
    qualified = sent.request.event.subject.HasField("ins") or sent.name == "cda-passthrough"
    require_equal(letter["X-MSS-INS"], "O" if qualified else "N", "X-MSS-INS")
    require_equal(letter["X-MSS-NIL"], "PASSERELLE", "X-MSS-NIL")
    require_equal(letter["X-MSS-CODECDA"], box.read_cda(sent.document)["code"], "X-MSS-CODECDA")
    require_equal(letter["Date"].datetime.timestamp(), sent.request.event.occurred_at.seconds, "Date")
    require_equal(letter["MIME-Version"], "1.0", "MIME-Version")
    for name in ("Subject", "Message-ID", "From", "To", "Date", "Disposition-Notification-To"):
        require_equal(len(letter.get_all(name)), 1, f"number of {name}")


def check_subject(sent: Sent) -> None:
    """its subject names type, patient and birth date, in the form that software looks for"""
    cda = box.read_cda(sent.document)
    date = cda["patient"]["birth_date"]
    names = [strict(cda["patient"]["birth_name"]), strict(cda["patient"]["given_names"]).split(" ")[0]]
    subject = str(sent.letter["Subject"])
    require(subject.startswith("XDM/1.0/DDM+"), "it does not begin as an XDM letter's")
    require(subject.endswith(f"{date[6:8]}/{date[4:6]}/{date[:4]}"), "it does not end with the birth date")
    require(all(name in subject for name in names), "it does not name the patient in strict letters")


def strict(name: str) -> str:
    """A name in the strict form: capitals without accents."""
    plain = name.upper().replace("Œ", "OE").replace("Æ", "AE").replace("’", "'")
    return "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))


def check_one_patient(sent: Sent) -> None:
    """it is about one patient, the same everywhere"""
    letter = sent.letter
    require_equal(sum(one.name.upper() == "IHE_XDM.ZIP" for one in box.attachments(letter)), 1, "archives")
    root = ElementTree.fromstring(sent.document)
    require_equal(len(root.findall(f"{CDA}recordTarget")), 1, "patients of the document")
    metadata = box.read_metadata(sent.archive["IHE_XDM/SUBSET01/METADATA.XML"])
    known = {one["external_identifiers"].get("patientId", "") for one in metadata["objects"]}
    require_equal(len(known), 1, "patients of METADATA.XML")
    ins = box.read_cda(sent.document)["patient"]["ins"]
    require(not ins or next(iter(known)).startswith(ins), "METADATA.XML and the document have other patients")


def check_archive(sent: Sent) -> None:
    """its IHE_XDM.zip has no fault: files, hash, size, identifiers, associations (and schema)"""
    qualified = box.read_cda(sent.document)["patient"]["ins"]
    optional = set() if qualified else {"patientId"}
    require_equal(box.check_xdm(box.xdm_attachment(sent.letter), optional), [], "faults")


def check_document(sent: Sent) -> None:
    """the document is the sender's, byte for byte, or a level 1 CDA around its PDF, or a level 3 CDA of its fields"""
    require_equal(sent.status.document_sha256, hashlib.sha256(sent.document).hexdigest(), "sha256 of the receipt")
    require_equal(sent.status.document_id, box.read_cda(sent.document)["id"], "identifier of the receipt")
    letter = sent.request.event.discharge_letter
    if letter.WhichOneof("content") == "sender_cda":
        require(sent.document == letter.sender_cda, "the sender's CDA was changed")
        return
    if letter.WhichOneof("content") == "structured":
        told = " ".join(ElementTree.fromstring(sent.document).find(f"{CDA}component/{CDA}structuredBody").itertext())
        for line in lines_of(letter.structured):
            require(line in told, "a text of the sender's is not in the document's body")
        return
    body = ElementTree.fromstring(sent.document).find(f"{CDA}component/{CDA}nonXMLBody/{CDA}text")
    require_equal((body.get("mediaType"), body.get("representation")), ("application/pdf", "B64"), "body")
    require(base64.b64decode(body.text) == letter.pdf.pdf, "the PDF in the CDA is not the sender's")


def check_pdf(sent: Sent) -> None:
    """beside the archive lies a PDF: the sender's, byte for byte, or for a letter of fields the gateway's"""
    letter = sent.request.event.discharge_letter
    require_equal(len(sent.pdfs), 1, "PDF beside the archive")
    if letter.WhichOneof("content") == "structured":
        require(sent.pdfs[0].content.startswith(b"%PDF-1.4"), "it is no PDF/A-1")
        return
    require(sent.pdfs[0].content == (letter.readable_copy or letter.pdf.pdf), "the PDF was changed")


def check_preview(sent: Sent) -> None:
    """preview wrote the very bytes that were delivered, and a page where the document has sections; its owner's alone"""
    files = {path.name: path for path in sent.preview.iterdir()}
    require(files["message.eml"].read_bytes() == w.without_traces(sent.raw), "message.eml")
    require(files["IHE_XDM.zip"].read_bytes() == box.xdm_attachment(sent.letter), "IHE_XDM.zip")
    require(files["document.xml"].read_bytes() == sent.document, "document.xml")
    require(files["document.pdf"].read_bytes() == sent.pdfs[0].content, "document.pdf")
    require(isinstance(json.loads(files["issues.json"].read_bytes()), list), "issues.json")
    require_equal("document.html" in files, b"<structuredBody" in sent.document, "a page")
    if "document.html" in files:
        page = files["document.html"].read_text("utf-8")
        require("<html" in page and "<script" not in page, "document.html")
        name = box.read_cda(sent.document)["patient"]["birth_name"]
        require(name in html.unescape(page), "the page does not name the patient")
    if not sent.request.event.discharge_letter.replaces:  # which the command line did not write
        modes = {path.stat().st_mode & 0o777 for path in files.values()}
        require_equal((modes, sent.preview.stat().st_mode & 0o777), ({0o600}, 0o700), "modes of files and folder")


def lines_of(message) -> list[str]:
    """The lines that a doctor wrote in the sections of a letter of fields."""
    found: list[str] = []
    for descriptor, value in message.ListFields():
        if descriptor.name in ("metadata", "codes", "route_code", "class_code", "unit"):
            continue
        for one in value if descriptor.label == descriptor.LABEL_REPEATED else [value]:
            if descriptor.type == descriptor.TYPE_MESSAGE:
                found += lines_of(one)
            elif descriptor.type == descriptor.TYPE_STRING and re.search("[a-zé]{3}", one):
                found += one.splitlines()
    return found


LETTER_CHECKS = (check_state, check_headers, check_subject, check_one_patient, check_archive, check_document,
                 check_pdf, check_preview)


# --- what each document in the repository must be -----------------------------------------------------------


def check_filed_state(filed: Filed) -> None:
    """the gateway says that it is delivered, and under which identifier"""
    require_equal(w.state_name(filed.delivery), "delivered", "state")
    require_equal((filed.delivery.attempts, filed.delivery.reason), (1, "ACCEPTED"), "attempts and reason")
    require(filed.delivery.delivered_at.seconds > 0, "no time of delivery")
    require_equal(filed.delivery.partner_reference, f"urn:oid:{filed.status.document_id}", "reference")


def check_filed_document(filed: Filed) -> None:
    """the document there is the one of the receipt: bytes, identifier, size and SHA-1"""
    content = filed.stored.content
    require_equal(hashlib.sha256(content).hexdigest(), filed.status.document_sha256, "sha256 of the receipt")
    require_equal(box.read_cda(content)["id"], filed.status.document_id, "identifier in the document")
    require_equal(filed.stored.document_id, filed.status.document_id, "masterIdentifier")
    require_equal(filed.stored.attachment["size"], len(content), "size")
    require_equal(base64.b64decode(filed.stored.attachment["hash"]), hashlib.sha1(content).digest(), "hash")


def check_filed_patient(filed: Filed) -> None:
    """it is filed under the INS that stands in the document"""
    patient = box.read_cda(filed.stored.content)["patient"]
    wanted = {"system": f"urn:oid:{patient['ins_oid']}", "value": patient["ins"]}
    subject = filed.stored.reference["subject"]["identifier"]
    require_equal({name: subject[name] for name in wanted}, wanted, "subject")
    inside = next(one for one in filed.stored.reference["contained"] if one["resourceType"] == "Patient")
    found = [{name: one.get(name) for name in wanted} for one in inside["identifier"]]
    require_equal(found.count(wanted), 1, "INS of the contained patient")


def check_filed_preview(filed: Filed) -> None:
    """preview wrote the very bytes that were sent"""
    require((filed.preview / "bundle.json").read_bytes() == filed.stored.request, "bundle.json")
    require((filed.preview / "document.xml").read_bytes() == filed.stored.content, "document.xml")


FILED_CHECKS = (check_filed_state, check_filed_document, check_filed_patient, check_filed_preview)


def check_one_document(filed: Filed, sent: Sent) -> None:
    """the mail and the repository hold one document: same bytes, identifier, size and SHA-1 on both sides"""
    require(sent.document == filed.stored.content, "the bytes differ")
    entry, = box.read_metadata(sent.archive["IHE_XDM/SUBSET01/METADATA.XML"])["documents"]
    require_equal(entry["external_identifiers"]["uniqueId"], filed.stored.document_id, "uniqueId and masterIdentifier")
    attachment = filed.stored.attachment
    require_equal(entry["slots"]["size"], [str(attachment["size"])], "size")
    require_equal(entry["slots"]["hash"][0].lower(), base64.b64decode(attachment["hash"]).hex(), "SHA-1")
    require_equal(entry["name"], attachment["title"], "title")
    for name, concept in (("typeCode", filed.stored.reference["type"]),
                          ("classCode", filed.stored.reference["category"][0])):
        require_equal(entry["classifications"][name][0]["code"], concept["coding"][0]["code"], name)


# --- what holds over all of them ----------------------------------------------------------------------------


def check_bodies(sent: list[Sent]) -> None:
    """bodies are French and the same for every letter but for the sender's words for it: nothing clinical"""
    # With a telephone, where the sender gave one, and without.
    bodies: dict[tuple[bool, bool], set[str]] = {}
    for one in sent:
        text = box.body_text(one.letter)
        require("Bonjour" in text and "secret professionnel" in text or one.to_patient, "the text is not French")
        text = text.replace(one.pdfs[0].name, "PDF").replace(box.read_cda(one.document)["type"], "TYPE")
        kind = one.to_patient, len(one.request.event.source.organization.telecoms) > 0
        bodies.setdefault(kind, set()).add(text)
    require_equal({kind: len(texts) for kind, texts in bodies.items()}, dict.fromkeys(bodies, 1), "different bodies")


def check_message_ids(sent: list[Sent]) -> None:
    """no two letters have one Message-ID"""
    identifiers = [one.letter["Message-ID"] for one in sent]
    require_equal(len(set(identifiers)), len(sent), "distinct Message-IDs")


def check_two_recipients(sent: list[Sent]) -> None:
    """two recipients of one event: two letters, one document"""
    pair = [one for one in sent if one.name == "several-recipients"]
    require_equal(len(pair), 2, "letters")
    require_equal(len({one.letter["Message-ID"] for one in pair}), 2, "Message-IDs")
    require_equal(len({one.document for one in pair}), 1, "documents")


def check_replacement(sent: list[Sent]) -> None:
    """the replacement says what it replaces, in its document and in its metadata"""
    old, new = (next(one for one in sent if one.name == name) for name in ("pdf", "replacement"))
    related = ElementTree.fromstring(new.document).find(f"{CDA}relatedDocument")
    require_equal(related.get("typeCode"), "RPLC", "typeCode")
    require_equal(related.find(f"{CDA}parentDocument/{CDA}id").get("root"), old.status.document_id, "parent")
    require(old.status.document_id.encode() in new.document, "the old identifier is not in the document")


def check_inherited(filed: list[Filed]) -> None:
    """the replacement, which does not say who may see it, hides what the replaced document hid"""
    old, new = (next(one for one in filed if one.name == name) for name in ("pdf", "replacement"))
    labels = [{one["code"] for label in filed_one.stored.reference["securityLabel"] for one in label["coding"]}
              for filed_one in (old, new)]
    require("INVISIBLE_PATIENT" in labels[0], "the replaced document is not hidden from the patient")
    require_equal(labels[1], labels[0], "labels")
    require("RESTRICTION_INHERITED" in {one.code for one in new.status.issues}, "no issue tells it")


def check_superseded(filed: list[Filed]) -> None:
    """in the repository the replaced document is superseded, and the new one names it"""
    old, new = (next(one for one in filed if one.name == name) for name in ("pdf", "replacement"))
    require_equal((old.stored.status, new.stored.status), ("superseded", "current"), "status of old and new")
    related, = new.stored.reference["relatesTo"]
    require_equal(related["code"], "replaces", "relatesTo.code")
    named = related["target"].get("identifier", {}).get("value")
    require_equal(named, f"urn:oid:{old.status.document_id}", "relatesTo.target")
    others = [one.stored.status for one in filed if one is not old]
    require_equal(set(others), {"current"}, "status of the others")


def check_tool(sent: list[Sent], world: w.World) -> None:
    """the tool that one sample names got its document once, under a signature that holds"""
    one = next(one for one in sent if one.name == "pdf")
    delivery = one.status.recipients[w.index_of(one.request, "tool")].deliveries[0]
    require_equal((w.state_name(delivery), delivery.attempts), ("delivered", 1), "state and attempts")
    call, = world.repository.tool_calls
    require(call.document == one.document, "another document")
    require_equal(call.json["document"]["id"], one.status.document_id, "identifier")


def check_resubmission(sent: list[Sent], client: w.Client) -> None:
    """sent again, each event gets the same receipt and nothing more is delivered"""
    for one in sent:
        answer = client.submit(one.request)
        require(answer.already_accepted, "already_accepted is not set")
        require_equal(answer.status, one.status, "receipt")


def check_nothing_twice(sent: list[Sent], world: w.World) -> None:
    """each mailbox has its letters once, and the repository its documents"""
    for address in {one.address for one in sent}:
        count = sum(one.address == address for one in sent)
        require_equal(len(world.mail.mailbox(address).letters()), count, "letters in a mailbox")
    events = {one.status.event_id for one in sent if w.index_of(one.request, "shared_record") is not None}
    require_equal(len(world.repository.all_documents()), len(events), "documents in the repository")
    require_equal(len(world.repository.submissions), len(events), "submission sets in the repository")
    require_equal(len(world.repository.binaries), len(events), "binaries in the repository")
    require_equal(world.repository.complaints, [], "what the repository found wrong")


def check_audit(sent: list[Sent], world: w.World) -> None:
    """audit verify passes, with records for every event"""
    require(world.verify_audit() >= len({one.status.event_id for one in sent}), "records are missing")


# --- nothing about a patient stays in clear -----------------------------------------------------------------


def secrets_of(one: Sent) -> set[str]:
    """Names, identifiers, addresses, titles and lines of the letter that only its readers may see."""
    patient = one.request.event.subject
    cda = box.read_cda(one.document)
    found = {patient.birth_family_name, patient.used_family_name, patient.ins.matricule, patient.local_id.value,
             one.address, str(one.letter["Subject"]), cda["title"]}
    found |= set(patient.birth_given_names.split()) | set(cda["patient"].values())
    for recipient in one.request.event.recipients:
        found |= {recipient.person.professional.family_name, recipient.person.mailbox, recipient.structure.mailbox}
    letter = one.request.event.discharge_letter
    if letter.WhichOneof("content") == "structured":
        lines = lines_of(letter.structured)
    else:
        lines = (w.LETTERS / "contents" / f"{one.name}.txt").read_text("utf-8").splitlines()
    found |= {line.strip() for line in lines if len(line.strip()) > 20}
    oids = {value for value in found if re.fullmatch(r"[0-9.]+", value) and "." in value}
    return {value for value in found - oids if len(value) >= 5}


def encodings_of(text: str) -> set[bytes]:
    result = set()
    for variant in {text, text.upper(), text.lower(), text.title(), strict(text)}:
        for charset in ("utf-8", "latin-1", "utf-16-le"):
            with contextlib.suppress(UnicodeEncodeError):
                result.add(variant.encode(charset))
        result.add(base64.b64encode(variant.encode("utf-8")).rstrip(b"="))
        result.add(json.dumps(variant)[1:-1].encode("ascii"))
    return result


def slices_of(content: bytes) -> set[bytes]:
    """Bytes from all over a document, raw and as base64 shows them. OIDs may stand in the ledger."""
    step = max(1, len(content) // 50)
    cuts = {content[at:at + 24] for at in range(0, len(content) - 24, step)}
    telling = {cut for cut in cuts if len(set(cut)) > 6 and not re.fullmatch(rb"[0-9.]+", cut)}
    return telling | {base64.b64encode(cut) for cut in telling}


def found_in(content: bytes, needles: set[bytes]) -> set[bytes]:
    """Those of thousands of needles that are there, with one look at each place: most begin nowhere."""
    head = min(map(len, needles))
    heads = {needle[:head] for needle in needles}
    begun = {content[at:at + head] for at in range(len(content)) if content[at:at + head] in heads}
    return {needle for needle in needles if needle[:head] in begun and needle in content}


def check_nothing_in_clear(sent: list[Sent], world: w.World) -> None:
    """the ledger's files and the log hold no name, INS, address or text of any letter"""
    needles: dict[bytes, str] = {}
    for one in sent:
        for secret in secrets_of(one):
            needles |= {encoded: one.name for encoded in encodings_of(secret)}
        letter = one.request.event.discharge_letter
        for content in (letter.pdf.pdf, letter.sender_cda, letter.readable_copy, one.document):
            needles |= {cut: one.name for cut in slices_of(content)}
    traces = world.traces()
    require({"ledger.db", "ledger.db-wal", "gateway.log"} <= set(traces), f"not all files are there: {set(traces)}")
    for name, content in traces.items():
        found = {needles[needle] for needle in found_in(content, set(needles))}
        require(not found, f"{name} holds data of {sorted(found)} in clear")
    # The same search must find what is certainly there, or it proves nothing.
    require(sent[0].status.event_id.encode() in traces["gateway.log"], "this check is blind")
    require(found_in(sent[0].raw, set(needles)), "this check is blind")


# --- one partner down, the other served ---------------------------------------------------------------------


def submit_again(client: w.Client, key: str):
    """A sample under another key, with another document: the receipt."""
    request = w.load_event("samples/letters/several-recipients.yaml")
    request.idempotency_key = key
    return client.submit(request).status


def wait_delivered(client: w.Client, event_id: str, indexes: list[int]):
    """The event's status once these recipients are served, and all others are not."""
    def found():
        status = client.get(event_id=event_id)
        served = [one.recipient_index for one in status.recipients if w.state_name(one.deliveries[0]) == "delivered"]
        return status if served == indexes else None

    return w.wait_until(found, f"not exactly {indexes} are served")


def check_repository_down(world: w.World, client: w.Client) -> None:
    """a repository that is down holds no mail; when it is back, it gets the document once"""
    world.repository.go_down()
    begin = time.monotonic()
    events = [submit_again(client, f"sans-depot-{number}") for number in range(5)]
    for event in events:
        wait_delivered(client, event.event_id, [0, 1])
    waiting = client.get(event_id=events[0].event_id).recipients[2].deliveries[0]
    require_equal(waiting.reason, "CONNECTION_REFUSED", "reason")
    require(time.monotonic() - begin < 20, "the mails waited for the repository")
    world.repository.come_up()
    for event in events:
        require(w.all_delivered(client.wait_settled(event.event_id)), "a document is not delivered")
        world.repository.document(event.document_id)


def check_mail_down(world: w.World, client: w.Client) -> None:
    """a mail host that is down holds no document; when it is back, each mailbox gets its letter once"""
    address = w.mailboxes_of(w.load_event("samples/letters/several-recipients.yaml"))[1]
    before = len(world.mail.mailbox(address).letters())
    world.mail.go_down()
    begin = time.monotonic()
    events = [submit_again(client, f"sans-courrier-{number}") for number in range(5)]
    for event in events:
        wait_delivered(client, event.event_id, [2])
        world.repository.document(event.document_id)
    require(time.monotonic() - begin < 20, "the documents waited for the mail host")
    world.mail.come_up()
    for event in events:
        require(w.all_delivered(client.wait_settled(event.event_id)), "a letter is not delivered")
    require_equal(len(world.letters_to(address, before + 5)), before + 5, "letters")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        client = world.client()
        arrived: list[Sent | Filed] = []
        for path in samples():
            report.run(lambda: arrived.extend(send(world, client, path)), claim=f"{path.name} arrives")
        sent = [one for one in arrived if isinstance(one, Sent)]
        filed = [one for one in arrived if isinstance(one, Filed)]
        require(sent and filed, "nothing arrived")
        for one in arrived:
            for check in LETTER_CHECKS if isinstance(one, Sent) else FILED_CHECKS:
                report.run(check, one, claim=f"{one.name} to recipient {one.index}: {check.__doc__}")
        for one in filed:
            mail = next(mail for mail in sent if mail.name == one.name)
            report.run(check_one_document, one, mail, claim=f"{one.name}: {check_one_document.__doc__}")
        for check in (check_bodies, check_message_ids, check_two_recipients, check_replacement):
            report.run(check, sent)
        report.run(check_superseded, filed)
        report.run(check_inherited, filed)
        report.run(check_resubmission, sent, client)
        for check in (check_tool, check_nothing_twice, check_audit, check_nothing_in_clear):
            report.run(check, sent, world)
        for check in (check_repository_down, check_mail_down):
            report.run(check, world, client)
        report.end()


if __name__ == "__main__":
    w.main(test)
