#!/usr/bin/env python3
"""The senders of docs/clients, each as an integrator runs it: the letter is accepted, sent again it is known, a gateway
that is away is waited for, and a letter that is wrong is refused with the fields at fault. And the least that they may
send."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass
from typing import Callable

import world as w
from world import require, require_equal

CLIENTS = w.REPOSITORY / "docs" / "clients"
BUILD_GO = w.REPOSITORY / "tests" / "clients" / "build_go.sh"
RIGHT_INS, WRONG_INS = "188073990999096", "188073990999097"


@dataclass
class Sender:
    """One language's program: how to run it, and how to run it with other values in its letter."""

    name: str
    source: pathlib.Path
    command: Callable[[pathlib.Path], list[str]]
    # The deadline of a call as its source has it, and a short one, where a call waits for the connection.
    deadline: tuple[str, str] | None = None

    def spoilt(self, folder: pathlib.Path, old: str, new: str) -> list[str]:
        text = self.source.read_text("utf-8")
        require(old in text, "the value to spoil is not in the letter")
        copy = folder / f"spoilt-{self.source.name}"
        copy.write_text(text.replace(old, new), "utf-8")
        return self.command(copy)


def python_command(source: pathlib.Path) -> list[str]:
    return [sys.executable, str(source)]


def go_command(source: pathlib.Path) -> list[str]:
    """Builds it, with this source in the place of main.go."""
    built = w.REPOSITORY / "build" / "clients" / "go"
    words = [str(BUILD_GO)]
    program = built / "send-letter"
    if source.parent != CLIENTS / "go":
        overlay, program = source.with_suffix(".json"), source.with_suffix("")
        overlay.write_text(json.dumps({"Replace": {str(built / "main.go"): str(source)}}), "utf-8")
        words += [str(overlay), str(program)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    require_equal(done.returncode, 0, f"exit status of the build, with {done.stdout}{done.stderr}")
    return [str(program)]


SENDERS = (Sender("python", CLIENTS / "python" / "send_letter.py", python_command, ("= 30, 120, 10", "= 1, 120, 10")),
           Sender("go", CLIENTS / "go" / "main.go", go_command))


class Scene:
    """A gateway on a port that is known before it serves. Nobody delivers: what is accepted is what is looked at."""

    def __init__(self, world: w.World, port: int):
        self.world, self.port = world, port

    def start(self, words: list[str], key: str) -> subprocess.Popen:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PASSERELLE_")}
        environment |= {"PASSERELLE_PKI": str(self.world.pki), "PASSERELLE_SERVER": f"localhost:{self.port}",
                        "PASSERELLE_IDEMPOTENCY_KEY": key}
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                encoding="utf-8")

    def run(self, words: list[str], key: str) -> tuple[int, str]:
        """Its exit status and what it printed."""
        require(self.world.gateways, "no gateway serves")
        process = self.start(words, key)
        said, complaints = process.communicate(timeout=120)
        return process.returncode, said + complaints


def check_pins(scene: Scene) -> None:
    """what the Python sender asks for is what it is tested with"""
    tested = (w.REPOSITORY / "tests" / "e2e" / "requirements.txt").read_text("ascii").split()
    for pin in (CLIENTS / "python" / "requirements.txt").read_text("ascii").split():
        require(pin in tested, f"{pin} is not what the tests install")


def check_waits(scene: Scene, sender: Sender) -> None:
    """it waits for a gateway that is away; then its letter is accepted, as a structured one"""
    words = sender.spoilt(scene.world.folder, *sender.deadline) if sender.deadline else sender.command(sender.source)
    with scene.start(words, f"{sender.name}-1") as process:
        try:
            first = process.stderr.readline()
            require("again in" in first, f"it does not say that the gateway is away: {first}")
            scene.world.start_gateway()
            said, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    require_equal(process.returncode, 0, f"exit status, with {said}")
    status = scene.world.client().get(idempotency_key=f"{sender.name}-1", tenant="cpts-demo")
    require_equal(said.split(), ["accepted:", status.event_id, "document:", status.document_id], "what it prints")
    require_equal(len(status.recipients), 1, "recipients")


def check_again(scene: Scene, sender: Sender) -> None:
    """run again under its key, it gets the same receipt"""
    status = scene.world.client().get(idempotency_key=f"{sender.name}-1", tenant="cpts-demo")
    ended, said = scene.run(sender.command(sender.source), f"{sender.name}-1")
    require_equal(ended, 0, f"exit status, with {said}")
    require(f"known already: {status.event_id}" in said, said)


def check_refused(scene: Scene, sender: Sender) -> None:
    """a wrong key in the INS: it prints the reason and the field, and never the value"""
    ended, said = scene.run(sender.spoilt(scene.world.folder, RIGHT_INS, WRONG_INS), f"{sender.name}-2")
    require_equal(ended, 1, f"exit status, with {said}")
    for expected in ("FIELD_INVALID", "  event.subject.ins.matricule: "):
        require(expected in said, said)
    require(WRONG_INS not in said, "the value is repeated")


def check_refused_inside(scene: Scene, sender: Sender) -> None:
    """a field of the letter itself that is wrong is told by its whole path"""
    old = "1 comprimé en cas de douleur, 3 par jour au plus"
    words = sender.spoilt(scene.world.folder, old, "1 comprimé " + "à renouveler " * 50)
    ended, said = scene.run(words, f"{sender.name}-3")
    require_equal(ended, 1, f"exit status, with {said}")
    path = "  event.discharge_letter.structured.treatments_at_discharge.treatments[0].dosage: "
    require("FIELD_INVALID" in said and path in said, said)


def without_one(message):
    """Copies of the message, each without one of the fields that it has, at any depth; with that field's name."""
    for descriptor, value in message.ListFields():
        yield descriptor.name, w.edited(message, lambda one: one.ClearField(descriptor.name))
        if descriptor.type != descriptor.TYPE_MESSAGE:
            continue
        repeated = descriptor.label == descriptor.LABEL_REPEATED
        for index, inner in enumerate(value if repeated else [value]):
            for name, changed in without_one(inner):
                copy = w.edited(message, lambda one: None)
                field = getattr(copy, descriptor.name)
                (field[index] if repeated else field).CopyFrom(changed)
                yield f"{descriptor.name}.{name}", copy


def check_minimal(scene: Scene) -> None:
    """minimal.yaml is accepted, and holds nothing that can be left out"""
    client = scene.world.client()
    request = w.load_event(w.LETTERS / "minimal.yaml")
    require(client.preview(w.preview_of(request)), "it has no preview")
    # A moment without its seconds is one of 1970.
    kept = [name for name, changed in without_one(request)
            if not name.endswith(".seconds") and not is_refused(client, changed)]
    require_equal(kept, [], "fields that may be left out")


def is_refused(client: w.Client, request) -> bool:
    try:
        client.preview(w.preview_of(request))
    except w.Refusal as refusal:
        return bool(refusal.reason)
    return False


def test(report: w.Report) -> None:
    port, = w.free_ports(1)
    listen = f"127.0.0.1:{port}"
    with w.World(change=lambda config: config["grpc"].update(listen=listen), mail=False) as world:
        scene = Scene(world, port)
        report.run(check_pins, scene)
        for sender in SENDERS:
            for check in (check_waits, check_again, check_refused, check_refused_inside):
                report.run(check, scene, sender, claim=f"{sender.name}: {check.__doc__}")
            for gateway in world.gateways:
                gateway.stop()
        world.start_gateway()
        report.run(check_minimal, scene)
        report.end()


if __name__ == "__main__":
    w.main(test)
