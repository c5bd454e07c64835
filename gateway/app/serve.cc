#include "gateway/app/serve.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <vector>

#include "gateway/app/answer_door.h"
#include "gateway/app/certificate_watch.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/parts.h"
#include "gateway/app/telling_sink.h"
#include "gateway/base/log.h"
#include "gateway/follow/case_clock.h"
#include "gateway/follow/clocks.h"
#include "gateway/follow/replies.h"
#include "gateway/follow/retention.h"
#include "gateway/http/metered_store.h"
#include "gateway/http/metrics.h"
#include "gateway/http/operator_port.h"
#include "gateway/intake/answer_desk.h"
#include "gateway/intake/case_desk.h"
#include "gateway/intake/event_desk.h"
#include "gateway/outbox/dispatcher.h"
#include "gateway/rpc/grpc_door.h"

namespace psl {
namespace {

// For the calls and for the deliveries under way when the gateway is told to stop. A call that is cut short
// is sent again under its key.
constexpr Span door_grace = seconds(5);
constexpr Span worker_grace = seconds(5);
constexpr Span authorities_looked_at_every = seconds(5);

std::vector<Adapter*> pointers(const AdapterList& adapters) {
  std::vector<Adapter*> list;
  for (const auto& adapter : adapters) list.push_back(adapter.get());
  return list;
}

// What a proposal's link begins with; empty: there is no page.
std::string answer_url(const v1::Config& config) {
  return config.has_answers() ? config.answers().public_url() + "/r/" : std::string();
}

// Replies of one partner's mailbox, on a thread of their own: a mailbox may be slow.
struct ReplyThread {
  ReplyThread(Adapter& adapter, ReplyCollector::Take take, Env& env, Span every)
      : collector(adapter, std::move(take), env, every), ticker(env) {
    ticker.start([this](Instant now) { return collector.tick(now); });
  }
  ReplyCollector collector;
  TickThread ticker;
};

class RunningGateway final : public Gateway {
 public:
  explicit RunningGateway(Parts parts)
      : parts_(std::move(parts)),
        adapters_(pointers(parts_.adapters)),
        tenants_(make_tenants(parts_.config, parts_.adapters)),
        metrics_(*parts_.store, env_),
        store_(*parts_.store, metrics_, env_),
        committer_(store_, commit_limits(parts_.config.message()),
                   [this](const Error& error) { on_ledger_failure(error); }),
        dispatch_ticker_(env_),
        clock_ticker_(env_),
        retention_ticker_(env_),
        certificate_ticker_(env_),
        case_ticker_(env_),
        sink_(committer_, listeners()),
        workers_(env_, adapters_),
        courier_(CourierSeams{*parts_.store, sink_, *parts_.sealer, *parts_.office, env_,
                              [this](std::string_view name) { return parts_.config.tenant(name); },
                              [this](const DueDelivery& due, const Outcome& outcome) {
                                metrics_.attempted(due, outcome);
                              }},
                 outbox_limits(parts_.config.message())),
        dispatcher_(DispatcherSeams{*parts_.store, sink_, env_, courier_, workers_,
                                    [this] { dispatch_ticker_.notify(); }},
                    outbox_limits(parts_.config.message()), adapters_),
        clocks_(*parts_.store, sink_),
        retention_(sink_, span_of(parts_.config.message().ledger().changes_kept())),
        watch_([this](const std::string& whose, Instant expires_at) {
          metrics_.certificate(whose, expires_at);
        }),
        intake_(IntakeSeams{tenants_, parts_.config.environment(), *parts_.policy, *parts_.office, env_,
                            parts_.sealer.get(), &sink_, parts_.store.get(),
                            answer_url(parts_.config.message()),
                            [this](ErrorCode code) { metrics_.refused(code); }}),
        desk_(DeskSeams{tenants_, *parts_.policy, env_, *parts_.sealer, sink_, *parts_.store}),
        answers_(AnswerSeams{tenants_, env_, *parts_.sealer, *parts_.store, sink_, intake_}),
        cases_(CaseSeams{tenants_, env_, *parts_.sealer, *parts_.store, sink_, intake_}),
        case_clock_(*parts_.store, [this](const CaseRow& row, Instant now, std::function<void(Status)> done) {
          cases_.wake(row, now, std::move(done));
        }) {}

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
    told_door_ = door_.get();
    watch_certificates();
    if (Status opened = open_operator_port(); !opened.ok()) return opened;
    auto page = open_answer_door(parts_.config.message(), answers_, env_);
    if (!page.ok()) return std::move(page).error();
    answer_page_ = std::move(*page);
    start_tickers();
    door_->set_serving(true);
    serving_ = true;
    log(LogLevel::info, "serving",
        {{"version", SafeText(PSL_VERSION)},
         {"grpc_port", door_->port()},
         {"http_port", operator_port_ ? operator_port_->port() : 0},
         {"answer_port", answer_page_ ? answer_page_->port() : 0}});
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
    const v1::Config& config = parts_.config.message();
    GrpcDoorOptions options;
    options.listen = config.grpc().listen();
    options.certificate_file = config.grpc().tls().certificate_file();
    options.key_file = config.grpc().tls().key_file();
    options.verify_client = [this](std::string_view pem) { return parts_.trust->verify(pem, env_.now()); };
    options.principal_of = [this](std::string_view pem) { return parts_.trust->principal_of(pem); };
    options.large_messages_max = config.limits().intake_queue_max();
    options.reflection = config.grpc().reflection();
    options.watch_heartbeat = span_of(config.grpc().watch_heartbeat());
    return open_grpc_door(std::move(options), intake_, desk_);
  }

