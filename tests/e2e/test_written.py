#!/usr/bin/env python3
"""What Passerelle writes is held to its own rules where it arrives, and versions keep their order: `passerelle check`
on what lies in the mailboxes, older versions, inherited restrictions."""

from __future__ import annotations

import json
import pathlib

import world as w
from world import box, require, require_equal

ADDRESS = "lettres@cabinet-lettres.demo.mssante.fr"
SAMPLES = ("complete", "minimal", "newborn", "pdf", "cda-passthrough", "no-ins")


def check(world: w.World, *files: pathlib.Path) -> tuple[int, list[dict]]:
    done = world.run("check", "--json", *files, expect=None)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def errors_of(reports: list[dict]) -> list[str]:
    return [issue["code"] for report in reports for issue in report["issues"] if issue["level"] == "LEVEL_ERROR"]


def to_one_mailbox(name: str, key: str):
    """A sample that goes to our mailbox only."""
    request = w.load_event(f"samples/letters/{name}.yaml")
    request.idempotency_key = key
    request.event.ClearField("recipients")
    request.event.recipients.add().person.mailbox = ADDRESS
    return request


def check_delivered(world: w.World, client: w.Client) -> None:
    """a letter of each kind, read from the mailbox, has no error in mail, archive and document"""
    for name in SAMPLES:
        status = client.wait_settled(client.submit(to_one_mailbox(name, f"ecrit-{name}")).status.event_id)
        require(w.all_delivered(status), f"{name} is not delivered")
    letters = world.letters_to(ADDRESS, len(SAMPLES))
    for number, raw in enumerate(letters):
        mail = world.folder / f"lettre-{number}.eml"
        mail.write_bytes(raw)
        archive = world.folder / f"lettre-{number}.zip"
        archive.write_bytes(box.xdm_attachment(box.parse_letter(raw)))
        code, reports = check(world, mail, archive)
        require_equal((code, errors_of(reports)), (0, []), f"check of letter {number}")


def archive_as_sent(raw: bytes) -> bytes:
    """The archive's base64, line by line as it stands in the letter."""
    part = next(one for one in box.parse_letter(raw).walk() if (one.get_filename() or "").upper() == "IHE_XDM.ZIP")
    return part.get_payload().strip().replace("\r\n", "\n").replace("\n", "\r\n").encode("ascii")


def check_altered(world: w.World) -> None:
    """another version number, another patient's archive, an INS that is claimed: each is found, and no value is told"""
    letters = world.letters_to(ADDRESS)
    qualified = next(one for one in letters if box.parse_letter(one)["X-MSS-INS"] == "O")
    other = next(one for one in letters if box.parse_letter(one)["X-MSS-INS"] == "N")
    document = next(iter(box.xdm_documents(box.open_xdm(box.xdm_attachment(box.parse_letter(qualified)))).values()))
    altered = {
        "version.xml": (document, document.replace(b'<versionNumber value="1"/>', b'<versionNumber value="0"/>')),
        "archive.eml": (qualified, qualified.replace(archive_as_sent(qualified), archive_as_sent(other))),
        "ins.eml": (other, other.replace(b"X-MSS-INS: N", b"X-MSS-INS: O")),
    }
    patient = box.read_cda(document)["patient"]
    for name, (before, after) in altered.items():
        require(before != after, f"{name}: the letter is not what this test expects")
        file = world.folder / name
        file.write_bytes(after)
        code, reports = check(world, file)
        require(code == 1 and errors_of(reports), f"{name} passes")
        text = json.dumps(reports, ensure_ascii=False).upper()
        for secret in (ADDRESS, patient["birth_name"], patient["ins"]):
            require(secret.upper() not in text, f"the report on {name} holds a value")


def version(key: str, number: int):
    """A version of one letter, each a document of its own that replaces the one before."""
    request = to_one_mailbox("restricted", key)
    metadata = request.event.discharge_letter.structured.metadata
    metadata.document_id, metadata.set_id = f"2.999.77.{number}", "2.999.77"
    metadata.version = number
    if number > 1:
        request.event.discharge_letter.replaces = f"2.999.77.{number - 1}"
    return request


def check_order(client: w.Client) -> None:
    """versions that arrive in the wrong order: the older one is refused, so is another document of that version"""
    later = client.submit(version("v3", 3)).status
    refusal = w.refusal_of(client.submit, version("v2", 2))
    require_equal((refusal.code, refusal.reason), ("FAILED_PRECONDITION", "NEWER_VERSION_KNOWN"), "answer to v2")
    twin = version("v3-bis", 3)
    twin.event.discharge_letter.structured.metadata.document_id = "2.999.77.33"
    refusal = w.refusal_of(client.submit, twin)
    require_equal((refusal.code, refusal.reason), ("ALREADY_EXISTS", "VERSION_REUSED"), "answer to another v3")
    require(w.all_delivered(client.wait_settled(later.event_id)), "v3 is not delivered")
    require(client.submit(version("v3", 3)).already_accepted, "v3 again")
    require(w.all_delivered(client.wait_settled(client.submit(version("v4", 4)).status.event_id)), "v4")


def check_inherited(client: w.Client) -> None:
    """a replacement that says nothing of restrictions inherits them; one that lifts them is told so"""
    silent = version("v5", 5)
    silent.event.ClearField("visibility")
    silent.event.discharge_letter.structured.metadata.ClearField("confidentiality")
    codes = [issue.code for issue in client.submit(silent).status.issues]
    require("RESTRICTION_INHERITED" in codes, f"issues of the silent one: {codes}")
    open_one = version("v6", 6)
    open_one.event.ClearField("visibility")
    open_one.event.visibility.SetInParent()
    open_one.event.discharge_letter.structured.metadata.confidentiality = 1
    codes = [issue.code for issue in client.submit(open_one).status.issues]
    require("RESTRICTION_LIFTED" in codes, f"issues of the open one: {codes}")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        client = world.client()
        report.run(check_delivered, world, client)
        report.run(check_altered, world)
        report.run(check_order, client)
        report.run(check_inherited, client)
        report.end()


if __name__ == "__main__":
    w.main(test)
