#include "gateway/net/http_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "gateway/base/hash.h"
#include "gateway/base/log.h"
#include "passerelle/v1/config.pb.h"
#include "security/certificate.h"
#include "security/crypto.h"
#include "security/files.h"

namespace psl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using ErrorCodeOf = boost::system::error_code;

constexpr size_t pem_bytes_max = size_t{256} << 10;
// Bytes taken from a connection at once; a header that fits header_bytes_max must fit beside it.
constexpr size_t read_bytes = size_t{16} << 10;
// For a client that still sends when it has been refused: without reading on, the reset of the connection
// would destroy the answer before it is read.
constexpr Span linger_timeout = seconds(2);
constexpr Span accept_again_after = milliseconds(100);
// Of handshakes that fail: anybody can cause them.
constexpr Span handshake_log_every = seconds(1);

std::chrono::microseconds duration(Span span) { return std::chrono::microseconds(span.us); }

// RFC 9110 section 5.6.7.
std::string http_date(Instant at) {
  const std::time_t seconds_since = static_cast<std::time_t>(at.us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds_since, &utc);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, length};
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

HttpResponse plain_answer(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::string(text) + "\n";
  return response;
}

std::string_view own_words(int status) {
  switch (status) {
    case 400:
      return "this is not an HTTP request";
    case 413:
      return "the body is too large";
    case 431:
      return "the header is too large";
    case 500:
      return "no answer was made";
    case 501:
      return "this method is not known here";
    case 505:
      return "HTTP/1.1 is spoken here";
    default:
      return "not now: try again later";
  }
}

HttpResponse own_answer_of(const HttpServerOptions& options, int status) {
  return options.own_answer ? options.own_answer(status) : plain_answer(status, own_words(status));
}

// What to tell a client whose bytes the parser refused; nothing when there is nobody to tell.
std::optional<int> status_to(const ErrorCodeOf& problem) {
  if (problem == http::error::end_of_stream || problem == http::error::partial_message) return std::nullopt;
  if (problem.category() != http::make_error_code(http::error::bad_method).category()) return std::nullopt;
  if (problem == http::error::header_limit || problem == http::error::buffer_overflow) return 431;
  if (problem == http::error::body_limit) return 413;
  if (problem == http::error::bad_version) return 505;
  return 400;
}

bool is_served(http::verb method) {
  switch (method) {
    case http::verb::get:
    case http::verb::head:
    case http::verb::post:
    case http::verb::put:
    case http::verb::patch:
    case http::verb::delete_:
    case http::verb::options:
      return true;
    default:
      return false;
  }
}

using Parser = http::request_parser<http::string_body>;
using Message = http::request<http::string_body>;

HttpRequest request_of(Message message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

// The way from any thread to the server's, which stays safe when the server is gone.
class Gate {
 public:
  explicit Gate(asio::io_context& io) : io_(&io) {}
  template <typename Job>
  void post(Job job) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) asio::post(*io_, std::move(job));
  }
  void close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  asio::io_context* io_;
};

// One connection, as the server sees it. All calls on the server's thread.
class Session {
 public:
  virtual ~Session() = default;
  virtual void begin() = 0;
  // Nothing: no answer was made.
  virtual void answer(std::optional<HttpResponse> response) = 0;
  // Ends when the request under way is answered; at once when there is none.
  virtual void drain() = 0;
  virtual void close() = 0;
};

// What a session needs of its server.
struct SessionHost {
  const HttpServerOptions& options;
  const HttpHandler& handler;
  Env& env;
  std::shared_ptr<Gate> gate;
  std::function<void(Session*)> ended;
  std::function<void(const ErrorCodeOf&)> handshake_failed;
};

// One answer that is owed. The last copy of its HttpReply destroys it.
class PendingReply {
 public:
  PendingReply(std::shared_ptr<Gate> gate, std::weak_ptr<Session> session)
      : gate_(std::move(gate)), session_(std::move(session)) {}
  ~PendingReply() { send(std::nullopt); }
  PendingReply(const PendingReply&) = delete;
  PendingReply& operator=(const PendingReply&) = delete;

  void send(std::optional<HttpResponse> response) {
    if (sent_.exchange(true)) return;
    gate_->post([session = session_, response = std::move(response)]() mutable {
      if (const auto alive = session.lock()) alive->answer(std::move(response));
    });
  }

