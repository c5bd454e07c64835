#!/usr/bin/env python3
"""Reads letters back from the private mail host and judges what they carry.

For the end-to-end tests and the demonstration: the mailbox over IMAP (`Mailbox`), a letter's attachments
(`attachments`), the IHE_XDM.zip in it (`open_xdm`, `read_metadata`, `read_cda`), and its faults
(`check_xdm`). Only Python's standard library, and nothing of the gateway: it has to see what another
program would see. Python's own `mailbox` module, which this name hides, serves nobody here.

    mailbox.py check-xdm FILE.zip
    mailbox.py check-letters --host H --port P --ca CA.pem --user U --password-file F

Both print one line per fault and succeed when there is none. Faults name attributes, never a patient.
PASSERELLE_XDS_SCHEMA may name the ebRS lcm.xsd, or the folder with ebRS30/lcm.xsd; METADATA.XML is then
validated with xmllint as well.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import email
import email.policy
import hashlib
import imaplib
import io
import os
import pathlib
import re
import shutil
import ssl
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from dataclasses import dataclass
from email.message import EmailMessage
from xml.etree import ElementTree
from xml.parsers import expat

# Far above what the gateway sends (a patient's mailbox takes 25 MB), far below what would hurt this machine.
MAX_ZIP_ENTRIES = 500
MAX_ZIP_BYTES = 200 * 1024 * 1024
MAX_XML_DEPTH = 200


class Refused(ValueError):
    """Outside bytes that are not safe, or not possible, to read. The message says what, without content."""


# --- mailbox ------------------------------------------------------------------------------------------------


class Mailbox:
    """One mailbox on the IMAP server at host:port, by STARTTLS with the server's certificate verified.

    `ca` is the path of the authority's PEM. Each reading is a new connection and changes nothing on the
    server, so that any number of readers see the same letters.
    """

    def __init__(self, host: str, port: int, ca: str | os.PathLike, user: str, password: str,
                 timeout_s: float = 30):
        self._address = (host, port)
        self._ca = os.fspath(ca)
        self._user = user
        self._password = password
        self._timeout_s = timeout_s

    def _connect(self) -> imaplib.IMAP4:
        context = ssl.create_default_context(cafile=self._ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connection = imaplib.IMAP4(*self._address, timeout=self._timeout_s)
        try:
            connection.starttls(context)
            connection.login(self._user, self._password)
        except BaseException:
            with contextlib.suppress(OSError):  # a failed handshake has closed the socket already
                connection.shutdown()
            raise
        return connection

    def raw_letters(self) -> list[bytes]:
        """The letters byte for byte as they were delivered, oldest first."""
        with self._connect() as connection:
            status, count = connection.select("INBOX", readonly=True)
            if status != "OK":
                raise imaplib.IMAP4.error("the inbox cannot be opened")
            return [_fetch(connection, number) for number in range(1, int(count[0]) + 1)]

    def letters(self) -> list[EmailMessage]:
        """The letters, oldest first."""
        return [parse_letter(raw) for raw in self.raw_letters()]

    def wait_letters(self, count: int = 1, timeout_s: float = 30) -> list[EmailMessage]:
        """The letters as soon as there are at least `count`; TimeoutError if there are not in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            letters = self.letters()
            if len(letters) >= count:
                return letters
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{len(letters)} letters instead of {count} after {timeout_s:g} s")
            time.sleep(0.1)


def _fetch(connection: imaplib.IMAP4, number: int) -> bytes:
    status, parts = connection.fetch(str(number), "(BODY.PEEK[])")
    for part in parts:
        if status == "OK" and isinstance(part, tuple):
            return part[1]
    raise imaplib.IMAP4.error(f"letter {number} cannot be read")


