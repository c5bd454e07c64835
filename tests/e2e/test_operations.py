#!/usr/bin/env python3
"""What an operator does: finds events, tries again, withdraws, looks at metrics and health, renews certificates,
stops. And who may do which of it."""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field

from google.protobuf import timestamp_pb2
from passerelle.v1 import delivery_pb2

import world as w
from world import repo, require, require_equal, wait_until

MAILBOX = "jeanne.absente@cabinet-ferme.demo.mssante.fr"
PENDING, DELIVERED, REJECTED = (delivery_pb2.DeliveryState.Value(f"DELIVERY_STATE_{name}")
                                for name in ("PENDING", "DELIVERED", "REJECTED"))
# From a signal to the end when nothing is under way, whoever is connected.
IDLE_STOP_S = 2
# How long a replaced file may go unseen; the gateway looks every few seconds.
SEEN_S = 20


@dataclass
class Scene:
    """A gateway, a repository and a tool that work, and a mail service that is not there."""

    world: w.World
    client: w.Client = field(init=False)
    operator: w.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client, self.operator = self.world.client(), self.world.client("operateur")

    def submit(self, *targets: str, key: str = "", client: w.Client | None = None):
        return (client or self.client).submit(w.letter(key or f"op-{uuid.uuid4()}", *targets)).status

    def settled(self, status):
        return self.client.wait_settled(status.event_id)

    def rejected(self):
        """An event that the repository refused once; it would not again."""
        self.world.repository.fault(repo.refuse(422))
        status = self.settled(self.submit("shared_record"))
        require_equal(w.state_name(first(status)), "rejected", "state")
        return status

    def restart(self, change=None) -> None:
        self.world.gateway.stop()
        self.world.write_config(change)
        self.world.start_gateway()
        self.__post_init__()


def first(status):
    return status.recipients[0].deliveries[0]


def states_of(status) -> list[str]:
    return [w.state_name(one) for one in w.deliveries_of(status)]


def require_refused(code: str, reason: str, call, *inputs) -> w.Refusal:
    refusal = w.refusal_of(call, *inputs)
    require_equal((refusal.code, refusal.reason), (code, reason), "answer")
    return refusal


# --- finding ------------------------------------------------------------------------------------------------


def list_letters(scene: Scene) -> dict[str, object]:
    """Five events of different fates, by a name."""
    scene.world.repository.fault(repo.refuse(422))
    found = {"refused": scene.settled(scene.submit("shared_record"))}
    found["filed"] = scene.settled(scene.submit("shared_record"))
    found["told"] = scene.settled(scene.submit("outil-demo"))
    found["mail"] = scene.submit(MAILBOX)
    found["both"] = scene.submit("outil-demo", MAILBOX)
    wait_until(lambda: "delivered" in states_of(scene.client.get(event_id=found["both"].event_id)), "not delivered")
    return found


def names_of(events, found: dict) -> list[str]:
    by_id = {status.event_id: name for name, status in found.items()}
    return [by_id.get(one.event_id, "?") for one in events]


def require_listed(scene: Scene, found: dict, expected: str, **filters) -> None:
    page = scene.client.list(**filters)
    require_equal(names_of(page.events, found), expected.split(), f"events with {sorted(filters)}")


