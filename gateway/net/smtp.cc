#include "gateway/net/smtp.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "gateway/net/smtp_exchange.h"

namespace psl {
namespace {

struct HandleCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, HandleCleanup>;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFree>;

constexpr Span quit_patience = milliseconds(500);

SmtpExchange& exchange_of(void* user) { return *static_cast<SmtpExchange*>(user); }

size_t read_letter(char* buffer, size_t size, size_t count, void* user) {
  return exchange_of(user).on_read(buffer, size * count);
}

size_t read_answer(char* line, size_t size, size_t count, void* user) {
  exchange_of(user).on_answer(std::string_view(line, size * count));
  return size * count;
}

size_t drop_output(char*, size_t size, size_t count, void*) { return size * count; }

int watch_commands(CURL*, curl_infotype type, char* data, size_t size, void* user) {
  if (type == CURLINFO_HEADER_OUT) exchange_of(user).on_command(std::string_view(data, size));
  return 0;
}

int watch_time(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return exchange_of(user).must_stop() ? 1 : 0;
}

int note_socket(void* user, curl_socket_t socket, curlsocktype) {
  static_cast<OpenSockets*>(user)->add(socket);
  return CURL_SOCKOPT_OK;
}

int close_socket(void* user, curl_socket_t socket) {
  static_cast<OpenSockets*>(user)->remove(socket);
  return ::close(socket);
}

long to_ms(Span span) { return static_cast<long>(std::max<int64_t>(1, (span.us + 999) / 1000)); }

std::string url_of(const SmtpServer& server) {
  const bool literal_v6 = server.host.find(':') != std::string::npos;
  const std::string host = literal_v6 ? "[" + server.host + "]" : server.host;
  return "smtp://" + host + ":" + std::to_string(server.port) + "/" + server.hello_name;
}

// Sets options and remembers whether all were taken: a TLS option that is refused must never mean "without".
class Options {
 public:
  explicit Options(CURL* handle) : handle_(handle) {}
  template <typename T>
  Options& set(CURLoption option, T value) {
    if (ok_) ok_ = curl_easy_setopt(handle_, option, value) == CURLE_OK;
    return *this;
  }
  bool ok() const { return ok_; }

 private:
  CURL* handle_;
  bool ok_ = true;
};

bool set_tls(Options& options, const SmtpServer& server) {
  return options.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL))
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_CAINFO, server.ca_file.c_str())
      // The built-in CAPATH would leave public authorities trusted, the cache would keep a replaced file for
      // a day.
      .set(CURLOPT_CAPATH, static_cast<const char*>(nullptr))
      .set(CURLOPT_CA_CACHE_TIMEOUT, 0L)
      .set(CURLOPT_SSLCERTTYPE, "PEM")
      .set(CURLOPT_SSLCERT, server.certificate_file.c_str())
      .set(CURLOPT_SSLKEY, server.key_file.c_str())
      // A resumed session would not look at the certificates again.
      .set(CURLOPT_SSL_SESSIONID_CACHE, 0L)
      .ok();
}

bool set_limits(Options& options, const SmtpServer& server, Span left) {
  return options.set(CURLOPT_NOSIGNAL, 1L)
      .set(CURLOPT_CONNECTTIMEOUT_MS, to_ms(std::min(left, server.connect_timeout)))
      .set(CURLOPT_TIMEOUT_MS, to_ms(left))
      // libcurl's own patience with one answer is 120 s: the two above are the limits.
      .set(CURLOPT_SERVER_RESPONSE_TIMEOUT, to_ms(left) / 1000 + 1)
      .ok();
}

bool set_callbacks(Options& options, SmtpExchange& exchange, std::array<char, CURL_ERROR_SIZE>& text) {
  text[0] = '\0';
  void* user = &exchange;
  return options
      .set(CURLOPT_VERBOSE, 1L)  // for the debug function, which nothing else of it reaches
      .set(CURLOPT_DEBUGFUNCTION, &watch_commands)
      .set(CURLOPT_DEBUGDATA, user)
      .set(CURLOPT_HEADERFUNCTION, &read_answer)
      .set(CURLOPT_HEADERDATA, user)
      .set(CURLOPT_WRITEFUNCTION, &drop_output)
      .set(CURLOPT_NOPROGRESS, 0L)
      .set(CURLOPT_XFERINFOFUNCTION, &watch_time)
      .set(CURLOPT_XFERINFODATA, user)
      .set(CURLOPT_READFUNCTION, &read_letter)
      .set(CURLOPT_READDATA, user)
      .set(CURLOPT_ERRORBUFFER, text.data())
      .ok();
}

bool set_sockets(Options& options, OpenSockets& sockets) {
  void* user = &sockets;
  return options.set(CURLOPT_SOCKOPTFUNCTION, &note_socket)
      .set(CURLOPT_SOCKOPTDATA, user)
      .set(CURLOPT_CLOSESOCKETFUNCTION, &close_socket)
      .set(CURLOPT_CLOSESOCKETDATA, user)
      .ok();
}

}  // namespace

namespace net {
Status init() {
  // OpenSSL writes to a connection that the partner closed; libcurl does not hold the signal back in threads.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR)
    return error_of(ErrorCode::internal, "SIGPIPE cannot be ignored");
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return error_of(ErrorCode::internal, "libcurl does not start");
  return {};
}
}  // namespace net