 private:
  const std::shared_ptr<Gate> gate_;
  const std::weak_ptr<Session> session_;
  std::atomic<bool> sent_ = false;
};

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

template <typename Stream>
class SessionOn final : public Session, public std::enable_shared_from_this<SessionOn<Stream>> {
 public:
  template <typename... Tls>
  SessionOn(SessionHost& host, tcp::socket socket, Tls&... tls)
      : host_(host),
        stream_(std::move(socket), tls...),
        delay_(stream_.get_executor()),
        buffer_(host.options.header_bytes_max + read_bytes) {}

  void begin() override {
    if constexpr (secure) {
      lowest().expires_after(duration(host_.options.header_timeout));
      stream_.async_handshake(asio::ssl::stream_base::server, on(&SessionOn::handshaken));
    } else {
      await_request(host_.options.header_timeout);
    }
  }

  void answer(std::optional<HttpResponse> response) override {
    if (!answering_ || closed_) return;
    answering_ = false;
    if (!response) response = own_answer_of(host_.options, 500);
    if (response->delay.us <= 0) return write(std::move(*response));
    delay_.expires_after(duration(response->delay));
    delay_.async_wait(
        [self = this->shared_from_this(), response = std::move(*response)](ErrorCodeOf) mutable {
          if (!self->closed_) self->write(std::move(response));
        });
  }

  void drain() override {
    draining_ = true;
    if (idle_) close();
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    delay_.cancel();
    lowest().close();
    host_.ended(this);
  }

 private:
  static constexpr bool secure = std::is_same_v<Stream, TlsStream>;

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  // Binds a member as the completion of an operation; keeps the session alive until then.
  auto on(void (SessionOn::*member)(ErrorCodeOf)) {
    return [self = this->shared_from_this(), member](ErrorCodeOf problem, auto&&...) {
      if (!self->closed_) ((*self).*member)(problem);
    };
  }

  void handshaken(ErrorCodeOf problem) {
    if (problem) {
      host_.handshake_failed(problem);
      return close();
    }
    await_request(host_.options.header_timeout);
  }

  // Nothing is owed now, so here a connection may end at any time.
  void await_request(Span patience) {
    if (draining_) return part();
    if (buffer_.size() > 0) return read_header();
    idle_ = true;
    lowest().expires_after(duration(patience));
    stream_.async_read_some(buffer_.prepare(read_bytes),
                            [self = this->shared_from_this()](ErrorCodeOf problem, size_t count) {
                              if (self->closed_) return;
                              self->buffer_.commit(count);
                              self->idle_ = false;
                              problem ? self->close() : self->read_header();
                            });
  }

