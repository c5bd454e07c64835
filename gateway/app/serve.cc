#include "gateway/app/serve.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <vector>

#include "adapters/formats/document_office.h"
#include "gateway/app/adapter_table.h"
#include "gateway/app/certificate_watch.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/known_callers.h"
#include "gateway/base/log.h"
#include "gateway/config/config_file.h"
#include "gateway/follow/clocks.h"
#include "gateway/intake/committer.h"
#include "gateway/outbox/dispatcher.h"
#include "gateway/rpc/grpc_door.h"
#include "gateway/store/sqlite_store.h"
#include "security/certificate.h"
#include "security/files.h"
#include "security/policy.h"
#include "security/seal.h"

namespace psl {
namespace {

constexpr size_t pem_bytes_max = 256 * 1024;
// For the calls and for the letters under way when the gateway is told to stop. gRPC waits all of the first
// for clients that are idle and do not listen; a call that is cut short is sent again under its key.
constexpr Span door_grace = seconds(3);
constexpr Span worker_grace = seconds(5);

Span span_of(const google::protobuf::Duration& span) {
  return Span{span.seconds() * 1000000 + span.nanos() / 1000};
}

OutboxLimits outbox_limits(const v1::Config& config) {
  OutboxLimits limits;
  limits.attempts_max = static_cast<int>(config.limits().attempts_max());
  limits.backoff_first = span_of(config.retry().first());
  limits.backoff_most = span_of(config.retry().most());
  limits.breaker_failures = static_cast<int>(config.retry().breaker_failures());
  limits.breaker_pause = span_of(config.retry().breaker_pause());
  for (const v1::MssantePartner& partner : config.mssante()) {
    limits.delivery_timeout = std::max(limits.delivery_timeout, span_of(partner.delivery_timeout()));
  }
  return limits;
}

CommitLimits commit_limits(const v1::Limits& from) {
  CommitLimits limits;
  limits.queue_max = from.commit_queue_max();
  limits.queue_bytes_max = from.commit_queue_bytes_max();
  limits.batch_max = from.commit_batch_max();
  return limits;
}

SqliteOptions store_options(const v1::Config& config) {
  SqliteOptions options;
  options.path = config.ledger().path();
  options.disk_free_bytes_min = config.limits().disk_free_bytes_min();
  return options;
}

// Wakes the dispatcher once a new event is durable, so that a letter leaves at once and not at the next look.
class WakingSink final : public CommandSink {
 public:
  WakingSink(CommandSink& inner, TickThread& ticker) : inner_(inner), ticker_(ticker) {}
  void submit(Command command, std::function<void(Result<Effect>)> done) override {
    inner_.submit(std::move(command), [this, done = std::move(done)](Result<Effect> effect) {
      const bool accepted = effect.ok();
      done(std::move(effect));
      if (accepted) ticker_.notify();
    });
  }