def check_filters(scene: Scene) -> None:
    """each filter lets through what it names, all of them together what fulfils all, newest first"""
    found = list_letters(scene)
    every = "both mail told filed refused"
    require_listed(scene, found, every)
    require_listed(scene, found, "both told filed", states=[DELIVERED])
    require_listed(scene, found, "refused", states=[REJECTED])
    require_listed(scene, found, "both told filed refused", states=[REJECTED, DELIVERED])
    require_listed(scene, found, every, kinds=["discharge_letter"])
    require_listed(scene, found, "", kinds=["imaging_report"])
    require_listed(scene, found, "both mail", recipient_mailbox=MAILBOX)
    require_listed(scene, found, "both mail", recipient_mailbox=MAILBOX.upper())
    require_listed(scene, found, "", recipient_mailbox="autre@cabinet-ferme.demo.mssante.fr")
    require_listed(scene, found, "both told", adapter="outil-demo")
    require_listed(scene, found, "filed refused", adapter="dmp-demo")
    require_listed(scene, found, "refused", task_open=True)
    told = found["told"].accepted_at
    require_listed(scene, found, "both mail told", accepted_from=told)
    require_listed(scene, found, "filed refused", accepted_before=told)
    later = timestamp_pb2.Timestamp(seconds=told.seconds + 3600)
    require_listed(scene, found, "both", accepted_from=told, accepted_before=later, adapter="outil-demo",
                   recipient_mailbox=MAILBOX, kinds=["discharge_letter"], states=[DELIVERED])
    shown = scene.client.list(states=[REJECTED]).events[0]
    whole = scene.client.get(event_id=found["refused"].event_id)
    del whole.issues[:]
    require_equal(shown, whole, "what the list says, beside what GetEvent says")


def check_bad_questions(scene: Scene) -> None:
    """a filter or a page size that is none is refused by its name, and never echoed"""
    bad = (("filter.states", {"states": [1] * 9}), ("filter.kinds", {"kinds": ["x"] * 21}),
           ("filter.states[0]", {"states": [0]}), ("filter.recipient_mailbox", {"recipient_mailbox": "poison"}),
           ("filter.adapter", {"adapter": "Poison !"}), ("page_size", {"page_size": 501}),
           ("page_size", {"page_size": -1}), ("tenant", {"tenant": ""}), ("page_token", {"page_token": "poison"}))
    for name, question in bad:
        refusal = require_refused("INVALID_ARGUMENT", "FIELD_INVALID", lambda q=question: scene.client.list(**q))
        require_equal(list(refusal.fields), [name], f"fields for {name}")
        require(b"oison" not in refusal.raw, "the answer repeats the value")
    require_refused("PERMISSION_DENIED", "NOT_ALLOWED", lambda: scene.client.list("cpts-voisine"))


def check_paging(scene: Scene) -> None:
    """pages together are the whole, newest first, whatever is accepted meanwhile; a token fits its own question only"""
    scene.world.repository.go_down()
    accepted = [scene.submit("outil-demo").event_id for _ in range(23)]
    question = {"adapter": "outil-demo", "states": [PENDING], "page_size": 5}
    listed, token, pages = [], "", 0
    while True:
        page = scene.client.list(page_token=token, **question)
        listed += [one.event_id for one in page.events]
        token, pages = page.next_page_token, pages + 1
        if not token:
            break
        last = token
        scene.submit("outil-demo")
    kept = [one for one in listed if one in accepted]
    require_equal(kept, list(reversed(accepted)), "the events of before, in order")
    require(pages >= 5 and len(set(listed)) == len(listed), f"{pages} pages, {len(listed)} events")
    for other in ({"adapter": "dmp-demo"}, {"states": [DELIVERED]}, {"task_open": True}):
        refusal = require_refused("INVALID_ARGUMENT", "FIELD_INVALID",
                                  lambda o=other: scene.client.list(page_token=last, **(question | o)))
        require_equal(list(refusal.fields), ["page_token"], f"fields for {other}")
    middle = len(last) // 2
    changed = last[:middle] + ("A" if last[middle] != "A" else "B") + last[middle + 1:]
    for client, token in ((scene.operator, last), (scene.client, changed), (scene.client, last[:-4])):
        require_refused("INVALID_ARGUMENT", "FIELD_INVALID", lambda c=client, t=token: c.list(page_token=t, **question))
    require(scene.client.list(page_token=last, **(question | {"page_size": 2})).events, "another page size is refused")
    scene.world.repository.come_up()
    for event_id in accepted:
        require(w.all_delivered(scene.client.wait_settled(event_id)), "it is not delivered")


# --- trying again -------------------------------------------------------------------------------------------


