#!/usr/bin/env python3
"""What a document repository does to a document: it refuses, hangs up, answers late, too much, too little or nonsense,
or the gateway dies meanwhile. Each delivery's way and end are told, and a document lies there once or not at all.

The repository of tests/support stores a document as often as it is sent, unless the sender makes it conditional.
"""

from __future__ import annotations

import contextlib
import pathlib
import re
import shutil
import uuid
from dataclasses import dataclass

import world as w
from world import Failed, repo, require, require_equal

CDA = "samples/letters/cda-passthrough.yaml"
FALLBACK_FR = "L'envoi n'a pas abouti"
# How long the gateway leaves a delivery in peace that the repository could not tell it about, and more.
HELD_S = 60
# Above what a transaction takes on a busy machine, below what a test should wait.
DELIVERY_TIMEOUT_S = 5
LATE_S = DELIVERY_TIMEOUT_S + 1
MIB = 1024 * 1024


class Scene:
    """A gateway and a repository, and letters for nobody else."""

    def __init__(self, world: w.World, form: str):
        self.world, self.form, self.client = world, form, world.client()
        self._sample = w.load_event(CDA)

    @property
    def repository(self) -> repo.Repository:
        return self.world.repository

    def letter(self, replaces: str = ""):
        """A letter of its own for the shared record alone: another key, another document."""
        number = uuid.uuid4()

        def edit(request) -> None:
            request.idempotency_key = f"depot-{number}"
            del request.event.recipients[:]
            request.event.recipients.add().shared_record.SetInParent()
            w.give_own_document(request, number)
            request.event.discharge_letter.replaces = replaces

        return w.edited(self._sample, edit)

    def submit(self, **how):
        return self.client.submit(self.letter(**how)).status

    def settled(self, status, timeout_s: float = w.READY_S):
        return self.client.wait_settled(status.event_id, timeout_s)

    def deliver(self, **how):
        """One that goes well; its status."""
        status = self.settled(self.submit(**how))
        require(w.all_delivered(status), f"{delivery_of(status).reason}; {self.repository.complaints[-1:]}")
        return status

    def way(self, status) -> list[str]:
        """What happened to the delivery, by the log: "attempted unknown TIMEOUT". The log says it after the ledger."""
        with contextlib.suppress(Failed):
            w.wait_until(lambda: "".join(self._way(status)[-1:]).endswith(f" {delivery_of(status).reason}"), "", 5)
        return self._way(status)

    def _way(self, status) -> list[str]:
        return [f"{line['fact'].removeprefix('delivery ')} {line['verdict']} {line['reason']}"
                for line in self.world.gateways[0].lines()  # and of all that came after it
                if line.get("fact") in ("delivery attempted", "delivery looked up")
                and line["delivery"] == delivery_of(status).id]

    def posts(self) -> int:
        return self.repository.count("POST")


def id_of(letter) -> str:
    """The identifier of its document."""
    return re.search(rb'<id root="([0-9.]+)"/>', letter.event.discharge_letter.sender_cda)[1].decode()


def delivery_of(status):
    return status.recipients[0].deliveries[0]


def end_of(status) -> tuple[str, str]:
    return w.state_name(delivery_of(status)), delivery_of(status).reason


# --- one bad answer, and what becomes of it -----------------------------------------------------------------


@dataclass
class Case:
    """A fault for one delivery; the way that the delivery then goes, its end, and how often it was sent."""

    claim: str
    faults: list[repo.Fault]
    way: list[str]
    state: str = "delivered"
    posts: int = 1
    # Documents under its identifier in the end.
    copies: int = 1
    forms: tuple[str, ...] = ("ITI65", "ITI105")


FOUND = "looked up accepted ALREADY_THERE"
NOT_FOUND = "looked up try later NOT_THERE"
TAKEN = "attempted accepted ACCEPTED"
# It asked at once, within the attempt.
SEEN = "attempted accepted ALREADY_THERE"


def lost(claim: str, reason: str, *faults: repo.Fault) -> list[Case]:
    """No whole answer came: what the repository had stored decides what happens next."""
    begin = f"attempted unknown {reason}"
    return [Case(f"{claim}, though it stored the document", [fault], [begin, FOUND]) if fault.stores else
            Case(f"{claim}, and stored nothing", [fault], [begin, NOT_FOUND, TAKEN], posts=2) for fault in faults]


def later(status: int, reason: str, **how) -> Case:
    return Case(f"it answers {status}", [repo.refuse(status, **how)], [f"attempted try later {reason}", TAKEN], posts=2)