  void read_header() {
    head_only_ = false;
    version_ = 11;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(host_.options.header_bytes_max));
    parser_->body_limit(host_.options.body_bytes_max);
    lowest().expires_after(duration(host_.options.header_timeout));
    http::async_read_header(stream_, buffer_, *parser_, on(&SessionOn::header_read));
  }

  void header_read(ErrorCodeOf problem) {
    if (problem) return refuse(problem);
    const Message& header = parser_->get();
    keep_alive_ = header.keep_alive();
    head_only_ = header.method() == http::verb::head;
    version_ = header.version();
    if (version_ > 11 || version_ < 10) return refuse(http::error::bad_version);
    // RFC 9112 section 3.2: a request without one Host, or with several, is answered with 400.
    if (version_ == 11 && header.count(http::field::host) != 1) return refuse(http::error::bad_field);
    if (!is_served(header.method())) return say_and_part(501);
    if (draining_) return say_and_part(503);
    if (beast::iequals(header[http::field::expect], "100-continue")) return invite_body();
    read_body();
  }

  // A careful client waits for this before it sends a large body.
  void invite_body() {
    static constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(invitation.data(), invitation.size()),
                      on(&SessionOn::body_invited));
  }

  void body_invited(ErrorCodeOf problem) { problem ? close() : read_body(); }

  void read_body() {
    lowest().expires_after(duration(host_.options.body_timeout));
    http::async_read(stream_, buffer_, *parser_, on(&SessionOn::body_read));
  }

  void body_read(ErrorCodeOf problem) {
    if (problem) return refuse(problem);
    lowest().expires_never();
    answering_ = true;
    const std::weak_ptr<Session> self = this->shared_from_this();
    const auto pending = std::make_shared<PendingReply>(host_.gate, self);
    host_.handler(request_of(parser_->release()),
                  [pending](HttpResponse response) { pending->send(std::move(response)); });
  }

  void refuse(ErrorCodeOf problem) {
    const std::optional<int> status = status_to(problem);
    status ? say_and_part(*status) : close();
  }

  void say_and_part(int status) {
    keep_alive_ = false;
    input_left_ = true;
    write(own_answer_of(host_.options, status));
  }

  void write(HttpResponse response) {
    if (response.ending == HttpResponse::Ending::dropped) return close();
    truncated_ = response.ending == HttpResponse::Ending::truncated;
    if (draining_ || truncated_) keep_alive_ = false;
    answer_.emplace();
    answer_->version(version_);
    answer_->result(static_cast<unsigned>(response.status));
    for (auto& [name, value] : response.headers) {
      PSL_CHECK(!has_control_character(name) && !has_control_character(value));
      answer_->insert(name, value);
    }
    answer_->set(http::field::date, http_date(host_.env.now()));
    answer_->keep_alive(keep_alive_);
    if (response.status != 204 && response.status != 304) answer_->content_length(response.body.size());
    if (truncated_) response.body.resize(response.body.size() / 2);
    if (!head_only_) answer_->body() = std::move(response.body);
    lowest().expires_after(duration(host_.options.write_timeout));
    http::async_write(stream_, *answer_, on(&SessionOn::written));
  }

  void written(ErrorCodeOf problem) {
    answer_.reset();
    if (problem || truncated_) return close();
    keep_alive_ ? await_request(host_.options.idle_timeout) : part();
  }

  // Says goodbye; then, when the client may still send, reads on for a moment (see linger_timeout).
  void part() {
    lowest().expires_after(duration(linger_timeout));
    if constexpr (secure) {
      stream_.async_shutdown(on(&SessionOn::parted));
    } else {
      parted({});
    }
  }

  void parted(ErrorCodeOf) {
    ErrorCodeOf ignored;
    lowest().socket().shutdown(tcp::socket::shutdown_send, ignored);
    input_left_ ? drop_input({}) : close();
  }

  void drop_input(ErrorCodeOf problem) {
    if (problem) return close();
    buffer_.clear();
    lowest().async_read_some(buffer_.prepare(read_bytes), on(&SessionOn::drop_input));
  }

  SessionHost& host_;
  Stream stream_;
  asio::steady_timer delay_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<http::response<http::string_body>> answer_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool truncated_ = false;
  bool input_left_ = false;
  bool idle_ = false;
  bool answering_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

// What the TLS files held when they were last looked at, and the context made of the last good ones.
class TlsFiles {
 public:
  explicit TlsFiles(HttpServerTls paths) : paths_(std::move(paths)) {}

  // Looks at the files. An error once for each content that cannot be used.
  Status refresh(Instant now) {
    Result<std::string> chain = read_small_file(paths_.certificate_file, pem_bytes_max, Readers::anyone);
    Result<std::string> key = read_small_file(paths_.key_file, pem_bytes_max, Readers::owner_only);
    Result<std::string> authorities = paths_.ca_file.empty()
                                          ? Result<std::string>(std::string())
                                          : read_small_file(paths_.ca_file, pem_bytes_max, Readers::anyone);
    std::string seen = "unreadable";
    if (chain.ok() && key.ok() && authorities.ok()) seen = sha256_of_parts({*chain, *key, *authorities});
    if (seen == seen_) return {};
    seen_ = seen;
    if (paths_.ca_file.empty()) {
      if (!chain.ok()) return chain.error();
      if (!key.ok()) return key.error();
      if (Status fits = check_pair(*chain, *key, now); !fits.ok()) return fits;
    } else {
      v1::TlsIdentity identity;
      identity.set_certificate_file(paths_.certificate_file);
      identity.set_key_file(paths_.key_file);
      identity.set_ca_file(paths_.ca_file);
      const auto facts = check_tls_files(identity, now);
      if (!facts.ok()) return facts.error();
      if (!chain.ok() || !key.ok() || !authorities.ok())
        return error_of(ErrorCode::configuration, "TLS files were not readable");
    }
    const Status made = make(*chain, *key, *authorities);
    wipe(*key);
    return made;
  }

  asio::ssl::context& context() { return *context_; }

