"""Sends one structured discharge letter, and says what became of it. docs/clients/README.md tells how to run it."""

import os
import pathlib
import sys
import time
from datetime import datetime, timezone

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from passerelle.v1 import document_pb2, event_pb2, gateway_pb2, gateway_pb2_grpc, identity_pb2, letter_pb2

SERVER = os.environ.get("PASSERELLE_SERVER", "localhost:8443")
PKI = pathlib.Path(os.environ.get("PASSERELLE_PKI", "build/demo/pki"))
# Chosen once for each letter and kept with it: a repetition under the same key never makes a second letter.
KEY = os.environ.get("PASSERELLE_IDEMPOTENCY_KEY", "client-python-SEJ-20250405-17")
CALL_SECONDS, PATIENCE_SECONDS, PAUSE_SECONDS_MAX = 30, 120, 10
MESSAGE_BYTES_MAX = 32 * 1024 * 1024
AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def at(year, month, day, hour, minute):
    """A moment, in UTC."""
    moment = Timestamp()
    moment.FromDatetime(datetime(year, month, day, hour, minute, tzinfo=timezone.utc))
    return moment


def letter():
    """From the hospital's own record: here, values that are there already."""
    discharge = at(2025, 4, 6, 8, 30)
    hospital = identity_pb2.Organization(national_id="1990000010",
                                         name="Centre hospitalier fictif des Trois-Vallées")
    event = event_pb2.CoordinationEvent(
        tenant="cpts-demo",
        source=event_pb2.Source(organization=hospital, software="Exemple Python 1.0"),
        subject=identity_pb2.Patient(
            ins=identity_pb2.Ins(matricule="188073990999096", oid="1.2.250.1.213.1.4.10"),
            status=identity_pb2.IDENTITY_STATUS_QUALIFIED,
            birth_family_name="ESTEVENIN", birth_given_names="PAUL", sex=identity_pb2.SEX_MALE,
            birth_date="1988-07-14", birth_place_code="39198"),
        legal_basis=event_pb2.LEGAL_BASIS_EXCHANGE,
        recipients=[event_pb2.Recipient(
            person=event_pb2.Recipient.Person(mailbox="claire.dubreuil@medecin.demo.mssante.fr"))],
        occurred_at=discharge)
    event.discharge_letter.structured.CopyFrom(letter_pb2.StructuredLetter(
        metadata=document_pb2.DocumentMetadata(
            created_at=discharge,
            authors=[identity_pb2.Professional(
                national_id="899900000045", family_name="MARCHETTI", given_name="Sofia",
                specialty_code="G15_10/SM59", specialty_label="Médecin - Médecine d'urgence (SM)")],
            encounter=document_pb2.Encounter(
                start=at(2025, 4, 5, 16, 10), end=discharge,
                facility_type=document_pb2.Coding(code="SA01"),
                practice_setting=document_pb2.Coding(code="ETABLISSEMENT"))),
        reason="Traumatisme crânien léger après une chute de vélo.",
        stay=letter_pb2.Stay(
            admission_mode=letter_pb2.ADMISSION_MODE_EMERGENCY,
            discharge_mode=letter_pb2.DISCHARGE_MODE_HOME,
            synthesis="Scanner cérébral normal. Surveillance de 16 heures sans particularité.",
            microorganisms_searched=letter_pb2.YES_NO_NO,
            transfusion=letter_pb2.YES_NO_NO,
            blood_derivatives=letter_pb2.YES_NO_NO),
        treatments_at_discharge=letter_pb2.DischargeTreatments(treatments=[letter_pb2.Treatment(
            medicine=letter_pb2.CodedText(text="Paracétamol 1 g, comprimé"),
            dosage="1 comprimé en cas de douleur, 3 par jour au plus",
            change=letter_pb2.Treatment.CHANGE_STARTED)])))
    return gateway_pb2.SubmitEventRequest(idempotency_key=KEY, event=event)


def connect():
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(PKI / "ca.pem").read_bytes(),
        private_key=(PKI / "hopital.key").read_bytes(),
        certificate_chain=(PKI / "hopital.pem").read_bytes())
    return grpc.secure_channel(SERVER, credentials, options=[
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_reconnect_backoff_ms", 5000)])


def explain(error):
    """The stable reason of a refusal, and what is wrong in which field."""
    reason, violations = "", []
    for name, value in error.trailing_metadata() or ():
        if name != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                reason = info.reason
            elif detail.Unpack(bad):
                violations = [(one.field, one.description) for one in bad.field_violations]
    return reason, violations


def submit(gateway, request):
    """The receipt. The same bytes go again, under their key, for as long as nothing is known to be wrong with them."""
    end, pause = time.monotonic() + PATIENCE_SECONDS, 0.2
    while True:
        try:
            # Without wait_for_ready a channel that lost its gateway may need a minute to find it again.
            return gateway.SubmitEvent(request, timeout=CALL_SECONDS, wait_for_ready=True)
        except grpc.RpcError as error:
            reason, _ = explain(error)
            passing = error.code() in AGAIN or reason == "BUSY"
            if not passing or time.monotonic() + pause > end:
                raise
            print(f"{error.code().name}: again in {pause:g} s", file=sys.stderr)
            time.sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)


def main():
    with connect() as channel:
        try:
            receipt = submit(gateway_pb2_grpc.GatewayStub(channel), letter())
        except grpc.RpcError as error:
            print("refused:", error.code().name, error.details())
            for field, description in explain(error)[1]:
                print(f"  {field}: {description}")
            return 1
    print("known already:" if receipt.already_accepted else "accepted:", receipt.status.event_id)
    print("document:", receipt.status.document_id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