def check_retry(scene: Scene) -> None:
    """a rejected delivery is retried: it arrives, its task closes; the same key again does nothing"""
    status = scene.rejected()
    require(status.recipients[0].task_id, "no task is open")
    answer = scene.client.retry(first(status).id, "essai-1")
    require(not answer.already_retried, "it says that it was retried before")
    after = scene.settled(status)
    require(w.all_delivered(after), f"{states_of(after)}")
    require(not after.recipients[0].task_id, "the task is still open")
    require_equal(first(after).attempts, 1, "attempts since the retry")
    scene.world.repository.document(status.document_id)
    posts = scene.world.repository.count("POST")
    for _ in range(2):
        again = scene.client.retry(first(status).id, "essai-1")
        require(again.already_retried, "the same key counts twice")
        require_equal(again.status, scene.client.get(event_id=status.event_id), "status")
    require_equal(scene.world.repository.count("POST"), posts, "times that it was sent")


def check_retry_fails_again(scene: Scene) -> None:
    """retried and refused again: the same key leaves it so, another key tries once more"""
    status = scene.rejected()
    scene.world.repository.fault(repo.refuse(422))
    scene.client.retry(first(status).id, "encore-1")
    after = scene.settled(status)
    require_equal(w.state_name(first(after)), "rejected", "state")
    require(after.recipients[0].task_id not in ("", status.recipients[0].task_id), "the task is not a new one")
    require(scene.client.retry(first(status).id, "encore-1").already_retried, "the same key counts twice")
    time.sleep(1)
    require_equal(states_of(scene.client.get(event_id=status.event_id)), ["rejected"], "states")
    require(not scene.client.retry(first(status).id, "encore-2").already_retried, "another key does not count")
    require(w.all_delivered(scene.settled(status)), "it is not delivered")


def check_cannot_retry(scene: Scene) -> None:
    """what is owed or delivered cannot be retried; what is not there is not found; a bad question is refused"""
    delivered = scene.settled(scene.submit("outil-demo"))
    waiting = scene.submit(MAILBOX)
    for status in (delivered, waiting):
        require_refused("FAILED_PRECONDITION", "CANNOT_RETRY", scene.client.retry, first(status).id, "non")
    require_refused("NOT_FOUND", "NOT_FOUND", scene.client.retry, str(uuid.uuid4()), "non")
    for delivery, key, name in (("poison", "non", "delivery_id"), (first(delivered).id, "", "idempotency_key"),
                                (first(delivered).id, "deux mots", "idempotency_key")):
        refusal = require_refused("INVALID_ARGUMENT", "FIELD_INVALID", scene.client.retry, delivery, key)
        require_equal(list(refusal.fields), [name], "fields")


# --- withdrawing --------------------------------------------------------------------------------------------


def withdraw(client: w.Client, **which):
    """Cancels as soon as no attempt is under way, which a partner that is down makes short."""
    def cancelled():
        try:
            return client.cancel(**which)
        except w.Refusal as refusal:
            require_equal(refusal.reason, "CANNOT_CANCEL", "answer")
            return None

    return wait_until(cancelled, "it is never withdrawn")


def check_cancel(scene: Scene) -> None:
    """while its partners are down an event is withdrawn; they come back, and get nothing; withdrawing twice is once"""
    world = scene.world
    world.repository.go_down()
    status = scene.submit("shared_record", "outil-demo", key="retrait")
    calls, withdrawn = len(world.repository.tool_calls), 0
    while withdrawn < 2:  # one of the two may be under way at a moment
        answer = withdraw(scene.client, idempotency_key="retrait", tenant="cpts-demo")
        withdrawn += answer.cancelled
    require_equal((states_of(answer.status), answer.status.event_id), (["cancelled"] * 2, status.event_id), "answer")
    require_equal(scene.client.cancel(event_id=status.event_id).cancelled, 0, "withdrawn the second time")
    world.repository.come_up()
    other = scene.settled(scene.submit("shared_record", "outil-demo"))
    require(w.all_delivered(other), "another is not delivered")
    time.sleep(1.5)
    require_equal(states_of(scene.client.get(event_id=status.event_id)), ["cancelled"] * 2, "states afterwards")
    require_equal(world.repository.copies(status.document_id), [], "documents")
    require_equal(len(world.repository.tool_calls), calls + 1, "calls to the tool: the other's")
    require_refused("FAILED_PRECONDITION", "CANNOT_RETRY", scene.client.retry, first(status).id, "trop-tard")


