"""A FHIR R4 server of a territory, to test against: transactions with conditional creation and update, searches by
identifier, whatever the resource. Part of the HTTPS server of repository.py, with its faults; nothing of the gateway.

It does what R4 says of a transaction and nothing more helpful: all or nothing, `ifNoneExist`, `Type?identifier=` and
`ifMatch` as the sender writes them, references between entries resolved. A resource that comes without a condition is
made anew each time, so that one lies there once is the sender's merit. Like other servers, it keeps the tags of earlier
updates.
"""

from __future__ import annotations

import collections
import copy
import threading
import urllib.parse
import uuid
from dataclasses import dataclass, field

from pdsm_rules import Refusal, need, parse_json


@dataclass(eq=False)
class Kept:
    """A resource, and how often it changed."""

    resource: dict
    version: int = 1
    logical_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def place(self) -> str:
        return f"{self.resource['resourceType']}/{self.logical_id}"


def identifiers_of(resource: dict) -> set[str]:
    found = resource.get("identifier", [])
    return {f"{one.get('system', '')}|{one.get('value', '')}" for one in (found if isinstance(found, list) else [found])}


def keys_of(resource: dict) -> set[str]:
    return {f"{resource['resourceType']} {one}" for one in identifiers_of(resource)}


def identifiers_asked(query: str) -> list[str]:
    """Any of them: R4, search.html#combining."""
    asked = urllib.parse.parse_qs(query, keep_blank_values=True).get("identifier", [])
    need(len(asked) == 1 and all("|" in one for one in asked[0].split(",")), "search: identifiers with their systems",
         400, "invalid")
    return asked[0].split(",")


def with_tags_of(resource: dict, before: dict) -> dict:
    tags = resource.get("meta", {}).get("tag", [])
    older = [one for one in before.get("meta", {}).get("tag", []) if one not in tags]
    return resource | {"meta": resource["meta"] | {"tag": older + tags}} if older else resource


