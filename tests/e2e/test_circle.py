#!/usr/bin/env python3
"""Parcours enrolments and care circles from end to end: scenario A11 and its faults. What each member of a circle gets,
what a consent that is withdrawn stops, what the FHIR server of the territory holds."""

from __future__ import annotations

import time

import world as w
from passerelle.v1 import circle_pb2, delivery_pb2, gateway_pb2
from world import box, refusal_of, repo, require, require_equal, wait_until

Outcome = delivery_pb2.RoutingDecision
HOME_HELP = "planning@saad-fictif.demo.mssante.fr"
TEAM = ("claire.dubreuil@medecin.demo.mssante.fr", "nadege.perrot@infirmier.demo.mssante.fr",
        "yann.le-goff@infirmier.demo.mssante.fr", "ines.baudry@kine.demo.mssante.fr",
        "accueil@ssiad-fictif.demo.mssante.fr")
WITH_CONSENT = "equipe@dac-fictif.demo.mssante.fr"
CLINICAL = ("fracture", "radius", "plâtr", "dix médicaments", "perte d'autonomie")


def event(path: str, key: str) -> gateway_pb2.SubmitEventRequest:
    request = w.load_event(f"samples/{path}.yaml")
    request.idempotency_key = key
    return request


def circle_letter(key: str) -> gateway_pb2.SubmitEventRequest:
    return event("circle/lettre-au-cercle", key)


def decisions_of(status) -> dict[str, tuple[int, str]]:
    return {one.member_id: (one.outcome, one.rule) for one in status.routing}


def mails_to(world: w.World, address: str) -> list:
    return world.mail.mailbox(address).letters()


def all_text(letter) -> str:
    return "\n".join(part.get_content() for part in letter.walk() if part.get_content_maintype() == "text") + str(letter["Subject"])


# --- A11 --------------------------------------------------------------------------------------------------------------


def check_enrolled(world: w.World, client: w.Client, _seen: dict) -> None:
    """A11: a circle of seven comes from an enrolment; the FHIR server has episode, team, plan and consent, each once"""
    status = client.wait_settled(client.submit(event("enrolment/fragilite", "a11-1")).status.event_id)
    require(w.all_delivered(status), "the FHIR server did not take the enrolment")
    territory = world.repository.territory
    require_equal(territory.one("EpisodeOfCare")["status"], "active", "EpisodeOfCare")
    require_equal(len(territory.one("CareTeam")["participant"]), 7, "members of the CareTeam")
    for kind in ("CarePlan", "Consent", "Patient"):
        territory.one(kind)
    before = territory.versions()
    client.wait_settled(client.submit(event("enrolment/fragilite", "a11-1-again")).status.event_id)
    require_equal(set(territory.versions()), set(before), "the same enrolment again makes other resources")


def check_routed(world: w.World, client: w.Client, seen: dict) -> None:
    """A11: a letter « for me to route » reaches the team in full, who has consent in full, the home help without a clinical word"""
    receipt = client.submit(circle_letter("a11-2")).status
    seen["letter"] = receipt.event_id
    status = client.wait_settled(receipt.event_id)
    require(w.all_delivered(status), "not every member is reached")
    decisions = decisions_of(status)
    require_equal({member: outcome for member, (outcome, _) in decisions.items()},
                  {"mt-1": Outcome.FULL, "idel-1": Outcome.FULL, "idel-2": Outcome.FULL, "kine-1": Outcome.FULL,
                   "dac-1": Outcome.FULL, "ssiad-1": Outcome.FULL, "saad-1": Outcome.REDUCED}, "the decisions")
    for address in (*TEAM, WITH_CONSENT):
        letter = mails_to(world, address)[-1]
        require(box.xdm_attachment(letter), f"{address} got no document")
    told = mails_to(world, HOME_HELP)[-1]
    text = all_text(told).lower()
    require(not list(told.iter_attachments()), "the home help got a file")
    require(not any(word in text for word in CLINICAL), "the home help got clinical content")
    require("bouveret" in text, "the home help is not told whom it is about")
    details = "\n".join(str(row) for row in world.rows("SELECT detail FROM audit"))
    for member, (_, rule) in decisions.items():
        require(rule in details, f"the audit does not explain {member}")


def check_preview_explains(world: w.World, client: w.Client, _seen: dict) -> None:
    """the preview tells each decision, and who gets nothing"""
    parts = client.preview(w.preview_of(circle_letter("a11-apercu")))
    routing = [one for part in parts for one in part.routing]
    require_equal(len(routing), 7, "decisions in the preview")
    require(all(one.rule and one.text_fr for one in routing), "a decision without its reason")