def check_cancel_partly(scene: Scene) -> None:
    """what has left stays, what has not is withdrawn, and the answer says which"""
    status = scene.submit("shared_record", MAILBOX)
    wait_until(lambda: "delivered" in states_of(scene.client.get(event_id=status.event_id)), "not delivered")
    answer = withdraw(scene.client, event_id=status.event_id)
    require_equal((answer.cancelled, states_of(answer.status)), (1, ["delivered", "cancelled"]), "answer")
    scene.world.repository.document(status.document_id)


def check_cannot_cancel(scene: Scene) -> None:
    """what was delivered, refused, or is on its way cannot be withdrawn, and goes on"""
    scene.world.repository.fault(repo.Fault(after_s=2))
    sending = scene.submit("shared_record")
    wait_until(lambda: states_of(scene.client.get(event_id=sending.event_id)) == ["sending"], "it is not sent")
    require_refused("FAILED_PRECONDITION", "CANNOT_CANCEL", lambda: scene.client.cancel(event_id=sending.event_id))
    require(w.all_delivered(scene.settled(sending)), "it is not delivered")
    for event_id in (sending.event_id, scene.rejected().event_id):
        require_refused("FAILED_PRECONDITION", "CANNOT_CANCEL", lambda e=event_id: scene.client.cancel(event_id=e))
    require_refused("NOT_FOUND", "NOT_FOUND", lambda: scene.client.cancel(event_id=str(uuid.uuid4())))
    require_refused("INVALID_ARGUMENT", "FIELD_INVALID", lambda: scene.client.cancel(event_id="poison"))


# --- who may ------------------------------------------------------------------------------------------------


def check_roles(scene: Scene) -> None:
    """who may only read cannot repair, nor see others' events; an operator sees and repairs all, and sends none"""
    world, operator = scene.world, scene.operator
    clinic = world.client("clinique")
    ours, own = scene.rejected(), scene.submit("outil-demo", client=clinic)
    delivery = first(ours).id
    for call in (lambda: clinic.get(event_id=ours.event_id), lambda: clinic.retry(delivery, "a"),
                 lambda: clinic.cancel(event_id=ours.event_id)):
        require_refused("NOT_FOUND", "NOT_FOUND", call)
    require_equal([one.event_id for one in clinic.list().events], [own.event_id], "the clinic's list")
    world.repository.fault(repo.refuse(422))
    refused = scene.submit("shared_record", client=clinic)
    clinic.wait_settled(refused.event_id)
    for call in (lambda: clinic.retry(first(refused).id, "a"), lambda: clinic.cancel(event_id=refused.event_id)):
        require_refused("PERMISSION_DENIED", "NOT_ALLOWED", call)
    listed = {one.event_id for one in operator.list().events}
    require({ours.event_id, own.event_id, refused.event_id} <= listed, "the operator does not see all")
    seen = [client.get(event_id=ours.event_id) for client in (operator, scene.client)]
    require_equal(*seen, "what the operator sees")
    for status in (ours, refused):
        operator.retry(first(status).id, "operateur-1")
        require(w.all_delivered(operator.wait_settled(status.event_id)), "it is not delivered")
    waiting = scene.submit(MAILBOX, client=clinic)
    require_equal(withdraw(operator, event_id=waiting.event_id).cancelled, 1, "withdrawn by the operator")
    request = w.letter("operateur", "outil-demo")
    for call, message in ((operator.submit, request), (operator.preview, w.preview_of(request))):
        require_refused("PERMISSION_DENIED", "NOT_ALLOWED", call, message)
    require_refused("PERMISSION_DENIED", "NOT_ALLOWED", lambda: operator.list("cpts-voisine"))
    actors = {actor for (actor,) in world.rows("SELECT DISTINCT actor FROM audit")}
    require({"operateur-demo", "hopital-demo", "clinique"} <= actors, f"actors in the audit chain: {actors}")


