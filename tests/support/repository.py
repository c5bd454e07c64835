#!/usr/bin/env python3
"""A document repository (PDSm 3.1.1 over FHIR R4) and a tool that takes signed JSON, to test against.

For the end-to-end tests: one HTTPS server with mutual TLS that reads what the gateway sends as another program
would, refuses what its guide refuses, remembers all of it for the test to ask, and misbehaves on demand.
Only Python's standard library, and nothing of the gateway.

    repository = Repository(certificate, key, authority, tool_secret).come_up()
    repository.fault(drop(stores=True))
    ...
    repository.document("2.25.1").content

It is the least helpful repository that the standard allows: it stores a document as often as it is sent, unless
the sender makes the creation conditional. So that a document lies there once is the sender's merit. Its texts
name elements, never a value: they may end in a log.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import hmac
import http.server
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from pdsm_rules import (URI, Entry, Provided, Refusal, decode, judge_patch, judge_reference, judge_transaction, need,
                        only, parse_json)
from territory import Territory

FHIR_JSON = "application/fhir+json"
# A document of 30 MiB in base64, and what is around it.
REQUEST_BYTES_MAX = 64 * 1024 * 1024
CLOCKS_DIFFER_S = 300
GIB = 1 << 30


# --- what is kept -------------------------------------------------------------------------------------------


@dataclass
class Stored:
    """One copy of a document."""

    document_id: str
    reference: dict
    content: bytes
    # The body of the request that brought it, as it came.
    request: bytes
    logical_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def place(self) -> str:
        return f"DocumentReference/{self.logical_id}"

    @property
    def status(self) -> str:
        return self.reference["status"]

    @property
    def attachment(self) -> dict:
        return self.reference["content"][0]["attachment"]


@dataclass
class Request:
    """What somebody asked."""

    method: str
    path: str
    # Everything that it does here is done.
    ended: bool = False


@dataclass
class ToolCall:
    """A signed request to the tool."""

    id: str
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def document(self) -> bytes:
        return base64.b64decode(self.json["document"]["content"])


@dataclass
class Fault:
    """A misbehaviour for the next `times` requests of a kind; for all to come, when None."""

    # real: as it should. lost: the same, but keeps nothing (the territory's server only). none: hangs up. half: the first half of it. outcome: an OperationOutcome under 200. fewer: a
    # transaction-response that lacks an entry. page: HTML. huge: 1 GiB. moved: a redirection.
    answer: str = "real"
    # Above 0: refuses with that status; with a page of HTML, a proxy in front of it does.
    status: int = 0
    # Does what was asked before it misbehaves.
    stores: bool = False
    # Waits before it does anything, and between doing and answering.
    before_s: float = 0
    after_s: float = 0
    times: int | None = 1
    # "store", "search", or "tool".
    on: str = "store"


def refuse(status: int, **how) -> Fault:
    return Fault(status=status, **how)


def drop(stores: bool, **how) -> Fault:
    return Fault(answer="none", stores=stores, **how)


class Repository:
    """The server. Safe to ask from any thread."""

    def __init__(self, certificate: os.PathLike, key: os.PathLike, authority: os.PathLike, tool_secret: os.PathLike,
                 port: int = 0):
        self._own, self._authority = (certificate, key), authority
        with open(tool_secret, encoding="ascii") as file:
            self._secret = bytes.fromhex(file.read().strip())
        self.port = port
        self._server: _Server | None = None
        self._changed = threading.Condition()
        self._documents: list[Stored] = []
        self._faults: list[Fault] = []
        # Asked, with kind and path, for a fault at each request for which none is laid out; may give None.
        self.trouble: Callable[[str, str], Fault | None] | None = None
        # Logical ids of submission sets, with their identifiers, and of binaries.
        self.submissions: dict[str, set[str]] = {}
        self.binaries: list[str] = []
        # Every request that came whole, oldest first.
        self.requests: list[Request] = []
        self.tool_calls: list[ToolCall] = []
        self.territory = Territory()
        # What was refused because it is not as the guide has it.
        self.complaints: list[str] = []
        # Bytes of a `huge` answer that the other side let us write.
        self.huge_bytes = 0

    # --- for the test ---

    @property
    def base_url(self) -> str:
        return f"https://localhost:{self.port}/fhir"

    @property
    def territory_url(self) -> str:
        return f"https://localhost:{self.port}/territoire"

    @property
    def tool_url(self) -> str:
        return f"https://localhost:{self.port}/webhook/outil-demo"

    def come_up(self) -> Repository:
        self._server = _Server(self, self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def go_down(self) -> None:
        """Refuses connections, and cuts those that there are."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._server = None

    def show_certificate(self, certificate: os.PathLike, key: os.PathLike) -> None:
        """Another certificate of the server, from the next connection on. Those of before are cut."""
        self._own = (certificate, key)
        self._server.cut_connections()

    def fault(self, *faults: Fault) -> None:
        with self._changed:
            self._faults.extend(copy.copy(one) for one in faults)

    def heal(self) -> None:
        with self._changed:
            self._faults.clear()
            self.trouble = None

    def copies(self, document_id: str) -> list[Stored]:
        with self._changed:
            return [one for one in self._documents if one.document_id == document_id]

    def document(self, document_id: str) -> Stored:
        found = self.copies(document_id)
        if len(found) != 1:
            raise AssertionError(f"the repository holds {len(found)} copies of the document; {self.complaints[-3:]}")
        return found[0]

    def all_documents(self) -> list[Stored]:
        with self._changed:
            return list(self._documents)

    def count(self, method: str, path: str = "") -> int:
        """Requests so far with this in their path."""
        with self._changed:
            return sum(one.method == method and path in one.path for one in self.requests)

    def wait(self, condition, timeout_s: float = 30):
        """What the condition gives once it is true: it is asked again whenever something happens here."""
        with self._changed:
            found = self._changed.wait_for(condition, timeout_s)
        if not found:
            raise AssertionError("it does not come about at the repository")
        return found

    # --- for the server ---

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._own)
        context.load_verify_locations(self._authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def take_fault(self, kind: str, path: str) -> Fault:
        with self._changed:
            found = next((one for one in self._faults if one.on == kind), None)
            if found is None:
                return (self.trouble and self.trouble(kind, path)) or Fault()
            if found.times is not None:
                found.times -= 1
                if found.times <= 0:
                    self._faults.remove(found)
            return found

    def note(self, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def note_complaint(self, refusal: Refusal) -> None:
        with self._changed:
            self.complaints.append(str(refusal))

    def provide(self, body: bytes) -> dict:
        """ITI-65: all of it or nothing. The transaction-response."""
        provided = judge_transaction(parse_json(body))
        with self._changed:
            # Everything that can fail comes before the first change.
            known = {entry.url: self._matching(entry) for entry in provided.entries if entry.condition}
            old = {id(entry): self._named(entry.target) for entry in provided.entries if entry.method == "PATCH"}
            for related in provided.document.resource.get("relatesTo", []):
                self._related(related)
            answers = []
            for entry in provided.entries:
                if entry.method == "PATCH":
                    old[id(entry)].reference["status"] = "superseded"
                    answers.append(answer_entry("200 OK", old[id(entry)].place, 2))
                elif known.get(entry.url):
                    answers.append(answer_entry("200 OK", known[entry.url]))
                else:
                    answers.append(self._create(entry, provided, body))
            self._changed.notify_all()
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def publish(self, body: bytes, condition: str) -> tuple[int, Stored]:
        """ITI-105: one DocumentReference that holds its document. 201, or 200 when it was there."""
        reference = parse_json(body)
        need(isinstance(reference, dict), "DocumentReference: an object", 400, "structure")
        content = (reference.get("content") or [{}])[0].get("attachment", {})
        document = decode(content.get("data"), "DocumentReference.content.attachment.data")
        document_id = judge_reference(reference, document, "pdsm-simplified-publish")
        with self._changed:
            replaced = [self._related(one) for one in reference.get("relatesTo", [])]
            known = self._found(condition) if condition else []
            need(len(known) <= 1, "If-None-Exist: several match", 412, "multiple-matches")
            if known:
                return 200, known[0]
            stored = Stored(document_id, reference, document, body)
            self._documents.append(stored)
            for one in replaced:
                one.reference["status"] = "superseded"
            self._changed.notify_all()
        return 201, stored

    def patch(self, target: str, body: bytes) -> Stored:
        judge_patch(parse_json(body))
        with self._changed:
            stored = self._named(target)
            stored.reference["status"] = "superseded"
            self._changed.notify_all()
        return stored

    def search(self, query: str) -> dict:
        with self._changed:
            found = [copy.deepcopy(one.reference) | {"id": one.logical_id} for one in self._found(query)]
        entries = [{"fullUrl": f"{self.base_url}/DocumentReference/{one['id']}", "resource": one,
                    "search": {"mode": "match"}} for one in found]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        return bundle | ({"entry": entries} if entries else {})

    def call_tool(self, headers, body: bytes) -> None:
        """Checks the signature as Standard Webhooks has it, and keeps the call."""
        number, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        need(number and "." not in number, "webhook-id", 400, "invalid")
        is_now = moment.isdigit() and abs(int(moment) - time.time()) < CLOCKS_DIFFER_S
        need(is_now, "webhook-timestamp", 401, "security")
        signed = f"{number}.{moment}.".encode("ascii") + body
        right = "v1," + base64.b64encode(hmac.digest(self._secret, signed, "sha256")).decode("ascii")
        given = headers.get("webhook-signature", "").split(" ")
        need(any(hmac.compare_digest(right, one) for one in given), "webhook-signature", 401, "security")
        parse_json(body)
        with self._changed:
            self.tool_calls.append(ToolCall(number, body))
            self._changed.notify_all()

    def _create(self, entry: Entry, provided: Provided, body: bytes) -> dict:
        number = str(uuid.uuid4())
        if entry is provided.document:
            resource = copy.deepcopy(entry.resource)
            self._documents.append(Stored(provided.document_id, resource, provided.content, body, number))
        elif entry is provided.submission:
            self.submissions[number] = {f"{one['system']}|{one['value']}" for one in entry.resource["identifier"]}
        elif entry is provided.binary:
            self.binaries.append(number)
        return answer_entry("201 Created", f"{entry.target}/{number}")

    def _matching(self, entry: Entry) -> str | None:
        """What a conditional creation finds: nothing, or one."""
        if entry.target == "List":
            wanted = identifier_in(entry.condition)
            found = [f"List/{number}" for number, known in self.submissions.items() if wanted in known]
        else:
            need(entry.target == "DocumentReference", "ifNoneExist: List and DocumentReference", 412, "not-supported")
            found = [one.place for one in self._found(entry.condition)]
        need(len(found) <= 1, "ifNoneExist: several match", 412, "multiple-matches")
        return found[0] if found else None

    def _named(self, target: str) -> Stored:
        """The one document of "DocumentReference/id" or "DocumentReference?identifier=..."."""
        if "?" in target:
            found = self._found(target.partition("?")[2])
        else:
            name = target.removeprefix(self.base_url + "/").removeprefix("DocumentReference/").partition("/")[0]
            found = [one for one in self._documents if one.logical_id == name]
        need(found, "there is no such document", 404, "not-found")
        need(len(found) == 1, "several documents match", 412, "multiple-matches")
        return found[0]

    def _related(self, related: dict) -> Stored:
        """The document that is replaced: named by a reference, an identifier, or both, which then agree."""
        target = related["target"]
        identifier = target.get("identifier", {})
        found = [one for one in self._documents if identifier.get("value") == f"urn:oid:{one.document_id}"]
        named = self._named(target["reference"]) if "reference" in target else only(found, "relatesTo: its target")
        need(not identifier or named in found, "relatesTo: reference and identifier name one document")
        return named

    def _found(self, query: str) -> list[Stored]:
        wanted = identifier_in(query)
        return [one for one in self._documents if f"{URI}|urn:oid:{one.document_id}" == wanted]


def identifier_in(query: str) -> str:
    """The "system|value" that a search by identifier asks for."""
    try:
        asked = urllib.parse.parse_qs(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise Refusal(400, "invalid", "search: the query's form") from None
    need({name for name in asked if not name.startswith("_")} == {"identifier"}, "search: by identifier only", 400,
         "not-supported")
    found = only(asked["identifier"], "search: identifier")
    need(found.startswith((f"{URI}|urn:oid:", f"{URI}|urn:uuid:")), "search: the identifier's form", 400, "invalid")
    return found


def answer_entry(status: str, place: str, version: int = 1) -> dict:
    return {"response": {"status": status, "location": f"{place}/_history/{version}", "etag": f'W/"{version}"'}}


def outcome_of(refusal: Refusal) -> dict:
    return {"resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": refusal.code, "diagnostics": refusal.text}]}


# The issue that belongs to a status, where a test does not care.
CODES = {400: "structure", 401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 413: "too-long",
         422: "business-rule", 429: "throttled", 500: "exception", 502: "transient", 503: "transient"}


# --- HTTP ---------------------------------------------------------------------------------------------------


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, repository: Repository, port: int):
        self.repository = repository
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self):
        connection, address = self.socket.accept()
        connection.settimeout(60)
        # The handshake takes place in the connection's own thread: a slow one delays nobody.
        wrapped = self.repository.context().wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for one in connections:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address) -> None:
        """A caller that hangs up is no trouble of ours."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def do_POST(self) -> None:
        self._serve()

    do_GET = do_PATCH = do_PUT = do_DELETE = do_POST

    def log_message(self, *_) -> None:
        pass

    def _serve(self) -> None:
        repository = self.server.repository
        body = self._read_body()
        if body is None:
            return
        request = Request(self.command, self.path)
        repository.note(request)
        kind = "tool" if self.path.startswith("/webhook/") else "search" if self.command == "GET" else "store"
        fault = repository.take_fault(kind, self.path)
        try:
            time.sleep(fault.before_s)
            answer = self._act_faultily(fault, body)
            time.sleep(fault.after_s)
            self._answer(fault, *answer)
        finally:
            request.ended = True

    def _act_faultily(self, fault: Fault, body: bytes):
        status, answer, headers = 200, {"resourceType": "Bundle", "type": "transaction-response"}, {}
        try:
            if fault.stores or (not fault.status and fault.answer in ("real", "half", "fewer", "lost")):
                status, answer, headers = self._act(body, keeps=fault.answer != "lost")
            if fault.status:
                raise Refusal(fault.status, CODES.get(fault.status, "processing"), "asked for by the test")
        except Refusal as refusal:
            # A version that is not the last is no fault of the sender: it came late.
            if not fault.status and refusal.code != "conflict":
                self.server.repository.note_complaint(refusal)
            status, answer = refusal.status, outcome_of(refusal)
            headers = {"Retry-After": "1"} if status in (429, 503) else {}
        return status, answer, headers

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0" if self.command == "GET" else "")
        if not length.isdigit() or int(length) > REQUEST_BYTES_MAX:
            self.close_connection = True
            self.send_error(413 if length.isdigit() else 411)
            return None
        body = self.rfile.read(int(length))
        if len(body) != int(length):  # the caller died while it wrote
            self.close_connection = True
            return None
        return body

    def _act(self, body: bytes, keeps: bool = True):
        """Status, resource and headers of what this repository answers when all is well with it."""
        repository = self.server.repository
        path, _, query = self.path.partition("?")
        wanted = (self.command, path.rstrip("/"))
        if path == "/webhook/outil-demo" and self.command == "POST":
            need(self.headers.get_content_type() == "application/json", "Content-Type", 415, "not-supported")
            repository.call_tool(self.headers, body)
            return 204, None, {}
        need("application/fhir+json" in self.headers.get("Accept", ""), "Accept", 406, "not-supported")
        if path.startswith("/territoire"):
            need(self.command == "GET" or self.headers.get_content_type() == FHIR_JSON, "Content-Type", 415,
                 "not-supported")
            return repository.territory.act(self.command, path.removeprefix("/territoire"), query, body, keeps)
        if wanted == ("GET", "/fhir/DocumentReference"):
            return 200, repository.search(query), {}
        need(self.headers.get_content_type() == FHIR_JSON, "Content-Type", 415, "not-supported")
        if wanted == ("POST", "/fhir"):
            return 200, repository.provide(body), {}
        if wanted == ("POST", "/fhir/DocumentReference"):
            status, stored = repository.publish(body, self.headers.get("If-None-Exist", ""))
            where = f"{repository.base_url}/{stored.place}/_history/1"
            return status, stored.reference | {"id": stored.logical_id}, {"Location": where}
        if self.command == "PATCH" and path.startswith("/fhir/DocumentReference"):
            return 200, repository.patch(self.path.removeprefix("/fhir/"), body).reference, {}
        raise Refusal(404, "not-found", "there is nothing at this address")

    def _answer(self, fault: Fault, status: int, answer, headers: dict[str, str]) -> None:
        repository = self.server.repository
        if fault.answer == "none":
            self.close_connection = True
            return
        kind, content = FHIR_JSON, b"" if answer is None else json.dumps(answer).encode()
        if fault.answer == "outcome":
            status, content = 200, json.dumps(outcome_of(Refusal(200, "processing", "asked for by the test"))).encode()
        elif fault.answer == "fewer":
            content = json.dumps(answer | {"entry": answer["entry"][:-1]}).encode()
        elif fault.answer == "page":
            status, kind = fault.status or 200, "text/html; charset=utf-8"
            content = b"<!DOCTYPE html><title>Maintenance</title>" * 20
        elif fault.answer == "moved":
            status, content, headers = 307, b"", {"Location": f"https://localhost:{repository.port}/ailleurs"}
        if status == 204:
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(GIB if fault.answer == "huge" else len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault.answer == "huge":
            self._write_huge()
        elif fault.answer == "half":
            self.close_connection = True
            self.wfile.write(content[:len(content) // 2])
        else:
            self.wfile.write(content)

    def _write_huge(self) -> None:
        block = b'{"resourceType":"Bundle","type":"transaction-response","entry":[' + b" " * (1 << 16)
        self.close_connection = True
        with contextlib.suppress(OSError):
            for at in range(0, GIB, len(block)):
                self.wfile.write(block[:GIB - at])
                self.server.repository.huge_bytes += len(block)