def check_left_and_objected(world: w.World, client: w.Client, _seen: dict) -> None:
    """a member who has left gets nothing any more; one to whom the patient objects gets nothing; both are said"""
    client.submit(event("circle/depart", "a11-3"))
    client.submit(event("circle/opposition", "a11-4"))
    before = {address: len(mails_to(world, address)) for address in (TEAM[2], HOME_HELP)}
    status = client.wait_settled(client.submit(circle_letter_twin("a11-5")).status.event_id)
    decisions = decisions_of(status)
    require("idel-2" not in decisions, "who has left is still considered")
    require_equal(decisions["saad-1"], (Outcome.NOTHING, "PATIENT_OBJECTS"), "the member to whom the patient objects")
    after = {address: len(mails_to(world, address)) for address in before}
    require_equal(after, before, "mails to who left, and to who is objected to")


def circle_letter_twin(key: str) -> gateway_pb2.SubmitEventRequest:
    """Another letter about the same stay: a document of its own."""
    request = circle_letter(key)
    request.event.discharge_letter.structured.reason += f" Envoi {key}."
    return request


def check_withdrawn(world: w.World, client: w.Client, seen: dict) -> None:
    """A11: consent withdrawn while a letter waits: stopped within a minute, what had left is listed, the team still gets it"""
    world.mail.go_down()
    try:
        event_id = client.submit(circle_letter_twin("a11-6")).status.event_id
        begun = time.monotonic()
        receipt = client.submit(event("circle/retrait-consentement", "a11-7")).status
        took = time.monotonic() - begun
        require(took < 60, f"it took {took:.1f} s")
        status = client.get(event_id=event_id)
        member = {one.member_id: one.recipient_index for one in status.routing}
        stopped = status.recipients[member["dac-1"]].deliveries[0]
        require_equal((w.state_name(stopped), stopped.reason), ("cancelled", "CONSENT_WITHDRAWN"), "what waited")
    finally:
        world.mail.come_up()
    past = client.get(event_id=receipt.event_id).past_sends
    require(seen["letter"] in [one.event_id for one in past], "the receipt does not list what had left")
    status = client.wait_settled(event_id, 60)
    require_equal(w.state_name(status.recipients[member["mt-1"]].deliveries[0]), "delivered", "the team's letter")
    later = client.wait_settled(client.submit(circle_letter_twin("a11-8")).status.event_id)
    require_equal(decisions_of(later)["dac-1"][0], Outcome.NOTHING, "after the withdrawal")
    print(f"      withdrawn in {took * 1000:.0f} ms", flush=True)


def check_stopped(world: w.World, client: w.Client, _seen: dict) -> None:
    """a leave and an objection stop what waits, the objection whoever named the member; the same again is said to be known"""
    world.mail.go_down()
    try:
        routed = client.submit(circle_letter_twin("arret-1")).status
        request = circle_letter_twin("arret-2")
        request.event.route_to_circle = False
        request.event.recipients.add().person.mailbox = TEAM[3]
        named = client.submit(request).status.event_id
        leave = event("circle/depart", "arret-3")
        leave.event.care_circle_change.leaves[0].member_id = "idel-1"
        leave.event.care_circle_change.leaves[0].ClearField("at")
        client.submit(leave)
        objection = event("circle/opposition", "arret-4")
        objection.event.care_circle_change.ClearField("objection")
        objection.event.care_circle_change.objection.member_ids.append("kine-1")
        client.submit(objection)
        objection.idempotency_key = "arret-5"
        issues = [one.code for one in client.submit(objection).status.issues]
        require("ALREADY_RECORDED" in issues, f"the same objection again: {issues}")
        status = client.get(event_id=routed.event_id)
        places = {one.member_id: one.recipient_index for one in status.routing}
        reasons = {member: status.recipients[places[member]].deliveries[0].reason for member in ("idel-1", "kine-1", "mt-1")}
        require_equal((reasons["idel-1"], reasons["kine-1"]), ("MEMBERSHIP_ENDED", "PATIENT_OBJECTED"), "what waited")
        before = len(mails_to(world, TEAM[3]))
    finally:
        world.mail.come_up()
    stopped = client.wait_settled(named, 60).recipients[0].deliveries[0]
    require_equal((w.state_name(stopped), stopped.reason), ("cancelled", "PATIENT_OBJECTED"), "the letter that names the member")
    status = client.wait_settled(routed.event_id, 60)
    require_equal(w.state_name(status.recipients[places["mt-1"]].deliveries[0]), "delivered", "the letter to the others")
    require_equal(len(mails_to(world, TEAM[3])), before, "mails to whom the patient objects")