# --- reflection, metrics, health ----------------------------------------------------------------------------

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
LIST_SERVICES, SYMBOL = b"\x3a\x00", b"\x22\x15passerelle.v1.Gateway"


def reflect(client: w.Client, question: bytes) -> bytes:
    call = client.channel.stream_stream(REFLECTION, request_serializer=bytes, response_deserializer=bytes)
    return next(w.Answers(call(iter([question]), timeout=w.CALL_S, wait_for_ready=True)))


def check_reflection(scene: Scene) -> None:
    """reflection tells the service and its schema when it is switched on, and nothing when not"""
    require(b"passerelle.v1.Gateway" in reflect(scene.client, LIST_SERVICES), "the service is not listed")
    schema = reflect(scene.client, SYMBOL)
    require(all(name in schema for name in (b"SubmitEvents", b"WatchEvents", b"CancelEvent")), "the schema is not told")
    scene.restart(lambda config: config["grpc"].update(reflection=False))
    require_equal(w.refusal_of(reflect, scene.client, LIST_SERVICES).code, "UNIMPLEMENTED", "answer when it is off")
    scene.restart()


class Metrics:
    """What /metrics says at a moment."""

    def __init__(self, gateway: w.Gateway):
        status, self.text = gateway.http("/metrics")
        require_equal(status, 200, "status")

    def sum(self, name: str, **labels: str) -> float:
        """Of all series of that name with these labels among theirs."""
        total = 0.0
        for line in self.text.splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == f"passerelle_{name}":
                given = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                total += float(found[3]) if labels.items() <= given.items() else 0
        return total


def check_metrics(scene: Scene) -> None:
    """the metrics agree with what was done, and name nobody"""
    world = scene.world
    begin = time.monotonic()
    for number in range(3):
        request = w.letter(f"mesure-{number}", "outil-demo")
        for _ in range(2):  # known the second time
            scene.settled(scene.client.submit(request).status)
    require_refused("INVALID_ARGUMENT", "FIELD_INVALID", scene.client.submit, w.letter("mesure-refus"))
    world.repository.fault(repo.refuse(503))
    require(w.all_delivered(scene.settled(scene.submit("shared_record"))), "it is not delivered")
    status = scene.rejected()
    require_equal(Metrics(world.gateway).sum("open_tasks"), 1, "open tasks")
    scene.client.retry(first(status).id, "mesure")
    scene.settled(status)
    owed, withdrawn = scene.submit(MAILBOX), scene.submit(MAILBOX)
    withdraw(scene.client, event_id=withdrawn.event_id)
    time.sleep(1.1)  # the ledger is asked once a second
    found = Metrics(world.gateway)
    for expected, name, labels in (
            (7, "events_accepted_total", {"tenant": "cpts-demo", "kind": "discharge_letter"}),
            (7, "events_accepted_total", {}),
            (1, "events_refused_total", {"reason": "FIELD_INVALID"}),
            (3, "attempts_total", {"adapter": "outil-demo", "verdict": "accepted", "reason": "ACCEPTED"}),
            (2, "attempts_total", {"adapter": "dmp-demo", "verdict": "accepted"}),
            (1, "attempts_total", {"adapter": "dmp-demo", "verdict": "try_later", "reason": "PARTNER_BUSY"}),
            (1, "attempts_total", {"adapter": "dmp-demo", "verdict": "rejected", "reason": "CONTENT_REFUSED"}),
            (1, "retries_total", {"adapter": "dmp-demo"}),
            (0, "retries_total", {"adapter": "outil-demo"}),
            (2, "deliveries_total", {"adapter": "dmp-demo", "state": "delivered"}),
            (1, "deliveries_total", {"adapter": "dmp-demo", "state": "rejected"}),
            (3, "deliveries_total", {"adapter": "outil-demo", "state": "delivered"}),
            (1, "moves_total", {"happening": "cancelled"}),
            (1, "moves_total", {"happening": "retried"}),
            (1, "deliveries_waiting", {}),
            (1, "deliveries_waiting", {"adapter": "mail-demo", "lane": "letters"}),
            (0, "open_tasks", {}),
            (1, "ledger_up", {}),
            (expiry_of(world.pki / "gateway.pem"), "certificate_expiry_timestamp_seconds", {"use": "grpc"}),
            (expiry_of(world.pki / "mail-client.pem"), "certificate_expiry_timestamp_seconds", {"use": "dmp-demo"})):
        require_equal(found.sum(name, **labels), expected, f"{name} {labels}")
    age = found.sum("oldest_waiting_seconds", adapter="mail-demo")
    require(1 <= age <= time.monotonic() - begin + 1, f"the oldest waits for {age} s")
    require(found.sum("commit_seconds_count") > 0, "no commit was measured")
    for name in ("MOREL", "mssante.fr", "262073990399045", owed.event_id):
        require(name not in found.text, "a metric says whom it is about")


