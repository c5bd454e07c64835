#!/usr/bin/env python3
"""What a mail partner, or a tool, does to letters: it refuses, delays, goes away, stays silent, shows or sees a wrong
certificate. Each letter's state says so, nothing is lost, and nothing else waits. Repositories: test_repository.py."""

from __future__ import annotations

import copy
import shutil
import socket
import time

import world as w
from world import repo, require, require_equal

GOOD = "bonne.adresse@cabinet.demo.mssante.fr"
SAMPLE = "samples/letters/several-recipients.yaml"
FALLBACK_FR = "L'envoi n'a pas abouti"


def letter_to(key: str, *addresses: str, tenant: str = "cpts-demo", seconds: float | None = None):
    """The sample, for these mailboxes; the machine stops trying after so many seconds."""
    request = w.load_event(SAMPLE)
    request.idempotency_key = key
    request.event.tenant = tenant
    person = copy.deepcopy(request.event.recipients[0])
    del request.event.recipients[:]
    for address in addresses:
        person.person.mailbox = address
        request.event.recipients.add().CopyFrom(person)
    if seconds is not None:
        request.event.give_up_at.FromNanoseconds(time.time_ns() + int(seconds * 1e9))
    return request


def first(status):
    return status.recipients[0].deliveries[0]


def reason_is(client: w.Client, event_id: str, reason: str, attempts: int = 1):
    """The event's status once its first delivery has that reason, after at least so many attempts."""
    def found():
        status = client.get(event_id=event_id)
        return status if first(status).reason == reason and first(status).attempts >= attempts else None

    def now():
        one = first(client.get(event_id=event_id))
        return f"{w.state_name(one)} {one.reason} after {one.attempts} attempts"

    try:
        return w.wait_until(found, "")
    except w.Failed:
        raise w.Failed(f"{now()}, instead of {reason}") from None


def require_french(recipient) -> None:
    require(recipient.reason_fr, "no sentence for the coordinator")
    require(not recipient.reason_fr.startswith(FALLBACK_FR), "the sentence does not say why")


def check_refused(world: w.World) -> None:
    """a refusal for good: rejected at once, with the code, a French reason and a task; the other recipient is served"""
    client = world.client()
    for local, reason, code in (("absent", "MAILBOX_ABSENT", "550 5.1.1"), ("plein", "MAILBOX_FULL", "552 5.2.2")):
        request = letter_to(f"refus-{local}", f"{local}.docteur@cabinet.demo.mssante.fr", GOOD)
        status = client.wait_settled(client.submit(request).status.event_id)
        refused, served = status.recipients
        delivery = refused.deliveries[0]
        require_equal((w.state_name(delivery), delivery.reason), ("rejected", reason), "answer")
        require_equal((delivery.attempts, delivery.partner_code), (1, code), "attempts and code")
        require(refused.task_id, "no task is open")
        require_french(refused)
        require_equal(w.state_name(served.deliveries[0]), "delivered", "the other recipient")
        require(not served.task_id, "a task is open for a letter that arrived")
        line = world.gateway.wait_logged("delivery attempted", delivery=delivery.id, reason=reason)
        require_equal(line["level"], "warn", "level")


def check_delayed(world: w.World) -> None:
    """'try later', or a partner that hangs up, keeps it pending, tried again and again; others are served"""
    client = world.client()
    for local, code in (("plus-tard", "450 4.2.1"), ("bloque", "421 4.3.2")):
        request = letter_to(f"attente-{local}", f"{local}.docteur@cabinet.demo.mssante.fr", seconds=3600)
        event = client.submit(request).status.event_id

        def waits():
            one = first(client.get(event_id=event))
            return one if one.attempts >= 3 and w.state_name(one) == "pending" else None

        delivery = w.wait_until(waits, "it is not tried again and again")
        require_equal(delivery.partner_code, code, "code")
        require(delivery.due_at.seconds > 0, "the next attempt is not told")
        good = client.submit(letter_to(f"apres-{local}", GOOD)).status
        require(w.all_delivered(client.wait_settled(good.event_id)), "another letter waits for it")


def check_gives_up(world: w.World) -> None:
    """give_up_at passes: the letter is handed over to a person, in French, and never tried again"""
    client = world.client()
    request = letter_to("abandon", "plus-tard.abandon@cabinet.demo.mssante.fr", seconds=4)
    accepted = client.submit(request).status
    status = client.wait_settled(accepted.event_id)
    delivery = first(status)
    require_equal((w.state_name(delivery), delivery.reason), ("handed_over", "GIVE_UP_AT_PASSED"), "answer")
    require(delivery.attempts > 1, "it was not tried meanwhile")
    require(status.recipients[0].task_id, "no task is open")
    require_french(status.recipients[0])
    time.sleep(2)
    require_equal(first(client.get(event_id=accepted.event_id)).attempts, delivery.attempts, "attempts afterwards")
    done = world.run("show", accepted.event_id, "--server", f"localhost:{world.gateway.port}", "--pki", world.pki)
    require("handed_over" in done.stdout and status.recipients[0].reason_fr in done.stdout, done.stdout)


