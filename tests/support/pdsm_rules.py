"""What a repository refuses that takes PDSm 3.1.1 to the letter: of transactions (ITI-65), of documents (ITI-105) and of
FHIRPath patches.

Written from the guide, and from nothing of the gateway. A complaint is a Refusal, which names the element and never a
value: it may end in a log.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass

PDSM = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/"
MHD = "https://profiles.ihe.net/ITI/MHD/"
URI = "urn:ietf:rfc:3986"


class Refusal(Exception):
    """What is answered with an OperationOutcome. `text` names what is wrong, without its value."""

    def __init__(self, status: int, code: str, text: str):
        super().__init__(f"{status} {code}: {text}")
        self.status, self.code, self.text = status, code, text


def need(condition: object, text: str, status: int = 422, code: str = "invariant") -> None:
    if not condition:
        raise Refusal(status, code, text)


def only(values, text: str):
    """The single one of them."""
    found = list(values or [])
    need(len(found) == 1, f"{text}: exactly one is expected")
    return found[0]


# --- reading JSON and FHIR as the standard has them ---------------------------------------------------------


def parse_json(body: bytes):
    """A JSON value without duplicate names, NaN and bytes that are not UTF-8."""

    def unique(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name is there twice")
        return found

    def no_constant(_):
        raise ValueError("not a number of JSON")

    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=unique, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "structure", "the body is not JSON") from None


def walk(value, path: str = ""):
    """Every value inside, with its path."""
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from walk(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from walk(inner, f"{path}[{number}]")


def references_of(value) -> set[str]:
    return {inner for path, inner in walk(value) if path.endswith("reference") and isinstance(inner, str)}


def judge_resource(resource, kind: str) -> dict:
    """What holds for every resource: its type, no empty value (ele-1), and how others are inside it (dom-2 to dom-4)."""
    need(isinstance(resource, dict) and resource.get("resourceType") == kind, f"{kind}: the type is another")
    for path, value in walk(resource):
        need(value is not None and value not in ("", [], {}), f"{kind}: an empty value", 400, "structure")
    inside = resource.get("contained", [])
    names = [one.get("id") for one in inside]
    need(all(names) and len(set(names)) == len(names), f"{kind}.contained: identifiers")
    used = {one.removeprefix("#") for one in references_of(resource) if one.startswith("#")}
    need(used == set(names), f"{kind}.contained: every one is referred to, and nothing else is (dom-3)")
    for one in inside:
        need("contained" not in one, f"{kind}.contained: not nested (dom-2)")
        need(not set(one.get("meta", {})) & {"versionId", "lastUpdated"}, f"{kind}.contained.meta (dom-4)")
    return resource


def inside_of(resource: dict, reference, *kinds: str) -> dict:
    """The contained resource that is meant, of one of these types."""
    name = (reference or {}).get("reference", "")
    found = next((one for one in resource.get("contained", []) if name == f"#{one['id']}"), None)
    need(found and found["resourceType"] in kinds, f"{resource['resourceType']}: a contained {' or '.join(kinds)}")
    return found


def coded(concept, text: str) -> tuple[str, str]:
    coding = only((concept or {}).get("coding"), text)
    need(coding.get("system") and coding.get("code"), f"{text}: system and code")
    return coding["system"], coding["code"]


def is_moment(value) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value or ""))


def oid_of(identifier, text: str) -> str:
    """The OID of an IHE.MHD.UniqueIdIdentifier."""
    identifier = identifier or {}
    need(identifier.get("use") == "usual" and identifier.get("system") == URI, f"{text}: use and system")
    found = re.fullmatch(r"urn:oid:([0-2](?:\.(?:0|[1-9]\d*))+)", identifier.get("value", ""))
    need(found, f"{text}: urn:oid")
    return found.group(1)


def claims(resource: dict, profile: str) -> bool:
    return profile in resource.get("meta", {}).get("profile", [])


# --- PDSm 3.1.1 ---------------------------------------------------------------------------------------------


def judge_reference(reference: dict, content: bytes, profile: str) -> str:
    """A DocumentReference for that document; its masterIdentifier's OID."""
    judge_resource(reference, "DocumentReference")
    need(claims(reference, PDSM + profile), "DocumentReference.meta.profile")
    document_id = oid_of(reference.get("masterIdentifier"), "DocumentReference.masterIdentifier")
    need(reference.get("status") == "current", "DocumentReference.status")
    need("docStatus" not in reference and "modifierExtension" not in reference, "DocumentReference.docStatus")
    coded(reference.get("type"), "DocumentReference.type")
    coded(only(reference.get("category"), "DocumentReference.category"), "DocumentReference.category")
    need(reference.get("subject"), "DocumentReference.subject")
    need(is_moment(reference.get("date")), "DocumentReference.date")
    need(reference.get("custodian"), "DocumentReference.custodian")
    need(reference.get("author"), "DocumentReference.author")
    for author in reference["author"]:
        inside_of(reference, author, "Practitioner", "PractitionerRole", "Device", "Patient")
    need(reference.get("securityLabel"), "DocumentReference.securityLabel")
    for label in reference["securityLabel"]:
        coded(label, "DocumentReference.securityLabel")
    judge_content(only(reference.get("content"), "DocumentReference.content"), content)
    judge_context(reference)
    for related in reference.get("relatesTo", []):
        need(related.get("code") == "replaces" and related.get("target"), "DocumentReference.relatesTo")
    return document_id


