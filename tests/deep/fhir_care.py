#!/usr/bin/env python3
"""A FHIR server that is not ours takes orientations, enrolments and care circles, each state after the other, with its
faults, and takes them again: one resource for each identifier, in its last state, and the second time changes nothing.

First the golden bundles, by the product's own adapter (fhir_deliver); then samples by a whole gateway.
PASSERELLE_FHIR_SERVER is as fhir_server.py says; PASSERELLE_FHIR_DELIVER names fhir_deliver, else the developer's build.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fhir_server  # noqa: E402  (found through the path above; it finds the folder of the next one)
import world as w  # noqa: E402
from world import require, require_equal  # noqa: E402

GOLDENS = w.REPOSITORY / "tests" / "golden" / "fhir-care"
FAULTS = ("http=503@2", "drop-before@1", "drop-after-store@2", "truncate@1")
# What happens to one subject, in this order.
LIVES = (
    ("physician-asked", "physician-completed"),
    ("specialist-second-accepted", "specialist-booked", "specialist-seen"),
    ("admission-booked", "admission-cancelled"),
    ("enrolment-planned", "enrolment-active", "enrolment-finished"),
    ("circle-join", "circle-leave", "circle-consent-withdrawn"),
)
DIALECT = "fr-core-2.1.0"


def golden(name: str) -> pathlib.Path:
    return GOLDENS / f"{name}-{DIALECT}.json"


def find_deliver() -> pathlib.Path:
    named = os.environ.get("PASSERELLE_FHIR_DELIVER")
    places = [pathlib.Path(named)] if named else [w.REPOSITORY / "build" / kind / "fhir_deliver" for kind in ("ci", "dev")]
    found = [place for place in places if place.is_file()]
    require(found, "fhir_deliver is not built")
    return found[0]


def deliver(server: fhir_server.Server, names: tuple[str, ...]) -> list[list[str]]:
    """The steps of each bundle."""
    words = [str(find_deliver()), f"https://localhost:{server.port}/fhir", str(server.pki / "client.pem"),
             str(server.pki / "client.key"), str(server.pki / "ca.pem"), *(str(golden(name)) for name in names)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    steps = [line.split()[1:] for line in done.stdout.splitlines()]
    require_equal((done.returncode, len(steps)), (0, len(names)), f"delivery: {steps} {done.stderr[-500:]}")
    return steps


def subjects(names: tuple[str, ...]) -> dict[str, dict | None]:
    """By which search each resource is found, and what it is in the end; None: it is only there."""
    found: dict[str, dict | None] = {}
    for name in names:
        for entry in json.loads(golden(name).read_bytes())["entry"]:
            request, resource = entry["request"], entry["resource"]
            if request["method"] == "PUT":
                found[request["url"]] = resource
            else:
                found.setdefault(f"{request['url']}?{request['ifNoneExist']}", None)
    return found


def resource(server: fhir_server.Server, search: str) -> dict:
    found = [one["resource"] for one in server.get(search).get("entry", [])]
    require_equal(len(found), 1, f"resources of {search.partition('?')[0]} under one identifier")
    return found[0]


def versions(server: fhir_server.Server, names: tuple[str, ...]) -> dict[str, tuple]:
    metas = {search: resource(server, search) for search in subjects(names)}
    return {search: (one["id"], one["meta"]["versionId"]) for search, one in metas.items()}


def check_lives(server: fhir_server.Server) -> None:
    """each state is delivered, though the server refuses, drops and truncates its first answers, and is there once"""
    for names in LIVES:
        deliver(server, names)
        for search, last in subjects(names).items():
            there = resource(server, search)
            if last is not None:
                require_equal(there.get("status"), last.get("status"), f"{names[-1]}: {last['resourceType']}.status")
                require_equal((there.get("businessStatus") or {}).get("coding"),
                              (last.get("businessStatus") or {}).get("coding"), f"{names[-1]}: businessStatus")
    said = (server.folder / "store" / "log.txt").read_text("utf-8")
    for fault in FAULTS:
        require(f"FAULT {re.split('[=@]', fault)[0]}" in said, f"{fault} did not happen")


def check_again(server: fhir_server.Server) -> None:
    """the last state of each, sent twice more: no resource and no version more"""
    for names in LIVES:
        deliver(server, names[-1:])
        before = versions(server, names[-1:])
        steps = deliver(server, names[-1:] * 2)
        require_equal([one[-1] for one in steps], ["accepted:ACCEPTED:200"] * 2, f"{names[-1]}: outcome")
        require_equal(versions(server, names[-1:]), before, f"{names[-1]}: versions")


def check_gateway(world: w.World, server: fhir_server.Server) -> None:
    """a sample of each kind goes from submit to the server, once"""
    client = world.client()
    for folder, kind in (("orientation", "ServiceRequest"), ("enrolment", "EpisodeOfCare"), ("circle", "CareTeam")):
        before = server.get(f"{kind}?_summary=count")["total"]
        request = w.load_event(sorted((w.REPOSITORY / "samples" / folder).glob("*.yaml"))[0])
        del request.event.recipients[:]
        request.event.recipients.add().fhir_server.name = world.fhir_name
        event_id = client.submit(request).status.event_id

        def delivered() -> bool:
            ours = [one for one in w.deliveries_of(client.get(event_id=event_id)) if one.adapter == world.fhir_name]
            return bool(ours) and all(w.state_name(one) == "delivered" for one in ours)

        w.wait_until(delivered, f"the {folder} is not delivered", fhir_server.SETTLE_S, 0.5)
        require_equal(server.get(f"{kind}?_summary=count")["total"], before + 1, kind)


def use_server(world: w.World, server: fhir_server.Server) -> None:
    for end in ("pem", "key"):
        shutil.copy(server.pki / f"client.{end}", world.pki / f"fhir-client.{end}")
    (world.pki / "fhir-client.key").chmod(0o600)

    def change(config: dict) -> None:
        world.fhir_name = config["fhir"][0]["name"]
        config["fhir"][0] |= {
            "base_url": f"https://localhost:{server.port}/fhir",
            "tls": {"certificate_file": str(world.pki / "fhir-client.pem"),
                    "key_file": str(world.pki / "fhir-client.key"), "ca_file": str(server.pki / "ca.pem")}}

    world.write_config(change)
    world.start_gateway()


def test(report: w.Report) -> None:
    with tempfile.TemporaryDirectory() as folder, fhir_server.Server(pathlib.Path(folder) / "fhir", FAULTS) as server:
        report.run(check_lives, server)
        report.run(check_again, server)
        report.end()
        with w.World(mail=False) as world:
            use_server(world, server)
            report.run(check_gateway, world, server)
            report.end()


if __name__ == "__main__":
    w.main(test)