 private:
  CommandSink& inner_;
  TickThread& ticker_;
};

// Everything that start() makes before a thread runs. Declared in the order in which each needs those before
// it.
struct Parts {
  LoadedConfig config;
  std::unique_ptr<CertificatePolicy> policy;
  std::unique_ptr<TenantSealer> sealer;
  std::unique_ptr<Authorities> authorities;
  std::unique_ptr<CdaDocumentOffice> office;
  AdapterList adapters;
  std::unique_ptr<SqliteStore> store;
};

template <typename T>
Status keep(Result<T> made, T& to) {
  if (!made.ok()) return std::move(made).error();
  to = std::move(*made);
  return {};
}

Status check_keys_of_ledger(const Parts& parts) {
  const auto needed = parts.store->keys_in_use();
  if (!needed.ok()) return needed.error();
  for (const auto& key : *needed) {
    if (parts.sealer->has_key(key.tenant, key.key_id)) continue;
    log(LogLevel::error, "the ledger needs a key that the configuration lacks",
        {{"tenant", SafeText::code(key.tenant)}, {"key", SafeText::code(key.key_id)}});
    return error_of(ErrorCode::configuration, "key " + key.key_id + " of tenant " + key.tenant +
                                                  " is missing: the ledger holds events sealed under it");
  }
  return {};
}

Result<Parts> make_parts(const LoadedConfig& config) {
  const v1::Config& message = config.message();
  Parts parts{config, {}, {}, {}, {}, {}, {}};
  const Instant now = system_env().now();
  auto rules = load_policy(message.policy_file(), config);
  if (!rules.ok()) return std::move(rules).error();
  Status status = keep(CertificatePolicy::make(*rules), parts.policy);
  if (status.ok()) status = keep(TenantSealer::load(message), parts.sealer);
  if (status.ok()) status = keep(Authorities::load(message.grpc().tls().ca_file()), parts.authorities);
  if (status.ok()) status = keep(CdaDocumentOffice::create(message), parts.office);
  if (status.ok()) status = keep(make_adapters(config, system_env()), parts.adapters);
  if (!status.ok()) return std::move(status).error();
  if (auto facts = check_tls_files(message.grpc().tls(), now); !facts.ok()) return std::move(facts).error();
  status = keep(SqliteStore::open(store_options(message)), parts.store);
  if (status.ok()) status = check_keys_of_ledger(parts);
  if (!status.ok()) return std::move(status).error();
  return parts;
}

std::vector<Adapter*> pointers(const AdapterList& adapters) {
  std::vector<Adapter*> list;
  for (const auto& adapter : adapters) list.push_back(adapter.get());
  return list;
}

class RunningGateway final : public Gateway {
 public:
  explicit RunningGateway(Parts parts)
      : parts_(std::move(parts)),
        adapters_(pointers(parts_.adapters)),
        tenants_(make_tenants(parts_.config, parts_.adapters)),
        committer_(*parts_.store, commit_limits(parts_.config.message().limits()),
                   [this](const Error& error) { on_ledger_failure(error); }),
        dispatch_ticker_(env_),
        clock_ticker_(env_),
        certificate_ticker_(env_),
        sink_(committer_, dispatch_ticker_),
        workers_(env_, adapters_),
        courier_(CourierSeams{*parts_.store, committer_, *parts_.sealer, env_,
                              [this](std::string_view name) { return parts_.config.tenant(name); }},
                 outbox_limits(parts_.config.message())),
        dispatcher_(DispatcherSeams{*parts_.store, committer_, env_, courier_, workers_,
                                    [this] { dispatch_ticker_.notify(); }},
                    outbox_limits(parts_.config.message()), adapters_),
        clocks_(*parts_.store, committer_),
        intake_(IntakeSeams{tenants_, parts_.config.environment(), *parts_.policy, *parts_.office, env_,
                            parts_.sealer.get(), &sink_, parts_.store.get()}) {}

  ~RunningGateway() override { stop(); }

  Status open() {
    committer_thread_ = std::make_unique<CommitterThread>(committer_);
    const auto recovered = dispatcher_.recover();
    if (!recovered.ok()) return recovered.error();
    if (*recovered > 0)
      log(LogLevel::warn, "letters were under way when the gateway died: they are settled now",
          {{"count", *recovered}});
    auto door = open_door();
    if (!door.ok()) return std::move(door).error();
    door_ = std::move(*door);
    watch_certificates();
    dispatch_ticker_.start([this](Instant now) {
      if (courier_.halted() && !failed_)
        on_ledger_failure(error_of(ErrorCode::store_unavailable, "an outcome could not be recorded"));
      return dispatcher_.tick(now);
    });
    clock_ticker_.start([this](Instant now) { return clocks_.tick(now); });
    certificate_ticker_.start([this](Instant now) { return watch_.tick(now); });
    door_->set_serving(true);
    log(LogLevel::info, "serving", {{"version", SafeText(PSL_VERSION)}, {"grpc_port", door_->port()}});
    return {};
  }

  int grpc_port() const override { return door_->port(); }

  int run() override {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int signal = 0;
    sigwait(&signals, &signal);
    log(LogLevel::info, "stopping", {{"signal", signal}});
    if (!stop()) {
      // A worker still talks to its partner. Its delivery is in the ledger as sending and is settled at the
      // next start.
      log(LogLevel::warn, "leaving while a letter is under way");
      ::_exit(failed_ ? exit_code::refused : exit_code::ok);
    }
    return failed_ ? exit_code::refused : exit_code::ok;
  }

 private:
  Result<std::unique_ptr<GrpcDoor>> open_door() {
    const v1::GrpcDoor& config = parts_.config.message().grpc();
    auto chain = read_small_file(config.tls().certificate_file(), pem_bytes_max, Readers::anyone);
    if (!chain.ok()) return std::move(chain).error();
    auto key = read_small_file(config.tls().key_file(), pem_bytes_max, Readers::owner_only);
    if (!key.ok()) return std::move(key).error();
    GrpcDoorOptions options;
    options.listen = config.listen();
    options.certificate_chain = std::move(*chain);
    options.private_key = std::move(*key);
    options.verify_client = [this](std::string_view pem) { return verify_client(pem); };
    options.principal_of = [this](std::string_view pem) {
      return callers_.find(pem, [this](std::string_view unknown) { return principal_of(unknown); });
    };
    options.large_messages_max = parts_.config.message().limits().intake_queue_max();
    return open_grpc_door(std::move(options), intake_);
  }

