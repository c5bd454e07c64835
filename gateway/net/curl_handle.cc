#include "gateway/net/curl_handle.h"

#include <curl/curl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "gateway/net/init.h"
#include "security/certificate.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t certificate_file_max = size_t{1} << 20;
// Between two looks at whether a wait must end.
constexpr int wait_slice_ms = 100;

CurlTransfer& transfer_of(void* user) { return *static_cast<CurlTransfer*>(user); }

int begin_request(void* user, char*, char*, int, int) {
  return transfer_of(user).may_begin() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

int watch_what_leaves(CURL*, curl_infotype type, char* data, size_t size, void* user) {
  if (type == CURLINFO_HEADER_OUT) transfer_of(user).on_command(std::string_view(data, size));
  if (type == CURLINFO_DATA_OUT) transfer_of(user).on_content(size);
  return 0;
}

size_t read_content(char* buffer, size_t size, size_t count, void* user) {
  return transfer_of(user).on_read(buffer, size * count);
}

size_t take_line(char* line, size_t size, size_t count, void* user) {
  return transfer_of(user).on_line(std::string_view(line, size * count)) ? size * count : 0;
}

size_t take_body(char* part, size_t size, size_t count, void* user) {
  return transfer_of(user).on_body(std::string_view(part, size * count)) ? size * count : 0;
}

int watch_time(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return transfer_of(user).must_stop() ? 1 : 0;
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

void OpenSockets::stop_reading() {
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RD);
}

void OpenSockets::cut() {
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

bool OpenSockets::quiet() const {
  return std::all_of(sockets_.begin(), sockets_.end(), [](int socket) {
    pollfd each{socket, POLLIN, 0};
    return ::poll(&each, 1, 0) == 0;
  });
}

bool CurlTransfer::must_stop() {
  const bool stop = told_to_stop() || env_.monotonic() >= limit_;
  if (stop) sockets_->cut();
  return stop;
}

bool refuses_our_certificate(const CurlEnding& ending) {
  const std::string_view text = ending.text;
  if (text.find(" alert ") == std::string_view::npos) return false;
  return text.find("certificate") != std::string_view::npos ||
         text.find("unknown ca") != std::string_view::npos;
}

std::string_view reason_of_curl(const CurlEnding& ending) {
  switch (ending.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "HOST_NOT_FOUND";
    case CURLE_COULDNT_CONNECT:
      return "CONNECTION_REFUSED";
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
      return "TIMEOUT";
    case CURLE_USE_SSL_FAILED:
      return "STARTTLS_MISSING";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return "PARTNER_CERTIFICATE";
    case CURLE_SSL_CERTPROBLEM:
      return "OWN_CERTIFICATE";
    case CURLE_SSL_CACERT_BADFILE:
      return "TRUST_FILE";
    case CURLE_SSL_CONNECT_ERROR:
      return refuses_our_certificate(ending) ? "OWN_CERTIFICATE" : "TLS_FAILED";
    default:
      return refuses_our_certificate(ending) ? "OWN_CERTIFICATE" : "CONNECTION_LOST";
  }
}

bool certificate_valid(const std::string& file, Instant now) {
  const auto pem = read_small_file(file, certificate_file_max, Readers::anyone);
  if (!pem.ok()) return false;
  const auto chain = read_certificates(*pem);
  return chain.ok() && chain->front().not_before < now && now < chain->front().not_after;
}

bool CurlList::add(const std::string& text) {
  curl_slist* longer = curl_slist_append(list_.get(), text.c_str());
  if (longer == nullptr) return false;
  // libcurl gives the same list back, except for the first element.
  if (!list_) list_.reset(longer);
  return true;
}

void CurlList::Free::operator()(curl_slist* list) const { curl_slist_free_all(list); }

void CurlHandle::Cleanup::operator()(void* handle) const { curl_easy_cleanup(handle); }

CurlHandle::CurlHandle() : handle_(curl_easy_init()) {}

CurlHandle& CurlHandle::set(int option, long value) {
  ready_ = ready_ && curl_easy_setopt(handle_.get(), static_cast<CURLoption>(option), value) == CURLE_OK;
  return *this;
}

CurlHandle& CurlHandle::set(int option, const char* text) {
  ready_ = ready_ && curl_easy_setopt(handle_.get(), static_cast<CURLoption>(option), text) == CURLE_OK;
  return *this;
}

CurlHandle& CurlHandle::set(int option, const CurlList& list) {
  ready_ = ready_ && curl_easy_setopt(handle_.get(), static_cast<CURLoption>(option), list.get()) == CURLE_OK;
  return *this;
}

CurlHandle& CurlHandle::set_way(const CurlWay& way) {
  return set(CURLOPT_PROXY, "")
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_CAINFO, way.ca_file.c_str())
      // The built-in CAPATH would leave public authorities trusted, the cache would keep a replaced file for
      // a day.
      .set(CURLOPT_CAPATH, nullptr)
      .set(CURLOPT_CA_CACHE_TIMEOUT, 0L)
      .set(CURLOPT_SSLCERTTYPE, "PEM")
      .set(CURLOPT_SSLCERT, way.certificate_file.c_str())
      .set(CURLOPT_SSLKEY, way.key_file.c_str())
      // A resumed session would not look at the certificates again.
      .set(CURLOPT_SSL_SESSIONID_CACHE, 0L)
      .set(CURLOPT_NOSIGNAL, 1L)
      // A resolver that hangs would hold the thread past its deadline.
      .set(CURLOPT_QUICK_EXIT, 1L)
      .set(CURLOPT_CONNECTTIMEOUT_MS, to_ms(std::min(way.left, way.connect_timeout)))
      .set(CURLOPT_TIMEOUT_MS, to_ms(way.left));
}

bool CurlHandle::set_callbacks(CurlTransfer& transfer) {
  void* handle = handle_.get();
  void* user = &transfer;
  const auto give = [handle](CURLoption option, auto value) {
    return curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  return give(CURLOPT_VERBOSE, 1L) &&  // for the debug function, which nothing else of it reaches
         give(CURLOPT_DEBUGFUNCTION, &watch_what_leaves) && give(CURLOPT_DEBUGDATA, user) &&
         give(CURLOPT_PREREQFUNCTION, &begin_request) && give(CURLOPT_PREREQDATA, user) &&
         give(CURLOPT_HEADERFUNCTION, &take_line) && give(CURLOPT_HEADERDATA, user) &&
         give(CURLOPT_WRITEFUNCTION, &take_body) && give(CURLOPT_WRITEDATA, user) &&
         give(CURLOPT_NOPROGRESS, 0L) && give(CURLOPT_XFERINFOFUNCTION, &watch_time) &&
         give(CURLOPT_XFERINFODATA, user) && give(CURLOPT_READFUNCTION, &read_content) &&
         give(CURLOPT_READDATA, user) && give(CURLOPT_SOCKOPTFUNCTION, &note_socket) &&
         give(CURLOPT_SOCKOPTDATA, &sockets_) && give(CURLOPT_CLOSESOCKETFUNCTION, &close_socket) &&
         give(CURLOPT_CLOSESOCKETDATA, &sockets_);
}

CurlEnding CurlHandle::perform(CurlTransfer& transfer) {
  if (!handle_) return {CURLE_OUT_OF_MEMORY, "", false};
  transfer.sockets_ = &sockets_;
  std::array<char, CURL_ERROR_SIZE> text{};
  CurlEnding ending{CURLE_FAILED_INIT, "", false};
  if (set_callbacks(transfer) && set(CURLOPT_ERRORBUFFER, text.data()).ready_)
    ending = {curl_easy_perform(handle_.get()), text.data(), false};
  long made = 0;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &made) == CURLE_OK) ending.reused = made == 0;
  // The next use sets them again; until then nothing points at what is gone.
  curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr);
  ready_ = true;
  return ending;
}