def judge_content(content: dict, document: bytes) -> None:
    attachment = content.get("attachment", {})
    for name in ("contentType", "language", "title", "creation"):
        need(attachment.get(name), f"DocumentReference.content.attachment.{name}")
    need(is_moment(attachment["creation"]), "DocumentReference.content.attachment.creation")
    need(("url" in attachment) != ("data" in attachment), "DocumentReference.content.attachment: url or data")
    need(attachment.get("size") == len(document), "DocumentReference.content.attachment.size: that of the document")
    digest = base64.b64encode(hashlib.sha1(document).digest()).decode("ascii")
    need(attachment.get("hash") == digest, "DocumentReference.content.attachment.hash: that of the document")
    need(content.get("format", {}).get("code"), "DocumentReference.content.format")


def judge_context(reference: dict) -> None:
    context = reference.get("context", {})
    need(is_moment(context.get("period", {}).get("start")), "DocumentReference.context.period.start")
    coded(context.get("facilityType"), "DocumentReference.context.facilityType")
    coded(context.get("practiceSetting"), "DocumentReference.context.practiceSetting")
    patient = inside_of(reference, context.get("sourcePatientInfo"), "Patient")
    need(patient.get("identifier"), "DocumentReference.context.sourcePatientInfo: identifier")


def judge_submission(submission: dict, document_url: str) -> str:
    """A SubmissionSet with that document in it; its unique identifier's OID."""
    judge_resource(submission, "List")
    need(claims(submission, PDSM + "pdsm-submissionset-comprehensive"), "List.meta.profile")
    kinds = [one.get("url") for one in submission.get("extension", [])]
    for name in ("ihe-designationType", "ihe-sourceId"):
        need(kinds.count(f"{MHD}StructureDefinition/{name}") == 1, f"List.extension {name}")
    need((submission.get("status"), submission.get("mode")) == ("current", "working"), "List.status and mode")
    need(coded(submission.get("code"), "List.code") == (f"{MHD}CodeSystem/MHDlistTypes", "submissionset"), "List.code")
    need(submission.get("subject"), "List.subject")
    need(is_moment(submission.get("date")), "List.date")
    inside_of(submission, submission.get("source"), "PractitionerRole", "Device", "Patient")
    identifiers = {one.get("use"): one for one in submission.get("identifier", [])}
    need(set(identifiers) <= {"usual", "official"}, "List.identifier: uniqueId and entryUUID")
    if "official" in identifiers:
        need(identifiers["official"].get("value", "").startswith("urn:uuid:"), "List.identifier: entryUUID")
    entries = [one.get("item", {}).get("reference") for one in submission.get("entry", [])]
    need(entries == [document_url], "List.entry: the document of this bundle")
    return oid_of(identifiers.get("usual"), "List.identifier: uniqueId")


