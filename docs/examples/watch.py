#!/usr/bin/env python3
"""Follows what becomes of our events, and misses nothing: not through a broken connection, a restart of the gateway, or a
crash of this program.

    watch.py STATE_FILE [--tenant NAME] [--server HOST:PORT] [--pki DIR] [--identity NAME]

STATE_FILE is a SQLite database that it makes: every change that it heard of (`change`), where each delivery stands
(`delivery`), and how far it has heard (`position`). One line a change on stdout. It runs until it is stopped.

Needs grpcio and googleapis-common-protos, and the stubs of proto/ on its path: docs/cpts-software.md says how to make them.
"""

import argparse
import pathlib
import sqlite3
import sys
import time

import grpc
from passerelle.v1 import delivery_pb2, gateway_pb2, gateway_pb2_grpc

TABLES = """
CREATE TABLE IF NOT EXISTS position(sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS change(sequence INTEGER PRIMARY KEY, delivery_id TEXT, state TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS delivery(id TEXT PRIMARY KEY, event_id TEXT, recipient_index INTEGER, adapter TEXT,
                                    state TEXT, reason TEXT);
"""
# The same request may succeed later. Everything else needs a person.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED,
           grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED)
# Our position means nothing to the gateway: too old, or its ledger is another one (restored from a backup).
LOST = (grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT)


def connect(options):
    """A new channel for each try: it reads the certificate again, which may have been renewed."""
    pki = pathlib.Path(options.pki)
    credentials = grpc.ssl_channel_credentials((pki / "ca.pem").read_bytes(),
                                               (pki / f"{options.identity}.key").read_bytes(),
                                               (pki / f"{options.identity}.pem").read_bytes())
    return grpc.secure_channel(options.server, credentials, options=[
        ("grpc.max_receive_message_length", 32 * 1024 * 1024),
        # A watch has no deadline: pings find a line that is dead and says nothing. Not below 20 s.
        ("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000)])


def state_of(message):
    return delivery_pb2.DeliveryState.Name(message.state).removeprefix("DELIVERY_STATE_")


def note_delivery(db, event_id, recipient_index, delivery_id, message):
    db.execute("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?, ?, ?)",
               (delivery_id, event_id, recipient_index, message.adapter, state_of(message), message.reason))


def note_position(db, sequence):
    db.execute("DELETE FROM position")
    db.execute("INSERT INTO position VALUES (?)", (sequence,))


def start_over(gateway, db, tenant):
    """Where everything stands now, and from where on to watch. The position first: what changes while the pages are read
    is then heard of again, and not missed."""
    watch = gateway.WatchEvents(gateway_pb2.WatchEventsRequest(tenant=tenant, from_now=True))
    position = next(watch).sequence  # the first answer comes at once
    watch.cancel()
    with db:
        request = gateway_pb2.ListEventsRequest(tenant=tenant, page_size=500)
        while True:
            page = gateway.ListEvents(request, timeout=60)
            for event in page.events:
                for recipient in event.recipients:
                    for delivery in recipient.deliveries:
                        note_delivery(db, event.event_id, recipient.recipient_index, delivery.id, delivery)
            if not page.next_page_token:  # a page may be empty and not the last
                break
            request.page_token = page.next_page_token
        note_position(db, position)
    return position


def watch(gateway, db, tenant, heard):
    """Until the stream breaks. `heard` is called at each answer."""
    row = db.execute("SELECT sequence FROM position").fetchone()
    position = row[0] if row else start_over(gateway, db, tenant)
    print("watching after", position, flush=True)
    for answer in gateway.WatchEvents(gateway_pb2.WatchEventsRequest(tenant=tenant, after_sequence=position)):
        with db:  # one transaction: the change is in it, or we ask for it again
            if answer.HasField("change"):  # else a heartbeat
                change = answer.change
                db.execute("INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?)",
                           (answer.sequence, change.delivery_id, state_of(change), change.reason))
                note_delivery(db, change.event_id, change.recipient_index, change.delivery_id, change)
            note_position(db, answer.sequence)
        heard()
        if answer.HasField("change"):
            print(answer.sequence, change.event_id, change.recipient_index, change.adapter, state_of(change),
                  change.reason, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("state_file")
    parser.add_argument("--tenant", default="cpts-demo")
    parser.add_argument("--server", default="localhost:8443")
    parser.add_argument("--pki", default="build/demo/pki")
    parser.add_argument("--identity", default="hopital")
    options = parser.parse_args()
    db = sqlite3.connect(options.state_file)
    db.executescript(TABLES)
    pause = 1

    def heard():
        nonlocal pause
        pause = 1

    while True:
        try:
            with connect(options) as channel:
                watch(gateway_pb2_grpc.GatewayStub(channel), db, options.tenant, heard)
        except grpc.RpcError as error:
            print(error.code().name, error.details(), file=sys.stderr, flush=True)
            known = db.execute("SELECT count(*) FROM position").fetchone()[0]
            if error.code() in LOST and known:
                with db:
                    db.execute("DELETE FROM position")
                continue
            if error.code() not in PASSING:
                return 1
        time.sleep(pause)
        pause = min(pause * 2, 30)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        pass
