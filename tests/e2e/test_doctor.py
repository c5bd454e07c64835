#!/usr/bin/env python3
"""`passerelle doctor` says that all is well when it is, and names what is not."""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import re
import sqlite3
from dataclasses import dataclass

import world as w
from world import require, require_equal


@dataclass
class Doctor:
    """A world in which all is well, and what the doctor says when one thing is not."""

    world: w.World

    def ask(self, config: pathlib.Path | None = None, *options: str, expect: int = 0) -> dict[str, dict]:
        done = self.world.run("doctor", "--config", config or self.world.config_file, "--json", "--patience", 5,
                              *options, expect=expect)
        return {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}

    def failing(self, change=None, *options: str) -> dict[str, str]:
        """With a changed configuration: what fails, with the text."""
        path = self.world.write_config(change, self.world.folder / "malade.yaml")
        return self.failing_of(self.ask(path, *options, expect=1))

    @staticmethod
    def failing_of(checks: dict[str, dict]) -> dict[str, str]:
        bad = {name: one["text"] for name, one in checks.items() if one["health"] == "fail"}
        require(all(checks[name]["todo"] for name in bad), "it does not say what to do")
        return bad

    @contextlib.contextmanager
    def ledger_copy(self, edit):
        """A configuration with a whole copy of the ledger, after `edit(path)`."""
        copy = self.world.folder / "copie.db"
        copy.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(f"file:{self.world.ledger}?mode=ro", uri=True)) as ledger:
            ledger.execute("VACUUM INTO ?", (str(copy),))
        copy.chmod(0o600)
        edit(copy)
        yield lambda config: config["ledger"].update(path=str(copy))


def check_well(doctor: Doctor) -> None:
    """when all is well it says so, with status 0, beside a running gateway and without one, and changes nothing"""
    world = doctor.world
    for running in (True, False):
        if not running:
            world.gateway.stop()
        before = hashlib.sha256(world.ledger.read_bytes()).hexdigest()
        checks = doctor.ask()
        bad = {name: one for name, one in checks.items() if one["health"] != "ok" and name != "clock"}
        require_equal(bad, {}, "what is not well")
        for name in ("configuration", "policy", "tenants' keys", "ledger", "ledger's pages", "audit", "disk",
                     "certificate of the gRPC door", "partner mail-demo", "partner dmp-demo", "partner outil-demo"):
            require(name in checks, f"it does not look at: {name}")
        require(("in use by a gateway" in checks["ledger"]["text"]) == running, checks["ledger"]["text"])
        require_equal(hashlib.sha256(world.ledger.read_bytes()).hexdigest(), before, "hash of the ledger")
    said = world.run("doctor", "--config", world.config_file, "--quick").stdout
    require("ok    partner mail-demo" in said and "audit" not in said, said)


def check_certificates(doctor: Doctor) -> None:
    """it names a certificate that has expired, does not fit its key, or ends soon; and the file"""
    pki = doctor.world.pki
    w.issue_expired(pki, "perimee", "serverAuth")

    def tls(of, **files):
        return lambda config: of(config)["tls"].update({name: str(pki / file) for name, file in files.items()})

    def door(config):
        return config["grpc"]

    bad = doctor.failing(tls(door, certificate_file="perimee.pem", key_file="perimee.key"), "--quick")
    require_equal(list(bad), ["certificate of the gRPC door"], "what fails")
    require("perimee.pem" in bad["certificate of the gRPC door"] and "expired" in str(bad), str(bad))
    bad = doctor.failing(tls(door, key_file="mail-client.key"), "--quick")
    require_equal(list(bad), ["certificate of the gRPC door"], "what fails")
    w.issue(pki, "courte", "localhost", "serverAuth")
    path = doctor.world.write_config(tls(door, certificate_file="courte.pem", key_file="courte.key"),
                                     doctor.world.folder / "malade.yaml")
    require_equal(doctor.ask(path, "--quick")["certificate of the gRPC door"]["health"], "warn", "two days are left")


