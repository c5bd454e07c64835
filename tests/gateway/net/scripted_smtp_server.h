// An SMTP server on loopback that does what a script says, and certificates that live as long as a test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/base/result.h"

namespace psl::test {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// A folder with an authority, and the certificates that it signs. EC P-256: quick to make.
class ThrowawayPki {
 public:
  ThrowawayPki() {
    std::string pattern = (std::filesystem::temp_directory_path() / "psl-pki-XXXXXX").string();
    PSL_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    authority_key_ = make_key();
    authority_ = make_certificate("Test authority of " + folder_, "", authority_key_.get(), nullptr,
                                  authority_key_.get(), -3600, 86400);
    ca_file = write("ca.pem", authority_.get(), nullptr);
  }
  ~ThrowawayPki() { std::filesystem::remove_all(folder_); }

  // Valid from `from_s` to `to_s`, in seconds from now.
  CertificateFiles issue(const std::string& name, const std::string& host, long from_s = -3600,
                         long to_s = 86400) {
    const Key key = make_key();
    const Certificate made =
        make_certificate(name, host, key.get(), authority_.get(), authority_key_.get(), from_s, to_s);
    CertificateFiles files;
    files.certificate = write(name + ".pem", made.get(), nullptr);
    files.key = write(name + ".key", nullptr, key.get());
    return files;
  }

  std::string ca_file;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  static Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    PSL_CHECK(key != nullptr);
    return key;
  }

  static void extend(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    PSL_CHECK(made != nullptr);
    PSL_CHECK(X509_add_ext(certificate, made.get(), -1) == 1);
  }

  static Certificate make_certificate(const std::string& name, const std::string& host, EVP_PKEY* key,
                                      X509* issuer, EVP_PKEY* signer, long from_s, long to_s) {
    Certificate made(X509_new());
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_set_version(made.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to_s);
    X509_set_pubkey(made.get(), key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    std::vector<unsigned char> bytes(name.begin(), name.end());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes.data(), static_cast<int>(bytes.size()), -1,
                               0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    extend(made.get(), NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!host.empty()) extend(made.get(), NID_subject_alt_name, host);
    PSL_CHECK(X509_sign(made.get(), signer, EVP_sha256()) > 0);
    return made;
  }

  std::string write(const std::string& name, X509* certificate, EVP_PKEY* key) const {
    const std::string path = folder_ + "/" + name;
    const std::unique_ptr<std::FILE, Free> file(std::fopen(path.c_str(), "w"));
    PSL_CHECK(file != nullptr);
    if (certificate != nullptr) PEM_write_X509(file.get(), certificate);
    if (key != nullptr) PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return path;
  }

  std::string folder_;
  Key authority_key_;
  Certificate authority_;
};

// What one connection does. A reply that is `drop` closes it at that point; `silence` answers nothing until
// the client leaves.
struct SmtpScript {
  static constexpr std::string_view drop = "drop";
  static constexpr std::string_view silence = "silence";

  std::string greeting = "220 test ESMTP";
  std::string hello = "250-test\r\n250-SIZE 30000000\r\n250-STARTTLS\r\n250 8BITMIME";
  std::string start_tls = "220 go";
  std::string sender = "250 2.1.0 ok";
  std::string recipient = "250 2.1.5 ok";
  std::string data = "354 go";
  std::string end = "250 2.0.0 taken";
  std::string quit = "221 2.0.0 bye";
  // Letters after which the connection is closed although the client may believe it open; 0: none.
  int close_after_letters = 0;
  // Close in the middle of a letter, once this many bytes of it came; 0: no.
  size_t close_after_bytes = 0;
};

// What one connection saw.
struct SmtpSeen {
  std::vector<std::string> commands;
  // With the dots of the transfer removed.
  std::vector<std::string> letters;
  std::string client_name;
};

// Listens on 127.0.0.1, a free port. The n-th connection follows the n-th script, later ones the last.
class ScriptedSmtpServer {
 public:
  ScriptedSmtpServer(std::vector<SmtpScript> scripts, const CertificateFiles& own,
                     const std::string& client_ca)
      : scripts_(std::move(scripts)), tls_(SSL_CTX_new(TLS_server_method())) {
    PSL_CHECK(!scripts_.empty());
    PSL_CHECK(SSL_CTX_use_certificate_chain_file(tls_.get(), own.certificate.c_str()) == 1);
    PSL_CHECK(SSL_CTX_use_PrivateKey_file(tls_.get(), own.key.c_str(), SSL_FILETYPE_PEM) == 1);
    PSL_CHECK(SSL_CTX_load_verify_locations(tls_.get(), client_ca.c_str(), nullptr) == 1);
    SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
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
  ~ScriptedSmtpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& each : sessions_) each.join();
  }