class Territory:
    """Safe to ask from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Kept] = []
        # Those that a condition finds: a server that looks through all it has would be the slowest part of a long run.
        self._by_key: dict[str, list[Kept]] = collections.defaultdict(list)
        # What the transaction under way has changed: each as it was. None: it was not there.
        self._undo: list[tuple[Kept, dict | None, int]] = []
        # Every transaction that was taken, oldest first, as it came.
        self.transactions: list[dict] = []

    # --- for the test ---

    def all(self, kind: str) -> list[dict]:
        with self._lock:
            return [copy.deepcopy(one.resource) for one in self._kept if one.resource["resourceType"] == kind]

    def one(self, kind: str) -> dict:
        found = self.all(kind)
        if len(found) != 1:
            raise AssertionError(f"the territory's server holds {len(found)} of {kind}")
        return found[0]

    def versions(self) -> dict[str, int]:
        with self._lock:
            return {one.place: one.version for one in self._kept}

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
            self._by_key.clear()

    # --- for the server ---

    def act(self, method: str, path: str, query: str, body: bytes, keeps: bool = True):
        """Status, resource and headers. `keeps` false: answers as if, and forgets."""
        if method == "GET" and path:
            return 200, self._search(path.strip("/"), query), {}
        need(method == "POST" and not path.strip("/"), "there is nothing at this address", 404, "not-found")
        bundle = parse_json(body)
        need(bundle.get("resourceType") == "Bundle" and bundle.get("type") == "transaction",
             "Bundle.type: transaction", 400, "invalid")
        with self._lock:
            self._undo.clear()
            try:
                answer = self._transact(bundle)
            except Refusal:
                self._take_back()
                raise
            if keeps:
                self.transactions.append(bundle)
            else:
                self._take_back()
        return 200, answer, {}

    def _write(self, kept: Kept, resource: dict, version: int) -> None:
        """Resources are replaced and never changed, so that what was there is still what it was."""
        before, after = keys_of(kept.resource), keys_of(resource)
        for key in before - after:
            self._by_key[key].remove(kept)
        for key in after - before:
            self._by_key[key].append(kept)
        kept.resource, kept.version = resource, version

    def _take_back(self) -> None:
        for kept, resource, version in reversed(self._undo):
            if resource is None:
                self._write(kept, {"resourceType": kept.resource["resourceType"]}, version)
                self._kept.remove(kept)
            else:
                self._write(kept, resource, version)

    def _search(self, kind: str, query: str) -> dict:
        wanted = identifiers_asked(query)
        with self._lock:
            found = [copy.deepcopy(one.resource) | {
                "id": one.logical_id, "meta": one.resource.get("meta", {}) | {"versionId": str(one.version)}}
                     for one in self._matching(kind, wanted)]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        entries = [{"fullUrl": f"{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found]
        return bundle | ({"entry": entries} if entries else {})

    def _matching(self, kind: str, identifiers: list[str]) -> list[Kept]:
        found = {id(one): one for each in identifiers for one in self._by_key.get(f"{kind} {each}", ())}
        return list(found.values())

    def _transact(self, bundle: dict) -> dict:
        entries = bundle.get("entry", [])
        need(entries, "Bundle.entry: at least one", 400, "invalid")
        targets: list[tuple[dict, Kept, str]] = []
        places: dict[str, str] = {}
        for entry in entries:
            kept, status = self._target(entry)
            targets.append((entry, kept, status))
            need(entry.get("fullUrl") not in places, "Bundle.entry.fullUrl: each once", 400, "invalid")
            places[entry.get("fullUrl")] = kept.place
        answers = []
        for entry, kept, status in targets:
            if entry["request"]["method"] == "PUT" or status.startswith("201"):
                resource = with_tags_of(resolved(entry["resource"], places), kept.resource)
                changed = status.startswith("200") and resource != kept.resource
                self._undo.append((kept, kept.resource, kept.version))
                self._write(kept, resource, kept.version + changed)
            answers.append({"response": {"status": status, "location": f"{kept.place}/_history/{kept.version}",
                                         "etag": f'W/"{kept.version}"'}})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def _version(self, place: str, tag: str | None) -> Kept:
        kept = next((one for one in self._kept if one.place == place), None)
        need(kept is not None, "there is no resource of this id", 404, "not-found")
        need(tag in (None, f'W/"{kept.version}"'), "it has changed since that version", 412, "conflict")
        return kept

    def _target(self, entry: dict) -> tuple[Kept, str]:
        request, resource = entry.get("request", {}), entry.get("resource", {})
        place, _, query = request.get("url", "").partition("?")
        kind, _, logical_id = place.partition("/")
        need(kind == resource.get("resourceType"), "Bundle.entry.request.url: the type of its resource", 400, "invalid")
        if request.get("method") == "POST":
            query = request.get("ifNoneExist", "")
        else:
            need(request.get("method") == "PUT" and (query or logical_id),
                 "Bundle.entry.request: POST, or a PUT of one resource", 400, "not-supported")
        if logical_id:
            return self._version(place, request.get("ifMatch")), "200 OK"
        found = self._matching(kind, identifiers_asked(query)) if query else []
        need(len(found) <= 1, "several match", 412, "multiple-matches")
        if found:
            return found[0], "200 OK"
        kept = Kept({"resourceType": kind})
        self._undo.append((kept, None, 1))
        self._kept.append(kept)
        # At once, so that a later entry of the same transaction with the same condition finds it.
        self._write(kept, copy.deepcopy(resource), 1)
        return kept, "201 Created"


def resolved(value, places: dict[str, str]):
    """The resource with its references to other entries as those lie on the server."""
    if isinstance(value, list):
        return [resolved(one, places) for one in value]
    if not isinstance(value, dict):
        return value
    result = {name: resolved(one, places) for name, one in value.items()}
    reference = result.get("reference")
    if isinstance(reference, str) and reference.startswith("urn:"):
        need(reference in places, "a reference to an entry that is not there", 400, "invalid")
        result["reference"] = places[reference]
    return result
