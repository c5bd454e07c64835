#!/usr/bin/env python3
"""Orientations from end to end: scenarios A1, A5 and A8, with their faults. Candidates answer by the link of their mail,
by a reply to it, or by a tool; what a FHIR server of the territory sees of it."""

from __future__ import annotations

import datetime
import html
import re
import smtplib
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from email.message import EmailMessage

import world as w
from passerelle.v1 import delivery_pb2, event_pb2, gateway_pb2, orientation_pb2
from world import box, refusal_of, require, require_equal, wait_until

Update = orientation_pb2.OrientationUpdate
FIRST, SECOND = "claire.dubreuil@medecin.demo.mssante.fr", "jurgen.aebischer@cabinet-des-tilleuls.demo.mssante.fr"
GATEWAY = "cpts.demo@cpts-demo.mssante.fr"
# Words of the samples that no notice, page, log or file of the ledger may hold.
CLINICAL = ("pansement", "décompensation", "furosémide", "pénicilline", "lombaire")


# --- what this test does to orientations --------------------------------------------------------------------------


def orientation(name: str, key: str, family: str = "", **changes) -> gateway_pb2.SubmitEventRequest:
    """A sample under another key, about another person when a family name is given."""
    request = w.load_event(f"samples/orientation/{name}.yaml")
    request.idempotency_key = key
    if family:
        request.event.subject.ClearField("ins")
        request.event.subject.status = 1
        request.event.subject.birth_family_name = family
        request.event.subject.local_id.value, request.event.subject.local_id.oid = key, "2.999.39.1"
    for field, value in changes.items():
        setattr(request.event.orientation, field, value)
    return request


def to_candidates(request, *mailboxes: str):
    """The same, to these candidates."""
    del request.event.orientation.candidates[:]
    request.event.orientation.candidate_list = ""
    for mailbox in mailboxes:
        request.event.orientation.candidates.add().person.mailbox = mailbox
    return request


def update(key: str, orientation_id: str, step: int, proposal: str = "", **more) -> gateway_pb2.SubmitEventRequest:
    sample = w.load_event("samples/orientation/medecin-traitant.yaml").event
    request = gateway_pb2.SubmitEventRequest(idempotency_key=key)
    event = request.event
    event.tenant, event.legal_basis = sample.tenant, sample.legal_basis
    event.source.CopyFrom(sample.source)
    event.occurred_at.GetCurrentTime()
    event.orientation_update.CopyFrom(Update(orientation_event_id=orientation_id, step=step, proposal_id=proposal, **more))
    return request


def status_of(client: w.Client, event_id: str):
    return client.get(event_id=event_id)


def states_of(status) -> list[str]:
    return [delivery_pb2.ProposalState.Name(one.state).removeprefix("PROPOSAL_STATE_").lower()
            for one in status.orientation.proposals]


def state_of(status) -> str:
    return delivery_pb2.OrientationState.Name(status.orientation.state).removeprefix("ORIENTATION_STATE_").lower()


def wait_states(client: w.Client, event_id: str, *expected: str):
    def there():
        status = status_of(client, event_id)
        return status if states_of(status) == list(expected) else None

    try:
        return wait_until(there, f"the proposals are not {expected}")
    except w.Failed:
        raise w.Failed(f"proposals {states_of(status_of(client, event_id))} instead of {list(expected)}") from None


def text_of(letter: EmailMessage) -> str:
    return letter.get_body(("plain",)).get_content()


def letters_about(world: w.World, address: str, count: int) -> list[EmailMessage]:
    return [box.parse_letter(raw) for raw in world.letters_to(address, count)]


def link_in(letter: EmailMessage) -> str:
    found = re.search(r"https://\S+/r/[A-Za-z0-9._~-]+", text_of(letter))
    require(found, "the mail holds no link")
    return found[0]


def code_in(letter: EmailMessage) -> str:
    found = re.search(r"PSL-[0-9A-Z]{4}-[0-9A-Z]{4}", text_of(letter))
    require(found, "the mail holds no answer code")
    return found[0]