 private:
  Status make(const std::string& chain, const std::string& key, const std::string& authorities) {
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    ErrorCodeOf problem;
    // Without an answer of ours OpenSSL would ask the terminal for a passphrase, and wait.
    context->set_password_callback([](size_t, auto) { return std::string(); }, problem);
    if (!problem) context->use_certificate_chain(asio::buffer(chain), problem);
    if (!problem) context->use_private_key(asio::buffer(key), asio::ssl::context::pem, problem);
    if (paths_.ca_file.empty()) {
      if (!problem) context->set_verify_mode(asio::ssl::verify_none, problem);
    } else {
      if (!problem) context->add_certificate_authority(asio::buffer(authorities), problem);
      if (!problem)
        context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert, problem);
    }
    SSL_CTX* native = context->native_handle();
    const bool strict =
        SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 && SSL_CTX_check_private_key(native) == 1;
    // No session outlives its connection: a resumed one would not be judged by renewed authorities.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_num_tickets(native, 0);
    if (problem || !strict) return error_of(ErrorCode::configuration, "TLS files cannot be used together");
    context_ = std::move(context);
    return {};
  }

  const HttpServerTls paths_;
  std::string seen_;
  std::unique_ptr<asio::ssl::context> context_;
};

// An IPv6 client has a whole /64 to itself.
std::string client_of(const tcp::socket& socket) {
  ErrorCodeOf ignored;
  const asio::ip::address address = socket.remote_endpoint(ignored).address();
  if (address.is_v4()) return address.to_string();
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

Result<tcp::endpoint> endpoint_of(const std::string& listen) {
  const Error wrong = error_of(ErrorCode::configuration, "listen: expected host:port");
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong;
  std::string host = listen.substr(0, colon);
  const std::string port = listen.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535)
    return wrong;
  asio::io_context io;
  ErrorCodeOf problem;
  const auto found = tcp::resolver(io).resolve(host, port, tcp::resolver::passive, problem);
  if (problem || found.empty()) return error_of(ErrorCode::configuration, "listen: the host is not known");
  return found.begin()->endpoint();
}

}  // namespace

class HttpServer::Core {
 public:
  Core(HttpServerOptions options, HttpHandler handler, Env& env)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        env_(env),
        host_{options_,
              handler_,
              env_,
              std::make_shared<Gate>(io_),
              [this](Session* session) { forget(session); },
              [this](const ErrorCodeOf& problem) { log_handshake(problem); }} {
    if (options_.tls) tls_.emplace(*options_.tls);
  }