def refused(status: int, reason: str, **how) -> Case:
    way = [f"attempted rejected {reason}"]
    return Case(f"it answers {status}", [repo.refuse(status, **how)], way, "rejected", copies=0)


def both(answer: str, **how) -> tuple[repo.Fault, repo.Fault]:
    return repo.Fault(answer, stores=True, **how), repo.Fault(answer, stores=False, **how)


CASES = [
    *lost("it hangs up", "CONNECTION_LOST", *both("none")),
    *lost("it hangs up in the middle of its answer", "CONNECTION_LOST", repo.Fault("half", stores=True)),
    *lost("it answers 1 GiB", "ANSWER_TOO_LARGE", *both("huge")),
    *lost("it answers after the deadline", "TIMEOUT", repo.Fault(after_s=LATE_S, stores=True)),
    *lost("it answers 500", "PARTNER_BUSY", repo.refuse(500, stores=True), repo.refuse(500)),
    *lost("it answers 502", "PARTNER_BUSY", repo.refuse(502, stores=True), repo.refuse(502)),
    Case("it answers 200 with an OperationOutcome, though it stored the document",
         [repo.Fault("outcome", stores=True)], [SEEN]),
    Case("it answers 200 with an OperationOutcome, and stored nothing", [repo.Fault("outcome")],
         ["attempted rejected CONTENT_REFUSED"], "rejected", copies=0),
    Case("it answers 200 with a page of HTML, though it stored the document",
         [repo.Fault("page", stores=True)], [SEEN]),
    Case("it answers 200 with a page of HTML, and stored nothing", [repo.Fault("page")],
         ["attempted unknown ANSWER_UNREADABLE", NOT_FOUND, TAKEN], posts=2, forms=("ITI65",)),
    # 200 says that the document was there already, whatever comes with it: that is checked, and is not so.
    Case("it answers 200 with a page of HTML, and stored nothing", [repo.Fault("page")],
         ["attempted unknown PARTLY_STORED", NOT_FOUND, TAKEN], posts=2, forms=("ITI105",)),
    Case("it answers fewer entries than it was sent", [repo.Fault("fewer")], [SEEN], forms=("ITI65",)),
    Case("it answers 409, though it stored the document", [repo.refuse(409, stores=True)], [SEEN]),
    Case("it answers 409, and stored nothing", [repo.refuse(409)],
         ["attempted unknown PARTLY_STORED", NOT_FOUND, TAKEN], posts=2),
    later(401, "LOGIN_REFUSED"),
    later(403, "LOGIN_REFUSED", answer="page"),
    later(404, "PROTOCOL_REFUSED", answer="page"),
    later(408, "PARTNER_BUSY"),
    later(429, "PARTNER_BUSY"),
    later(503, "PARTNER_BUSY"),
    refused(400, "CONTENT_REFUSED"),
    refused(403, "RECORD_FORBIDDEN"),
    refused(404, "RECORD_ABSENT"),
    refused(413, "TOO_LARGE"),
    refused(422, "CONTENT_REFUSED"),
]


def check_case(case: Case, scene: Scene) -> None:
    # A connection that was used before: what breaks it must not be repeated unseen by the library below.
    scene.deliver()
    posts = scene.posts()
    scene.repository.fault(*case.faults)
    status = scene.settled(scene.submit())
    delivery = delivery_of(status)
    require_equal(scene.way(status), case.way, "way")
    require_equal(w.state_name(delivery), case.state, "state")
    require_equal(scene.posts() - posts, case.posts, "times that it was sent")
    require_equal(len(scene.repository.copies(status.document_id)), case.copies, "documents")
    if case.state == "delivered":
        require(not status.recipients[0].task_id, "a task is open")
    else:
        require(status.recipients[0].task_id, "no task is open")
        require_french(status)


def require_french(status) -> None:
    said = status.recipients[0].reason_fr
    require(said and not said.startswith(FALLBACK_FR), f"the sentence for the coordinator does not say why: {said}")


# --- what takes more than one bad answer --------------------------------------------------------------------


def check_huge(scene: Scene) -> None:
    """of an answer of 1 GiB only the beginning is read"""
    before = scene.repository.huge_bytes
    scene.repository.fault(repo.Fault("huge", stores=True))
    require(w.all_delivered(scene.settled(scene.submit())), "it is not delivered")
    read = scene.repository.huge_bytes - before
    require(0 < read < 128 * MIB, f"the gateway took {read} bytes")


