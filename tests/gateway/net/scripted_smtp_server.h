// An SMTP server on loopback that does what a script says.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/loopback_server.h"
#include "tests/support/throwaway_pki.h"

namespace psl::test {

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
      : scripts_(std::move(scripts)), tls_(own, client_ca) {
    PSL_CHECK(!scripts_.empty());
    port = listener_.port;
  }

  // What the connections saw until now.
  std::vector<SmtpSeen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  uint16_t port = 0;

 private:
  // False: the connection ends here.
  static bool answer(TlsWire& wire, const std::string& reply) {
    if (reply == SmtpScript::drop) return false;
    if (reply == SmtpScript::silence) {
      wire.wait_until_left();
      return false;
    }
    wire.say(reply + "\r\n");
    return true;
  }

  void serve(int socket, size_t index) {
    const SmtpScript script = scripts_[std::min(index, scripts_.size() - 1)];
    TlsWire wire(socket);
    {
      const std::lock_guard lock(mutex_);
      if (seen_.size() <= index) seen_.resize(index + 1);
    }
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
        if (!wire.start_tls(tls_)) return;
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

  bool take_letter(TlsWire& wire, const SmtpScript& script, size_t index) {
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
  ServerTls tls_;
  std::mutex mutex_;
  std::vector<SmtpSeen> seen_;
  LoopbackListener listener_{[this](int socket, size_t index) { serve(socket, index); }};
};

}  // namespace psl::test
