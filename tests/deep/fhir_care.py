#!/usr/bin/env python3
"""A FHIR server that is not ours takes orientations, enrolments and care circles, each state after the other, with its
faults, and takes them again: one resource for each identifier, in its last state, which nothing older replaces.

First the golden bundles of each dialect, by the product's own adapter (fhir_deliver); then samples by a whole gateway.
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
# What happens to one subject, in this order; each life after the one before it, which may be about the same.
LIVES = (
    ("physician-asked", "physician-completed"),
    ("specialist-second-accepted", "specialist-booked", "specialist-seen", "specialist-patient-declined"),
    ("paramedical-parallel", "paramedical-no-show", "paramedical-booked-again"),
    ("admission-booked", "admission-cancelled"),
    ("unscheduled-unqualified", "unscheduled-cancelled"),
    ("support-spent",),
    ("enrolment-planned", "enrolment-active", "enrolment-finished"),
    ("circle-join", "circle-leave", "circle-consent-withdrawn"),
)
DIALECTS = ("fr-core-2.1.0", "fr-core-2.2.0")


def golden(name: str, dialect: str) -> pathlib.Path:
    return GOLDENS / f"{name}-{dialect}.json"


def find_deliver() -> pathlib.Path:
    named = os.environ.get("PASSERELLE_FHIR_DELIVER")
    places = [pathlib.Path(named)] if named else [w.REPOSITORY / "build" / kind / "fhir_deliver" for kind in ("ci", "dev")]
    found = [place for place in places if place.is_file()]
    require(found, "fhir_deliver is not built")
    return found[0]


class Lives:
    """The goldens of one dialect, and a server that gets them."""

    def __init__(self, server: fhir_server.Server, dialect: str):
        self.server, self._dialect = server, dialect

    def deliver(self, names: tuple[str, ...]) -> list[list[str]]:
        """The steps of each bundle."""
        server = self.server
        words = [str(find_deliver()), f"https://localhost:{server.port}/fhir", str(server.pki / "client.pem"),
                 str(server.pki / "client.key"), str(server.pki / "ca.pem"),
                 *(str(golden(name, self._dialect)) for name in names)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=600)
        steps = [line.split()[1:] for line in done.stdout.splitlines()]
        require_equal((done.returncode, len(steps)), (0, len(names)), f"delivery: {steps} {done.stderr[-500:]}")
        return steps

    def subjects(self, names: tuple[str, ...]) -> dict[str, dict | None]:
        """By which search each resource is found, and what it is in the end; None: it is only there."""
        found: dict[str, dict | None] = {}
        for name in names:
            for entry in json.loads(golden(name, self._dialect).read_bytes())["entry"]:
                request, resource = entry["request"], entry["resource"]
                if request["method"] == "PUT":
                    found[request["url"]] = resource
                else:
                    found.setdefault(f"{request['url']}?{request['ifNoneExist']}", None)
        return found

    def resource(self, search: str) -> dict:
        found = [one["resource"] for one in self.server.get(search).get("entry", [])]
        require_equal(len(found), 1, f"resources of {search.partition('?')[0]} under one identifier")
        return found[0]

    def versions(self, names: tuple[str, ...]) -> dict[str, tuple]:
        metas = {search: self.resource(search) for search in self.subjects(names)}
        return {search: (one["id"], one["meta"]["versionId"]) for search, one in metas.items()}


def check_lives(lives: Lives) -> None:
    """each state is delivered, though the server refuses, drops and truncates its first answers, and is there once; sent
    again, the last one changes nothing, and the earlier ones are not posted"""
    for names in LIVES:
        lives.deliver(names)
        for search, last in lives.subjects(names).items():
            there = lives.resource(search)
            if last is not None:
                require_equal(there.get("status"), last.get("status"), f"{names[-1]}: {last['resourceType']}.status")
                require_equal((there.get("businessStatus") or {}).get("coding"),
                              (last.get("businessStatus") or {}).get("coding"), f"{names[-1]}: businessStatus")
        before, received = lives.versions(names), len(lives.server.received())
        older = lives.deliver(names[:-1]) if names[:-1] else []
        require_equal(older, [["accepted:SUPERSEDED:"]] * len(older), f"{names[-1]}: the states before it")
        require_equal(len(lives.server.received()), received, f"{names[-1]}: what was posted of the states before it")
        steps = lives.deliver(names[-1:] * 2)
        # A fault may meet this one, too: then it is found.
        settled = {one[-1] for one in steps}
        require(settled <= {"accepted:ACCEPTED:200", "accepted:ALREADY_THERE:200"}, f"{names[-1]}: outcome {settled}")
        require_equal(lives.versions(names), before, f"{names[-1]}: versions")
    said = (lives.server.folder / "store" / "log.txt").read_text("utf-8")
    for fault in FAULTS:
        require(f"FAULT {re.split('[=@]', fault)[0]}" in said, f"{fault} did not happen")


def all_names() -> tuple[str, ...]:
    return tuple(name for names in LIVES for name in names)


def check_circle_goes_on(lives: Lives) -> None:
    """an enrolment whose circle has gone on since is sent, and leaves the circle as it is"""
    before = lives.versions(all_names())
    require_equal(lives.deliver(("enrolment-finished",)), [["accepted:ACCEPTED:200"]], "outcome")
    require_equal(lives.versions(all_names()), before, "versions")


def check_late(lives: Lives) -> None:
    """every request that came, acted upon once more, as late as can be: refused, or without effect"""
    before = lives.versions(all_names())
    for body in lives.server.received():
        lives.server.post(body, (200, 409, 412))
    require_equal(lives.versions(all_names()), before, "versions")


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
    for dialect in DIALECTS:
        with tempfile.TemporaryDirectory() as folder, fhir_server.Server(pathlib.Path(folder) / "fhir", FAULTS) as server:
            print(f"      {dialect}", flush=True)
            lives = Lives(server, dialect)
            for check in (check_lives, check_circle_goes_on, check_late):
                report.run(check, lives)
                report.end()
            if dialect == DIALECTS[0]:
                with w.World(mail=False) as world:
                    use_server(world, server)
                    report.run(check_gateway, world, server)
                    report.end()


if __name__ == "__main__":
    w.main(test)
