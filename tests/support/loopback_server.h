// What a scripted server on loopback is made of: a listener with a thread for each connection, and a wire
// that speaks TLS.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/base/result.h"
#include "tests/support/throwaway_pki.h"

namespace psl::test {

// Listens on 127.0.0.1, a free port. A member that comes last: its end ends the connections, and waits for
// their threads.
class LoopbackListener {
 public:
  // The n-th connection, from 0. The socket is closed when it returns.
  using Serve = std::function<void(int socket, size_t index)>;

  explicit LoopbackListener(Serve serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* raw = &address;
    PSL_CHECK(::bind(listener_, static_cast<sockaddr*>(raw), sizeof address) == 0);
    socklen_t length = sizeof address;
    PSL_CHECK(::getsockname(listener_, static_cast<sockaddr*>(raw), &length) == 0);
    port = ntohs(address.sin_port);
    PSL_CHECK(::listen(listener_, 16) == 0);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;
  ~LoopbackListener() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& each : sessions_) each.join();
  }

  // Connections that came, and those of them that ended.
  size_t begun() {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }
  size_t ended() {
    const std::lock_guard lock(mutex_);
    return sessions_.size() - open_.size();
  }

  uint16_t port = 0;

 private:
  void accept_all() {
    for (size_t index = 0;; ++index) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const int at_once = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      sessions_.emplace_back([this, socket, index] {
        serve_(socket, index);
        const std::lock_guard last(mutex_);
        std::erase(open_, socket);
        ::shutdown(socket, SHUT_RDWR);
        ::close(socket);
      });
    }
  }

  const Serve serve_;
  int listener_ = -1;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> sessions_;
  std::vector<int> open_;
};

// A server's certificate, and whose clients it takes.
class ServerTls {
 public:
  ServerTls(const CertificateFiles& own, const std::string& client_ca)
      : context_(SSL_CTX_new(TLS_server_method())) {
    PSL_CHECK(SSL_CTX_use_certificate_chain_file(context_.get(), own.certificate.c_str()) == 1);
    PSL_CHECK(SSL_CTX_use_PrivateKey_file(context_.get(), own.key.c_str(), SSL_FILETYPE_PEM) == 1);
    PSL_CHECK(SSL_CTX_load_verify_locations(context_.get(), client_ca.c_str(), nullptr) == 1);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  void ask_no_certificate() { SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr); }
  // "At most TLS 1.1", which nobody should accept.
  void speak_old_tls_only() {
    SSL_CTX_set_security_level(context_.get(), 0);
    PSL_CHECK(SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION) == 1);
  }
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

// One connection, in clear until start_tls().
class TlsWire {
 public:
  explicit TlsWire(int socket) : socket_(socket) {}

  bool start_tls(const ServerTls& tls) {
    tls_.reset(SSL_new(tls.get()));
    SSL_set_fd(tls_.get(), socket_);
    if (SSL_accept(tls_.get()) == 1) return true;
    // The alert must arrive before the connection ends.
    ::shutdown(socket_, SHUT_WR);
    char rest[256];
    while (::recv(socket_, rest, sizeof rest, 0) > 0) {
    }
    tls_.reset();
    return false;
  }
  // False when the other side left.
  bool say(std::string_view bytes) {
    if (tls_) return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
  }
  // Up to and with `end`; false when the client leaves first, or `most` bytes came without it.
  bool read_until(std::string_view end, std::string& out, size_t most = SIZE_MAX) {
    while (true) {
      if (const size_t at = buffer_.find(end); at != std::string::npos) {
        out = buffer_.substr(0, at + end.size());
        buffer_.erase(0, at + end.size());
        return true;
      }
      if (buffer_.size() >= most || !read_more()) return false;
    }
  }
  bool read_exactly(size_t count, std::string& out) {
    while (buffer_.size() < count) {
      if (!read_more()) return false;
    }
    out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return true;
  }
  void wait_until_left() {
    while (read_more()) buffer_.clear();
  }
  // The common name of the client's certificate.
  std::string client_name() const {
    X509* peer = tls_ ? SSL_get0_peer_certificate(tls_.get()) : nullptr;
    if (peer == nullptr) return {};
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
    return name;
  }

 private:
  struct Free {
    void operator()(SSL* session) const { SSL_free(session); }
  };

  bool read_more() {
    char chunk[16384];
    const ssize_t count =
        tls_ ? SSL_read(tls_.get(), chunk, sizeof chunk) : ::recv(socket_, chunk, sizeof chunk, 0);
    if (count > 0) buffer_.append(chunk, static_cast<size_t>(count));
    return count > 0;
  }

  int socket_;
  std::unique_ptr<SSL, Free> tls_;
  std::string buffer_;
};

}  // namespace psl::test
