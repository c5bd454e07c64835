#!/usr/bin/env python3
"""Nothing that was acknowledged is lost: the gateway dies by kill -9 at random points, under load.

Hospitals submit letters all the time, and send each key again until they have a receipt; a repository that also fails
takes some of them. In the end every key has one receipt and every delivery is delivered; a mail has a Message-ID of its
own, and a mailbox a second copy of it only where a kill met it under way; a document is in the repository exactly once.
Among them orientations with their answers, enrolments and changes of care circles: each resource lies once on the
territory's server, each orientation has exactly one acceptance.

PASSERELLE_KILLS says how many kills (20), PASSERELLE_SEED which ones.
"""

from __future__ import annotations

import collections
import hashlib
import os
import random
import subprocess
import threading
import time
import uuid

import world as w
from passerelle.v1 import delivery_pb2, gateway_pb2, orientation_pb2
from world import box, repo, require, require_equal

TEMPLATES = ("cda-passthrough", "several-recipients", "complete", "minimal")
CLIENTS = 6
MAILBOXES = [f"medecin{number}@cabinet-{number}.demo.mssante.fr" for number in range(8)]
CANDIDATES = [f"candidat{number}@cabinet-{number}.demo.mssante.fr" for number in range(4)]
# Of the events, how many are no letters.
CARE = 0.4
CONCURRENCY = 4
# Of the requests to the repository, how many go wrong.
FAULTY = 0.2
# A client's pause between two letters, and what the gateway lives at most before it is killed.
PAUSE_S = (0.1, 0.7)
LIFE_S = 1.5
SETTLE_S = 120
WORTH_REPEATING = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")


class Letters:
    """Makes events that differ: key, document, recipients; of each kind: the sender's CDA, a PDF, fields. Two thirds go
    to the shared record, some to it alone."""

    def __init__(self, chance: random.Random):
        self._chance = chance
        self._templates = [w.load_event(f"samples/letters/{name}.yaml") for name in TEMPLATES]

    def next(self):
        number = uuid.UUID(int=self._chance.getrandbits(128))
        template = self._chance.choice(self._templates)
        filed = self._chance.random() < 0.66
        targets = self._chance.sample(MAILBOXES, self._chance.choice((0, 1, 1, 2) if filed else (1, 1, 2)))

        def edit(request):
            request.idempotency_key = f"kill-{number}"
            w.give_own_document(request, number)
            person = template.event.recipients[0]
            del request.event.recipients[:]
            for target in targets:
                recipient = request.event.recipients.add()
                recipient.CopyFrom(person)
                recipient.person.mailbox = target
            if filed:
                request.event.recipients.add().shared_record.SetInParent()

        return w.edited(template, edit)


class CareEvents:
    """Orientations, enrolments and changes of circles that differ: key, patient, enrolment."""

    def __init__(self, chance: random.Random):
        self._chance = chance
        self._orientation = w.load_event("samples/orientation/soins-non-programmes.yaml")
        self._enrolment = w.load_event("samples/enrolment/fragilite.yaml")
        self._change = w.load_event("samples/circle/arrivee.yaml")

    def next(self):
        number = uuid.UUID(int=self._chance.getrandbits(128))
        request = w.edited(self._chance.choice((self._orientation, self._orientation, self._enrolment, self._change)),
                           lambda one: setattr(one, "idempotency_key", f"kill-{number}"))
        subject = request.event.subject
        subject.ClearField("ins")
        subject.status = 1
        subject.local_id.value, subject.local_id.oid = f"KILL-{number}", "2.999.39.1"
        # Another person each time: names are letters only.
        subject.birth_family_name = "".join(chr(ord("A") + int(digit, 16)) for digit in number.hex)
        request.event.route_to_circle = False
        if request.event.HasField("orientation"):
            for candidate, mailbox in zip(request.event.orientation.candidates, self._chance.sample(CANDIDATES, 2)):
                candidate.person.mailbox = mailbox
        elif request.event.HasField("pathway_enrolment"):
            request.event.pathway_enrolment.enrolment_id = f"KILL-{number}"
        return request

    @staticmethod
    def acceptance(request, receipt):
        """The first candidate's yes, told by its requester."""
        update = gateway_pb2.SubmitEventRequest(idempotency_key=request.idempotency_key + "-oui")
        update.event.tenant, update.event.legal_basis = request.event.tenant, request.event.legal_basis
        update.event.source.CopyFrom(request.event.source)
        update.event.occurred_at.CopyFrom(request.event.occurred_at)
        step = update.event.orientation_update
        step.orientation_event_id, step.step = receipt.event_id, orientation_pb2.OrientationUpdate.ACCEPTED
        step.proposal_id = receipt.orientation.proposals[0].proposal_id
        return update