def check_redirect(scene: Scene) -> None:
    """a redirection is not followed: the document goes nowhere else, waits, and says why"""
    scene.repository.fault(repo.Fault("moved", times=None))
    status = scene.submit()
    now = reason_is(scene, status, "REDIRECTED")
    require(w.state_name(delivery_of(now)) in ("pending", "sending"), "it is not tried again")
    asked = [one.path for one in scene.repository.requests if one.path.startswith("/ailleurs")]
    require_equal(asked, [], "requests where it points")
    require_equal(scene.repository.copies(status.document_id), [], "documents")
    scene.repository.heal()
    require(w.all_delivered(scene.settled(status)), "it is not delivered when the redirection is gone")


def reason_is(scene: Scene, status, reason: str):
    def found():
        now = scene.client.get(event_id=status.event_id)
        return now if delivery_of(now).reason == reason else None

    try:
        return w.wait_until(found, "")
    except Failed:
        raise Failed(f"{scene.way(status)} instead of {reason}") from None


def all_posts_end(scene: Scene) -> None:
    w.wait_until(lambda: all(one.ended for one in scene.repository.requests), "a transaction does not end")


def check_stores_late(scene: Scene) -> None:
    """it stores the document only when the gateway has asked whether it is there: the repetition makes no second one"""
    scene.repository.fault(repo.Fault(before_s=LATE_S))
    status = scene.settled(scene.submit())
    require(w.all_delivered(status), f"{scene.way(status)}")
    all_posts_end(scene)
    scene.repository.document(status.document_id)


def asked_about(document_id: str, kind: str, path: str) -> bool:
    return kind == "search" and path.endswith(document_id) or f"{document_id}&" in path


def check_search_fails(scene: Scene) -> None:
    """as long as it cannot say whether it has the document, nothing is sent again"""
    bad = (repo.refuse(503), repo.refuse(401), repo.refuse(404), repo.Fault("page"), repo.Fault("none"),
           repo.Fault("outcome"), repo.Fault("half"), repo.Fault("moved"), repo.Fault("huge"))
    letters = [scene.letter() for _ in bad]
    left = {id_of(letter): fault for letter, fault in zip(letters, bad)}

    def trouble(kind: str, path: str):
        if kind == "store":
            return repo.drop(stores=True)
        stored = [one.document_id for one in scene.repository.all_documents()]
        return next((left.pop(one) for one in list(left) if one in stored and asked_about(one, kind, path)), None)

    posts = scene.posts()
    scene.repository.trouble = trouble
    accepted = [scene.client.submit(letter).status for letter in letters]
    for fault, status in zip(bad, accepted):
        status = scene.settled(status, HELD_S)
        way = scene.way(status)
        require(w.all_delivered(status), f"{fault}: {way}")
        require_equal((way[0], way[-1]), ("attempted unknown CONNECTION_LOST", FOUND), f"{fault}: way")
        if fault.answer != "none":  # a question on a connection that was used before may be repeated unseen
            require(len(way) == 3 and way[1].startswith("looked up unknown"), f"{fault}: {way}")
        scene.repository.document(status.document_id)
    require_equal(left, {}, "faults that did not happen")
    require_equal(scene.posts() - posts, len(bad), "times that they were sent")


def check_other_document(scene: Scene) -> None:
    """another document lies there under its identifier: nothing is sent over it, and a person is told"""
    letter = scene.letter()

    def other_hash(kind: str, path: str) -> None:
        for stored in scene.repository.copies(id_of(letter)) if asked_about(id_of(letter), kind, path) else ():
            stored.attachment["hash"] = "MDAwMDAwMDAwMDAwMDAwMDAwMDA="

    scene.repository.fault(repo.drop(stores=True))
    scene.repository.trouble = other_hash
    status = scene.settled(scene.client.submit(letter).status)
    require_equal(end_of(status), ("rejected", "DOCUMENT_DIFFERS"), "end")
    require(status.recipients[0].task_id, "no task is open")
    require_french(status)


