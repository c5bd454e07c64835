#!/usr/bin/env python3
"""A FHIR server that is not ours takes every sample's transaction, and takes it again: the second time changes nothing.

PASSERELLE_FHIR_SERVER serves FHIR R4 under /fhir, prints "ready:" when it does, and knows these options:
    --http 0 --https PORT --pki DIR   mutual TLS with server.*, client.pem, client.key and ca.pem, which it makes in DIR
    --store DIR                       where it keeps its traces
    --no-refs                         references may lead to patients that it does not have
    --fault http=503@N, drop-before@N, drop-after-store@N, truncate@N   what goes wrong with its first requests that are no GET
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import world as w  # noqa: E402  (found through the path above)
from world import require, require_equal  # noqa: E402

FAULTS = ("http=503@2", "drop-after-store@2", "truncate@1")
START_S = 300
SETTLE_S = 120
KINDS = ("DocumentReference", "List", "Binary")


class Server:
    """The process, and a caller of it with its client certificate."""

    def __init__(self, folder: pathlib.Path, faults: tuple[str, ...] = FAULTS):
        self.folder, self.pki, self.faults = folder, folder / "pki", faults
        self.port, = w.free_ports(1)
        self._log = folder / "log"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Server:
        self.folder.mkdir()
        words = [os.environ["PASSERELLE_FHIR_SERVER"], "--http", "0", "--https", str(self.port), "--pki", str(self.pki),
                 "--store", str(self.folder / "store"), "--no-refs"]
        for fault in self.faults:
            words += ["--fault", fault]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            w.wait_until(self._ready, "the FHIR server does not start", START_S, 0.5)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
            return
        self._process.kill()
        self._process.wait()

    def _ready(self) -> bool:
        text = self._log.read_text("utf-8", "replace")
        require(self._process.poll() is None, f"the FHIR server ended: {text[-2000:]}")
        return any(line.startswith("ready:") for line in text.splitlines())

    def get(self, path: str) -> dict:
        return self._call("GET", f"/fhir/{path}")

    def post(self, bundle: bytes, statuses: tuple[int, ...] = (200,)) -> dict:
        return self._call("POST", "/fhir", bundle, statuses)

    def received(self) -> list[bytes]:
        """What came by other requests than GET, as it came, oldest first."""
        return [path.read_bytes() for path in sorted((self.folder / "store" / "raw").glob("*.body"))]

    def _call(self, method: str, path: str, body: bytes | None = None, statuses: tuple[int, ...] = (200,)) -> dict:
        context = ssl.create_default_context(cafile=self.pki / "ca.pem")
        context.load_cert_chain(self.pki / "client.pem", self.pki / "client.key")
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60)
        headers = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        require(answer.status in statuses, f"status of {method} {path.partition('?')[0]}: {answer.status}")
        return json.loads(content)

    def document(self, document_id: str) -> dict:
        """The one DocumentReference with that masterIdentifier."""
        wanted = urllib.parse.quote(f"urn:ietf:rfc:3986|urn:oid:{document_id}", safe="")
        found = [one["resource"] for one in self.get(f"DocumentReference?identifier={wanted}").get("entry", [])]
        require_equal(len(found), 1, "documents under one masterIdentifier")
        return found[0]

    def counts(self) -> dict[str, int]:
        """How many resources there are of each kind, and the latest version of each DocumentReference."""
        found = {kind: self.get(f"{kind}?_summary=count")["total"] for kind in KINDS}
        references = self.get("DocumentReference?_count=100&_elements=id").get("entry", [])
        return found | {one["resource"]["id"]: one["resource"]["meta"]["versionId"] for one in references}


def letters() -> dict[str, object]:
    """The samples that go to the shared record, for it alone; a replacement after what it replaces."""
    result = {}
    paths = sorted(path for path in w.LETTERS.iterdir() if path.suffix in (".yaml", ".json"))
    for path in sorted(paths, key=lambda path: path.stem == "replacement"):
        request = w.load_event(path)
        if w.index_of(request, "shared_record") is not None:
            del request.event.recipients[:]
            request.event.recipients.add().shared_record.SetInParent()
            result[path.stem] = request
    return result


def send_all(world: w.World, statuses: dict[str, object]) -> None:
    client = world.client()
    for name, request in letters().items():
        statuses[name] = client.wait_settled(client.submit(request).status.event_id, SETTLE_S)
        delivery, = w.deliveries_of(statuses[name])
        require_equal(w.state_name(delivery), "delivered", f"{name}: {delivery.reason} {delivery.partner_code}: state")


def check_faults(world: w.World, server: Server, statuses: dict[str, object]) -> None:
    """every sample is delivered, though the server refuses, drops and truncates its first answers"""
    send_all(world, statuses)
    said = (server.folder / "store" / "log.txt").read_text("utf-8")
    for fault in FAULTS:
        require(f"FAULT {re.split('[=@]', fault)[0]}" in said, f"{fault} did not happen")


def check_stored(server: Server, statuses: dict[str, object]) -> None:
    """each document lies there once, with its bytes, its size and its SHA-1"""
    for name, status in statuses.items():
        reference = server.document(status.document_id)
        attachment = reference["content"][0]["attachment"]
        binary = server.get(attachment["url"])
        content = base64.b64decode(binary["data"])
        require_equal(hashlib.sha256(content).hexdigest(), status.document_sha256, f"{name}: SHA-256")
        require_equal(attachment["size"], len(content), f"{name}: size")
        require_equal(base64.b64decode(attachment["hash"]), hashlib.sha1(content).digest(), f"{name}: SHA-1")
    counts = server.counts()
    require_equal({kind: counts[kind] for kind in KINDS}, dict.fromkeys(KINDS, len(statuses)), "resources")


def check_replaced(server: Server, statuses: dict[str, object]) -> None:
    """the replaced document is superseded, the others are current, and the new one leads to the old"""
    found = {name: server.document(status.document_id) for name, status in statuses.items()}
    states = {name: one["status"] for name, one in found.items()}
    require_equal(states, dict.fromkeys(states, "current") | {"pdf": "superseded"}, "states")
    target = found["replacement"]["relatesTo"][0]["target"]
    require_equal(target.get("reference", "").split("/")[:2], ["DocumentReference", found["pdf"]["id"]], "relatesTo")


def check_again(world: w.World, server: Server, statuses: dict[str, object]) -> None:
    """with another ledger, which knows nothing of it, everything is sent again: no resource more, no version more"""
    before = server.counts()
    world.gateway.stop()
    for path in world.folder.glob(world.ledger.name + "*"):
        path.unlink()
    world.start_gateway()
    again: dict[str, object] = {}
    send_all(world, again)
    for name, status in again.items():
        require_equal(status.document_sha256, statuses[name].document_sha256, f"{name}: document")
    require_equal(server.counts(), before, "resources and versions")


def check_repeated(world: w.World, server: Server) -> None:
    """the same transactions, posted without the question that the gateway asks first: no second DocumentReference or List"""
    before, client = server.counts(), world.client()
    for request in letters().values():
        parts = client.preview(w.preview_of(request))
        server.post(b"".join(one.content for one in parts if one.file_name == "bundle.json"))
    # A Binary has nothing by which its creation could depend on another: the one too many belongs to no document.
    require_equal(server.counts() | {"Binary": 0}, before | {"Binary": 0}, "resources and versions")


def test(report: w.Report) -> None:
    with w.World(mail=False) as world:
        with Server(world.folder / "fhir") as server:
            for end in ("pem", "key"):
                shutil.copy(server.pki / f"client.{end}", world.pki / f"fhir-client.{end}")
            (world.pki / "fhir-client.key").chmod(0o600)

            def change(config: dict) -> None:
                config["repositories"][0] |= {
                    "base_url": f"https://localhost:{server.port}/fhir",
                    "tls": {"certificate_file": str(world.pki / "fhir-client.pem"),
                            "key_file": str(world.pki / "fhir-client.key"), "ca_file": str(server.pki / "ca.pem")}}

            world.write_config(change)
            world.start_gateway()
            statuses: dict[str, object] = {}
            report.run(check_faults, world, server, statuses)
            report.end()
            report.run(check_stored, server, statuses)
            report.run(check_replaced, server, statuses)
            report.run(check_again, world, server, statuses)
            report.run(check_repeated, world, server)
            report.end()


if __name__ == "__main__":
    w.main(test)