class Hospital(threading.Thread):
    """Sends letters until it is told to stop; each until it has a receipt."""

    def __init__(self, client: w.Client, seed: int, stop: threading.Event):
        super().__init__(daemon=True)
        self._client, self._stop_asked = client, stop
        self._chance = random.Random(seed)
        self._letters = Letters(self._chance)
        self._care = CareEvents(self._chance)
        # By key: the request, and every receipt that it got.
        self.sent: dict[str, object] = {}
        self.receipts: dict[str, list] = collections.defaultdict(list)
        self.repeated = 0
        self.lost_receipts = 0
        self.fault: str = ""

    def run(self) -> None:
        try:
            while not self._stop_asked.is_set():
                is_care = self._chance.random() < CARE
                request = (self._care if is_care else self._letters).next()
                self._send_new(request)
                if request.event.HasField("orientation") and self._chance.random() < 0.6:
                    self._send_new(CareEvents.acceptance(request, self.receipts[request.idempotency_key][0]))
                # Some clients lose the receipt themselves, and ask for it again much later.
                if self._chance.random() < 0.2:
                    self._send(self.sent[self._chance.choice(list(self.sent))])
                time.sleep(self._chance.uniform(*PAUSE_S))
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"

    def _send_new(self, request) -> None:
        self.sent[request.idempotency_key] = request
        self._send(request)

    def _send(self, request) -> None:
        key = request.idempotency_key
        while True:
            try:
                answer = self._client.submit(request)
            except w.Refusal as refusal:
                if refusal.code not in WORTH_REPEATING:
                    raise
                self.repeated += 1
                time.sleep(self._chance.uniform(0.02, 0.2))
                continue
            # The event was durable, and the kill took only its receipt.
            self.lost_receipts += answer.already_accepted and not self.receipts[key]
            self.receipts[key].append(answer.status)
            return


def change(config: dict, port: int) -> None:
    config["grpc"]["listen"] = f"127.0.0.1:{port}"  # the same after each start, as hospitals know it
    for partner in (config["mssante"][0], config["repositories"][0], config["fhir"][0]):
        partner["concurrency"] = CONCURRENCY
    config["retry"] = {"first": "0.1s", "most": "1s", "breaker_failures": 5, "breaker_pause": "1s"}


def trouble(chance: random.Random):
    """What the repository does to a request: mostly what it should."""
    lock = threading.Lock()

    def fault(kind: str, _path: str) -> repo.Fault | None:
        with lock:
            if chance.random() >= FAULTY:
                return None
            if kind == "search":
                return chance.choice((repo.refuse(503), repo.drop(stores=False)))
            # With `before_s` it acts on a request after its sender has died and was started again.
            return chance.choice((repo.drop(stores=True), repo.drop(stores=False), repo.refuse(503), repo.Fault("half"),
                                  repo.Fault(before_s=0.3), repo.Fault(before_s=2), repo.Fault(after_s=0.3)))

    return fault


def kill_again_and_again(world: w.World, kills: int, chance: random.Random) -> None:
    for _ in range(kills):
        gateway = w.Gateway(world.program, world.config_file, world.log)
        world.gateways.append(gateway)
        if chance.random() < 0.25:
            time.sleep(chance.uniform(0, 0.5))  # while it starts and settles what the last kill left
        else:
            gateway.wait_serving()
            time.sleep(chance.uniform(0, LIFE_S))
        require(gateway.process.poll() is None, "the gateway ended by itself")
        gateway.kill()