def check_repeated_submission(scene: Scene) -> None:
    """the document was stored in an earlier life of the ledger: sent again, nothing changes"""
    letter = scene.letter()
    require(w.all_delivered(scene.settled(scene.client.submit(letter).status)), "it is not delivered")
    before = len(scene.repository.submissions), len(scene.repository.binaries)
    scene.world.gateway.stop()
    ledger = scene.world.ledger
    for path in ledger.parent.glob(ledger.name + "*"):
        path.rename(path.with_name("old-" + path.name))
    try:
        scene.world.start_gateway()
        scene.client = scene.world.client()
        status = scene.settled(scene.client.submit(letter).status)
        require(w.all_delivered(status), f"{scene.way(status)}")
        scene.repository.document(status.document_id)
        after = len(scene.repository.submissions), len(scene.repository.binaries)
        require_equal(after, before, "submission sets and binaries")
    finally:
        scene.world.gateway.stop()
        for path in ledger.parent.glob(ledger.name + "*"):
            path.unlink()
        for path in ledger.parent.glob("old-" + ledger.name + "*"):
            path.rename(path.with_name(path.name.removeprefix("old-")))
        scene.world.start_gateway()
        scene.client = scene.world.client()


def check_replacement(scene: Scene) -> None:
    """a replacement supersedes the old one, also when the answer is lost: one of each in the end"""
    for faults in ([], [repo.drop(stores=True)], [repo.drop(stores=False)], [repo.refuse(503)]):
        old = scene.deliver()
        scene.repository.fault(*faults)
        new = scene.settled(scene.submit(replaces=old.document_id))
        require(w.all_delivered(new), f"{scene.way(new)}; {scene.repository.complaints[-1:]}")
        states = [scene.repository.document(one.document_id).status for one in (old, new)]
        require_equal(states, ["superseded", "current"], "old and new")


def check_replaced_absent(scene: Scene) -> None:
    """a replacement of what the repository never had is refused, and a person is told"""
    status = scene.settled(scene.submit(replaces="2.25.1"))
    require_equal(end_of(status), ("rejected", "REPLACED_ABSENT"), "end")
    require_equal(scene.repository.copies(status.document_id), [], "documents")
    require_french(status)


def check_not_qualified(scene: Scene) -> None:
    """an identity that is not qualified is refused before anything is kept"""
    request = w.load_event("samples/letters/no-ins.yaml")
    request.idempotency_key = "depot-sans-ins"
    request.event.recipients.add().shared_record.SetInParent()
    refusal = w.refusal_of(scene.client.submit, request)
    require_equal((refusal.code, refusal.reason), ("INVALID_ARGUMENT", "FIELD_INVALID"), "answer")
    require(any(name.startswith("event.subject") or "shared_record" in name for name in refusal.fields),
            f"the fields are {sorted(refusal.fields)}")


# --- kill -9 around a transaction ---------------------------------------------------------------------------


def kill_and_restart(scene: Scene) -> None:
    scene.world.gateway.kill()
    scene.world.start_gateway()
    scene.client = scene.world.client()


def check_killed_while_waiting(scene: Scene) -> None:
    """killed when the document is stored and the answer still to come: looked up, and not sent again"""
    posts = scene.posts()
    scene.repository.fault(repo.Fault(after_s=2))
    status = scene.submit()
    scene.repository.wait(lambda: scene.repository.copies(status.document_id))
    kill_and_restart(scene)
    status = scene.settled(status)
    require(w.all_delivered(status), f"{scene.way(status)}")
    require_equal(scene.way(status), [FOUND], "way")
    require_equal(scene.posts() - posts, 1, "times that it was sent")
    scene.repository.document(status.document_id)


def check_killed_before_store(scene: Scene) -> None:
    """killed when the transaction has left and is not executed: it is sent again, and lies there once"""
    scene.repository.fault(repo.Fault(before_s=2))
    posts = scene.posts()
    status = scene.submit()
    scene.repository.wait(lambda: scene.posts() > posts)
    kill_and_restart(scene)
    status = scene.settled(status)
    require(w.all_delivered(status), f"{scene.way(status)}")
    all_posts_end(scene)
    scene.repository.document(status.document_id)


def check_killed_while_unknown(scene: Scene) -> None:
    """killed between a lost answer and the question for it, again and again: one document in the end"""
    posts, letter = scene.posts(), scene.letter()
    stored = scene.repository.copies

    def trouble(kind: str, path: str):
        told = stored(id_of(letter)) and asked_about(id_of(letter), kind, path)
        return repo.refuse(503) if told else None

    scene.repository.trouble = trouble
    scene.repository.fault(repo.drop(stores=True))
    status = scene.client.submit(letter).status
    for asked in (2, 3, 4):  # the first question comes before the transaction
        scene.repository.wait(lambda: stored(id_of(letter)) and scene.repository.count("GET", id_of(letter)) >= asked)
        require_equal(end_of(scene.client.get(event_id=status.event_id))[0], "unknown", "state meanwhile")
        if asked == 4:
            scene.repository.heal()
        kill_and_restart(scene)
    status = scene.settled(status)
    require(w.all_delivered(status), f"{scene.way(status)}")
    require_equal(scene.posts() - posts, 1, "times that it was sent")
    scene.repository.document(status.document_id)