  ~Core() { stop({}); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  Status open() {
    const auto endpoint = endpoint_of(options_.listen);
    if (!endpoint.ok()) return endpoint.error();
    if (!tls_ && !endpoint->address().is_loopback())
      return error_of(ErrorCode::configuration, "listen: without TLS only a loopback address is allowed");
    if (tls_) {
      if (Status read = tls_->refresh(env_.now()); !read.ok()) return read;
    }
    ErrorCodeOf problem;
    acceptor_.open(endpoint->protocol(), problem);
    if (!problem) acceptor_.set_option(asio::socket_base::reuse_address(true), problem);
    if (!problem) acceptor_.bind(*endpoint, problem);
    if (!problem) acceptor_.listen(asio::socket_base::max_listen_connections, problem);
    if (problem) return error_of(ErrorCode::input_output, options_.listen + ": " + problem.message());
    port_ = acceptor_.local_endpoint().port();
    accept();
    if (tls_) look_at_files();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  int port() const { return port_; }

  void stop(Span grace) {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { drain(); });
    {
      std::unique_lock lock(mutex_);
      quiet_changed_.wait_for(lock, duration(grace), [this] { return quiet_; });
    }
    asio::post(io_, [this] {
      for (const auto& session : all_sessions()) session->close();
      // Without sessions, timers, acceptor and this the thread has nothing left to wait for, and ends.
      work_.reset();
    });
    thread_.join();
    host_.gate->close();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](ErrorCodeOf problem, tcp::socket socket) {
      if (draining_) return;
      if (problem) {
        // Out of file descriptors, most likely: they come back when connections end.
        accept_timer_.expires_after(duration(accept_again_after));
        accept_timer_.async_wait([this](ErrorCodeOf) {
          if (!draining_) accept();
        });
        return;
      }
      take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    ErrorCodeOf ignored;
    std::string client = client_of(socket);
    if (!has_room_for(client)) return turn_away(std::move(socket));
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<Session> session;
    if (tls_) {
      session = std::make_shared<SessionOn<TlsStream>>(host_, std::move(socket), tls_->context());
    } else {
      session = std::make_shared<SessionOn<PlainStream>>(host_, std::move(socket));
    }
    sessions_.emplace(session.get(), Seat{session, std::move(client)});
    session->begin();
  }

  bool has_room_for(const std::string& client) const {
    if (sessions_.size() >= options_.connections_max) return false;
    if (options_.connections_per_client_max == 0) return true;
    const auto theirs =
        std::ranges::count_if(sessions_, [&](const auto& each) { return each.second.client == client; });
    return static_cast<size_t>(theirs) < options_.connections_per_client_max;
  }

  void turn_away(tcp::socket socket) {
    if (tls_) return;
    ErrorCodeOf ignored;
    const HttpResponse busy = own_answer_of(options_, 503);
    std::string text = "HTTP/1.1 503 Service Unavailable\r\n";
    for (const auto& [name, value] : busy.headers) text += name + ": " + value + "\r\n";
    text +=
        "Content-Length: " + std::to_string(busy.body.size()) + "\r\nConnection: close\r\n\r\n" + busy.body;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text.data(), text.size()), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  std::vector<std::shared_ptr<Session>> all_sessions() const {
    std::vector<std::shared_ptr<Session>> all;
    for (const auto& [key, seat] : sessions_) all.push_back(seat.session);
    return all;
  }

  void forget(Session* session) {
    sessions_.erase(session);
    if (draining_ && sessions_.empty()) become_quiet();
  }

  void drain() {
    draining_ = true;
    ErrorCodeOf ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    files_timer_.cancel();
    for (const auto& session : all_sessions()) session->drain();
    if (sessions_.empty()) become_quiet();
  }

  void become_quiet() {
    const std::lock_guard lock(mutex_);
    quiet_ = true;
    quiet_changed_.notify_all();
  }

  void look_at_files() {
    files_timer_.expires_after(duration(options_.files_looked_at_every));
    files_timer_.async_wait([this](ErrorCodeOf problem) {
      if (problem || draining_) return;
      if (const Status read = tls_->refresh(env_.now()); !read.ok())
        log(LogLevel::error, "certificate cannot be used: the former one goes on",
            {{"port", port_}, {"error", SafeText::error(read.error())}});
      look_at_files();
    });
  }

  void log_handshake(const ErrorCodeOf& problem) {
    // Who only opens a connection, or goes away, broke no rule.
    if (problem.category() != asio::error::get_ssl_category()) return;
    const Instant now = env_.monotonic();
    if (handshake_logged_at_.us != 0 && now < handshake_logged_at_ + handshake_log_every) return;
    handshake_logged_at_ = now;
    log(LogLevel::warn, "TLS handshake refused",
        {{"port", port_}, {"cause", SafeText::code(problem.message())}});
  }

  const HttpServerOptions options_;
  const HttpHandler handler_;
  Env& env_;
  asio::io_context io_{1};
  // While a session waits for its handler's answer, nothing else would keep the thread.
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  SessionHost host_;
  std::optional<TlsFiles> tls_;
  tcp::acceptor acceptor_{io_};
  asio::steady_timer accept_timer_{io_};
  asio::steady_timer files_timer_{io_};
  struct Seat {
    std::shared_ptr<Session> session;
    std::string client;
  };
  std::unordered_map<Session*, Seat> sessions_;
  Instant handshake_logged_at_{};
  bool draining_ = false;
  int port_ = 0;
  std::mutex mutex_;  // guards quiet_
  std::condition_variable quiet_changed_;
  bool quiet_ = false;
  std::thread thread_;
};

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view HttpRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view HttpRequest::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler,
                                                      Env& env) {
  auto core = std::make_unique<Core>(std::move(options), std::move(handler), env);
  if (Status opened = core->open(); !opened.ok()) return std::move(opened).error();
  return std::make_unique<HttpServer>(std::move(core));
}

HttpServer::HttpServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
HttpServer::~HttpServer() = default;
int HttpServer::port() const { return core_->port(); }
void HttpServer::stop(Span grace) { core_->stop(grace); }

}  // namespace psl