def run_load(world: w.World, kills: int, seed: int) -> list[Hospital]:
    world.start_gateway()
    stop = threading.Event()
    world.repository.trouble = trouble(random.Random(seed + 1))
    hospitals = [Hospital(world.client(), seed * 1000 + number, stop) for number in range(CLIENTS)]
    for hospital in hospitals:
        hospital.start()
    try:
        time.sleep(1)
        world.gateway.kill()
        kill_again_and_again(world, kills - 1, random.Random(seed))
        world.start_gateway()
    finally:
        stop.set()
        world.repository.heal()
    for hospital in hospitals:
        hospital.join(60)
        require(not hospital.is_alive(), "a hospital still waits for a receipt")
        require(not hospital.fault, f"a hospital was answered: {hospital.fault}")
    return hospitals


# --- what must be true in the end ---------------------------------------------------------------------------


class Outcome:
    def __init__(self, world: w.World, hospitals: list[Hospital], kills: int):
        self.world, self.hospitals, self.kills = world, hospitals, kills
        self.client = world.client()
        self.sent = {key: request for one in hospitals for key, request in one.sent.items()}
        self.receipts = {key: found for one in hospitals for key, found in one.receipts.items()}
        self.statuses: dict[str, object] = {}
        # Message-ID to the letters that have it.
        self.letters: dict[str, list[bytes]] = collections.defaultdict(list)

    @property
    def deliveries(self) -> list:
        return [delivery for status in self.statuses.values() for delivery in w.deliveries_of(status)]

    def is_letter(self, key: str) -> bool:
        return self.sent[key].event.HasField("discharge_letter")

    def in_flight(self) -> int:
        """Sends that a kill met: begun, and never ended in the log."""
        ended = self.world.log.read_bytes().count(b'"fact":"delivery attempted"')
        return sum(one.attempts for one in self.deliveries) - ended


def check_receipts(outcome: Outcome) -> None:
    """every key has exactly one receipt, however often it was sent"""
    require(outcome.sent and outcome.sent.keys() == outcome.receipts.keys(), "a key has no receipt")
    for key, receipts in outcome.receipts.items():
        require_equal(len({one.event_id for one in receipts}), 1, f"events of {key}")
        require_equal(len({(one.document_id, one.document_sha256) for one in receipts}), 1, f"documents of {key}")
        again = outcome.client.submit(outcome.sent[key])
        require(again.already_accepted, f"{key} was forgotten")
        require_equal(again.status.event_id, receipts[0].event_id, f"event of {key}")
    events = {receipts[0].event_id for receipts in outcome.receipts.values()}
    require_equal(len(events), len(outcome.sent), "events")


def check_delivered(outcome: Outcome) -> None:
    """every delivery is delivered"""
    deadline = time.monotonic() + SETTLE_S
    for key, receipts in outcome.receipts.items():
        left = max(1.0, deadline - time.monotonic())
        status = outcome.client.wait_settled(receipts[0].event_id, left)
        outcome.statuses[key] = status
        states = {w.state_name(one) for one in w.deliveries_of(status)}
        if outcome.is_letter(key):
            require_equal(len(w.deliveries_of(status)), len(outcome.sent[key].event.recipients), "deliveries")
        # A proposal that another's acceptance overtook is withdrawn; who did not get it is told nothing of its end.
        orientation = outcome.sent[key].event.HasField("orientation")
        for delivery in w.deliveries_of(status):
            state = w.state_name(delivery)
            spared = state == "cancelled" and (orientation or delivery.reason == "PROPOSAL_NOT_SENT")
            require(state == "delivered" or spared, f"states of {key}: {states}")