@dataclass
class Entry:
    url: str
    method: str
    target: str
    condition: str
    resource: dict


@dataclass
class Provided:
    """A transaction that can be executed."""

    entries: list[Entry]
    document: Entry
    submission: Entry
    binary: Entry
    content: bytes
    document_id: str


# The slices of pdsm-comprehensive-provide-document-bundle, which is closed: how often each may be there.
SLICES = {"List": (1, 1), "DocumentReference": (1, 1), "Binary": (1, 1), "Parameters": (0, 1), "Patient": (0, 1)}


def judge_transaction(bundle) -> Provided:
    need(isinstance(bundle, dict) and bundle.get("resourceType") == "Bundle" and bundle.get("type") == "transaction",
         "Bundle.type", 400, "structure")
    need(claims(bundle, PDSM + "pdsm-comprehensive-provide-document-bundle"), "Bundle.meta.profile")
    entries = []
    for one in bundle.get("entry", []):
        request, resource = one.get("request", {}), one.get("resource", {})
        entries.append(Entry(one.get("fullUrl", ""), request.get("method", ""), request.get("url", ""),
                             request.get("ifNoneExist", ""), resource))
    kinds = [one.resource.get("resourceType") for one in entries]
    for kind, (least, most) in SLICES.items():
        need(least <= kinds.count(kind) <= most, f"Bundle.entry: number of {kind}")
    need(set(kinds) <= set(SLICES), "Bundle.entry: a resource that has no place here")
    by_kind = dict(zip(kinds, entries))
    for kind, entry in by_kind.items():
        judge_request(kind, entry)
    created = [one.url for one in entries if one.method == "POST"]
    need(len(set(created)) == len(created), "Bundle.entry.fullUrl: unique")
    document, binary, submission = by_kind["DocumentReference"], by_kind["Binary"], by_kind["List"]
    content = judge_binary(binary.resource)
    document_id = judge_reference(document.resource, content, "pdsm-comprehensive-document-reference")
    attachment = document.resource["content"][0]["attachment"]
    need(attachment.get("url") == binary.url, "DocumentReference.content.attachment.url: the Binary of this bundle")
    need(attachment["contentType"] == binary.resource["contentType"], "Binary.contentType: that of the attachment")
    judge_submission(submission.resource, document.url)
    need(("Parameters" in by_kind) == ("relatesTo" in document.resource), "relatesTo goes with a PATCH of the old one")
    if "Parameters" in by_kind:
        judge_patch(by_kind["Parameters"].resource)
    return Provided(entries, document, submission, binary, content, document_id)


def judge_request(kind: str, entry: Entry) -> None:
    if kind == "Parameters":
        is_patch = entry.method == "PATCH" and entry.target.startswith("DocumentReference")
        need(is_patch, "Bundle.entry.request of a PATCH")
        return
    need(entry.method == "POST" and entry.target == kind, f"Bundle.entry.request of {kind}")
    is_urn = re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry.url)
    need(is_urn, "Bundle.entry.fullUrl: urn:uuid")


def judge_binary(binary: dict) -> bytes:
    judge_resource(binary, "Binary")
    need(binary.get("contentType"), "Binary.contentType")
    return decode(binary.get("data"), "Binary.data")


def decode(text, name: str) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except ValueError:
        raise Refusal(422, "invalid", f"{name}: base64") from None


def judge_patch(parameters: dict) -> None:
    """FHIRPath Patch: the old document is superseded, and nothing else happens to it."""
    judge_resource(parameters, "Parameters")
    operation = only(parameters.get("parameter"), "Parameters.parameter")
    need(operation.get("name") == "operation", "Parameters.parameter.name")
    parts = {one.get("name"): one for one in operation.get("part", [])}
    need(parts.get("type", {}).get("valueCode") == "replace", "Parameters: type")
    need(parts.get("path", {}).get("valueString") == "DocumentReference.status", "Parameters: path")
    need(parts.get("value", {}).get("valueCode") == "superseded", "Parameters: value")