def said_of(certificate: pathlib.Path, what: str) -> str:
    said = subprocess.run(["openssl", "x509", "-noout", what, "-in", certificate], capture_output=True, text=True,
                          check=True).stdout
    return said.strip().partition("=")[2]


def expiry_of(certificate: pathlib.Path) -> int:
    return calendar.timegm(time.strptime(said_of(certificate, "-enddate"), "%b %d %H:%M:%S %Y GMT"))


def serial_of(certificate: pathlib.Path) -> int:
    return int(said_of(certificate, "-serial"), 16)


def check_health(scene: Scene) -> None:
    """healthy and ready while it serves; while it stops it is still healthy, and ready no more; then it is gone"""
    gateway = scene.world.gateway
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/metrics/x", 404)):
        require_equal(gateway.http(path)[0], status, f"status of {path}")
    health = scene.client.channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes,
                                              response_deserializer=bytes)
    require_equal(health(b"", timeout=w.CALL_S), b"\x08\x01", "gRPC health: SERVING")
    scene.world.repository.fault(repo.Fault(before_s=2, on="tool"))
    status = scene.submit("outil-demo")
    wait_until(lambda: states_of(scene.client.get(event_id=status.event_id)) == ["sending"], "it is not sent")
    gateway.process.send_signal(signal.SIGTERM)
    answer = wait_until(lambda: (said := gateway.http("/readyz"))[0] == 503 and said, "it stays ready while it stops")
    require_equal(json.loads(answer[1]), {"status": "failing", "failing": ["serving"]}, "why it is not ready")
    require_equal(gateway.http("/healthz")[0], 200, "health while it stops")
    require_equal(gateway.stop(), 0, "exit status")
    scene.world.start_gateway()
    scene.__post_init__()
    require_equal(states_of(scene.client.get(event_id=status.event_id)), ["delivered"], "what was on its way")


# --- stopping -----------------------------------------------------------------------------------------------


def check_idle_stop(scene: Scene) -> None:
    """clients that are connected and do nothing, watchers, and open streams hold no stop up: under two seconds"""
    for open_calls in ("none", "watches", "streams"):
        clients = [scene.world.client() for _ in range(5)]
        for client in clients:
            client.list()
        over = threading.Event()
        if open_calls == "watches":
            calls = [client.watch(from_now=True) for client in clients]
            for call in calls:
                next(call)
        else:
            calls = [client.stream(never_ending(over)) for client in clients] if open_calls == "streams" else []
            for call in calls:
                require(next(call).HasField("status"), "the letter is refused")
        begin = time.monotonic()
        require_equal(scene.world.gateway.stop(), 0, "exit status")
        took = time.monotonic() - begin
        for call in calls:
            require_equal(w.refusal_of(list, call).reason, "DRAINING", "how a call ends")
        over.set()
        print(f"      open calls: {open_calls}: {took:.2f} s", flush=True)
        require(took < IDLE_STOP_S, f"it took {took:.1f} s")
        scene.world.start_gateway()
    scene.__post_init__()