def check_consent_missing(world: w.World, client: w.Client, _seen: dict) -> None:
    """an event that rests on the consent that was withdrawn is refused by its reason"""
    request = event("circle/arrivee", "a11-9")
    request.event.legal_basis = 3
    request.event.consent_at.CopyFrom(request.event.occurred_at)
    refusal = refusal_of(client.submit, request)
    require_equal((refusal.code, refusal.reason), ("FAILED_PRECONDITION", "CONSENT_MISSING"), "the refusal")


# --- the tool that loses ------------------------------------------------------------------------------------------------


def check_lost(world: w.World, client: w.Client, _seen: dict) -> None:
    """A11: the territory's server answers 200 and loses: it is noticed, sent again, and there once"""
    world.repository.fault(repo.Fault(answer="lost"))
    status = client.wait_settled(client.submit(event("enrolment/obesite-pediatrique", "perdu")).status.event_id)
    require(w.all_delivered(status), "it is not delivered in the end")
    require(max(one.attempts for one in w.deliveries_of(status)) >= 2, "the loss was not noticed")
    ours = [one for one in world.repository.territory.all("EpisodeOfCare")]
    require_equal(len(ours), 2, "episodes of two patients")


def check_answer_lost(world: w.World, client: w.Client, _seen: dict) -> None:
    """an answer that never comes, an error of the server, half an answer: each enrolment is there once in the end"""
    for number, fault in enumerate((repo.drop(stores=True), repo.drop(stores=False), repo.refuse(503), repo.Fault(answer="half", stores=True))):
        world.repository.fault(fault)
        request = event("enrolment/insuffisance-cardiaque", f"faute-{number}")
        request.event.route_to_circle = False
        request.event.pathway_enrolment.enrolment_id = f"FAUTE-{number}"
        status = client.wait_settled(client.submit(request).status.event_id, 60)
        require(w.all_delivered(status), f"fault {number}: not delivered")
    episodes = world.repository.territory.all("EpisodeOfCare")
    numbers = [one["value"] for episode in episodes for one in episode["identifier"]]
    require_equal(len(numbers), len(set(numbers)), "episodes by identifier")


# --- bad input ----------------------------------------------------------------------------------------------------------


def check_refused(world: w.World, client: w.Client, _seen: dict) -> None:
    """an unknown version of a protocol, a period that ends before it starts, a member twice: the field is named, no value"""
    def unknown(request):
        request.event.pathway_enrolment.protocol_version = "9"

    def backwards(request):
        enrolment = request.event.pathway_enrolment
        enrolment.status, enrolment.end_reason = circle_pb2.PathwayEnrolment.FINISHED, 4
        enrolment.end.seconds = enrolment.start.seconds - 60

    def twice(request):
        members = request.event.pathway_enrolment.members
        members.add().CopyFrom(members[0])

    for edit, fragment in ((unknown, "protocol_version"), (backwards, ".end"), (twice, "members[5]")):
        refusal = refusal_of(client.submit, w.edited(event("enrolment/insuffisance-cardiaque", f"faux-{fragment}"), edit))
        require(refusal.code == "INVALID_ARGUMENT" and any(fragment in path for path in refusal.fields),
                f"{fragment}: {refusal}")
        require("TISSERAND" not in str(refusal), "the refusal tells a name")


def check_nobody(world: w.World, client: w.Client, _seen: dict) -> None:
    """a letter for the circle of a patient who has none is refused: it would go nowhere"""
    request = circle_letter("personne")
    subject = request.event.subject
    subject.ClearField("ins")
    subject.status, subject.birth_family_name = 1, "SANSCERCLE"
    subject.local_id.value, subject.local_id.oid = "SANS-1", "2.999.39.1"
    refusal = refusal_of(client.submit, request)
    require_equal(refusal.reason, "NOBODY_TO_ROUTE_TO", "the refusal")


def check_quiet(world: w.World, client: w.Client, _seen: dict) -> None:
    """ledger and log hold nobody's name and nothing clinical; the audit chain is whole"""
    require(world.verify_audit() > 0, "the audit chain")
    for name, content in world.traces().items():
        low = content.lower()
        for word in (*CLINICAL, "bouveret", "gisèle"):
            require(word.encode("utf-8") not in low, f"{name} holds a word about a patient")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        client, seen = world.client(), {}
        for check in (check_enrolled, check_routed, check_preview_explains, check_left_and_objected, check_withdrawn,
                      check_stopped, check_consent_missing, check_lost, check_answer_lost, check_refused, check_nobody, check_quiet):
            report.run(check, world, client, seen)
        report.end()


if __name__ == "__main__":
    w.main(test)
