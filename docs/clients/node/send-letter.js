// Sends one structured discharge letter, and says what became of it. docs/clients/README.md tells how to run it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const server = process.env.PASSERELLE_SERVER ?? 'localhost:8443';
const pki = process.env.PASSERELLE_PKI ?? 'build/demo/pki';
const protos = fileURLToPath(new URL('../../../proto', import.meta.url));
const callMs = 30_000;
const patienceMs = 120_000;
const pauseMsMax = 10_000;
const messageBytesMax = 32 * 1024 * 1024;

// The schema is read as the program starts: nothing is generated.
const { Gateway } = grpc.loadPackageDefinition(
  protoLoader.loadSync('passerelle/v1/gateway.proto', {
    includeDirs: [protos], keepCase: true, enums: String, longs: String, oneofs: true,
  })).passerelle.v1;
const details = new protobuf.Root();
details.resolvePath = (_, path) => path.startsWith('/') ? path : join(protos, path);
details.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

// A moment as google.protobuf.Timestamp.
const at = (text) => ({ seconds: Date.parse(text) / 1000 });

// From the hospital's own record: here, values that are there already. A name that the schema does not have is dropped
// by the loader without a word: mind the spelling.
function letter() {
  const discharge = at('2025-04-06T10:30:00+02:00');
  return {
    // Chosen once for each letter and kept with it: a repetition under the same key never makes a second letter.
    idempotency_key: process.env.PASSERELLE_IDEMPOTENCY_KEY ?? 'client-node-SEJ-20250405-17',
    event: {
      tenant: 'cpts-demo',
      source: {
        organization: { national_id: '1990000010', name: 'Centre hospitalier fictif des Trois-Vallées' },
        software: 'Exemple Node 1.0',
      },
      subject: {
        ins: { matricule: '188073990999096', oid: '1.2.250.1.213.1.4.10' },
        status: 'IDENTITY_STATUS_QUALIFIED',
        birth_family_name: 'ESTEVENIN', birth_given_names: 'PAUL', sex: 'SEX_MALE',
        birth_date: '1988-07-14', birth_place_code: '39198',
      },
      legal_basis: 'LEGAL_BASIS_EXCHANGE',
      recipients: [{ person: { mailbox: 'claire.dubreuil@medecin.demo.mssante.fr' } }],
      occurred_at: discharge,
      discharge_letter: {
        structured: {
          metadata: {
            created_at: discharge,
            authors: [{
              national_id: '899900000045', family_name: 'MARCHETTI', given_name: 'Sofia',
              specialty_code: 'G15_10/SM59', specialty_label: "Médecin - Médecine d'urgence (SM)",
            }],
            encounter: {
              start: at('2025-04-05T18:10:00+02:00'), end: discharge,
              facility_type: { code: 'SA01' }, practice_setting: { code: 'ETABLISSEMENT' },
            },
          },
          reason: 'Traumatisme crânien léger après une chute de vélo.',
          stay: {
            admission_mode: 'ADMISSION_MODE_EMERGENCY',
            discharge_mode: 'DISCHARGE_MODE_HOME',
            synthesis: 'Scanner cérébral normal. Surveillance de 16 heures sans particularité.',
            microorganisms_searched: 'YES_NO_NO', transfusion: 'YES_NO_NO', blood_derivatives: 'YES_NO_NO',
          },
          treatments_at_discharge: {
            treatments: [{
              medicine: { text: 'Paracétamol 1 g, comprimé' },
              dosage: '1 comprimé en cas de douleur, 3 par jour au plus',
              change: 'CHANGE_STARTED',
            }],
          },
        },
      },
    },
  };
}

function connect() {
  const file = (name) => readFileSync(join(pki, name));
  return new Gateway(server, grpc.credentials.createSsl(file('ca.pem'), file('hopital.key'), file('hopital.pem')), {
    'grpc.max_send_message_length': messageBytesMax,
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_reconnect_backoff_ms': 5000,
  });
}

// The stable reason of a refusal, and what is wrong in which field.
function explain(error) {
  const found = { reason: '', violations: [] };
  const [trailer] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!trailer) return found;
  for (const { type_url: url, value } of details.lookupType('google.rpc.Status').decode(trailer).details) {
    const name = url.slice(url.lastIndexOf('/') + 1);
    const message = details.lookup(name)?.decode(value);
    if (name === 'google.rpc.ErrorInfo') found.reason = message.reason;
    if (name === 'google.rpc.BadRequest') found.violations = message.fieldViolations;
  }
  return found;
}

const submitOnce = (gateway, request) => new Promise((resolve, reject) => {
  gateway.SubmitEvent(request, { deadline: Date.now() + callMs },
    (error, receipt) => error ? reject(error) : resolve(receipt));
});

// The receipt. The same content goes again, under its key, for as long as nothing is known to be wrong with it.
async function submit(gateway, request) {
  const again = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED];
  const end = Date.now() + patienceMs;
  for (let pause = 200; ; pause = Math.min(pause * 2, pauseMsMax)) {
    try {
      return await submitOnce(gateway, request);
    } catch (error) {
      const passing = again.includes(error.code) || explain(error).reason === 'BUSY';
      if (!passing || Date.now() + pause > end) throw error;
      console.error(`${grpc.status[error.code]}: again in ${pause / 1000} s`);
      await sleep(pause);
    }
  }
}

const gateway = connect();
try {
  const receipt = await submit(gateway, letter());
  console.log(receipt.already_accepted ? 'known already:' : 'accepted:', receipt.status.event_id);
  console.log('document:', receipt.status.document_id);
} catch (error) {
  console.log('refused:', grpc.status[error.code] ?? '', error.details ?? error.message);
  for (const one of explain(error).violations) console.log(`  ${one.field}: ${one.description}`);
  process.exitCode = 1;
} finally {
  gateway.close();
}