def never_ending(over: threading.Event):
    """One letter, and then the sender has nothing more to say, and does not hang up."""
    yield w.letter(f"op-{uuid.uuid4()}", "outil-demo")
    over.wait()


# --- certificates -------------------------------------------------------------------------------------------


def put(source: pathlib.Path, target: pathlib.Path) -> None:
    """As an operator renews a file: by rename."""
    beside = target.with_suffix(".new")
    shutil.copy(source, beside)
    os.replace(beside, target)


def serial_at(world: w.World, port: int) -> int:
    """Of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=world.pki / "ca.pem")
    context.load_cert_chain(world.pki / "hopital.pem", world.pki / "hopital.key")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            return int(connection.getpeercert()["serialNumber"], 16)


def certificates_change(config: dict, pki: pathlib.Path) -> None:
    """Files of their own for each use, which the checks replace."""
    config["grpc"]["tls"] = {"certificate_file": str(pki / "porte.pem"), "key_file": str(pki / "porte.key"),
                             "ca_file": str(pki / "clients.pem")}
    config["http"]["tls"] = dict(config["grpc"]["tls"])
    config["repositories"][0]["tls"] |= {"certificate_file": str(pki / "chez-depot.pem"),
                                         "key_file": str(pki / "chez-depot.key")}


def check_door_renewed(scene: Scene) -> None:
    """the doors' certificate is replaced: new connections see the new one, the old connection and calls go on"""
    world, pki = scene.world, scene.world.pki
    gateway, old = world.gateway, serial_of(pki / "gateway.pem")
    ports = (gateway.port, gateway.http_port)
    require_equal([serial_at(world, port) for port in ports], [old, old], "serials before")
    w.issue(pki, "porte-neuve", "localhost", "serverAuth")
    new = serial_of(pki / "porte-neuve.pem")
    put(pki / "porte-neuve.pem", pki / "porte.pem")
    time.sleep(6)  # between the two renames the files do not fit
    require_equal(serial_at(world, gateway.port), old, "serial while certificate and key do not fit")
    put(pki / "porte-neuve.key", pki / "porte.key")
    for port in ports:
        wait_until(lambda: serial_at(world, port) == new, "a new connection sees the old certificate", SEEN_S, 0.3)
    require(scene.client.list().events is not None, "the old connection is broken")
    world.client().list()
    require(gateway.logged("the door's certificate was renewed"), "the log does not say it")


def mixed_pki(world: w.World, other: pathlib.Path) -> pathlib.Path:
    """A client's files: our authority for the gateway, its own certificate of another authority."""
    folder = world.folder / "mixte"
    folder.mkdir()
    shutil.copy(world.pki / "ca.pem", folder)
    for end in ("pem", "key"):
        shutil.copy(other / f"hopital.{end}", folder)
    return folder


def can_call(world: w.World, pki: pathlib.Path) -> bool:
    """Over a new connection."""
    client = w.Client(world.gateway.port, pki, "hopital", wait_for_ready=False)
    try:
        client.list()
        return True
    except w.Refusal as refusal:
        require_equal(refusal.code, "UNAVAILABLE", "answer")
        return False
    finally:
        client.close()


