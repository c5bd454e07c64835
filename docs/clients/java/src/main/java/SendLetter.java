import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import passerelle.v1.Document;
import passerelle.v1.Event;
import passerelle.v1.GatewayGrpc;
import passerelle.v1.GatewayOuterClass.SubmitEventRequest;
import passerelle.v1.GatewayOuterClass.SubmitEventResponse;
import passerelle.v1.Identity;
import passerelle.v1.Letter;
import passerelle.v1.RecipientOuterClass;

/** Sends one structured discharge letter, and says what became of it. docs/clients/README.md tells how to run it. */
public final class SendLetter {
  private static final Map<String, String> SETTINGS = System.getenv();
  private static final String SERVER = SETTINGS.getOrDefault("PASSERELLE_SERVER", "localhost:8443");
  private static final Path PKI = Path.of(SETTINGS.getOrDefault("PASSERELLE_PKI", "build/demo/pki"));

  /** Chosen once for each letter and kept with it: a repetition under the same key never makes a second letter. */
  private static final String KEY =
      SETTINGS.getOrDefault("PASSERELLE_IDEMPOTENCY_KEY", "client-java-SEJ-20250405-17");

  private static final Duration CALL = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long PAUSE_MS_MAX = 10_000;
  private static final int MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

  /** What a refusal tells: its stable reason, and what is wrong in which field. */
  private record Explanation(String reason, List<BadRequest.FieldViolation> violations) {}

  private static Timestamp at(String moment) {
    return Timestamp.newBuilder().setSeconds(OffsetDateTime.parse(moment).toEpochSecond()).build();
  }

  /** From the hospital's own record: here, values that are there already. */
  private static SubmitEventRequest letter() {
    Timestamp discharge = at("2025-04-06T10:30:00+02:00");
    Document.DocumentMetadata metadata =
        Document.DocumentMetadata.newBuilder()
            .setCreatedAt(discharge)
            .addAuthors(
                Identity.Professional.newBuilder()
                    .setNationalId("899900000045")
                    .setFamilyName("MARCHETTI")
                    .setGivenName("Sofia")
                    .setSpecialtyCode("G15_10/SM59")
                    .setSpecialtyLabel("Médecin - Médecine d'urgence (SM)"))
            .setEncounter(
                Document.Encounter.newBuilder()
                    .setStart(at("2025-04-05T18:10:00+02:00"))
                    .setEnd(discharge)
                    .setFacilityType(Document.Coding.newBuilder().setCode("SA01"))
                    .setPracticeSetting(Document.Coding.newBuilder().setCode("ETABLISSEMENT")))
            .build();
    Letter.StructuredLetter structured =
        Letter.StructuredLetter.newBuilder()
            .setMetadata(metadata)
            .setReason("Traumatisme crânien léger après une chute de vélo.")
            .setStay(
                Letter.Stay.newBuilder()
                    .setAdmissionMode(Letter.AdmissionMode.ADMISSION_MODE_EMERGENCY)
                    .setDischargeMode(Letter.DischargeMode.DISCHARGE_MODE_HOME)
                    .setSynthesis("Scanner cérébral normal. Surveillance de 16 heures sans particularité.")
                    .setMicroorganismsSearched(Letter.YesNo.YES_NO_NO)
                    .setTransfusion(Letter.YesNo.YES_NO_NO)
                    .setBloodDerivatives(Letter.YesNo.YES_NO_NO))
            .setTreatmentsAtDischarge(
                Letter.DischargeTreatments.newBuilder()
                    .addTreatments(
                        Letter.Treatment.newBuilder()
                            .setMedicine(Letter.CodedText.newBuilder().setText("Paracétamol 1 g, comprimé"))
                            .setDosage("1 comprimé en cas de douleur, 3 par jour au plus")
                            .setChange(Letter.Treatment.Change.CHANGE_STARTED)))
            .build();
    Event.CoordinationEvent event =
        Event.CoordinationEvent.newBuilder()
            .setTenant("cpts-demo")
            .setSource(
                Event.Source.newBuilder()
                    .setOrganization(
                        Identity.Organization.newBuilder()
                            .setNationalId("1990000010")
                            .setName("Centre hospitalier fictif des Trois-Vallées"))
                    .setSoftware("Exemple Java 1.0"))
            .setSubject(
                Identity.Patient.newBuilder()
                    .setIns(
                        Identity.Ins.newBuilder()
                            .setMatricule("188073990999096")
                            .setOid("1.2.250.1.213.1.4.10"))
                    .setStatus(Identity.IdentityStatus.IDENTITY_STATUS_QUALIFIED)
                    .setBirthFamilyName("ESTEVENIN")
                    .setBirthGivenNames("PAUL")
                    .setSex(Identity.Sex.SEX_MALE)
                    .setBirthDate("1988-07-14")
                    .setBirthPlaceCode("39198"))
            .setLegalBasis(Event.LegalBasis.LEGAL_BASIS_EXCHANGE)
            .addRecipients(
                RecipientOuterClass.Recipient.newBuilder()
                    .setPerson(
                        RecipientOuterClass.Recipient.Person.newBuilder()
                            .setMailbox("claire.dubreuil@medecin.demo.mssante.fr")))
            .setOccurredAt(discharge)
            .setDischargeLetter(Letter.DischargeLetter.newBuilder().setStructured(structured))
            .build();
    return SubmitEventRequest.newBuilder().setIdempotencyKey(KEY).setEvent(event).build();
  }

