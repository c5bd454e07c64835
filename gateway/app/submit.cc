// passerelle submit: sends event files and, with --wait, stays until each recipient has a final state.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/bulk_submit.h"
#include "gateway/app/client.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/file_list.h"
#include "gateway/app/print.h"
#include "gateway/app/progress.h"
#include "gateway/app/settle.h"
#include "gateway/app/when.h"
#include "gateway/config/event_file.h"

namespace psl {
namespace {

struct SubmitOptions {
  ClientOptions client;
  std::vector<std::string> arguments;
  std::string list;
  bool json = false;
  bool quiet = false;
  bool wait = false;
  int wait_s = 120;
  int patience_s = 30;
  int connections = 1;
};

// --- one file
// -----------------------------------------------------------------------------------------------

void show_file_error(const SubmitOptions& options, const std::string& file, const Error& error) {
  if (options.json) {
    std::printf("%s\n", to_json(error).c_str());
  } else {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), error.describe().c_str());
  }
}

int show_settled(const SubmitOptions& options, const AwaitedEvent& event, const Status& outcome) {
  if (!outcome.ok()) {
    show_file_error(options, event.file, outcome.error());
    return exit_status_of(outcome.error());
  }
  if (options.json) {
    std::printf("%s\n", to_json(event.status).c_str());
  } else {
    std::printf("%s: %s", event.file.c_str(), to_text(event.status).c_str());
  }
  return options.wait && !all_reached(event.status) ? exit_code::refused : exit_code::ok;
}

Instant end_of_wait(const SubmitOptions& options) {
  return system_env().monotonic() + seconds(options.wait_s);
}

int submit_one(const SubmitOptions& options, const std::string& file) {
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) {
    std::fprintf(stderr, "%s\n", client.error().describe().c_str());
    return exit_status_of(client.error());
  }
  auto request = read_event_file(file);
  if (!request.ok()) {
    show_file_error(options, file, request.error());
    return exit_status_of_file(request.error());
  }
  auto response = (*client)->submit(*request, seconds(options.patience_s));
  if (!response.ok()) {
    show_file_error(options, file, response.error());
    return exit_status_of(response.error());
  }
  AwaitedEvent event{file, request->event().tenant(), std::move(*response->mutable_status())};
  if (!options.wait) return show_settled(options, event, {});
  int status = exit_code::ok;
  wait_settled(
      {std::move(event)}, **client, system_env(), end_of_wait(options),
      [&](const AwaitedEvent& last, const Status& outcome) { status = show_settled(options, last, outcome); },
      [] {});
  return status;
}

// --- many files
// ---------------------------------------------------------------------------------------------

// One line, or one JSON object, a file, beside the progress.
class ManyFiles final : public BulkReport {
 public:
  ManyFiles(const SubmitOptions& options, size_t files)
      : options_(options),
        style_(Progress::style_for(!options.quiet && !options.json)),
        sending_(std::make_unique<Progress>(style_, "sent", static_cast<int64_t>(files), system_env())) {}

  void accepted(const std::string& file, const std::string& tenant,
                v1::SubmitEventsResponse answer) override {
    ++accepted_;
    if (answer.already_accepted()) ++known_;
    AwaitedEvent event{file, tenant, std::move(*answer.mutable_status())};
    if (options_.wait) {
      awaited.push_back(std::move(event));
    } else {
      show(*sending_, event);
    }
    sending_->step(false);
  }

  void refused(const std::string& file, const Error& error, bool unread) override {
    const int status = unread ? exit_status_of_file(error) : exit_status_of(error);
    ++(unread ? unread_ : status == exit_code::unavailable ? unanswered_ : refused_);
    show(*sending_, file, error, status);
    sending_->step(true);
  }

  void tick() override { sending_->show(); }

  void sent() {
    const ProgressFacts facts = sending_->facts();
    sending_.reset();
    if (options_.quiet) return;
    std::string text = std::to_string(facts.total) + " events in " + clock_text(facts.elapsed) + ": " +
                       std::to_string(accepted_) + " accepted";
    if (known_ > 0) text += " (" + std::to_string(known_) + " of them known before)";
    text += ", " + std::to_string(refused_) + " refused";
    if (unread_ > 0) text += ", " + std::to_string(unread_) + " that could not be read";
    if (unanswered_ > 0) text += ", " + std::to_string(unanswered_) + " without an answer: send them again";
    std::fprintf(stderr, "%s\n", text.c_str());
  }