  Result<Principal> principal_of(std::string_view pem) {
    auto certificates = read_certificates(pem);
    if (!certificates.ok()) return std::move(certificates).error();
    Result<Principal> principal = parts_.policy->principal_of(certificates->front());
    if (!principal.ok()) log_certificate("certificate names no principal", principal.error(), pem);
    return principal;
  }

  Status verify_client(std::string_view pem) {
    Status verified = parts_.authorities->verify_client(pem, env_.now());
    if (verified.ok()) return verified;
    log_certificate("client certificate refused", verified.error(), pem);
    return verified;
  }

  static void log_certificate(SafeText fact, const Error& error, std::string_view pem) {
    const auto certificates = read_certificates(pem);
    const bool readable = certificates.ok();
    log(LogLevel::warn, std::move(fact),
        {{"error", SafeText::error(error)},
         {"common_name", SafeText::code(readable ? certificates->front().common_name : "")},
         {"sha256", SafeText::code(readable ? certificates->front().sha256 : "")}});
  }

  void watch_certificates() {
    const v1::Config& config = parts_.config.message();
    watch_.add("grpc", config.grpc().tls());
    for (const v1::MssantePartner& partner : config.mssante())
      watch_.add(SafeText::code(partner.name()), partner.tls());
  }

  // On the committer's thread. What is on the disk is no longer known: say so and leave; the next start reads
  // it again.
  void on_ledger_failure(const Error& error) {
    log(LogLevel::error, "the ledger failed: leaving", {{"error", SafeText::error(error)}});
    failed_ = true;
    ::kill(::getpid(), SIGTERM);
  }

  // Doors, tickers, workers, committer: each still answers those before it. False: a worker is still busy.
  bool stop() {
    if (door_) door_->drain(door_grace);
    dispatch_ticker_.stop();
    clock_ticker_.stop();
    certificate_ticker_.stop();
    // No new delivery begins now. What is under way has a moment to end by itself, then it is cut short.
    if (!workers_.stop(worker_grace)) {
      for (Adapter* adapter : adapters_) adapter->stop();
    }
    if (!workers_.stop(worker_grace)) return false;
    if (committer_thread_) committer_thread_->stop();
    return true;
  }

  Env& env_ = system_env();
  Parts parts_;
  const std::vector<Adapter*> adapters_;
  const TenantTable tenants_;
  std::atomic<bool> failed_ = false;
  Committer committer_;
  TickThread dispatch_ticker_;
  TickThread clock_ticker_;
  TickThread certificate_ticker_;
  WakingSink sink_;
  WorkerPools workers_;
  Courier courier_;
  Dispatcher dispatcher_;
  Clocks clocks_;
  CertificateWatch watch_;
  Intake intake_;
  KnownCallers callers_;
  std::unique_ptr<GrpcDoor> door_;
  std::unique_ptr<CommitterThread> committer_thread_;
};

void block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Before any thread, so that every thread inherits it and run() alone receives them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int run_serve(const std::string& config_file) {
  block_stop_signals();
  const auto config = load_config(config_file);
  auto gateway = config.ok() ? Gateway::start(*config) : Result<std::unique_ptr<Gateway>>(config.error());
  if (!gateway.ok()) {
    std::fprintf(stderr, "%s\n", gateway.error().describe().c_str());
    return exit_code::file;
  }
  return (*gateway)->run();
}

}  // namespace

Result<std::unique_ptr<Gateway>> Gateway::start(const LoadedConfig& config) {
  auto parts = make_parts(config);
  if (!parts.ok()) return std::move(parts).error();
  auto gateway = std::make_unique<RunningGateway>(std::move(*parts));
  if (Status opened = gateway->open(); !opened.ok()) return std::move(opened).error();
  return std::unique_ptr<Gateway>(std::move(gateway));
}

void add_serve(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("serve", "Run the gateway until SIGTERM.");
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "configuration file (docs/reference/configuration.md)")->required();
  command->footer(
      "One JSON line per fact on stderr.\nExample:\n  passerelle serve --config "
      "/etc/passerelle/passerelle.yaml");
  command->callback([file, &status] { status = run_serve(*file); });
}

}  // namespace psl