def check_letters(outcome: Outcome) -> None:
    """each mail has one Message-ID of its own, and the mailboxes hold those letters and no other"""
    where = {}
    for key, status in outcome.statuses.items():
        mailboxes = w.mailboxes_of(outcome.sent[key]) if outcome.is_letter(key) else {}
        for recipient in status.recipients:
            mailbox = mailboxes.get(recipient.recipient_index)
            for delivery in recipient.deliveries if mailbox else ():
                require(delivery.partner_reference not in where, "two deliveries have one Message-ID")
                where[delivery.partner_reference] = (mailbox, status.document_sha256)
    found = set()
    for mailbox in MAILBOXES:
        for raw in outcome.world.mail.mailbox(mailbox).raw_letters():
            letter = box.parse_letter(raw)
            reference = letter["Message-ID"]
            require(reference in where, "a mailbox holds a letter that nobody sent")
            expected_mailbox, sha256 = where[reference]
            require_equal(mailbox, expected_mailbox, "mailbox")
            document, = box.xdm_documents(box.open_xdm(box.xdm_attachment(letter))).values()
            require_equal(hashlib.sha256(document).hexdigest(), sha256, "document")
            outcome.letters[reference].append(w.without_traces(raw))
            found.add(reference)
    require_equal(len(where.keys() - found), 0, "letters that are said to be delivered and are not there")


def check_candidates(outcome: Outcome) -> None:
    """each candidate has every mail that is said to be delivered and no other; each orientation at most one acceptance"""
    said, waited = set(), set()
    for key, status in outcome.statuses.items():
        if outcome.is_letter(key):
            continue
        for delivery in w.deliveries_of(status):
            if delivery.adapter.startswith("mail"):
                (said if w.state_name(delivery) == "delivered" else waited).add(delivery.partner_reference)
        states = [one.state for one in status.orientation.proposals]
        require(states.count(delivery_pb2.PROPOSAL_STATE_ACCEPTED) <= 1, "an orientation was accepted twice")
        answer = outcome.receipts.get(key + "-oui")
        require(not answer or states[0] == delivery_pb2.PROPOSAL_STATE_ACCEPTED, "an acceptance that was receipted is lost")
    found = set()
    for mailbox in CANDIDATES:
        for raw in outcome.world.mail.mailbox(mailbox).raw_letters():
            letter = box.parse_letter(raw)
            found.add(letter["Message-ID"])
            outcome.letters[letter["Message-ID"]].append(w.without_traces(raw))
    require(said <= found, f"{len(said - found)} mails to candidates are not there")
    require_equal(len(found - said - waited), 0, "mails to candidates that nobody sent")


def check_territory(outcome: Outcome) -> None:
    """the territory's server holds one ServiceRequest for each orientation, one EpisodeOfCare for each enrolment, and no copy"""
    def meant(kind: str) -> int:
        return sum(one.event.HasField(kind) for one in outcome.sent.values())

    territory = outcome.world.repository.territory
    for resource, kind in (("ServiceRequest", "orientation"), ("EpisodeOfCare", "pathway_enrolment")):
        require_equal(len(territory.all(resource)), meant(kind), f"{resource} for {kind}")
    for resource in ("Patient", "Task", "CareTeam", "CarePlan"):
        known = [str(sorted((one["system"], one["value"]) for one in each["identifier"])) for each in territory.all(resource)]
        require_equal(len(known), len(set(known)), f"{resource} by identifier")
    accepted = sum(key.endswith("-oui") for key in outcome.sent)
    require_equal(sum(one["status"] == "accepted" for one in territory.all("Task")), accepted, "accepted Tasks")


def check_documents(outcome: Outcome) -> None:
    """the repository holds each document that was meant for it exactly once, with its bytes, and no other"""
    meant = {status.document_id: status.document_sha256 for key, status in outcome.statuses.items()
             if outcome.is_letter(key) and w.index_of(outcome.sent[key], "shared_record") is not None}
    for document_id, sha256 in meant.items():
        stored = outcome.world.repository.document(document_id)
        require_equal(hashlib.sha256(stored.content).hexdigest(), sha256, "document")
    require_equal(len(outcome.world.repository.all_documents()), len(meant), "documents")
    require_equal(len(outcome.world.repository.submissions), len(meant), "submission sets")
    require_equal(outcome.world.repository.complaints, [], "what the repository found wrong")


