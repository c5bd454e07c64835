// passerelle watch: what becomes of events, as it happens.
#include "gateway/app/watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"
#include "security/files.h"

namespace psl {
namespace {

// The position is kept when nothing more comes for a moment, or after so many changes: keeping it waits for
// the disk.
constexpr Span moment = milliseconds(20);
constexpr int unkept_most = 200;

// What no other try will change. Anything else is a line that broke, whatever a proxy made of it.
bool watching_is_over(const Error& error) {
  return concerns_caller(error) || error.code == ErrorCode::sequence_gone ||
         error.code == ErrorCode::field_invalid || error.code == ErrorCode::not_found;
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&one, 1, 0) > 0;
}

class Watcher {
 public:
  Watcher(GatewayClient& client, WatchOptions options, Env& env, WatchReader& reader)
      : client_(client), options_(std::move(options)), env_(env), reader_(reader), position_(options_.after) {}

  Status run() {
    while (!readable(options_.stop_fd)) {
      v1::WatchEventsRequest request;
      request.set_tenant(options_.tenant);
      request.set_after_sequence(position_.value_or(0));
      request.set_from_now(!position_.has_value());
      const std::unique_ptr<ClientWatch> call = client_.watch(request);
      auto broken = follow(*call);
      if (!broken.ok()) return std::move(broken).error();
      if (!broken->has_value()) break;
      if (!std::exchange(told_broken_, true)) reader_.line(*broken);
      rest();
    }
    return keep();
  }

 private:
  // Why the line broke; nothing when asked to stop; an error when all is over.
  Result<std::optional<Error>> follow(ClientWatch& call) {
    Instant heard = env_.monotonic();
    for (;;) {
      const Span left = heard + options_.silence - env_.monotonic();
      switch (call.wait(unkept_ > 0 ? std::min(moment, left) : left, options_.stop_fd)) {
        case StreamEvent::message:
          heard = env_.monotonic();
          if (Status taken = take(call.take()); !taken.ok()) return std::move(taken).error();
          // Also while there is much to catch up with.
          if (readable(options_.stop_fd)) return std::optional<Error>();
          break;
        case StreamEvent::ended: {
          Status ended = call.finish();
          Error error = ended.ok() ? error_of(ErrorCode::input_output, "the gateway ended the call")
                                   : std::move(ended).error();
          if (watching_is_over(error)) return error;
          return std::optional<Error>(std::move(error));
        }
        default:
          if (Status kept = keep(); !kept.ok()) return std::move(kept).error();
          if (readable(options_.stop_fd)) return std::optional<Error>();
          if (env_.monotonic() >= heard + options_.silence)
            return std::optional<Error>(error_of(ErrorCode::deadline, "no heartbeat"));
      }
    }
  }

  // In small steps, so that a signal does not wait for the end of it.
  void rest() {
    const Instant until = env_.monotonic() + pause_;
    while (env_.monotonic() < until && !readable(options_.stop_fd)) client_.pause(first_pause);
    pause_ = pause_after(pause_);
  }

  Status take(const v1::WatchEventsResponse& message) {
    pause_ = first_pause;
    if (std::exchange(told_broken_, false)) reader_.line({});
    if (message.has_change()) {
      if (Status given = reader_.change(message); !given.ok()) return given;
    }
    position_ = message.sequence();
    return ++unkept_ >= unkept_most ? keep() : Status();
  }

  Status keep() {
    if (unkept_ == 0) return {};
    unkept_ = 0;
    return reader_.keep(*position_);
  }

  GatewayClient& client_;
  const WatchOptions options_;
  Env& env_;
  WatchReader& reader_;
  // Nothing: nobody has told us where we stand yet.
  std::optional<int64_t> position_;
  int unkept_ = 0;
  Span pause_ = first_pause;
  bool told_broken_ = false;
};

// Prints, and remembers where it stands.
class PrintingReader final : public WatchReader {
 public:
  PrintingReader(bool json, std::string state_file, std::optional<int64_t> kept)
      : json_(json), state_file_(std::move(state_file)), kept_(kept) {}

  Status change(const v1::WatchEventsResponse& message) override {
    const std::string line =
        json_ ? to_json(message) : std::to_string(message.sequence()) + "  " + to_line(message.change());
    if (std::printf("%s\n", line.c_str()) < 0) return unwritable();
    return {};
  }
  Status keep(int64_t sequence) override {
    if (std::fflush(stdout) != 0) return unwritable();
    if (state_file_.empty() || kept_ == sequence) return {};
    kept_ = sequence;
    return write_position(state_file_, sequence);
  }
  void line(const std::optional<Error>& broken) override {
    if (broken) {
      std::fprintf(stderr, "the line broke, trying again: %s\n", broken->describe().c_str());
    } else {
      std::fprintf(stderr, "watching again\n");
    }
  }