def check_partners(doctor: Doctor) -> None:
    """it names a partner that is down, whose certificate we do not trust, or that does not take ours, and why"""
    world = doctor.world
    other = world.folder / "autre"
    world.run("pki", "dev", "--out", other)
    stranger = {"ca_file": str(other / "ca.pem")}
    bad = doctor.failing(lambda config: config["repositories"][0]["tls"].update(stranger), "--quick")
    require_equal(list(bad), ["partner dmp-demo"], "what fails")
    require("PARTNER_CERTIFICATE" in bad["partner dmp-demo"], str(bad))
    foreign = {"certificate_file": str(other / "mail-client.pem"), "key_file": str(other / "mail-client.key")}
    bad = doctor.failing(lambda config: config["mssante"][0]["tls"].update(foreign), "--quick")
    require_equal(list(bad), ["partner mail-demo"], "what fails")
    world.repository.go_down()
    bad = doctor.failing(None, "--quick")
    require_equal(sorted(bad), ["partner dmp-demo", "partner outil-demo", "partner territoire-demo"], "what fails")
    require(all("CONNECTION_REFUSED" in text for text in bad.values()), str(bad))
    world.repository.come_up()
    nowhere = "nulle-part.invalid"
    bad = doctor.failing(lambda config: config["mssante"][0].update(host=nowhere), "--quick")
    require("HOST_NOT_FOUND" in bad["partner mail-demo"], str(bad))


def check_ledger(doctor: Doctor) -> None:
    """it names a ledger that is damaged, edited, open to others or sealed under a key that is not there"""
    def damage(path: pathlib.Path) -> None:
        pages = bytearray(path.read_bytes())
        for at in range(4096, len(pages) - 4096, 4096):
            pages[at + 8:at + 40] = b"\xff" * 32
        path.write_bytes(pages)

    def edit(path: pathlib.Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as ledger, ledger:
            ledger.execute("UPDATE audit SET actor = 'personne' WHERE seq = (SELECT max(seq) FROM audit)")

    with doctor.ledger_copy(damage) as change:
        bad = doctor.failing(change)
        require({"ledger", "ledger's pages", "audit"} & set(bad), f"what fails: {bad}")
    with doctor.ledger_copy(edit) as change:
        require_equal(list(doctor.failing(change)), ["audit"], "what fails")
        path = doctor.world.write_config(change, doctor.world.folder / "malade.yaml")
        doctor.ask(path, "--quick")  # which does not read that far
    with doctor.ledger_copy(lambda path: path.chmod(0o644)) as change:
        require_equal(list(doctor.failing(change)), ["ledger"], "what fails")
    with doctor.ledger_copy(lambda path: path.write_bytes(b"rubbish" * 1000)) as change:
        require_equal(list(doctor.failing(change)), ["ledger"], "what fails")
    new = doctor.world.folder / "neuve.key"
    new.write_text("ab" * 32 + "\n")
    new.chmod(0o600)
    bad = doctor.failing(lambda config: config["tenants"][0]["key"].update(id="cpts-neuve", file=str(new)), "--quick")
    require_equal(list(bad), ["keys of the ledger"], "what fails")
    require("cpts-demo-1" in bad["keys of the ledger"], str(bad))
    bad = doctor.failing(lambda config: config["tenants"][0]["key"].update(file="/absent.key"), "--quick")
    require("/absent.key" in bad["tenants' keys"], str(bad))


def check_configuration(doctor: Doctor) -> None:
    """a configuration that is wrong is named with its line, a policy with its file; a disk that is nearly full, too"""
    world = doctor.world
    path = world.folder / "faux.yaml"
    path.write_text(world.config_file.read_text("utf-8").replace("sender_name:", "sender_nom:"), "utf-8")
    bad = doctor.failing_of(doctor.ask(path, expect=1))
    require_equal(list(bad), ["configuration"], "what fails")
    require(re.search(r"faux\.yaml:\d+:\d+", bad["configuration"]), str(bad))
    bad = doctor.failing_of(doctor.ask(world.folder / "absent.yaml", expect=1))
    require("absent.yaml" in bad["configuration"], str(bad))
    bad = doctor.failing(lambda config: config.update(policy_file="absente.yaml"), "--quick")
    require("absente.yaml" in bad["policy"], str(bad))
    bad = doctor.failing(lambda config: config.update(limits={"disk_free_bytes_min": str(1 << 40)}), "--quick")
    require_equal(list(bad), ["disk"], "what fails")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        client = world.client()
        status = client.submit(w.letter("docteur", "shared_record")).status
        require(w.all_delivered(client.wait_settled(status.event_id)), "it is not delivered")
        for check in (check_well, check_certificates, check_partners, check_ledger, check_configuration):
            report.run(check, Doctor(world))
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()


if __name__ == "__main__":
    w.main(test)