def check_host_down(world: w.World) -> None:
    """the mail service goes down and comes up: letters are accepted all the time, wait, and arrive once"""
    client = world.client()
    address = "panne@cabinet-panne.demo.mssante.fr"
    world.mail.go_down()
    events = [client.submit(letter_to(f"panne-{number}", address)).status.event_id for number in range(3)]
    status = reason_is(client, events[0], "CONNECTION_REFUSED")
    require_owed(status)
    require(not world.mail.mailbox(address).letters(), "a letter arrived through a closed door")
    world.mail.come_up()
    for event in events:
        require(w.all_delivered(client.wait_settled(event)), "a letter is not delivered")
    require_equal(len(world.letters_to(address, 3)), 3, "letters")


def check_bulkhead(world: w.World, silent: socket.socket) -> None:
    """a partner that takes the connection and stays silent holds up no letter of another"""
    client = world.client()
    slow = [client.submit(letter_to(f"muet-{number}", GOOD, tenant="cpts-muette")).status.event_id
            for number in range(5)]
    silent.settimeout(30)
    held, _ = silent.accept()
    begin = time.monotonic()
    for number in range(5):
        status = client.submit(letter_to(f"voisin-{number}", GOOD)).status
        require(w.all_delivered(client.wait_settled(status.event_id)), "a letter is not delivered")
    require(time.monotonic() - begin < 20, "they waited for the silent partner")
    states = {w.state_name(first(client.get(event_id=event))) for event in slow}
    require(states <= {"sending", "pending"} and "sending" in states, f"states of the others: {states}")
    held.close()


def to_tool(key: str):
    """The sample, for the tool alone."""
    request = w.load_event(SAMPLE)
    request.idempotency_key = key
    del request.event.recipients[:]
    request.event.recipients.add().tool.name = "outil-demo"
    return request


def check_tool_repeats(world: w.World) -> None:
    """a tool that hung up, answered 503 or a redirection gets the same request again: same identifier, same bytes"""
    client, tool = world.client(), world.repository
    how = {"stores": True, "on": "tool"}
    for number, fault in enumerate((repo.Fault("none", **how), repo.refuse(503, **how), repo.Fault("moved", **how))):
        before = len(tool.tool_calls)
        tool.fault(fault)
        status = client.wait_settled(client.submit(to_tool(f"outil-encore-{number}")).status.event_id)
        require(w.all_delivered(status), f"it is {w.state_name(first(status))} {first(status).reason}")
        require_equal(first(status).attempts, 2, "attempts")
        calls = tool.tool_calls[before:]
        require_equal((len(calls), len({(call.id, call.body) for call in calls})), (2, 1), "calls, and different ones")
        require_equal(calls[0].json["event_id"], status.event_id, "event")


def check_tool_refuses(world: w.World) -> None:
    """a tool that refuses the content ends it, with a French reason and a task; one that refuses us is asked again"""
    client, tool = world.client(), world.repository
    for code, reason in ((400, "CONTENT_REFUSED"), (413, "TOO_LARGE"), (422, "CONTENT_REFUSED")):
        tool.fault(repo.refuse(code, on="tool"))
        status = client.wait_settled(client.submit(to_tool(f"outil-refus-{code}")).status.event_id)
        require_equal((w.state_name(first(status)), first(status).reason), ("rejected", reason), f"answer to {code}")
        require_equal(first(status).partner_code, str(code), "code")
        require(status.recipients[0].task_id, "no task is open")
        require_french(status.recipients[0])
    tool.fault(repo.refuse(401, on="tool"))
    status = client.wait_settled(client.submit(to_tool("outil-acces")).status.event_id)
    require(w.all_delivered(status) and first(status).attempts == 2, "it is not tried again")
    require_equal(tool.complaints, [], "what the tool found wrong")


def require_owed(status) -> None:
    """Waiting for its next attempt, or in it: between two looks a retry may begin."""
    require(w.state_name(first(status)) in ("pending", "sending"), w.state_name(first(status)))