// A handle and the connection that it keeps.
class SmtpSender::Connection {
 public:
  Connection() : handle_(curl_easy_init()) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  SmtpEnding submit(const SmtpServer& server, const SmtpMail& mail, Span left, SmtpExchange& exchange) {
    const std::string from = "<" + std::string(mail.sender) + ">";
    const List to(curl_slist_append(nullptr, ("<" + std::string(mail.recipient) + ">").c_str()));
    if (!to) return {CURLE_OUT_OF_MEMORY, ""};
    return perform(server, left, exchange, [&](Options& options) {
      return options.set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr))
          .set(CURLOPT_UPLOAD, 1L)
          .set(CURLOPT_MAIL_FROM, from.c_str())
          .set(CURLOPT_MAIL_RCPT, to.get())
          .set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.message.size()))
          .ok();
    });
  }

  // A command without arguments: NOOP or QUIT.
  SmtpEnding say(const SmtpServer& server, const char* command, Span left, SmtpExchange& exchange) {
    return perform(server, left, exchange, [&](Options& options) {
      return options.set(CURLOPT_UPLOAD, 0L)
          .set(CURLOPT_MAIL_FROM, static_cast<const char*>(nullptr))
          .set(CURLOPT_MAIL_RCPT, static_cast<curl_slist*>(nullptr))
          .set(CURLOPT_CUSTOMREQUEST, command)
          .ok();
    });
  }

  // QUIT, then the socket is cut, so that libcurl's own farewell does not wait.
  void part(const SmtpServer& server, SmtpExchange& exchange) {
    say(server, "QUIT", quit_patience, exchange);
    sockets_.cut();
  }

 private:
  template <typename SetRequest>
  SmtpEnding perform(const SmtpServer& server, Span left, SmtpExchange& exchange, SetRequest set_request) {
    if (!handle_) return {CURLE_OUT_OF_MEMORY, ""};
    std::array<char, CURL_ERROR_SIZE> text;
    exchange.sockets = &sockets_;
    Options options(handle_.get());
    const std::string url = url_of(server);
    options.set(CURLOPT_URL, url.c_str()).set(CURLOPT_PROTOCOLS_STR, "smtp").set(CURLOPT_PROXY, "");
    const bool ready = set_tls(options, server) && set_limits(options, server, left) &&
                       set_callbacks(options, exchange, text) && set_sockets(options, sockets_) &&
                       set_request(options);
    SmtpEnding ending{CURLE_FAILED_INIT, ""};
    if (ready) ending = {curl_easy_perform(handle_.get()), text.data()};
    long made = 0;
    if (curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &made) == CURLE_OK)
      exchange.reused = made == 0;
    // The next use sets them again; until then nothing points at what is gone.
    curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
    return ending;
  }

  OpenSockets sockets_;  // outlives the handle, which closes them
  Handle handle_;
};

SmtpSender::SmtpSender(SmtpServer server, Env& env) : server_(std::move(server)), env_(env) {}

SmtpSender::~SmtpSender() {
  const std::atomic<bool> never{false};
  for (const auto& connection : idle_) {
    SmtpExchange farewell{.stopping = &never, .env = &env_, .limit = env_.monotonic() + quit_patience};
    connection->part(server_, farewell);
  }
}

Outcome SmtpSender::send(const SmtpMail& mail, Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  for (bool again = true;; again = false) {
    if (stopping_) return {Verdict::try_later, "STOPPING", "", false};
    const Span left = time_left(limit);
    if (left.us <= 0) return {Verdict::try_later, "TIMEOUT", "", false};
    std::unique_ptr<Connection> connection = again ? take() : std::make_unique<Connection>();
    SmtpExchange exchange{.message = mail.message, .stopping = &stopping_, .env = &env_, .limit = limit};
    const SmtpEnding ending = connection->submit(server_, mail, left, exchange);
    Outcome outcome = outcome_of_ending(exchange, ending, true);
    if (outcome.verdict == Verdict::accepted) {
      give_back(std::move(connection));
      return outcome;
    }
    // After any failure the handle goes: libcurl may keep a connection on which an old answer is still to
    // come.
    connection.reset();
    const bool closed_while_idle = exchange.untouched() || (exchange.reply && exchange.reply->code == 421);
    const bool nothing_left = exchange.stage < SmtpStage::content;
    if (again && exchange.reused && nothing_left && closed_while_idle && time_left(limit).us > 0) continue;
    if (certificate_valid(server_.certificate_file, env_.now())) return outcome;
    return outcome_of_ending(exchange, ending, false);
  }
}

Status SmtpSender::probe(Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + server_.delivery_timeout);
  const Span left = time_left(limit);
  if (left.us <= 0) return error_of(ErrorCode::deadline, "TIMEOUT");
  Connection connection;
  SmtpExchange exchange{.stopping = &stopping_, .env = &env_, .limit = limit};
  const SmtpEnding ending = connection.say(server_, "NOOP", left, exchange);
  if (ending.curl_code == CURLE_OK) {
    SmtpExchange farewell{.stopping = &stopping_, .env = &env_, .limit = env_.monotonic() + quit_patience};
    connection.part(server_, farewell);
    return {};
  }
  const bool own_valid = certificate_valid(server_.certificate_file, env_.now());
  const Outcome outcome = outcome_of_ending(exchange, ending, own_valid);
  const std::string code = outcome.partner_code.empty() ? "" : " (" + outcome.partner_code + ")";
  return error_of(ErrorCode::input_output, outcome.reason + code + ": the mail partner could not be reached");
}

void SmtpSender::stop() { stopping_ = true; }

std::unique_ptr<SmtpSender::Connection> SmtpSender::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void SmtpSender::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (std::ssize(idle_) < server_.connections) idle_.push_back(std::move(connection));
}

Span SmtpSender::time_left(Instant deadline) const { return deadline - env_.monotonic(); }

}  // namespace psl