def check_copies(outcome: Outcome) -> None:
    """a second copy of a mail, to a doctor or a candidate, exists only where a kill met the send, and is the same letter"""
    mails = [one for one in outcome.deliveries if one.partner_reference in outcome.letters]
    for delivery in mails:
        copies = outcome.letters[delivery.partner_reference]
        require(len(copies) <= delivery.attempts, f"{len(copies)} copies after {delivery.attempts} attempts")
        require_equal(len(set(copies)), 1, "different letters under one Message-ID")
    copies = sum(len(found) for found in outcome.letters.values())
    in_flight = outcome.in_flight()
    require(in_flight <= 2 * CONCURRENCY * outcome.kills, f"{in_flight} sends in flight at {outcome.kills} kills")
    require(copies <= len(mails) + in_flight,
            f"{copies} copies of {len(mails)} letters, {in_flight} in flight at the kills")


def check_audit(outcome: Outcome) -> None:
    """audit verify passes over all of it"""
    # At least: accepted, attempted, delivered.
    require(outcome.world.verify_audit() >= len(outcome.sent) + 2 * len(outcome.deliveries), "records are missing")


def check_log(outcome: Outcome) -> None:
    """no line of the log asks for a person: a kill is settled by the next start alone"""
    require(b'"level":"error"' not in outcome.world.log.read_bytes(), "the log has errors")


def check_stop(outcome: Outcome) -> None:
    """the gateway still stops as it should"""
    require_equal(outcome.world.gateway.stop(), 0, "exit status")


def check_command_line(outcome: Outcome, port: int) -> None:
    """`passerelle submit`, begun while the gateway is away, is served soon after it is back"""
    world = outcome.world
    words = [world.program, "submit", "samples/letters/corse-2a.yaml", "--wait", "--patience", "60", "--server",
             f"localhost:{port}", "--pki", world.pki]
    with subprocess.Popen(words, cwd=w.REPOSITORY, stdout=subprocess.DEVNULL) as command:
        time.sleep(3)
        require(command.poll() is None, "it did not wait")
        world.start_gateway()
        begin = time.monotonic()
        require_equal(command.wait(60), 0, "exit status")
        require(time.monotonic() - begin < 15, f"it needed {time.monotonic() - begin:.0f} s more")


def test(report: w.Report) -> None:
    kills = int(os.environ.get("PASSERELLE_KILLS", "20"))
    seed = int(os.environ.get("PASSERELLE_SEED", random.SystemRandom().getrandbits(20)))
    print(f"{kills} kills, PASSERELLE_SEED={seed}", flush=True)
    port, = w.free_ports(1)
    with w.World(change=lambda config: change(config, port)) as world:
        hospitals: list[Hospital] = []
        report.run(lambda: hospitals.extend(run_load(world, kills, seed)),
                   claim=f"{kills} kills: every hospital has its receipts")
        report.end()
        outcome = Outcome(world, hospitals, kills)
        for check in (check_receipts, check_delivered, check_letters, check_candidates, check_territory, check_documents, check_copies, check_log,
                      check_audit):
            report.run(check, outcome)
            report.end()
        copies = sum(len(found) for found in outcome.letters.values())
        repository = world.repository
        print(f"      {len(outcome.sent)} events, {len(outcome.deliveries)} deliveries, {copies} letters, "
              f"{len(repository.all_documents())} documents by {repository.count('POST')} transactions; "
              f"{outcome.in_flight()} sends in flight at the kills; "
              f"{sum(one.repeated for one in hospitals)} calls repeated, "
              f"{sum(one.lost_receipts for one in hospitals)} receipts lost with the process and given again",
              flush=True)
        report.run(check_stop, outcome)
        report.run(check_command_line, outcome, port)
        report.end()


if __name__ == "__main__":
    w.main(test)
