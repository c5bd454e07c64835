// Sends one structured discharge letter, and says what became of it. docs/clients/README.md tells how to build it.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	v1 "passerelle.example/send-letter/passerelle/v1"
)

const (
	callTime        = 30 * time.Second
	patience        = 2 * time.Minute
	pauseMax        = 10 * time.Second
	messageBytesMax = 32 * 1024 * 1024
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// at is a moment, in UTC.
func at(year int, month time.Month, day, hour, minute int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(year, month, day, hour, minute, 0, 0, time.UTC))
}

// letter is what the hospital's own record says: here, values that are there already.
func letter() *v1.SubmitEventRequest {
	discharge := at(2025, time.April, 6, 8, 30)
	structured := &v1.StructuredLetter{
		Metadata: &v1.DocumentMetadata{
			CreatedAt: discharge,
			Authors: []*v1.Professional{{
				NationalId: "899900000045", FamilyName: "MARCHETTI", GivenName: "Sofia",
				SpecialtyCode: "G15_10/SM59", SpecialtyLabel: "Médecin - Médecine d'urgence (SM)",
			}},
			Encounter: &v1.Encounter{
				Start: at(2025, time.April, 5, 16, 10), End: discharge,
				FacilityType:    &v1.Coding{Code: "SA01"},
				PracticeSetting: &v1.Coding{Code: "ETABLISSEMENT"},
			},
		},
		Reason: "Traumatisme crânien léger après une chute de vélo.",
		Stay: &v1.Stay{
			AdmissionMode:          v1.AdmissionMode_ADMISSION_MODE_EMERGENCY,
			DischargeMode:          v1.DischargeMode_DISCHARGE_MODE_HOME,
			Synthesis:              "Scanner cérébral normal. Surveillance de 16 heures sans particularité.",
			MicroorganismsSearched: v1.YesNo_YES_NO_NO,
			Transfusion:            v1.YesNo_YES_NO_NO,
			BloodDerivatives:       v1.YesNo_YES_NO_NO,
		},
		TreatmentsAtDischarge: &v1.DischargeTreatments{Treatments: []*v1.Treatment{{
			Medicine: &v1.CodedText{Text: "Paracétamol 1 g, comprimé"},
			Dosage:   "1 comprimé en cas de douleur, 3 par jour au plus",
			Change:   v1.Treatment_CHANGE_STARTED,
		}}},
	}
	return &v1.SubmitEventRequest{
		// Chosen once for each letter and kept with it: a repetition under the same key never makes a second letter.
		IdempotencyKey: setting("PASSERELLE_IDEMPOTENCY_KEY", "client-go-SEJ-20250405-17"),
		Event: &v1.CoordinationEvent{
			Tenant: "cpts-demo",
			Source: &v1.Source{
				Organization: &v1.Organization{
					NationalId: "1990000010", Name: "Centre hospitalier fictif des Trois-Vallées",
				},
				Software: "Exemple Go 1.0",
			},
			Subject: &v1.Patient{
				Ins:             &v1.Ins{Matricule: "188073990999096", Oid: "1.2.250.1.213.1.4.10"},
				Status:          v1.IdentityStatus_IDENTITY_STATUS_QUALIFIED,
				BirthFamilyName: "ESTEVENIN", BirthGivenNames: "PAUL", Sex: v1.Sex_SEX_MALE,
				BirthDate: "1988-07-14", BirthPlaceCode: "39198",
			},
			LegalBasis: v1.LegalBasis_LEGAL_BASIS_EXCHANGE,
			Recipients: []*v1.Recipient{{Target: &v1.Recipient_Person_{
				Person: &v1.Recipient_Person{Mailbox: "claire.dubreuil@medecin.demo.mssante.fr"},
			}}},
			OccurredAt: discharge,
			Kind: &v1.CoordinationEvent_DischargeLetter{DischargeLetter: &v1.DischargeLetter{
				Content: &v1.DischargeLetter_Structured{Structured: structured},
			}},
		},
	}
}

func connect() (*grpc.ClientConn, error) {
	pki := setting("PASSERELLE_PKI", "build/demo/pki")
	own, err := tls.LoadX509KeyPair(filepath.Join(pki, "hopital.pem"), filepath.Join(pki, "hopital.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(pki, "ca.pem"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("ca.pem holds no certificate")
	}
	reconnect := backoff.DefaultConfig
	reconnect.MaxDelay = 5 * time.Second
	return grpc.Dial(setting("PASSERELLE_SERVER", "localhost:8443"),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{own}, RootCAs: roots, MinVersion: tls.VersionTLS12,
		})),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 5 * time.Second}),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallSendMsgSize(messageBytesMax), grpc.MaxCallRecvMsgSize(messageBytesMax)))
}

// explain gives the stable reason of a refusal, and what is wrong in which field.
func explain(err error) (reason string, violations []*errdetails.BadRequest_FieldViolation) {
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.Reason
		case *errdetails.BadRequest:
			violations = detail.FieldViolations
		}
	}
	return reason, violations
}

// passing is true when the same bytes are to be sent again: nothing is known to be wrong with them.
func passing(err error) bool {
	reason, _ := explain(err)
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || reason == "BUSY"
}

func submit(gateway v1.GatewayClient, request *v1.SubmitEventRequest) (*v1.SubmitEventResponse, error) {
	end := time.Now().Add(patience)
	for pause := 200 * time.Millisecond; ; pause *= 2 {
		if pause > pauseMax {
			pause = pauseMax
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTime)
		receipt, err := gateway.SubmitEvent(ctx, request)
		cancel()
		if err == nil || !passing(err) || time.Now().Add(pause).After(end) {
			return receipt, err
		}
		fmt.Fprintf(os.Stderr, "%v: again in %v\n", status.Code(err), pause)
		time.Sleep(pause)
	}
}

func run() error {
	connection, err := connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	receipt, err := submit(v1.NewGatewayClient(connection), letter())
	if err != nil {
		return err
	}
	word := "accepted:"
	if receipt.AlreadyAccepted {
		word = "known already:"
	}
	fmt.Println(word, receipt.Status.EventId)
	fmt.Println("document:", receipt.Status.DocumentId)
	return nil
}

func main() {
	if err := run(); err != nil {
		_, violations := explain(err)
		fmt.Println("refused:", status.Code(err), status.Convert(err).Message())
		for _, one := range violations {
			fmt.Printf("  %s: %s\n", one.Field, one.Description)
		}
		os.Exit(1)
	}
}
