// Sends one structured discharge letter, and says what became of it. docs/clients/README.md tells how to run it.
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Passerelle.V1;

const int messageBytesMax = 32 * 1024 * 1024;
var callTime = TimeSpan.FromSeconds(30);
var patience = TimeSpan.FromMinutes(2);
var pauseMax = TimeSpan.FromSeconds(10);

static string Setting(string name, string otherwise) => Environment.GetEnvironmentVariable(name) ?? otherwise;

static Timestamp At(string moment) => DateTimeOffset.Parse(moment).ToTimestamp();

// From the hospital's own record: here, values that are there already.
static SubmitEventRequest Letter()
{
    var discharge = At("2025-04-06T10:30:00+02:00");
    var structured = new StructuredLetter
    {
        Metadata = new DocumentMetadata
        {
            CreatedAt = discharge,
            Authors =
            {
                new Professional
                {
                    NationalId = "899900000045", FamilyName = "MARCHETTI", GivenName = "Sofia",
                    SpecialtyCode = "G15_10/SM59", SpecialtyLabel = "Médecin - Médecine d'urgence (SM)",
                },
            },
            Encounter = new Encounter
            {
                Start = At("2025-04-05T18:10:00+02:00"), End = discharge,
                FacilityType = new Coding { Code = "SA01" },
                PracticeSetting = new Coding { Code = "ETABLISSEMENT" },
            },
        },
        Reason = "Traumatisme crânien léger après une chute de vélo.",
        Stay = new Stay
        {
            AdmissionMode = AdmissionMode.Emergency,
            DischargeMode = DischargeMode.Home,
            Synthesis = "Scanner cérébral normal. Surveillance de 16 heures sans particularité.",
            MicroorganismsSearched = YesNo.No,
            Transfusion = YesNo.No,
            BloodDerivatives = YesNo.No,
        },
        TreatmentsAtDischarge = new DischargeTreatments
        {
            Treatments =
            {
                new Treatment
                {
                    Medicine = new CodedText { Text = "Paracétamol 1 g, comprimé" },
                    Dosage = "1 comprimé en cas de douleur, 3 par jour au plus",
                    Change = Treatment.Types.Change.Started,
                },
            },
        },
    };
    return new SubmitEventRequest
    {
        // Chosen once for each letter and kept with it: a repetition under the same key never makes a second letter.
        IdempotencyKey = Setting("PASSERELLE_IDEMPOTENCY_KEY", "client-csharp-SEJ-20250405-17"),
        Event = new CoordinationEvent
        {
            Tenant = "cpts-demo",
            Source = new Source
            {
                Organization = new Organization
                {
                    NationalId = "1990000010", Name = "Centre hospitalier fictif des Trois-Vallées",
                },
                Software = "Exemple C# 1.0",
            },
            Subject = new Patient
            {
                Ins = new Ins { Matricule = "188073990999096", Oid = "1.2.250.1.213.1.4.10" },
                Status = IdentityStatus.Qualified,
                BirthFamilyName = "ESTEVENIN", BirthGivenNames = "PAUL", Sex = Sex.Male,
                BirthDate = "1988-07-14", BirthPlaceCode = "39198",
            },
            LegalBasis = LegalBasis.Exchange,
            Recipients =
            {
                new Recipient
                {
                    Person = new Recipient.Types.Person { Mailbox = "claire.dubreuil@medecin.demo.mssante.fr" },
                },
            },
            OccurredAt = discharge,
            DischargeLetter = new DischargeLetter { Structured = structured },
        },
    };
}

static GrpcChannel Connect()
{
    var pki = Setting("PASSERELLE_PKI", "build/demo/pki");
    using var pem = X509Certificate2.CreateFromPemFile(
        Path.Combine(pki, "hopital.pem"), Path.Combine(pki, "hopital.key"));
    // Windows takes a client's key from a key store only: a PKCS#12 in memory is one, everywhere.
    var own = new X509Certificate2(pem.Export(X509ContentType.Pkcs12));
    var trust = new X509ChainPolicy
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
    };
    trust.CustomTrustStore.ImportFromPemFile(Path.Combine(pki, "ca.pem"));
    return GrpcChannel.ForAddress("https://" + Setting("PASSERELLE_SERVER", "localhost:8443"), new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = new X509CertificateCollection { own },
                CertificateChainPolicy = trust,
            },
        },
        MaxSendMessageSize = messageBytesMax,
        MaxReceiveMessageSize = messageBytesMax,
        MaxReconnectBackoff = TimeSpan.FromSeconds(5),
    });
}

// The stable reason of a refusal, and what is wrong in which field.
static (string Reason, IEnumerable<BadRequest.Types.FieldViolation> Violations) Explain(RpcException error)
{
    var reason = "";
    IEnumerable<BadRequest.Types.FieldViolation> violations = [];
    var trailer = error.Trailers.GetValueBytes("grpc-status-details-bin");
    if (trailer is null) return (reason, violations);
    foreach (var detail in Google.Rpc.Status.Parser.ParseFrom(trailer).Details)
    {
        if (detail.TryUnpack(out ErrorInfo info)) reason = info.Reason;
        else if (detail.TryUnpack(out BadRequest bad)) violations = bad.FieldViolations;
    }
    return (reason, violations);
}

// The same bytes go again, under their key, for as long as nothing is known to be wrong with them.
async Task<SubmitEventResponse> Submit(Gateway.GatewayClient gateway, SubmitEventRequest request)
{
    var end = DateTime.UtcNow + patience;
    for (var pause = TimeSpan.FromSeconds(0.2); ; pause = TimeSpan.FromTicks(Math.Min((pause * 2).Ticks, pauseMax.Ticks)))
    {
        try
        {
            return await gateway.SubmitEventAsync(request, deadline: DateTime.UtcNow + callTime);
        }
        catch (RpcException error) when (
            (error.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded || Explain(error).Reason == "BUSY")
            && DateTime.UtcNow + pause <= end)
        {
            Console.Error.WriteLine($"{error.StatusCode}: again in {pause.TotalSeconds} s");
            await Task.Delay(pause);
        }
    }
}

using var channel = Connect();
try
{
    var receipt = await Submit(new Gateway.GatewayClient(channel), Letter());
    Console.WriteLine($"{(receipt.AlreadyAccepted ? "known already:" : "accepted:")} {receipt.Status.EventId}");
    Console.WriteLine($"document: {receipt.Status.DocumentId}");
    return 0;
}
catch (RpcException error)
{
    Console.WriteLine($"refused: {error.StatusCode} {error.Status.Detail}");
    foreach (var one in Explain(error).Violations) Console.WriteLine($"  {one.Field}: {one.Description}");
    return 1;
}