  Status open_operator_port() {
    const v1::Config& config = parts_.config.message();
    if (!config.has_http()) return {};
    auto port = OperatorPort::open(OperatorPortOptions{.listen = config.http().listen(),
                                                       .tls = config.http().tls(),
                                                       .healthy = [this] { return !failed_; },
                                                       .ready = [this] { return serving_.load(); }},
                                   metrics_, env_);
    if (!port.ok()) return std::move(port).error();
    operator_port_ = std::move(*port);
    return {};
  }

  void start_tickers() {
    dispatch_ticker_.start([this](Instant now) {
      if (courier_.halted() && !failed_)
        on_ledger_failure(error_of(ErrorCode::store_unavailable, "an outcome could not be recorded"));
      return dispatcher_.tick(now);
    });
    clock_ticker_.start([this](Instant now) { return clocks_.tick(now); });
    retention_ticker_.start([this](Instant now) { return retention_.tick(now); });
    case_ticker_.start([this](Instant now) { return case_clock_.tick(now); });
    for (Adapter* adapter : adapters_) {
      if (adapter->info().collects) replies_.push_back(start_replies(*adapter));
    }
    certificate_ticker_.start([this](Instant now) {
      parts_.trust->refresh();
      if (now >= certificates_due_) certificates_due_ = watch_.tick(now);
      return std::min(certificates_due_, now + authorities_looked_at_every);
    });
  }

  std::unique_ptr<ReplyThread> start_replies(Adapter& adapter) {
    Span every = seconds(30);
    for (const auto& partner : parts_.config.message().mssante()) {
      if (partner.name() == adapter.info().name && partner.imap().has_poll_every())
        every = span_of(partner.imap().poll_every());
    }
    return std::make_unique<ReplyThread>(
        adapter,
        [this](const Inbound& reply, std::function<void(Status)> done) {
          answers_.take_reply(reply, std::move(done));
        },
        env_, every);
  }

  TellingSink::Listeners listeners() {
    return {.work = [this] { dispatch_ticker_.notify(); },
            .changed =
                [this] {
                  case_ticker_.notify();
                  tell_watchers();
                }};
  }

  // The committer works before the door is there.
  void tell_watchers() {
    if (GrpcDoor* door = told_door_.load()) door->changed();
  }

  void watch_certificates() {
    const v1::Config& config = parts_.config.message();
    watch_.add("grpc", config.grpc().tls());
    if (config.http().has_tls()) watch_.add("http", config.http().tls());
    for (const auto& partner : config.mssante()) watch_.add(partner.name(), partner.tls());
    for (const auto& partner : config.repositories()) watch_.add(partner.name(), partner.tls());
    for (const auto& partner : config.webhooks()) watch_.add(partner.name(), partner.tls());
    for (const auto& partner : config.fhir()) watch_.add(partner.name(), partner.tls());
    if (!config.answers().certificate_file().empty()) {
      v1::TlsIdentity page;
      page.set_certificate_file(config.answers().certificate_file());
      page.set_key_file(config.answers().key_file());
      watch_.add("answers", page);
    }
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
    serving_ = false;
    if (answer_page_) answer_page_->stop();
    if (door_) door_->drain(door_grace);
    dispatch_ticker_.stop();
    clock_ticker_.stop();
    retention_ticker_.stop();
    case_ticker_.stop();
    replies_.clear();
    certificate_ticker_.stop();
    // No new delivery begins now. What is under way has a moment to end by itself, then it is cut short.
    if (!workers_.stop(worker_grace)) {
      for (Adapter* adapter : adapters_) adapter->stop();
    }
    if (!workers_.stop(worker_grace)) return false;
    if (committer_thread_) committer_thread_->stop();
    // Last, so that a supervisor can ask for as long as something is under way.
    if (operator_port_) operator_port_->stop();
    return true;
  }

  Env& env_ = system_env();
  Parts parts_;
  const std::vector<Adapter*> adapters_;
  const TenantTable tenants_;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> serving_ = false;
  Metrics metrics_;
  MeteredStore store_;
  Committer committer_;
  TickThread dispatch_ticker_;
  TickThread clock_ticker_;
  TickThread retention_ticker_;
  TickThread certificate_ticker_;
  TickThread case_ticker_;
  TellingSink sink_;
  WorkerPools workers_;
  Courier courier_;
  Dispatcher dispatcher_;
  Clocks clocks_;
  Retention retention_;
  CertificateWatch watch_;
  Instant certificates_due_;
  Intake intake_;
  EventDesk desk_;
  AnswerDesk answers_;
  CaseDesk cases_;
  CaseClock case_clock_;
  std::vector<std::unique_ptr<ReplyThread>> replies_;
  std::unique_ptr<GrpcDoor> door_;
  std::atomic<GrpcDoor*> told_door_ = nullptr;
  std::unique_ptr<OperatorPort> operator_port_;
  std::unique_ptr<AnswerPage> answer_page_;
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
  auto parts = make_parts(config, system_env());
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