CurlEnding CurlHandle::overhear(Span patience) {
  std::array<char, CURL_ERROR_SIZE> text{};
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD)
    return {CURLE_RECV_ERROR, "", false};
  pollfd wire{socket, POLLIN, 0};
  if (::poll(&wire, 1, static_cast<int>(to_ms(patience))) == 0) return {};
  curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, text.data());
  std::array<char, 256> bytes;
  size_t count = 0;
  const CURLcode code = curl_easy_recv(handle_.get(), bytes.data(), bytes.size(), &count);
  curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr);
  // What TLS says to itself (session tickets) is nothing for us.
  if (code == CURLE_AGAIN) return {};
  return {count == 0 ? CURLE_RECV_ERROR : code, text.data(), false};
}

bool CurlHandle::wait(short events, CurlTransfer& transfer) {
  transfer.sockets_ = &sockets_;
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD)
    return false;
  while (!transfer.must_stop()) {
    pollfd wire{socket, events, 0};
    if (::poll(&wire, 1, wait_slice_ms) != 0) return true;
  }
  return false;
}

bool CurlHandle::say(std::string_view bytes, CurlTransfer& transfer) {
  while (!bytes.empty()) {
    size_t count = 0;
    const CURLcode code = curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &count);
    if (code == CURLE_AGAIN) {
      if (!wait(POLLOUT, transfer)) return false;
    } else if (code != CURLE_OK) {
      return false;
    }
    bytes.remove_prefix(count);
  }
  return true;
}

std::string CurlHandle::hear(CurlTransfer& transfer) {
  std::array<char, 16384> bytes;
  // A partner that drips bytes for ever must not hold the thread either.
  while (!transfer.must_stop()) {
    size_t count = 0;
    // Before any wait: TLS may hold what the socket does not show any more.
    const CURLcode code = curl_easy_recv(handle_.get(), bytes.data(), bytes.size(), &count);
    if (code == CURLE_OK) return {bytes.data(), count};
    if (code != CURLE_AGAIN || !wait(POLLIN, transfer)) break;
  }
  return {};
}

long CurlHandle::number(int info) const {
  long value = 0;
  return curl_easy_getinfo(handle_.get(), static_cast<CURLINFO>(info), &value) == CURLE_OK ? value : 0;
}

std::string CurlHandle::text(int info) const {
  const char* value = nullptr;
  const bool there =
      curl_easy_getinfo(handle_.get(), static_cast<CURLINFO>(info), &value) == CURLE_OK && value != nullptr;
  return there ? value : "";
}

}  // namespace psl
