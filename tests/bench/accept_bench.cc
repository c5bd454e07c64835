// How many letters per second a running gateway accepts, and what one costs its processor: mutual TLS,
// checks, document, sealing, group commit and fsync, receipt. Beside it, in the same run: the same sealed
// rows written by the same store with nothing else, as the limit.
//
//   accept_bench PROGRAM [SECONDS per cell]      PROGRAM: build/release/passerelle
//
// Unary calls, a connection each, against one SubmitEvents stream with as many events waiting for their
// answer. The partners are closed ports, so that nothing is delivered: their circuit breakers are open during
// the measure. The client shares the two cores of the machine, as docs/benchmarks.md says.
#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <semaphore>
#include <sstream>
#include <thread>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/config/event_file.h"
#include "gateway/store/sqlite_store.h"
#include "passerelle/v1/gateway.grpc.pb.h"
#include "security/dev_pki.h"

extern char** environ;

namespace psl {
namespace {

namespace fs = std::filesystem;
namespace v1 = passerelle::v1;

const fs::path source_dir = PSL_SOURCE_DIR;

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

double seconds_of(Span span) { return static_cast<double>(span.us) / 1e6; }

// User and system time of a process so far, in seconds.
double cpu_of(pid_t pid) {
  std::string stat = read_all("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// A gateway of its own in a temporary folder.
class Server {
 public:
  explicit Server(const std::string& program) {
    folder = fs::temp_directory_path() / ("passerelle-bench-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    if (!make_dev_pki(folder, system_env().now()).ok()) std::abort();
    write_config();
    start(program);
  }
  ~Server() {
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
    fs::remove_all(folder);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::shared_ptr<grpc::Channel> channel() const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = read_all(folder / "ca.pem");
    tls.pem_cert_chain = read_all(folder / "hopital.pem");
    tls.pem_private_key = read_all(folder / "hopital.key");
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("localhost:" + port, grpc::SslCredentials(tls), arguments);
  }

  fs::path folder;
  std::string port;
  pid_t pid = 0;

 private:
  // The demonstration's configuration with its paths moved here, and a mail port where nobody listens.
  void write_config() {
    std::string text = read_all(source_dir / "deploy/config/passerelle.yaml");
    const auto replace = [&text](const std::string& from, const std::string& to) {
      for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    };
    replace("../../build/demo/pki/", "");
    replace("../../build/demo/", "");
    replace("127.0.0.1:8443", "127.0.0.1:0");
    replace("port: 2587", "port: 9");
    replace("localhost:8744", "localhost:9");
    replace("127.0.0.1:9464", "127.0.0.1:0");
    std::ofstream(folder / "passerelle.yaml") << text;
    fs::copy_file(source_dir / "deploy/config/policy.yaml", folder / "policy.yaml");
  }
  void start(const std::string& program) {
    const std::string log = folder / "log";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::string config = folder / "passerelle.yaml";
    std::string name = program;
    char serve[] = "serve";
    char option[] = "--config";
    char* arguments[] = {name.data(), serve, option, config.data(), nullptr};
    if (::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ) != 0) std::abort();
    posix_spawn_file_actions_destroy(&actions);
    const std::string mark = "\"grpc_port\":";
    for (int i = 0; i < 100; ++i) {
      const std::string text = read_all(log);
      if (const size_t at = text.find(mark); at != std::string::npos) {
        port = text.substr(at + mark.size(), text.find_first_of(",}", at) - at - mark.size());
        return;
      }
      ::poll(nullptr, 0, 100);
    }
    std::fprintf(stderr, "the gateway did not start:\n%s", read_all(log).c_str());
    std::exit(1);
  }
};

// Prose that compresses about as letters do.
std::string prose(size_t bytes, uint64_t seed) {
  static const char* const words[] = {"patient", "suivi",        "traitement", "contrôle",  "biologique",
                                      "semaine", "consultation", "sortie",     "repos",     "sans",
                                      "avec",    "tension",      "normale",    "poursuivre"};
  std::string text;
  uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
  while (text.size() < bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += words[(state >> 33) % std::size(words)];
    text += (state >> 60) == 0 ? ". " : " ";
  }
  return text;
}

// The sample for one recipient, the doctor.
v1::SubmitEventRequest to_one(const v1::SubmitEventRequest& sample) {
  v1::SubmitEventRequest request = sample;
  auto& recipients = *request.mutable_event()->mutable_recipients();
  while (recipients.size() > 1) recipients.RemoveLast();
  return request;
}

// The sample of a hospital's own CDA as it is, under an identifier of its own, without the PDF beside it.
v1::SubmitEventRequest small_event(const v1::SubmitEventRequest& sample, uint64_t number) {
  v1::SubmitEventRequest request = to_one(sample);
  request.mutable_event()->mutable_discharge_letter()->clear_readable_copy();
  std::string& cda = *request.mutable_event()->mutable_discharge_letter()->mutable_sender_cda();
  const size_t id = cda.find("<id root=\"", cda.find("typeId")) + 10;
  cda.replace(id, cda.find('"', id) - id, "2.25." + std::to_string(1'000'000'000 + number));
  request.set_idempotency_key("bench-small-" + std::to_string(number));
  return request;
}

// The same grown to 60 KB, with the PDF.
v1::SubmitEventRequest cda_event(const v1::SubmitEventRequest& sample, uint64_t number) {
  v1::SubmitEventRequest request = to_one(sample);
  std::string& cda = *request.mutable_event()->mutable_discharge_letter()->mutable_sender_cda();
  const size_t id = cda.find("<id root=\"", cda.find("typeId")) + 10;
  cda.replace(id, cda.find('"', id) - id, "2.25." + std::to_string(1'000'000'000 + number));
  const size_t text = cda.find("</text>");
  if (cda.size() < 60'000)
    cda.insert(text, "<paragraph>" + prose(60'000 - cda.size(), number) + "</paragraph>");
  request.set_idempotency_key("bench-cda-" + std::to_string(number));
  return request;
}

// A PDF of 300 KB whose content does not compress, as scanned or already compressed pages do not.
v1::SubmitEventRequest pdf_event(const v1::SubmitEventRequest& sample, uint64_t number) {
  v1::SubmitEventRequest request = to_one(sample);
  v1::PdfDocument& letter = *request.mutable_event()->mutable_discharge_letter()->mutable_pdf();
  letter.mutable_metadata()->clear_document_id();  // the sample names one; here each letter is another
  letter.mutable_metadata()->clear_set_id();
  std::string& pdf = *letter.mutable_pdf();
  std::string noise;
  while (noise.size() < 300'000 - pdf.size())
    noise += sha256(std::to_string(number) + "/" + std::to_string(noise.size()));
  std::replace(noise.begin(), noise.end(), '/', 'x');  // no name of a PDF inside
  pdf.insert(pdf.rfind("xref", pdf.rfind("startxref") - 1),
             "99 0 obj\n<</Length 0>>stream\n" + noise + "\nendstream endobj\n");
  request.set_idempotency_key("bench-pdf-" + std::to_string(number));
  return request;
}

struct Figure {
  int in_flight = 0;
  double rate = 0;
  double server_cpu_us = 0;
  double client_cpu_us = 0;
  double p50_us = 0;
  double p99_us = 0;
};

using MakeEvent = v1::SubmitEventRequest (*)(const v1::SubmitEventRequest&, uint64_t);

// Events made beforehand, so that the measure holds none of their making.
std::vector<v1::SubmitEventRequest> make_events(MakeEvent make, const v1::SubmitEventRequest& sample,
                                                uint64_t first, size_t count) {
  std::vector<v1::SubmitEventRequest> events;
  for (size_t i = 0; i < count; ++i) events.push_back(make(sample, first + i));
  return events;
}

// What both ways come to.
Figure figure_of(int in_flight, std::vector<double> times, double wall, double server_cpu,
                 double client_cpu) {
  std::sort(times.begin(), times.end());
  const auto count = static_cast<double>(times.size());
  return {in_flight,
          count / wall,
          server_cpu / count * 1e6,
          client_cpu / count * 1e6,
          times[times.size() / 2],
          times[times.size() * 99 / 100]};
}

// One stream: a thread writes while fewer than `in_flight` events wait for their answer, another reads the
// answers.
Figure measure_stream(const Server& server, const std::vector<v1::SubmitEventRequest>& events, int in_flight,
                      Span limit) {
  auto stub = v1::Gateway::NewStub(server.channel());
  grpc::ClientContext context;
  const double server_before = cpu_of(server.pid);
  const double client_before = own_cpu();
  const Instant begun = system_env().monotonic();
  auto stream = stub->SubmitEvents(&context);
  std::counting_semaphore<> room(in_flight);
  std::vector<Instant> sent(events.size());
  std::vector<double> times;
  size_t refused = 0;
  std::thread reader([&] {
    v1::SubmitEventsResponse answer;
    while (stream->Read(&answer)) {
      const Instant at = sent[static_cast<size_t>(answer.index())];
      times.push_back(static_cast<double>((system_env().monotonic() - at).us));
      if (answer.has_error()) ++refused;
      room.release();
    }
  });
  v1::SubmitEventsRequest message;
  for (size_t i = 0; i < events.size() && system_env().monotonic() < begun + limit; ++i) {
    room.acquire();
    message.set_idempotency_key(events[i].idempotency_key());
    *message.mutable_event() = events[i].event();
    sent[i] = system_env().monotonic();
    if (!stream->Write(message)) break;
  }
  stream->WritesDone();
  reader.join();
  const grpc::Status status = stream->Finish();
  if (refused > 0 || !status.ok() || times.empty()) {
    std::fprintf(stderr, "%zu refused, %s: the figure is void\n", refused, status.error_message().c_str());
    if (times.empty()) return {};
  }
  return figure_of(in_flight, std::move(times), seconds_of(system_env().monotonic() - begun),
                   cpu_of(server.pid) - server_before, own_cpu() - client_before);
}

Figure measure_unary(const Server& server, const std::vector<v1::SubmitEventRequest>& events, int in_flight,
                     Span limit) {
  std::atomic<size_t> next = 0;
  std::atomic<size_t> refused = 0;
  std::vector<std::vector<double>> times(static_cast<size_t>(in_flight));
  const double server_before = cpu_of(server.pid);
  const double client_before = own_cpu();
  const Instant begun = system_env().monotonic();
  std::vector<std::thread> threads;
  for (int t = 0; t < in_flight; ++t) {
    threads.emplace_back([&, t] {
      auto stub = v1::Gateway::NewStub(server.channel());
      while (system_env().monotonic() < begun + limit) {
        const size_t at = next++;
        if (at >= events.size()) return;
        grpc::ClientContext context;
        v1::SubmitEventResponse response;
        const Instant sent = system_env().monotonic();
        const grpc::Status status = stub->SubmitEvent(&context, events[at], &response);
        times[static_cast<size_t>(t)].push_back(static_cast<double>((system_env().monotonic() - sent).us));
        if (!status.ok() && refused++ == 0)
          std::fprintf(stderr, "refused: %s\n", status.error_message().c_str());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double wall = seconds_of(system_env().monotonic() - begun);
  std::vector<double> all;
  for (const auto& list : times) all.insert(all.end(), list.begin(), list.end());
  if (refused > 0) std::fprintf(stderr, "%zu refused: the figure is void\n", refused.load());
  return figure_of(in_flight, std::move(all), wall, cpu_of(server.pid) - server_before,
                   own_cpu() - client_before);
}

// The same durable write and nothing else: rows of the same size, in transactions of `batch`.
void measure_store(const fs::path& folder, const char* name, size_t content_bytes, size_t document_bytes,
                   size_t batch, Span limit) {
  SqliteOptions options;
  options.path = folder / ("alone-" + std::string(name) + std::to_string(batch) + ".db");
  auto store = SqliteStore::open(options);
  if (!store.ok()) return;
  const Instant now = system_env().now();
  const double cpu_before = own_cpu();
  const Instant begun = system_env().monotonic();
  uint64_t number = 0;
  while (system_env().monotonic() < begun + limit) {
    std::vector<Command> commands;
    for (size_t i = 0; i < batch; ++i) {
      const std::string hash = sha256(std::to_string(++number));
      AcceptEvent event;
      event.id = Uuid::from_hash(hash);
      event.tenant = "cpts-demo";
      event.principal = "hopital-demo";
      event.idempotency_key = to_hex(hash);
      event.content_mac = event.document_mac = event.patient_mac = hash;
      event.kind = "discharge_letter";
      event.accepted_at = event.occurred_at = now;
      event.alert_at = event.give_up_at = now + seconds(3600);
      event.key = {"k", std::string(60, 'k')};
      event.content = std::string(content_bytes, 'c');
      event.document_id = event.id.oid();
      event.document_sha256 = to_hex(hash);
      event.documents.push_back({0, static_cast<int64_t>(document_bytes), std::string(document_bytes, 'd')});
      event.deliveries.push_back({Uuid::from_hash(sha256(hash)), 0, "mail-demo", hash, now});
      commands.emplace_back(std::move(event));
    }
    if (!(*store)->commit(commands).ok()) std::abort();
  }
  const double wall = seconds_of(system_env().monotonic() - begun);
  std::printf("| %s, %zu per commit | %.0f | %.0f |\n", name, batch, static_cast<double>(number) / wall,
              (own_cpu() - cpu_before) / static_cast<double>(number) * 1e6);
}

int run(const std::string& program, Span limit) {
  const auto cda = read_event_file(source_dir / "samples/letters/cda-passthrough.yaml");
  const auto pdf = read_event_file(source_dir / "samples/letters/pdf.yaml");
  if (!cda.ok() || !pdf.ok()) return 1;
  Server server(program);
  std::printf(
      "| letter | way | in flight | accepted/s | server CPU us | client CPU us | p50 us | p99 us "
      "|\n|---|---|---|---|---|---|---|---|\n");
  uint64_t first = 1;
  struct Kind {
    const char* name;
    MakeEvent make;
    const v1::SubmitEventRequest& sample;
    size_t most;
  };
  for (const Kind& kind :
       {Kind{"CDA as it is", small_event, *cda, 20'000}, Kind{"CDA 60 KB", cda_event, *cda, 20'000},
        Kind{"PDF 300 KB", pdf_event, *pdf, 3'000}}) {
    for (const int in_flight : {1, 16, 64}) {
      for (const bool streamed : {false, true}) {
        const auto events = make_events(kind.make, kind.sample, first, kind.most);
        first += kind.most;
        const Figure f = streamed ? measure_stream(server, events, in_flight, limit)
                                  : measure_unary(server, events, in_flight, limit);
        std::printf("| %s | %s | %d | %.0f | %.0f | %.0f | %.0f | %.0f |\n", kind.name,
                    streamed ? "stream" : "unary", f.in_flight, f.rate, f.server_cpu_us, f.client_cpu_us,
                    f.p50_us, f.p99_us);
        std::fflush(stdout);
      }
    }
  }
  std::printf("\n| the same rows, written alone | events/s | CPU us |\n|---|---|---|\n");
  for (const size_t batch : {size_t{1}, size_t{16}, size_t{64}})
    measure_store(server.folder, "CDA 60 KB", 1200, 12'000, batch, limit);
  for (const size_t batch : {size_t{1}, size_t{16}, size_t{64}})
    measure_store(server.folder, "PDF 300 KB", 2200, 610'000, batch, limit);
  return 0;
}

}  // namespace
}  // namespace psl

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: accept_bench PROGRAM [SECONDS]\n");
    return 2;
  }
  return psl::run(argv[1], psl::seconds(argc > 2 ? std::atoi(argv[2]) : 5));
}