def parse_letter(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


@dataclass(frozen=True)
class Attachment:
    name: str  # the file name, '' when it has none
    type: str  # 'application/zip'
    content: bytes


def attachments(letter: EmailMessage) -> list[Attachment]:
    """Every part that is a file: declared an attachment, or named. A letter within a letter is one file."""
    return [Attachment(part.get_filename() or "", part.get_content_type(), _content(part))
            for part in _leaves(letter) if _is_file(part)]


def _is_file(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _leaves(part: EmailMessage):
    """The parts without parts; a message/rfc822 is left whole, its own attachments are not this letter's."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        for child in part.iter_parts():
            yield from _leaves(child)
    else:
        yield part


def _content(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"".join(child.as_bytes() for child in part.iter_parts())
    return part.get_payload(decode=True) or b""


def body_text(letter: EmailMessage) -> str:
    """The text that a person reads, '' when the letter has none."""
    for part in _leaves(letter):
        if part.get_content_type() == "text/plain" and not _is_file(part):
            return part.get_content()
    return ""


def xdm_attachment(letter: EmailMessage) -> bytes | None:
    """The letter's IHE_XDM.zip, recognised whatever the case of its name."""
    for attachment in attachments(letter):
        if attachment.name.upper() == "IHE_XDM.ZIP":
            return attachment.content
    return None


# --- zip ----------------------------------------------------------------------------------------------------


def open_xdm(data: bytes) -> dict[str, bytes]:
    """The zip's files by name, without its folders. Refused: unsafe or repeated names, links, bombs."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_entries(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, struct.error) as error:
        raise Refused(f"the zip cannot be read ({type(error).__name__})") from error


def _read_entries(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ZIP_ENTRIES:
        raise Refused(f"the zip has more than {MAX_ZIP_ENTRIES} entries")
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    room = MAX_ZIP_BYTES
    for entry in entries:
        _check_entry(entry)
        if entry.filename.rstrip("/").upper() in seen:
            raise Refused("the zip has two entries of one name")
        seen.add(entry.filename.rstrip("/").upper())
        if entry.is_dir():
            continue
        with archive.open(entry) as stream:
            content = stream.read(room + 1)  # the size an entry announces is not to be believed
        room -= len(content)
        if room < 0:
            raise Refused(f"the zip unpacks to more than {MAX_ZIP_BYTES} bytes")
        files[entry.filename] = content
    return files


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    parts = name.rstrip("/").split("/")
    if "\\" in name or "\0" in name or ":" in name or any(part in ("", ".", "..") for part in parts):
        raise Refused("the zip has an unsafe entry name")
    if entry.flag_bits & 1:
        raise Refused("the zip has an encrypted entry")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("the zip has an entry neither stored nor deflated")
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        raise Refused("the zip has a symbolic link")


def _metadata_path(files: dict[str, bytes]) -> str:
    """The path of the first lot's METADATA.XML; case and missing or added folders vary in the field."""
    found = sorted(name for name in files if name.upper().split("/")[-1] == "METADATA.XML")
    if not found:
        raise Refused("the zip has no METADATA.XML")
    return found[0]


def xdm_documents(files: dict[str, bytes]) -> dict[str, bytes]:
    """The documents of the first lot by their name beside METADATA.XML ('DOC0001.XML'), in order of name."""
    metadata = _metadata_path(files)
    folder = metadata[: len(metadata) - len("METADATA.XML")]
    return {name[len(folder):]: files[name] for name in sorted(files)
            if name.startswith(folder) and name != metadata and (folder or "/" not in name)}


# --- XML ----------------------------------------------------------------------------------------------------


def parse_xml(data: bytes) -> ElementTree.Element:
    """The document's root. A DTD is refused before anything of it is acted on, and so is excessive depth."""
    builder = ElementTree.TreeBuilder()
    depth = 0

    def refuse_dtd(*_):
        raise Refused("the XML has a DTD")

    def start(name, attributes):
        nonlocal depth
        depth += 1
        if depth > MAX_XML_DEPTH:
            raise Refused("the XML is too deep")
        builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(name):
        nonlocal depth
        depth -= 1
        builder.end(_clark(name))

    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_dtd
    parser.EntityDeclHandler = refuse_dtd
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Refused(f"the XML is not well formed (line {error.lineno})") from error
    return builder.close()


def _clark(name: str) -> str:
    """expat's 'namespace}local' as ElementTree writes it: '{namespace}local'."""
    return "{" + name if "}" in name else name


# --- METADATA.XML -------------------------------------------------------------------------------------------

_RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
_LCM = "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}"
SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
DOCUMENT_ENTRY = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"

# IHE ITI TF-3 §4.2: the scheme's UUID, and the name that the attribute has in IHE's and the ANS's texts.
SCHEMES = {
    "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d": "author",
    "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500": "contentTypeCode",
    "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446": "patientId",
    "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832": "sourceId",
    "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8": "uniqueId",
    "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d": "author",
    "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "classCode",
    "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "typeCode",
    "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "formatCode",
    "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f": "confidentialityCode",
    "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "healthcareFacilityTypeCode",
    "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": "practiceSettingCode",
    "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4": "eventCodeList",
    "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": "patientId",
    "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": "uniqueId",
}


def read_metadata(xml: bytes) -> dict:
    """METADATA.XML as plain values:

    {'submission_set': OBJECT or None, 'documents': [OBJECT, ...],
     'associations': [{'id', 'type', 'source', 'target', 'slots'}, ...], 'objects': [OBJECT, ...]}

    OBJECT = {'id', 'kind' (element name), 'name', 'mime_type', 'object_type',
              'slots': {name: [value, ...]}, 'nodes': [UUID that makes a package a submission set],
              'classifications': {'typeCode': [{'id', 'object', 'code', 'name', 'scheme', 'slots'}, ...]},
              'external_identifiers': {'patientId': value},
              'identifiers': [{'id', 'object', 'name', 'value'}, ...]}

    Schemes that are not known keep their UUID for a name. 'objects' has every package and document, the other
    lists pick from it.
    """
    root = parse_xml(xml)
    if root.tag != _LCM + "SubmitObjectsRequest":
        raise Refused("METADATA.XML is not a SubmitObjectsRequest")
    found = root.find(_RIM + "RegistryObjectList")
    listed = [] if found is None else list(found)
    objects = [_registry_object(element) for element in listed
               if element.tag in (_RIM + "RegistryPackage", _RIM + "ExtrinsicObject")]
    for element in listed:  # classifications may also stand beside what they classify
        if element.tag == _RIM + "Classification":
            _add_classification(_by_id(objects, element.get("classifiedObject")), element)
    return {
        "submission_set": next((one for one in objects if SUBMISSION_SET in one["nodes"]), None),
        "documents": [one for one in objects if one["kind"] == "ExtrinsicObject"],
        "associations": [_association(element) for element in listed if element.tag == _RIM + "Association"],
        "objects": objects,
    }


def _registry_object(element: ElementTree.Element) -> dict:
    one = {
        "id": element.get("id", ""),
        "kind": element.tag.removeprefix(_RIM),
        "name": _localized(element),
        "mime_type": element.get("mimeType", ""),
        "object_type": element.get("objectType", ""),
        "slots": _slots(element),
        "nodes": [],
        "classifications": {},
        "identifiers": [],
    }
    for child in element.findall(_RIM + "Classification"):
        _add_classification(one, child)
    for child in element.findall(_RIM + "ExternalIdentifier"):
        one["identifiers"].append({
            "id": child.get("id", ""),
            "object": child.get("registryObject", ""),
            "name": _scheme_name(child.get("identificationScheme", "")),
            "value": child.get("value", ""),
        })
    one["external_identifiers"] = {each["name"]: each["value"] for each in one["identifiers"]}
    return one


def _add_classification(one: dict | None, element: ElementTree.Element) -> None:
    if one is None:
        return  # check_xdm reports that it classifies nothing
    if element.get("classificationNode"):
        one["nodes"].append(element.get("classificationNode").lower())
        return
    slots = _slots(element)
    name = _scheme_name(element.get("classificationScheme", ""))
    one["classifications"].setdefault(name, []).append({
        "id": element.get("id", ""),
        "object": element.get("classifiedObject", ""),
        "code": element.get("nodeRepresentation", ""),
        "name": _localized(element),
        "scheme": (slots.get("codingScheme") or [""])[0],
        "slots": slots,
    })


def _association(element: ElementTree.Element) -> dict:
    return {
        "id": element.get("id", ""),
        "type": element.get("associationType", ""),
        "source": element.get("sourceObject", ""),
        "target": element.get("targetObject", ""),
        "slots": _slots(element),
    }


def _scheme_name(scheme: str) -> str:
    return SCHEMES.get(scheme.lower(), scheme)


def _by_id(objects: list[dict], wanted: str | None) -> dict | None:
    return next((one for one in objects if one["id"] == wanted), None)


def _slots(element: ElementTree.Element) -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    for slot in element.findall(_RIM + "Slot"):
        values = [value.text or "" for value in slot.findall(f"{_RIM}ValueList/{_RIM}Value")]
        slots.setdefault(slot.get("name", ""), []).extend(values)
    return slots


def _localized(element: ElementTree.Element) -> str:
    text = element.find(f"{_RIM}Name/{_RIM}LocalizedString")
    return "" if text is None else text.get("value", "")


# --- CDA ----------------------------------------------------------------------------------------------------

_CDA = "{urn:hl7-org:v3}"
# NIR, NIA, and the two for tests and demonstrations.
_INS_OIDS = ("1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11")


def read_cda(xml: bytes) -> dict:
    """What a person first wants to know of a CDA; '' for what it does not say.

    {'id' (root^extension), 'title', 'code', 'type', 'time', 'patient': {'birth_name', 'used_name',
     'given_names', 'birth_date' (as written), 'ins', 'ins_oid'}, 'author', 'organization'}
    """
    root = parse_xml(xml)
    if root.tag != _CDA + "ClinicalDocument":
        raise Refused("the document is not a CDA")
    role = root.find(_path("recordTarget/patientRole"))
    author = root.find(_path("author/assignedAuthor"))
    device = _text(author, "assignedAuthoringDevice/softwareName")
    return {
        "id": _instance_id(root.find(_path("id"))),
        "title": _text(root, "title"),
        "code": _attribute(root, "code", "code"),
        "type": _attribute(root, "code", "displayName"),
        "time": _attribute(root, "effectiveTime", "value"),
        "patient": _cda_patient(role),
        "author": _person_name(author, "assignedPerson/name") or device,
        "organization": _text(author, "representedOrganization/name"),
    }


def _cda_patient(role: ElementTree.Element | None) -> dict:
    ids = [] if role is None else role.findall(_path("id"))
    ins = next((one for one in ids if one.get("root") in _INS_OIDS), None)
    return {
        "birth_name": _name_part(role, "family", "BR") or _name_part(role, "family", None),
        "used_name": _name_part(role, "family", "CL"),
        "given_names": _name_part(role, "given", None) or _name_part(role, "given", "BR"),
        "birth_date": _attribute(role, "patient/birthTime", "value"),
        "ins": "" if ins is None else ins.get("extension", ""),
        "ins_oid": "" if ins is None else ins.get("root", ""),
    }


def _name_part(role: ElementTree.Element | None, part: str, qualifier: str | None) -> str:
    found = [] if role is None else role.findall(_path(f"patient/name/{part}"))
    return next((_flat(one) for one in found if one.get("qualifier") == qualifier), "")


def _person_name(parent: ElementTree.Element | None, path: str) -> str:
    name = None if parent is None else parent.find(_path(path))
    if name is None:
        return ""
    order = [part for tag in ("prefix", "given", "family", "suffix") for part in name.findall(_CDA + tag)]
    return " ".join(filter(None, map(_flat, order))) or _flat(name)


def _path(path: str) -> str:
    return "/".join(_CDA + step for step in path.split("/"))


def _flat(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _text(parent: ElementTree.Element | None, path: str) -> str:
    found = None if parent is None else parent.find(_path(path))
    return "" if found is None else _flat(found)


def _attribute(parent: ElementTree.Element | None, path: str, name: str) -> str:
    found = None if parent is None else parent.find(_path(path))
    return "" if found is None else found.get(name, "")


def _instance_id(element: ElementTree.Element | None) -> str:
    if element is None:
        return ""
    return "^".join(filter(None, (element.get("root"), element.get("extension"))))


# --- faults -------------------------------------------------------------------------------------------------

# CI-SIS, metadata of a submission set and of a document. What is not here is optional.
_SET_SLOTS = ("submissionTime",)
_SET_CODES = ("contentTypeCode",)
_SET_IDENTIFIERS = ("patientId", "sourceId", "uniqueId")
_ENTRY_SLOTS = ("hash", "size", "URI", "creationTime", "languageCode", "legalAuthenticator",
                "serviceStartTime", "sourcePatientId", "sourcePatientInfo")
_ENTRY_CODES = ("classCode", "typeCode", "formatCode", "confidentialityCode", "healthcareFacilityTypeCode",
                "practiceSettingCode")
_ENTRY_IDENTIFIERS = ("patientId", "uniqueId")
_AUTHOR_SLOTS = ("authorPerson", "authorInstitution")

_DATE_SLOTS = ("submissionTime", "creationTime", "serviceStartTime", "serviceStopTime")
_SINGLE_SLOTS = _DATE_SLOTS + ("hash", "size", "URI", "languageCode", "sourcePatientId")
_FORMATS = {
    "hash": re.compile(r"[0-9a-f]{40}", re.IGNORECASE),
    "size": re.compile(r"0|[1-9][0-9]*"),
    "patientId": re.compile(r"[^\^&|]+\^\^\^&[0-9.]+&ISO(\^[A-Z]+)?"),
    # The sender's own number of the patient, or else the INS.
    "sourcePatientId": re.compile(r"[^\^&|]+\^\^\^&[0-9.]+&ISO\^(PI|NH)"),
    "sourcePatientInfo": re.compile(r"PID-[0-9]+\|.*"),
}
# ISO 9660 level 1, as IHE XDM asks of every name on the medium.
_ISO_NAME = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")


def check_xdm(data: bytes, optional: frozenset[str] | set[str] = frozenset()) -> list[str]:
    """The faults of an IHE_XDM.zip, [] when there are none. `optional` names attributes that may be absent,
    such as 'patientId' for a patient without a qualified INS."""
    faults: list[str] = []
    try:
        files = open_xdm(data)
        faults += _tree_faults(files)
        path = _metadata_path(files)
        metadata = read_metadata(files[path])
    except Refused as refusal:
        return faults + [str(refusal)]
    documents = xdm_documents(files)
    faults += _id_faults(files[path], metadata)
    faults += _set_faults(metadata["submission_set"], optional)
    for entry in metadata["documents"]:
        faults += _entry_faults(entry, documents, optional)
    faults += _association_faults(metadata)
    named = {uri for entry in metadata["documents"] for uri in entry["slots"].get("URI", [])}
    faults += [f"{name}: no document entry describes it" for name in documents if name not in named]
    return faults + _schema_faults(files[path])


def _tree_faults(files: dict[str, bytes]) -> list[str]:
    faults = [f"{name} is missing" for name in ("INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML")
              if name not in files]
    for name, content in files.items():
        if not all(_ISO_NAME.fullmatch(part) for part in name.split("/")):
            faults.append("a file's name is not of the ISO 9660 level 1 form")
        if not content:
            faults.append(f"{name} is empty")
        if "/" in name and not re.fullmatch(r"IHE_XDM/SUBSET[0-9]{2}/[^/]+", name):
            faults.append(f"{name} is outside of IHE_XDM/SUBSETnn")
    if b"README.TXT" not in files.get("INDEX.HTM", b"README.TXT"):
        faults.append("INDEX.HTM has no link to README.TXT")
    return faults


def _id_faults(xml: bytes, metadata: dict) -> list[str]:
    """Ids unique, and each classifiedObject and registryObject the object it belongs to."""
    faults = []
    ids: set[str] = set()
    known = {one["id"] for one in metadata["objects"]} | {one["id"] for one in metadata["associations"]}
    for parent in parse_xml(xml).iter():
        for child in parent:
            if not child.tag.startswith(_RIM):
                continue
            kind = child.tag.removeprefix(_RIM)
            if "id" in child.attrib:
                if child.get("id") in ids:
                    faults.append(f"{kind}: its id is another object's too")
                ids.add(child.get("id"))
            for name in ("classifiedObject", "registryObject"):
                target = child.get(name)
                if target is None:
                    continue
                inside = parent.tag != _RIM + "RegistryObjectList"
                if target not in known or (inside and target != parent.get("id")):
                    faults.append(f"{kind}: its {name} is not the object that it belongs to")
    unique = [one["external_identifiers"].get("uniqueId") for one in metadata["objects"]]
    if len(set(unique)) != len(unique):
        faults.append("two objects have one uniqueId")
    return faults


def _set_faults(submission_set: dict | None, optional) -> list[str]:
    if submission_set is None:
        return ["the submission set is missing"]
    faults = _attribute_faults(submission_set, _SET_SLOTS, _SET_CODES, _SET_IDENTIFIERS, optional)
    return [f"submission set: {fault}" for fault in faults]


def _entry_faults(entry: dict, documents: dict[str, bytes], optional) -> list[str]:
    faults = _attribute_faults(entry, _ENTRY_SLOTS, _ENTRY_CODES, _ENTRY_IDENTIFIERS, optional)
    if entry["object_type"].lower() != DOCUMENT_ENTRY:
        faults.append("objectType is not a document entry's")
    if not entry["mime_type"]:
        faults.append("mimeType is missing")
    uri = _first(entry, "URI")
    if uri and uri not in documents:
        faults.append("URI names no file of the zip")
    elif uri:
        faults += _content_faults(entry, documents[uri])
    return [f"{uri or 'document entry'}: {fault}" for fault in faults]


def _attribute_faults(one: dict, slots, codes, identifiers, optional) -> list[str]:
    missing = [name for name in slots if not any(one["slots"].get(name, []))]
    missing += [name for name in codes + ("author",) if not one["classifications"].get(name)]
    missing += [name for name in identifiers if not one["external_identifiers"].get(name)]
    faults = [f"{name} is missing" for name in missing if name not in optional]
    for name, values in one["slots"].items():
        faults += _slot_faults(name, values)
    for author in one["classifications"].get("author", []):
        faults += _author_faults(author, optional)
    for name, classifications in one["classifications"].items():
        for classification in classifications if name != "author" else []:
            faults += _code_faults(name, classification)
    names = [identifier["name"] for identifier in one["identifiers"]]
    faults += [f"{name} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    faults += [f"{name} is not of its form" for name, value in one["external_identifiers"].items()
               if name in _FORMATS and not _FORMATS[name].fullmatch(value)]
    return faults


def _slot_faults(name: str, values: list[str]) -> list[str]:
    faults = []
    if not values or not all(values):
        faults.append(f"{name} has an empty value")
    if name in _SINGLE_SLOTS and len(values) > 1:
        faults.append(f"{name} has {len(values)} values instead of one")
    if name in _DATE_SLOTS and not all(map(_is_utc_date, values)):
        faults.append(f"{name} is not a date of the form YYYYMMDDHHMMSS")
    if name in _FORMATS and not all(map(_FORMATS[name].fullmatch, values)):
        faults.append(f"{name} is not of its form")
    return faults


def _author_faults(author: dict, optional) -> list[str]:
    return [f"author: {name} is missing" for name in _AUTHOR_SLOTS
            if name not in optional and not any(author["slots"].get(name, []))]


def _code_faults(name: str, classification: dict) -> list[str]:
    parts = ("code", "name", "scheme")
    return [f"{name}: its {part} is missing" for part in parts if not classification[part]]


def _content_faults(entry: dict, content: bytes) -> list[str]:
    faults = []
    # SHA-1 is what XDS prescribes: it finds a damaged file, nobody takes it for a signature.
    if _first(entry, "hash").lower() != hashlib.sha1(content, usedforsecurity=False).hexdigest():
        faults.append("hash is not the file's SHA-1")
    if _first(entry, "size") != str(len(content)):
        faults.append(f"size is not the file's ({len(content)} bytes)")
    if entry["mime_type"] != "text/xml":
        return faults
    try:
        cda = read_cda(content)
    except Refused as refusal:
        return faults + [str(refusal)]
    if entry["external_identifiers"].get("uniqueId", "") != cda["id"]:
        faults.append("uniqueId is not the CDA's id")
    moment = cda_moment(cda["time"])
    if moment is not None and _first(entry, "creationTime") != moment.strftime("%Y%m%d%H%M%S"):
        faults.append("creationTime is not the CDA's effectiveTime in UTC")
    return faults


def _association_faults(metadata: dict) -> list[str]:
    faults = []
    owner = (metadata["submission_set"] or {"id": None})["id"]
    entries = {entry["id"] for entry in metadata["documents"]}
    held = set()
    for association in metadata["associations"]:
        if association["type"] != HAS_MEMBER:
            continue
        if association["source"] != owner:
            faults.append("HasMember: its source is not the submission set")
        if association["target"] not in entries:
            faults.append("HasMember: its target is not a document entry")
        if association["slots"].get("SubmissionSetStatus") != ["Original"]:
            faults.append("HasMember: SubmissionSetStatus is not Original")
        held.add(association["target"])
    if not entries:
        faults.append("there is no document entry")
    if entries - held:
        faults.append("a document entry is not a member of the submission set")
    return faults


def _first(one: dict, slot: str) -> str:
    return (one["slots"].get(slot) or [""])[0]


def _is_utc_date(value: str) -> bool:
    if not re.fullmatch(r"[0-9]{14}", value):
        return False
    try:
        datetime.datetime.strptime(value, "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True


def cda_moment(value: str) -> datetime.datetime | None:
    """The moment of an HL7 time written to the second with its offset, in UTC; None for any other writing."""
    if not re.fullmatch(r"[0-9]{14}(\.[0-9]+)?[+-][0-9]{4}", value):
        return None
    try:
        moment = datetime.datetime.strptime(value[:14] + value[-5:], "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return moment.astimezone(datetime.timezone.utc)


def _schema_faults(metadata: bytes) -> list[str]:
    schema = _schema_file()
    if schema is None:
        return []
    run = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, "-"], input=metadata,
                         capture_output=True, timeout=60, check=False)
    if run.returncode == 0:
        return []
    # "-:12: element Slot: Schemas validity error : Element …": what follows may quote a patient's data.
    said = run.stderr.decode("utf-8", "replace")
    places = re.findall(r"^-:(\d+): element (\w+): Schemas validity error", said, re.MULTILINE)
    if not places:
        return ["METADATA.XML: xmllint could not validate it"]
    return [f"METADATA.XML, line {line}: {element} is against the schema" for line, element in places]


def _schema_file() -> str | None:
    given = os.environ.get("PASSERELLE_XDS_SCHEMA")
    if not given or not shutil.which("xmllint"):
        return None
    path = pathlib.Path(given)
    candidates = [path] if path.is_file() else [path / "lcm.xsd", path / "ebRS30" / "lcm.xsd"]
    return next((str(one) for one in candidates if one.is_file()), None)


# --- command line -------------------------------------------------------------------------------------------


def add_mailbox_arguments(parser: argparse.ArgumentParser, text: dict[str, str] | None = None) -> None:
    """The options that name a mailbox; `text` replaces their help, option by option."""
    text = text or {}
    parser.add_argument("--host", default="localhost", help=text.get("host"))
    parser.add_argument("--port", type=int, required=True, help=text.get("port"))
    parser.add_argument("--ca", required=True, help=text.get("ca"))
    parser.add_argument("--user", required=True, help=text.get("user"))
    parser.add_argument("--password-file", required=True, type=pathlib.Path, help=text.get("password-file"))


def mailbox_of(arguments: argparse.Namespace) -> Mailbox:
    password = arguments.password_file.read_text("ascii").strip()
    return Mailbox(arguments.host, arguments.port, arguments.ca, arguments.user, password)


def _check_letters(letters: list[EmailMessage]) -> int:
    count = 0
    for number, letter in enumerate(letters, 1):
        data = xdm_attachment(letter)
        faults = ["it has no IHE_XDM.zip"] if data is None else check_xdm(data)
        for fault in faults:
            print(f"letter {number}: {fault}")
        count += len(faults)
    print(f"{len(letters)} letters, {count} faults")
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks what letters carry.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check-xdm").add_argument("file", type=pathlib.Path)
    add_mailbox_arguments(commands.add_parser("check-letters"))
    arguments = parser.parse_args()
    if arguments.command == "check-letters":
        return 1 if _check_letters(mailbox_of(arguments).letters()) else 0
    faults = check_xdm(arguments.file.read_bytes())
    print("\n".join(faults) or "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
