#!/usr/bin/env python3
"""The README's first letter from Python runs as it stands there, and does what the README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import world as w
from world import box, require, require_equal

MARK = "<!-- test:first-letter -->"
MAILBOX = "claire.dubreuil@medecin.demo.mssante.fr"


def first_letter() -> str:
    """The first block of Python after the mark."""
    readme = (w.REPOSITORY / "README.md").read_text("utf-8")
    found = re.search(re.escape(MARK) + r".*?^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    require(found, f"README.md has no block of Python after {MARK}")
    return found.group(1)


def run(world: w.World, code: str, key: str) -> subprocess.CompletedProcess:
    """As a reader runs it, in a checkout of its own: what it makes does not end up in ours."""
    checkout = world.folder / "checkout"
    if not checkout.exists():
        checkout.mkdir()
        for name in ("proto", "samples"):
            (checkout / name).symlink_to(w.REPOSITORY / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONPATH")}
    environment |= {"PASSERELLE_PKI": str(world.pki), "PASSERELLE_SERVER": f"localhost:{world.gateway.port}",
                    "PASSERELLE_IDEMPOTENCY_KEY": key}
    return subprocess.run([sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True,
                          timeout=120, check=False)


def check_arrives(world: w.World) -> None:
    """it sends a letter, and sees that it arrived"""
    done = run(world, first_letter(), "readme-1")
    require_equal(done.returncode, 0, f"exit status, with {done.stdout}{done.stderr}")
    require("RECIPIENT_STATE_REACHED" in done.stdout and "250" in done.stdout, done.stdout)
    status = world.client().get(idempotency_key="readme-1", tenant="cpts-demo")
    require(status.event_id in done.stdout and status.document_id in done.stdout, done.stdout)
    letter = box.parse_letter(world.letters_to(MAILBOX)[0])
    require_equal(letter["Message-ID"], status.recipients[0].deliveries[0].partner_reference, "Message-ID")
    require_equal(box.check_xdm(box.xdm_attachment(letter)), [], "faults")


def check_again(world: w.World) -> None:
    """run again with its key, it gets the same receipt, and no second letter leaves"""
    before = world.client().get(idempotency_key="readme-1", tenant="cpts-demo")
    done = run(world, first_letter(), "readme-1")
    require_equal(done.returncode, 0, f"exit status, with {done.stdout}{done.stderr}")
    require(before.event_id in done.stdout, "another event")
    require_equal(len(world.letters_to(MAILBOX)), 1, "letters")


def check_error(world: w.World) -> None:
    """with a wrong INS key in it, it prints the reason and the field at fault"""
    code = first_letter()
    require("139113990299055" in code, "the example's INS is not the one that this test spoils")
    done = run(world, code.replace("139113990299055", "139113990299056"), "readme-2")
    require_equal(done.returncode, 1, f"exit status, with {done.stdout}{done.stderr}")
    for expected in ("INVALID_ARGUMENT", "FIELD_INVALID", "event.subject.ins.matricule"):
        require(expected in done.stdout, done.stdout)
    require("139113990299056" not in done.stdout, "the value is repeated")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        for check in (check_arrives, check_again, check_error):
            report.run(check, world)
        report.end()


if __name__ == "__main__":
    w.main(test)