def check_authorities_renewed(scene: Scene) -> None:
    """the clients' authorities are replaced: the new one's clients get in, the old one's no more; rubbish is ignored"""
    world, pki = scene.world, scene.world.pki
    other = world.folder / "autre"
    world.run("pki", "dev", "--out", other)
    newcomer = mixed_pki(world, other)
    require(can_call(world, pki) and not can_call(world, newcomer), "before")
    put(other / "ca.pem", pki / "clients.pem")
    world.gateway.wait_logged("the clients' authorities were read again", SEEN_S)
    require(can_call(world, newcomer), "the new authority's client is refused")
    require(not can_call(world, pki), "the old authority's client still gets in")
    require(scene.client.list().events is not None, "the connection of before is broken")
    (pki / "clients.pem").write_text("rubbish")
    world.gateway.wait_logged("the clients' authorities cannot be used: the former stay in force", SEEN_S)
    require(can_call(world, newcomer) and not can_call(world, pki), "rubbish changes who gets in")
    both = world.folder / "les-deux.pem"
    both.write_bytes((other / "ca.pem").read_bytes() + (pki / "ca.pem").read_bytes())
    put(both, pki / "clients.pem")
    wait_until(lambda: can_call(world, pki), "the old authority's client does not get in again", SEEN_S, 0.3)
    require(can_call(world, newcomer), "the new authority's client is refused")


def trust_only(repository: repo.Repository, pki: pathlib.Path, authority: pathlib.Path) -> None:
    """From now on the repository takes only clients of that authority; connections of before are cut."""
    def context() -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(pki / "repository.pem", pki / "repository.key")
        made.load_verify_locations(authority)
        made.verify_mode = ssl.CERT_REQUIRED
        return made

    repository.context = context
    repository.show_certificate(pki / "repository.pem", pki / "repository.key")


def check_partner_renewed(scene: Scene) -> None:
    """our certificate at a partner is replaced: its next connection shows the new one, which alone the partner takes"""
    world, pki = scene.world, scene.world.pki
    require(w.all_delivered(scene.settled(scene.submit("shared_record"))), "it is not delivered before")
    trust_only(world.repository, pki, world.folder / "autre" / "ca.pem")
    status = scene.submit("shared_record")
    wait_until(lambda: first(scene.client.get(event_id=status.event_id)).reason, "the old certificate is not refused")
    require(states_of(scene.client.get(event_id=status.event_id)) != ["delivered"], "the old certificate is taken")
    for end in ("key", "pem"):
        put(world.folder / "autre" / f"mail-client.{end}", pki / f"chez-depot.{end}")
    require(w.all_delivered(scene.settled(status)), "it is not delivered with the new one")
    world.repository.document(status.document_id)


# --- the run ------------------------------------------------------------------------------------------------


def change_policy(policy: dict) -> None:
    policy["principals"].append({"name": "clinique", "certificate_common_name": ["clinique"], "tenants": ["cpts-demo"],
                                 "kinds": ["discharge_letter"], "roles": ["submit", "read"]})


def run_checks(report: w.Report, world: w.World, scene, *checks) -> None:
    for check in checks:
        report.run(check, scene)
        world.repository.heal()
    report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")


def test_calls(report: w.Report) -> None:
    with w.World(change_policy=change_policy, mail=False) as world:
        world.issue_client("clinique")
        world.start_gateway()
        run_checks(report, world, Scene(world), check_filters, check_bad_questions, check_paging, check_retry,
                   check_retry_fails_again, check_cannot_retry, check_cancel, check_cancel_partly, check_cannot_cancel,
                   check_roles, check_reflection, check_health, check_idle_stop)


def test_metrics(report: w.Report) -> None:
    with w.World(mail=False) as world:
        world.start_gateway()
        run_checks(report, world, Scene(world), check_metrics)


def test_certificates(report: w.Report) -> None:
    with w.World(mail=False) as world:
        pki = world.pki
        for source, target in (("gateway", "porte"), ("mail-client", "chez-depot")):
            for end in ("pem", "key"):
                shutil.copy(pki / f"{source}.{end}", pki / f"{target}.{end}")
        shutil.copy(pki / "ca.pem", pki / "clients.pem")
        world.write_config(lambda config: certificates_change(config, pki))
        world.start_gateway()
        run_checks(report, world, Scene(world), check_door_renewed, check_authorities_renewed, check_partner_renewed)


def test(report: w.Report) -> None:
    for part in (test_calls, test_metrics, test_certificates):
        part(report)


if __name__ == "__main__":
    w.main(test)