  void settle(GatewayClient& client, Instant until) {
    Progress settling(style_, "settled", static_cast<int64_t>(awaited.size()), system_env());
    int64_t reached = 0;
    const auto tell = [&](const AwaitedEvent& event, const Status& outcome) {
      const bool good = outcome.ok() && all_reached(event.status);
      if (outcome.ok()) {
        show(settling, event);
        if (!good) worst = std::max(worst, exit_code::refused);
      } else {
        show(settling, event.file, outcome.error(), exit_status_of(outcome.error()));
      }
      if (good) ++reached;
      settling.step(!good);
    };
    const auto total = static_cast<int64_t>(awaited.size());
    wait_settled(std::move(awaited), client, system_env(), until, tell, [&] { settling.show(); });
    settling.clear();
    if (!options_.quiet) {
      std::fprintf(stderr, "%lld events: %lld reached all their recipients, %lld did not\n",
                   static_cast<long long>(total), static_cast<long long>(reached),
                   static_cast<long long>(total - reached));
    }
  }

  std::vector<AwaitedEvent> awaited;
  int worst = exit_code::ok;

 private:
  void show(Progress& progress, const AwaitedEvent& event) {
    if (options_.json) {
      std::printf("%s\n", named("file", event.file, to_json(event.status)).c_str());
    } else if (!options_.quiet) {
      progress.clear();
      std::printf("%s: %s\n", event.file.c_str(), to_line(event.status).c_str());
    }
    std::fflush(stdout);
  }
  void show(Progress& progress, const std::string& file, const Error& error, int status) {
    worst = std::max(worst, status);
    if (options_.json) {
      std::printf("%s\n", named("file", file, to_json(error)).c_str());
    } else {
      progress.clear();
      std::fprintf(stderr, "%s: %s\n", file.c_str(), error.describe().c_str());
    }
    std::fflush(stdout);
  }

  const SubmitOptions& options_;
  const Progress::Style style_;
  std::unique_ptr<Progress> sending_;
  int64_t accepted_ = 0;
  int64_t known_ = 0;
  int64_t refused_ = 0;
  int64_t unread_ = 0;
  int64_t unanswered_ = 0;
};

int submit_many(const SubmitOptions& options, const std::vector<EventPlace>& events) {
  const auto connect = [&] { return GatewayClient::connect(options.client); };
  BulkOptions bulk;
  bulk.connections = options.connections;
  bulk.patience = seconds(options.patience_s);
  ManyFiles report(options, events.size());
  if (const Status begun = submit_events(events, connect, bulk, system_env(), report); !begun.ok()) {
    std::fprintf(stderr, "%s\n", begun.error().describe().c_str());
    return exit_status_of(begun.error());
  }
  report.sent();
  if (!report.awaited.empty()) {
    auto client = connect();
    if (!client.ok()) return exit_status_of(client.error());
    report.settle(**client, end_of_wait(options));
  }
  return report.worst;
}

int run_submit(const SubmitOptions& options) {
  const auto files = collect_files(options.arguments, options.list);
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", files.error().describe().c_str());
    return exit_code::file;
  }
  return files->single ? submit_one(options, files->events.front().file)
                       : submit_many(options, files->events);
}

}  // namespace

void add_submit(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("submit", "Send event files to a running gateway.");
  auto options = std::make_shared<SubmitOptions>();
  add_client_options(*command, options->client);
  command->add_option("FILE", options->arguments,
                      "event files, YAML or JSON (docs/reference/event-file.md), files with one event a line "
                      "(*.jsonl), or folders "
                      "of them");
  command->add_option("--from-list", options->list, "a file with one path a line; -: standard input");
  command->add_flag("--wait", options->wait,
                    "stay until every recipient has a final state; succeed only when all are reached");
  command->add_option("--wait-seconds", options->wait_s, "for how long")->capture_default_str();
  command
      ->add_option("--patience", options->patience_s,
                   "seconds to send again while the gateway cannot be reached or is busy")
      ->capture_default_str();
  command->add_option("--connections", options->connections, "for many files: connections at once")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object per file: the EventStatus, or an error");
  command->add_flag("--quiet", options->quiet, "for many files: only what failed");
  command->footer(
      "Examples:\n  passerelle submit samples/letters/pdf.yaml --wait\n"
      "  passerelle submit letters/ --quiet\n"
      "  passerelle submit enrolments.jsonl --quiet --connections 2\n"
      "  find outbox -name '*.json' | passerelle submit --from-list - --json\n"
      "  passerelle submit --server gw.example.org:8443 --ca ca.pem --cert us.pem --key us.key letter.json "
      "--json");
  command->callback([options, &status] {
    if (options->arguments.empty() && options->list.empty()) throw CLI::RequiredError("FILE or --from-list");
    status = run_submit(*options);
  });
}

}  // namespace psl