 private:
  static Status unwritable() {
    return error_of(ErrorCode::configuration, "standard output cannot be written");
  }

  const bool json_;
  const std::string state_file_;
  std::optional<int64_t> kept_;
};

// SIGINT and SIGTERM as something to wait for. Made before any thread, so that every thread inherits the
// mask.
class StopSignals {
 public:
  StopSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
    PSL_CHECK(fd_ >= 0);
  }
  ~StopSignals() { ::close(fd_); }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

struct WatchCommand {
  ClientOptions client;
  WatchOptions watch;
  int64_t after = 0;
  bool from_now = false;
  int silence_s = 45;
  std::string state_file;
  bool json = false;
};

int run_watch(WatchCommand command) {
  const StopSignals signals;
  command.watch.stop_fd = signals.fd();
  command.watch.silence = seconds(command.silence_s);
  if (!command.from_now) command.watch.after = command.after;
  std::optional<int64_t> kept;
  if (!command.state_file.empty()) {
    const auto position = read_position(command.state_file);
    if (!position.ok()) {
      std::fprintf(stderr, "%s\n", position.error().describe().c_str());
      return exit_code::file;
    }
    kept = *position;
    if (kept) command.watch.after = kept;
  }
  auto client = GatewayClient::connect(command.client);
  if (!client.ok()) return show_error(client.error(), command.json);
  PrintingReader reader(command.json, command.state_file, kept);
  const Status ended = watch_events(**client, command.watch, system_env(), reader);
  std::fflush(stdout);
  if (ended.ok()) return exit_code::ok;
  const int status = show_error(ended.error(), command.json);
  if (ended.error().code == ErrorCode::sequence_gone) {
    std::fprintf(
        stderr,
        "What changed meanwhile is not told any more: read the states with `passerelle list`, then go on "
        "from now%s.\n",
        command.state_file.empty() ? " with --from-now" : ": remove the state file, and use --from-now");
  }
  return status;
}

}  // namespace

Status watch_events(GatewayClient& client, WatchOptions options, Env& env, WatchReader& reader) {
  return Watcher(client, std::move(options), env, reader).run();
}

Result<std::optional<int64_t>> read_position(const std::string& file) {
  std::error_code problem;
  if (!std::filesystem::exists(file, problem)) return std::optional<int64_t>();
  auto text = read_small_file(file, 64, Readers::anyone);
  if (!text.ok()) return std::move(text).error();
  if (!text->empty() && text->back() == '\n') text->pop_back();
  int64_t sequence = -1;
  const auto [end, wrong] = std::from_chars(text->data(), text->data() + text->size(), sequence);
  if (wrong != std::errc() || end != text->data() + text->size() || sequence < 0)
    return error_of(ErrorCode::configuration, file + ": holds no sequence");
  return std::optional<int64_t>(sequence);
}

Status write_position(const std::string& file, int64_t sequence) {
  const std::string beside = file + ".new";
  // What a dead predecessor left.
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  Status written = write_new_file(beside, std::to_string(sequence) + "\n", Readers::owner_only);
  if (!written.ok()) return written;
  if (std::rename(beside.c_str(), file.c_str()) != 0) {
    return error_of(ErrorCode::configuration,
                    file + ": " + std::error_code(errno, std::generic_category()).message());
  }
  return {};
}

void add_watch(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("watch", "Tell what becomes of events, as it happens, until SIGINT.");
  auto options = std::make_shared<WatchCommand>();
  options->watch.tenant = "cpts-demo";
  add_client_options(*command, options->client);
  command->add_option("--tenant", options->watch.tenant, "whose events")->capture_default_str();
  CLI::Option* after =
      command->add_option("--after", options->after, "changes after this sequence; 0: all that are kept")
          ->check(CLI::NonNegativeNumber)
          ->capture_default_str();
  command->add_flag("--from-now", options->from_now, "only what happens from now on")->excludes(after);
  command->add_option("--state-file", options->state_file,
                      "remember the last sequence there, and go on from it: then it counts, not --after or "
                      "--from-now");
  command
      ->add_option(
          "--silence", options->silence_s,
          "seconds without a heartbeat after which the line is taken for broken: three of the gateway's "
          "watch_heartbeat")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one WatchEventsResponse a line, as JSON");
  command->footer(
      "It connects again by itself. After an abrupt end the last changes may be told twice, none is left "
      "out.\n"
      "Examples:\n  passerelle watch --from-now\n"
      "  passerelle watch --state-file /var/lib/our-tool/position --json | our-tool");
  command->callback([options, &status] { status = run_watch(*options); });
}

}  // namespace psl