class Browser:
    """Opens the page behind a link as a browser without script would: reads its form and sends it."""

    def __init__(self, world: w.World):
        self._context = ssl.create_default_context(cafile=world.pki / "ca.pem")

    def get(self, link: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(link))

    def answer(self, link: str, word: str, reason: str = "") -> tuple[int, str]:
        """Presses the button whose form has this value: "accept", "decline"."""
        _, page = self.get(link)
        form = next((one for one in re.findall(r"<form.*?</form>", page, re.S) if word in one), None)
        require(form, f"the page has no form for {word}")
        action = html.unescape(re.search(r'action="([^"]*)"', form)[1]) if 'action="' in form else link
        values = {html.unescape(name): html.unescape(value) for name, value in
                  re.findall(r'<(?:input|button)[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form)}
        if reason:
            select = re.search(r'<(?:select|input[^>]*type="radio")[^>]*name="([^"]+)"', form)
            values[select[1]] = reason
        body = urllib.parse.urlencode(values).encode()
        return self._ask(urllib.request.Request(urllib.parse.urljoin(link, action), body, method="POST"))

    def _ask(self, request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=20, context=self._context) as answer:
                return answer.status, answer.read().decode("utf-8")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8")


def reply(world: w.World, sender: str, to_letter: EmailMessage, text: str, **headers: str) -> None:
    """What a mail program sends when somebody answers a letter: quoted below, referring to it."""
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, to_letter["Reply-To"] or to_letter["From"]
    letter["Subject"] = f"Re: {to_letter['Subject']}"
    letter["Message-ID"] = f"<{datetime.datetime.now().timestamp()}.{abs(hash((sender, text)))}@client.test>"
    letter["In-Reply-To"] = to_letter["Message-ID"]
    for name, value in headers.items():
        letter[name.replace("_", "-")] = value
    quoted = "".join(f"> {line}\n" for line in text_of(to_letter).splitlines())
    letter.set_content(f"{text}\n\nLe 20 novembre, CPTS a écrit :\n{quoted}")
    context = ssl.create_default_context(cafile=world.pki / "ca.pem")
    context.load_cert_chain(world.pki / "mail-client.pem", world.pki / "mail-client.key")
    with smtplib.SMTP("localhost", world.mail.smtp, timeout=30) as server:
        server.starttls(context=context)
        server.send_message(letter, sender, [GATEWAY])


# --- A1: a médecin traitant ---------------------------------------------------------------------------------------


def check_first_proposal(world: w.World, client: w.Client, seen: dict) -> None:
    """A1: a nurse's request is scored, and the nearest doctor of the list is asked first, by mail, alone"""
    receipt = client.submit(orientation("medecin-traitant", "a1")).status
    seen["id"] = receipt.event_id
    status = wait_states(client, receipt.event_id, "proposed", "waiting")
    require_equal((status.orientation.priority_class, status.orientation.priority_rules), (1, "trois-vallees-1"),
                  "priority")
    client_text = str(status)
    require(not any(word in client_text.lower() for word in CLINICAL), "the status holds clinical text")
    seen["letter"] = letters_about(world, FIRST, 1)[-1]
    require_equal(len(world.mail.mailbox(SECOND).raw_letters()), 0, "mails to the second candidate")
    archive = box.open_xdm(box.xdm_attachment(seen["letter"]))
    require(b"96349-6" in next(iter(box.xdm_documents(archive).values())), "the document is no lettre d'adressage")
    details = "\n".join(str(row) for row in world.rows("SELECT detail FROM audit"))
    require("trois-vallees-1" in details, "the audit does not say which rules scored it")


def check_declined_by_link(world: w.World, client: w.Client, seen: dict) -> None:
    """A1: the page shows no patient and nothing clinical, looking changes nothing; a refusal asks the next one"""
    browser, link = Browser(world), link_in(seen["letter"])
    for _ in range(2):
        code, page = browser.get(link)
        require_equal(code, 200, "the page")
    require_equal(states_of(status_of(client, seen["id"])), ["proposed", "waiting"], "after looking")
    for word in (*CLINICAL, "vernerey", "roseline", "1946"):
        require(word not in page.lower(), "the page tells about the patient")
    code, page = browser.answer(link, "decline", "NOT_AVAILABLE")
    require(code == 200, f"the refusal is answered with {code}")
    status = wait_states(client, seen["id"], "declined", "proposed")
    require_equal(status.orientation.proposals[0].reason, Update.NOT_AVAILABLE, "the reason kept")
    require_equal(browser.answer(link, "decline", "NOT_AVAILABLE")[0] if "<form" in browser.get(link)[1] else 200, 200,
                  "the same answer twice")


def check_forged(world: w.World, client: w.Client, seen: dict) -> None:
    """a link that was altered, or made up, is refused and says nothing; another address than the candidate's does not count"""
    browser, link = Browser(world), link_in(seen["letter"])
    for other in (link[:-2] + ("AA" if link[-2:] != "AA" else "BB"), link.rsplit("/", 1)[0] + "/rien"):
        code, page = browser.get(other)
        require_equal(code, 404, "a link that is not ours")
        require("dubreuil" not in page.lower(), "it tells a name")
    second = letters_about(world, SECOND, 1)[-1]
    reply(world, "quelqu.un@autre-cabinet.demo.mssante.fr", second, f"J'accepte.\nRéférence {code_in(second)}")
    wait_until(lambda: status_of(client, seen["id"]).attention == "ANSWER_FROM_ANOTHER_ADDRESS",
               "a forwarded mail's answer is not told to a human")
    require_equal(states_of(status_of(client, seen["id"]))[1], "proposed", "the proposal after a stranger's answer")


def check_accepted_by_reply(world: w.World, client: w.Client, seen: dict) -> None:
    """A1: an automatic answer changes nothing; the second doctor's « J'accepte » by mail is taken, once"""
    second = letters_about(world, SECOND, 1)[-1]
    reply(world, SECOND, second, "Je suis absent jusqu'à lundi.", Auto_Submitted="auto-replied")
    reply(world, SECOND, second, "Bonjour,\nJ'accepte cette patiente.")
    status = wait_states(client, seen["id"], "declined", "accepted")
    require_equal((state_of(status), status.attention), ("accepted", ""), "the orientation")
    require_equal(status.orientation.proposals[1].channel, orientation_pb2.ANSWER_CHANNEL_MAIL, "the channel")
    task = wait_until(lambda: [one for one in world.repository.territory.all("Task") if one["status"] == "accepted"],
                      "the FHIR server does not hear of the acceptance")
    require_equal(len(task), 1, "accepted tasks")
    require_equal(world.repository.territory.one("ServiceRequest")["status"], "active", "ServiceRequest")


def check_same_patient_twice(world: w.World, client: w.Client, _seen: dict) -> None:
    """A1: the same patient under another spelling, while the first request is open: refused by its reason"""
    def respell(request):
        subject = request.event.subject
        subject.ClearField("ins")
        subject.status = 3
        subject.local_id.value, subject.local_id.oid = "AUTRE-1", "2.999.39.1"
        subject.birth_family_name = "Verne-rey"

    request = w.edited(orientation("medecin-traitant", "a1-bis"), respell)
    refusal = refusal_of(client.submit, request)
    require_equal((refusal.code, refusal.reason), ("ALREADY_EXISTS", "ORIENTATION_ALREADY_OPEN"), "the second request")


# --- two at once --------------------------------------------------------------------------------------------------


def check_race(world: w.World, client: w.Client, seen: dict) -> None:
    """two doctors accept in the same second, ten times: exactly one has it, the other is told ALREADY_TAKEN and by mail"""
    lost = 0
    for number in range(10):
        boxes = [f"course{number}.{side}@medecin.demo.mssante.fr" for side in "ab"]
        request = to_candidates(orientation("soins-non-programmes", f"course-{number}", f"COURSE{'ABCDEFGHIJ'[number]}"), *boxes)
        event_id = client.submit(request).status.event_id
        proposals = [one.proposal_id for one in wait_states(client, event_id, "proposed", "proposed").orientation.proposals]
        # Who never got the proposal is told nothing.
        for address in boxes if number == 0 else ():
            letters_about(world, address, 1)
        results: list[str] = []
        start = threading.Barrier(2)

        def accept(side: int) -> None:
            start.wait()
            try:
                client.submit(update(f"course-{number}-{side}", event_id, Update.ACCEPTED, proposals[side]))
                results.append("accepted")
            except w.Refusal as refusal:
                results.append(refusal.reason)

        threads = [threading.Thread(target=accept, args=(side,)) for side in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        require_equal(sorted(results), ["ALREADY_TAKEN", "accepted"], "two acceptances at once")
        states = states_of(status_of(client, event_id))
        require_equal(sorted(states), ["accepted", "taken"], "the proposals")
        loser = boxes[states.index("taken")]
        if number == 0:
            told = letters_about(world, loser, 2)[-1]
            require("XDM" not in told["Subject"] and not list(told.iter_attachments()), "the notice carries a document")
            seen["loser"], seen["loser_letter"] = loser, letters_about(world, loser, 1)[0]
        lost += 1
    code, page = Browser(world).get(link_in(seen["loser_letter"]))
    require(code in (200, 409) and "<form" not in page, "the loser can still answer")
    require_equal(lost, 10, "races")


def check_late_reply(world: w.World, client: w.Client, seen: dict) -> None:
    """an acceptance by mail that comes after another's is answered by a mail that says so"""
    before = len(world.mail.mailbox(seen["loser"]).raw_letters())
    reply(world, seen["loser"], seen["loser_letter"], "J'accepte")
    letters_about(world, seen["loser"], before + 1)


# --- time, absence --------------------------------------------------------------------------------------------------


def check_unreachable(world: w.World, client: w.Client, _seen: dict) -> None:
    """a candidate whose mailbox does not exist is passed over at once, and the next is asked"""
    request = to_candidates(orientation("medecin-traitant", "absent", "ABSENTE"), "absent.personne@cabinet.demo.mssante.fr", FIRST)
    event_id = client.submit(request).status.event_id
    status = wait_states(client, event_id, "unreachable", "proposed")
    require_equal(status.attention, "", "attention while somebody is asked")


def check_deadline(world: w.World, client: w.Client, _seen: dict) -> None:
    """nobody answers before the deadline: the orientation is spent, and a human is told; a link of then says so"""
    box_of_late = "silence@medecin.demo.mssante.fr"
    request = to_candidates(orientation("medecin-traitant", "silence", "SILENCE"), box_of_late)
    now = datetime.datetime.now(datetime.timezone.utc)
    request.event.alert_at.FromDatetime(now + datetime.timedelta(seconds=2))
    request.event.give_up_at.FromDatetime(now + datetime.timedelta(seconds=6))
    event_id = client.submit(request).status.event_id
    wait_until(lambda: status_of(client, event_id).attention == "DEADLINE_NEAR", "nobody is told that the deadline is near")
    wait_states(client, event_id, "expired")
    status = status_of(client, event_id)
    require_equal((state_of(status), status.attention), ("spent", "CANDIDATES_SPENT"), "after the deadline")
    require(event_id in [one.event_id for one in client.list(task_open=True).events], "the list of what is stuck lacks it")
    code, page = Browser(world).get(link_in(letters_about(world, box_of_late, 1)[0]))
    require(code in (200, 410) and "<form" not in page, "an expired link can still answer")


# --- A5: direct admission -------------------------------------------------------------------------------------------


def check_admission(world: w.World, client: w.Client, _seen: dict) -> None:
    """A5: the bed manager's mail says what an entry letter says, in its document only; refused with its reason, once"""
    request = orientation("admission-directe", "a5")
    event_id = client.submit(request).status.event_id
    wait_states(client, event_id, "proposed")
    address = request.event.orientation.candidates[0].structure.mailbox
    letter = letters_about(world, address, 1)[-1]
    require(not any(word in text_of(letter).lower() for word in CLINICAL), "the mail's text is clinical")
    document = next(iter(box.xdm_documents(box.open_xdm(box.xdm_attachment(letter))).values()))
    require(b"application/pdf" in document, "the document holds no PDF")
    browser = Browser(world)
    browser.answer(link_in(letter), "decline", "NO_BED")
    status = wait_states(client, event_id, "declined")
    changes = len(world.rows("SELECT seq FROM event WHERE kind = 'orientation_update'"))
    proposal = status.orientation.proposals[0].proposal_id
    client.submit(update("a5-again", event_id, Update.DECLINED, proposal, reason=Update.NO_BED))
    require(len(world.rows("SELECT seq FROM event WHERE kind = 'orientation_update'")) <= changes + 1, "it counts twice")
    refusal = refusal_of(client.submit, update("a5-other", event_id, Update.ACCEPTED, proposal))
    require(refusal.reason in ("ALREADY_ANSWERED", "PROPOSAL_CLOSED"), f"another answer afterwards: {refusal.reason}")
    require_equal((state_of(status), status.attention), ("spent", "CANDIDATES_SPENT"), "nobody is left")


# --- A8: an exit from hospital --------------------------------------------------------------------------------------


def check_relay(world: w.World, client: w.Client, seen: dict) -> None:
    """A8: the usual nurse first; she accepts by a tool; booked; the exit is brought forward; then cancelled: all who were asked know"""
    request = orientation("infirmiers-sortie", "a8")
    boxes = [one.person.mailbox for one in request.event.orientation.candidates]
    event_id = client.submit(request).status.event_id
    first = wait_states(client, event_id, "proposed", "waiting").orientation.proposals[0]
    letters_about(world, boxes[0], 1)
    client.submit(update("a8-1", event_id, Update.ACCEPTED, first.proposal_id))
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    booked = update("a8-2", event_id, Update.BOOKED)
    booked.event.orientation_update.appointment.start.FromDatetime(start)
    client.submit(booked)
    require_equal(state_of(status_of(client, event_id)), "booked", "after booking")
    moved = update("a8-3", event_id, Update.RESCHEDULED)
    moved.event.orientation_update.wanted_from.FromDatetime(start)
    moved.event.orientation_update.wanted_before.FromDatetime(start + datetime.timedelta(hours=4))
    client.submit(moved)
    client.submit(update("a8-4", event_id, Update.CANCELLED, reason=Update.NO_LONGER_NEEDED))
    require_equal(state_of(status_of(client, event_id)), "cancelled", "after the cancellation")
    letters_about(world, boxes[0], 3)
    require_equal(len(world.mail.mailbox(boxes[1]).raw_letters()), 0, "mails to the nurse who was never asked")
    refusal = refusal_of(client.submit, update("a8-5", event_id, Update.BOOKED, first.proposal_id))
    require(refusal.reason in ("STEP_NOT_POSSIBLE", "FIELD_INVALID"), f"a step after the end: {refusal.reason}")
    wait_until(lambda: "revoked" in {one["status"] for one in world.repository.territory.all("ServiceRequest")},
               "the FHIR server does not hear of the cancellation")
    seen["a8"] = event_id


def check_patient_chooses(world: w.World, client: w.Client, _seen: dict) -> None:
    """the patient's free choice: an accepted proposal ends, and the next candidate is asked; nobody is assigned"""
    boxes = [f"choix{number}@medecin.demo.mssante.fr" for number in (1, 2)]
    request = to_candidates(orientation("medecin-traitant", "choix", "CHOISIT"), *boxes)
    event_id = client.submit(request).status.event_id
    first = wait_states(client, event_id, "proposed", "waiting").orientation.proposals[0]
    client.submit(update("choix-1", event_id, Update.ACCEPTED, first.proposal_id))
    client.submit(update("choix-2", event_id, Update.PATIENT_DECLINED, reason=Update.PATIENT_CHOICE))
    wait_states(client, event_id, "patient_declined", "proposed")
    letters_about(world, boxes[1], 1)


def check_moved_before_its_turn(world: w.World, client: w.Client, _seen: dict) -> None:
    """a candidate whose turn comes after the dates moved reads the new dates first, and until when to answer"""
    boxes = [f"report{number}@medecin.demo.mssante.fr" for number in (1, 2)]
    request = to_candidates(orientation("medecin-traitant", "report", "REPORTE"), *boxes)
    event_id = client.submit(request).status.event_id
    first = wait_states(client, event_id, "proposed", "waiting").orientation.proposals[0]
    letters_about(world, boxes[0], 1)
    moved = update("report-1", event_id, Update.RESCHEDULED)
    moved.event.orientation_update.wanted_before.FromDatetime(datetime.datetime(2031, 3, 5, 11, tzinfo=datetime.timezone.utc))
    client.submit(moved)
    notice = letters_about(world, boxes[0], 2)[-1]
    require("05/03/2031" in text_of(notice), "who was asked before is not told the new dates")
    client.submit(update("report-2", event_id, Update.DECLINED, first.proposal_id, reason=Update.NOT_AVAILABLE))
    wait_states(client, event_id, "declined", "proposed")
    text = text_of(letters_about(world, boxes[1], 1)[0])
    require("ATTENTION : les dates souhaitées ont changé" in text and "avant le 05/03/2031 à 12:00" in text,
            "the proposal tells the dates of before")
    require(text.index("ATTENTION") < text.index("vous propose une prise en charge"), "the new dates do not come first")
    require("Réponse attendue avant le" in text, "the proposal does not say until when to answer")


def check_never_asked(world: w.World, client: w.Client, _seen: dict) -> None:
    """two are asked while the mail service is down, one accepts by a tool: the other never hears of it"""
    boxes = [f"coupure{number}@medecin.demo.mssante.fr" for number in (1, 2)]
    request = to_candidates(orientation("medecin-traitant", "coupure", "COUPURE", mode=2), *boxes)
    world.mail.go_down()
    try:
        event_id = client.submit(request).status.event_id
        first = wait_states(client, event_id, "proposed", "proposed").orientation.proposals[0]
        told = client.submit(update("coupure-1", event_id, Update.ACCEPTED, first.proposal_id)).status.event_id
        wait_states(client, event_id, "accepted", "taken")
    finally:
        world.mail.come_up()
    client.wait_settled(event_id, 60)
    reasons = [one.reason for one in w.deliveries_of(client.wait_settled(told, 60))]
    require("PROPOSAL_NOT_SENT" in reasons, f"the notice is not withdrawn: {reasons}")
    letters_about(world, boxes[0], 1)
    require_equal(len(world.mail.mailbox(boxes[1]).raw_letters()), 0, "mails to who was never asked")


# --- everything together --------------------------------------------------------------------------------------------


def check_previews(world: w.World, client: w.Client, _seen: dict) -> None:
    """a preview of an orientation shows the mail without the right to answer"""
    parts = client.preview(w.preview_of(orientation("soins-non-programmes", "course-0", "COURSEA")))
    mail = b"".join(part.content for part in parts if part.file_name == "message.eml")
    require(mail, "no mail in the preview")
    require(not re.search(rb"/r/[0-9a-f-]{36}\.", mail) and not re.search(rb"PSL-[0-9A-Z]{4}-[0-9A-Z]{4}", mail),
            "the preview holds a link or a code that is worth something")


def check_survives(world: w.World, client: w.Client, seen: dict) -> None:
    """a gateway that is killed goes on where the orientation stands"""
    request = to_candidates(orientation("medecin-traitant", "mort", "SURVIT"), "mort1@medecin.demo.mssante.fr", "mort2@medecin.demo.mssante.fr")
    event_id = client.submit(request).status.event_id
    wait_states(client, event_id, "proposed", "waiting")
    link = link_in(letters_about(world, "mort1@medecin.demo.mssante.fr", 1)[0])
    world.gateway.kill()
    world.start_gateway()
    again = world.client()
    Browser(world).answer(link, "decline", "NOT_AVAILABLE")
    wait_states(again, event_id, "declined", "proposed")
    letters_about(world, "mort2@medecin.demo.mssante.fr", 1)
    require(world.verify_audit() > 0, "the audit chain")
    traces = world.traces()
    for name, content in traces.items():
        low = content.lower()
        for word in (*CLINICAL, "vernerey", "roseline"):
            require(word.encode("utf-8") not in low, f"{name} holds a word about a patient")
        require(b"/r/" not in content or name != world.log.name, "the log holds a link")


def test(report: w.Report) -> None:
    with w.World() as world:
        world.start_gateway()
        client, seen = world.client(), {}
        for check in (check_first_proposal, check_declined_by_link, check_forged, check_accepted_by_reply,
                      check_same_patient_twice, check_race, check_late_reply, check_unreachable, check_deadline,
                      check_admission, check_relay, check_patient_chooses, check_moved_before_its_turn,
                      check_never_asked, check_previews, check_survives):
            report.run(check, world, client, seen)
        report.end()


if __name__ == "__main__":
    w.main(test)