def use_partner_files(world: w.World, **files: str) -> None:
    """Starts the gateway again with other TLS files towards the mail service."""
    world.gateway.stop()

    def change(config: dict) -> None:
        config["mssante"] = config["mssante"][:1]
        config["tenants"] = config["tenants"][:1]
        config["mssante"][0]["tls"] |= files

    world.write_config(change)
    world.start_gateway()


def check_wrong_authority(world: w.World) -> None:
    """a mail service that another authority signed gets nothing; with the right one, the letter leaves"""
    address = "autorite@cabinet-autorite.demo.mssante.fr"
    other = world.folder / "other-pki"
    world.run("pki", "dev", "--out", other)
    use_partner_files(world, ca_file=str(other / "ca.pem"))
    client = world.client()
    event = client.submit(letter_to("autorite", address)).status.event_id
    status = reason_is(client, event, "PARTNER_CERTIFICATE")
    require_owed(status)
    require(world.gateway.wait_logged("delivery attempted", reason="PARTNER_CERTIFICATE")["level"] == "warn", "level")
    use_partner_files(world)
    require(w.all_delivered(world.client().wait_settled(event)), "it is not delivered")
    require_equal(len(world.letters_to(address)), 1, "letters")


def check_own_certificate_expires(world: w.World) -> None:
    """our own certificate expires while the gateway runs: the letter waits and says why; renewed, it leaves"""
    address = "expire@cabinet-expire.demo.mssante.fr"
    w.issue_expired(world.pki, "mail-perime")
    for end in ("pem", "key"):
        shutil.copy(world.pki / f"mail-client.{end}", world.pki / f"mail-courant.{end}")
    files = {"certificate_file": str(world.pki / "mail-courant.pem"), "key_file": str(world.pki / "mail-courant.key")}
    use_partner_files(world, **files)
    world.mail.go_down()  # so that no connection of before is left
    world.mail.come_up()
    for end in ("pem", "key"):
        shutil.copy(world.pki / f"mail-perime.{end}", world.pki / f"mail-courant.{end}")
    client = world.client()
    event = client.submit(letter_to("expire", address)).status.event_id
    status = reason_is(client, event, "OWN_CERTIFICATE")
    require_owed(status)
    require(world.gateway.wait_logged("delivery attempted", reason="OWN_CERTIFICATE"), "log")
    for end in ("pem", "key"):
        shutil.copy(world.pki / f"mail-client.{end}", world.pki / f"mail-courant.{end}")
    require(w.all_delivered(client.wait_settled(event)), "it is not delivered")
    require_equal(len(world.letters_to(address)), 1, "letters")


def check_start_with_expired(world: w.World) -> None:
    """started with an expired mail certificate, the gateway serves, says which one, and its letters wait"""
    expired = {"certificate_file": str(world.pki / "mail-perime.pem"), "key_file": str(world.pki / "mail-perime.key")}
    use_partner_files(world, **expired)
    line = world.gateway.wait_logged("certificate cannot be used", whose="mail-demo")
    require("mail-perime.pem" in line["error"] and "expired" in line["error"], line["error"])
    event = world.client().submit(letter_to("perime", "perime@cabinet-perime.demo.mssante.fr")).status.event_id
    status = reason_is(world.client(), event, "OWN_CERTIFICATE")
    require_owed(status)
    use_partner_files(world)
    require(w.all_delivered(world.client().wait_settled(event)), "it is not delivered")


def change_config(config: dict, silent_port: int) -> None:
    """A second tenant, whose partner never says a word."""
    partner, tenant = copy.deepcopy(config["mssante"][0]), copy.deepcopy(config["tenants"][0])
    partner |= {"name": "mail-muet", "port": silent_port}
    tenant |= {"name": "cpts-muette", "mssante": "mail-muet"}
    tenant["key"]["id"] = "cpts-muette-1"
    config["mssante"].append(partner)
    config["tenants"].append(tenant)


def change_policy(policy: dict) -> None:
    policy["principals"][0]["tenants"].append("cpts-muette")


def test(report: w.Report) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        with w.World(change=lambda config: change_config(config, port), change_policy=change_policy) as world:
            world.start_gateway()
            for check in (check_refused, check_delayed, check_gives_up, check_host_down, check_tool_repeats,
                          check_tool_refuses):
                report.run(check, world)
            report.run(check_bulkhead, world, silent)
            report.end()
    with w.World() as world:
        world.start_gateway()
        for check in (check_wrong_authority, check_own_certificate_expires, check_start_with_expired):
            report.run(check, world)
        report.run(lambda: require(world.verify_audit() > 0, "no record"), claim="audit verify passes after all this")
        report.end()


if __name__ == "__main__":
    w.main(test)