# --- certificates -------------------------------------------------------------------------------------------


def check_wrong_host(scene: Scene) -> None:
    """a certificate for another host: nothing is sent; with the right one it leaves"""
    world = scene.world
    issue_server(world.pki, "autre-hote", "DNS:depot.autre.test")
    scene.repository.show_certificate(world.pki / "autre-hote.pem", world.pki / "autre-hote.key")
    before = len(scene.repository.requests)
    status = scene.submit()
    now = reason_is(scene, status, "PARTNER_CERTIFICATE")
    require(w.state_name(delivery_of(now)) in ("pending", "sending"), "it is not tried again")
    require_equal(len(scene.repository.requests), before, "requests over that connection")
    scene.repository.show_certificate(world.pki / "repository.pem", world.pki / "repository.key")
    require(w.all_delivered(scene.settled(status)), "it is not delivered")


def issue_server(pki, name: str, alternative: str) -> None:
    """A server certificate of the world's authority for another name."""
    extensions = pki / f"{name}.ext"
    extensions.write_text(f"subjectAltName={alternative}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    w.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
              "-keyout", pki / f"{name}.key", "-out", pki / f"{name}.csr")
    w.openssl("x509", "-req", "-in", pki / f"{name}.csr", "-CA", pki / "ca.pem", "-CAkey", pki / "ca.key", "-days", "2",
              "-set_serial", uuid.uuid4().int >> 64, "-extfile", extensions, "-out", pki / f"{name}.pem")


def check_own_certificate(scene: Scene) -> None:
    """our own certificate expires while the gateway runs: the document waits and says why; renewed, it leaves"""
    pki = scene.world.pki
    w.issue_expired(pki, "depot-perime")
    scene.deliver()
    swap(pki, "depot-perime")
    scene.repository.show_certificate(pki / "repository.pem", pki / "repository.key")  # so that no connection is left
    status = scene.submit()
    now = reason_is(scene, status, "OWN_CERTIFICATE")
    require(w.state_name(delivery_of(now)) in ("pending", "sending"), "it is not tried again")
    swap(pki, "mail-client")
    require(w.all_delivered(scene.settled(status)), "it is not delivered")


def swap(pki, name: str) -> None:
    for end in ("pem", "key"):
        shutil.copy(pki / f"{name}.{end}", pki / f"depot-courant.{end}")


# --- the run ------------------------------------------------------------------------------------------------


def change(config: dict, form: str) -> None:
    partner = config["repositories"][0]
    pki = pathlib.Path(partner["tls"]["ca_file"]).parent
    partner |= {"form": form, "connect_timeout": "2s", "delivery_timeout": f"{DELIVERY_TIMEOUT_S}s"}
    partner["tls"] |= {"certificate_file": str(pki / "depot-courant.pem"), "key_file": str(pki / "depot-courant.key")}
    # One bad answer after the other is what this is about.
    config["retry"]["breaker_failures"] = 1000
    config["retry"]["most"] = "0.5s"


CHECKS = (check_huge, check_redirect, check_stores_late, check_search_fails, check_other_document,
          check_repeated_submission, check_replacement, check_replaced_absent, check_not_qualified,
          check_killed_while_waiting, check_killed_before_store, check_killed_while_unknown)


def healed(scene: Scene, check, *inputs) -> None:
    """What one check left of its faults does not meet the next."""
    try:
        check(*inputs, scene)
    finally:
        scene.repository.heal()


def test_form(report: w.Report, form: str) -> None:
    with w.World(change=lambda config: change(config, form), mail=False) as world:
        swap(world.pki, "mail-client")
        world.start_gateway()
        scene = Scene(world, form)
        for case in CASES:
            if form in case.forms:
                report.run(healed, scene, check_case, case, claim=f"{form}: {case.claim}: {', '.join(case.way)}")
        for check in CHECKS + ((check_wrong_host, check_own_certificate) if form == "ITI65" else ()):
            report.run(healed, scene, check, claim=f"{form}: {check.__doc__}")
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()


def test(report: w.Report) -> None:
    for form in ("ITI65", "ITI105"):
        try:
            test_form(report, form)
        except Failed:
            if not report.failed:
                raise


if __name__ == "__main__":
    w.main(test)