  // What the connections saw until now.
  std::vector<SmtpSeen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  uint16_t port = 0;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };

  class Wire {
   public:
    explicit Wire(int socket) : socket_(socket) {}
    bool start_tls(SSL_CTX* context) {
      tls_.reset(SSL_new(context));
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
    void say(const std::string& reply) {
      const std::string line = reply + "\r\n";
      if (tls_) {
        SSL_write(tls_.get(), line.data(), static_cast<int>(line.size()));
      } else {
        static_cast<void>(::send(socket_, line.data(), line.size(), MSG_NOSIGNAL));
      }
    }
    // Up to and with `end`; false when the client leaves first.
    bool read_until(std::string_view end, std::string& out, size_t most = SIZE_MAX) {
      while (true) {
        if (const size_t at = buffer_.find(end); at != std::string::npos) {
          out = buffer_.substr(0, at + end.size());
          buffer_.erase(0, at + end.size());
          return true;
        }
        if (buffer_.size() >= most) return false;
        char chunk[16384];
        const ssize_t count =
            tls_ ? SSL_read(tls_.get(), chunk, sizeof chunk) : ::recv(socket_, chunk, sizeof chunk, 0);
        if (count <= 0) return false;
        buffer_.append(chunk, static_cast<size_t>(count));
      }
    }
    void wait_until_left() {
      std::string nothing;
      read_until("\x01never\x01", nothing);
    }
    std::string client_name() const {
      X509* peer = tls_ ? SSL_get0_peer_certificate(tls_.get()) : nullptr;
      if (peer == nullptr) return {};
      char name[256] = "";
      X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
      return name;
    }

   private:
    int socket_;
    std::unique_ptr<SSL, Free> tls_;
    std::string buffer_;
  };

  void accept_all() {
    for (size_t index = 0;; ++index) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const int at_once = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
      const std::lock_guard lock(mutex_);
      open_.push_back(socket);
      seen_.emplace_back();
      sessions_.emplace_back([this, socket, index] {
        serve(socket, index);
        const std::lock_guard last(mutex_);
        std::erase(open_, socket);
        ::shutdown(socket, SHUT_RDWR);
        ::close(socket);
      });
    }
  }

  // False: the connection ends here.
  static bool answer(Wire& wire, const std::string& reply) {
    if (reply == SmtpScript::drop) return false;
    if (reply == SmtpScript::silence) {
      wire.wait_until_left();
      return false;
    }
    wire.say(reply);
    return true;
  }

  void serve(int socket, size_t index) {
    const SmtpScript script = scripts_[std::min(index, scripts_.size() - 1)];
    Wire wire(socket);
    if (!answer(wire, script.greeting)) return;
    std::string line;
    int letters = 0;
    while (wire.read_until("\r\n", line)) {
      line.resize(line.size() - 2);
      note(index, line);
      const std::string verb = line.substr(0, 4);
      if (verb == "DATA") {
        if (!answer(wire, script.data)) return;
        if (!script.data.starts_with("354")) continue;
        if (!take_letter(wire, script, index)) return;
        if (++letters == script.close_after_letters) return;
      } else if (verb == "STAR") {
        if (!answer(wire, script.start_tls)) return;
        if (!script.start_tls.starts_with("220")) continue;
        if (!wire.start_tls(tls_.get())) return;
        const std::lock_guard lock(mutex_);
        seen_[index].client_name = wire.client_name();
      } else if (verb == "QUIT") {
        answer(wire, script.quit);
        return;
      } else if (!answer(wire, reply_to(script, verb))) {
        return;
      }
    }
  }

  static std::string reply_to(const SmtpScript& script, const std::string& verb) {
    if (verb == "EHLO") return script.hello;
    if (verb == "MAIL") return script.sender;
    if (verb == "RCPT") return script.recipient;
    return "250 ok";
  }

  bool take_letter(Wire& wire, const SmtpScript& script, size_t index) {
    std::string letter;
    const size_t most = script.close_after_bytes == 0 ? SIZE_MAX : script.close_after_bytes;
    if (!wire.read_until("\r\n.\r\n", letter, most)) return false;
    letter.resize(letter.size() - 3);
    for (size_t at = letter.find("\r\n.."); at != std::string::npos; at = letter.find("\r\n..", at + 3))
      letter.erase(at + 2, 1);
    {
      const std::lock_guard lock(mutex_);
      seen_[index].letters.push_back(letter);
    }
    return answer(wire, script.end);
  }

  void note(size_t index, const std::string& line) {
    const std::lock_guard lock(mutex_);
    seen_[index].commands.push_back(line);
  }

  std::vector<SmtpScript> scripts_;
  std::unique_ptr<SSL_CTX, Free> tls_;
  int listener_ = -1;
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<std::thread> sessions_;
  std::vector<int> open_;
  std::vector<SmtpSeen> seen_;
};

}  // namespace psl::test
