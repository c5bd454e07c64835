// A client on loopback that sends any bytes, well-formed or not, with or without TLS.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl::test {

struct ClientTls {
  // Empty: no client certificate.
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
};

struct RawAnswer {
  // 0: no whole answer came.
  int status = 0;
  std::string header;
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(int port, std::optional<ClientTls> tls = std::nullopt) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    PSL_CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int at_once = 1;  // or small writes wait for one another
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    if (tls) start_tls(*tls);
  }
  ~RawClient() {
    tls_.reset();
    ::close(socket_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: TLS was asked for and its handshake failed on this side.
  bool connected() const { return connected_; }
  // The subject's common name of the server's certificate.
  std::string server_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(tls_.get()), X509_free);
    char name[100] = "";
    if (peer) X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // Until the server ends the connection.
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(buffer_, {});
  }

  // One answer with its Content-Length; `with_body` false for the answer to a HEAD.
  RawAnswer read_answer(bool with_body = true) {
    RawAnswer answer;
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return answer;
    }
    answer.header = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    const size_t at = answer.header.find("Content-Length: ");
    const size_t length = at == std::string::npos || !with_body
                              ? 0
                              : std::strtoul(answer.header.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < length) {
      if (!read_more()) return answer;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    answer.status = std::atoi(answer.header.c_str() + 9);
    return answer;
  }

  RawAnswer ask(std::string_view request) {
    send(request);
    return read_answer();
  }

 private:
  struct Free {
    void operator()(SSL* tls) const { SSL_free(tls); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  void start_tls(const ClientTls& files) {
    const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
    PSL_CHECK(SSL_CTX_load_verify_locations(context.get(), files.ca_file.c_str(), nullptr) == 1);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (!files.certificate_file.empty()) {
      PSL_CHECK(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate_file.c_str()) == 1);
      PSL_CHECK(SSL_CTX_use_PrivateKey_file(context.get(), files.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
    }
    tls_.reset(SSL_new(context.get()));
    SSL_set_fd(tls_.get(), socket_);
    SSL_set1_host(tls_.get(), "localhost");
    connected_ = SSL_connect(tls_.get()) == 1;
  }

  bool read_more() {
    char bytes[16384];
    const auto got =
        tls_ ? SSL_read(tls_.get(), bytes, sizeof bytes) : ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  int socket_ = -1;
  std::unique_ptr<SSL, Free> tls_;
  bool connected_ = true;
  std::string buffer_;
};

}  // namespace psl::test