  private static ManagedChannel connect() throws IOException {
    ChannelCredentials credentials =
        TlsChannelCredentials.newBuilder()
            .keyManager(PKI.resolve("hopital.pem").toFile(), PKI.resolve("hopital.key").toFile())
            .trustManager(PKI.resolve("ca.pem").toFile())
            .build();
    return Grpc.newChannelBuilder(SERVER, credentials).maxInboundMessageSize(MESSAGE_BYTES_MAX).build();
  }

  private static Explanation explain(StatusRuntimeException error) throws InvalidProtocolBufferException {
    String reason = "";
    List<BadRequest.FieldViolation> violations = List.of();
    // Decodes the trailer grpc-status-details-bin; without one, it has no details.
    for (com.google.protobuf.Any detail : StatusProto.fromThrowable(error).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        reason = detail.unpack(ErrorInfo.class).getReason();
      } else if (detail.is(BadRequest.class)) {
        violations = detail.unpack(BadRequest.class).getFieldViolationsList();
      }
    }
    return new Explanation(reason, violations);
  }

  /** The same bytes go again, under their key, for as long as nothing is known to be wrong with them. */
  private static SubmitEventResponse submit(ManagedChannel channel, SubmitEventRequest request)
      throws InvalidProtocolBufferException, InterruptedException {
    Instant end = Instant.now().plus(PATIENCE);
    for (long pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        return GatewayGrpc.newBlockingStub(channel)
            .withDeadlineAfter(CALL.toMillis(), TimeUnit.MILLISECONDS)
            .submitEvent(request);
      } catch (StatusRuntimeException error) {
        Status.Code code = error.getStatus().getCode();
        boolean passing =
            code == Status.Code.UNAVAILABLE
                || code == Status.Code.DEADLINE_EXCEEDED
                || explain(error).reason().equals("BUSY");
        if (!passing || Instant.now().plusMillis(pauseMs).isAfter(end)) throw error;
        System.err.println(code + ": again in " + pauseMs + " ms");
        Thread.sleep(pauseMs);
        // Else the channel itself may pause for up to two minutes before it connects again.
        channel.resetConnectBackoff();
      }
    }
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    ManagedChannel channel = connect();
    try {
      SubmitEventResponse receipt = submit(channel, letter());
      System.out.println(
          (receipt.getAlreadyAccepted() ? "known already: " : "accepted: ") + receipt.getStatus().getEventId());
      System.out.println("document: " + receipt.getStatus().getDocumentId());
    } catch (StatusRuntimeException error) {
      Status status = error.getStatus();
      System.out.println("refused: " + status.getCode() + " " + status.getDescription());
      for (BadRequest.FieldViolation one : explain(error).violations()) {
        System.out.println("  " + one.getField() + ": " + one.getDescription());
      }
      System.exit(1);
    } finally {
      channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
    }
  }
}
