// An IMAP server on loopback with one mailbox, as small as a test of the client needs it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/loopback_server.h"
#include "tests/support/throwaway_pki.h"

namespace psl::test {

struct ImapScript {
  bool offers_tls = true;
  std::string mechanisms = "AUTH=PLAIN AUTH=EXTERNAL SASL-IR";
  std::string login = "OK logged in";
  std::string permanent_flags = "\\Seen \\Flagged \\*";
  std::string search = "OK done";
  // UID and bytes.
  std::map<uint32_t, std::string> mails = {};
  // Instead of the answer to FETCH: said as it is, then the connection waits; empty: the answer.
  std::string fetch_instead = {};
  // Close the connection after the first STORE of each.
  bool closes_before_store = false;
};

struct ImapSeen {
  // After the login, without their tags.
  std::vector<std::string> commands;
  // What AUTHENTICATE sent, decoded by nobody.
  std::string credentials;
  std::string client_name;
};

class ScriptedImapServer {
 public:
  ScriptedImapServer(ImapScript script, const CertificateFiles& own, const std::string& client_ca)
      : script_(std::move(script)), tls_(own, client_ca) {
    port = listener_.port;
  }

  std::vector<ImapSeen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  uint16_t port = 0;

 private:
  void serve(int socket, size_t index) {
    TlsWire wire(socket);
    {
      const std::lock_guard lock(mutex_);
      if (seen_.size() <= index) seen_.resize(index + 1);
    }
    wire.say("* OK ready\r\n");
    bool secure = false;
    std::string line;
    while (wire.read_until("\r\n", line)) {
      line.resize(line.size() - 2);
      const std::string tag = line.substr(0, line.find(' '));
      const std::string words = line.substr(std::min(line.size(), tag.size() + 1));
      if (words == "STARTTLS") {
        wire.say(tag + " OK go\r\n");
        if (!wire.start_tls(tls_)) return;
        secure = true;
        const std::lock_guard lock(mutex_);
        seen_[index].client_name = wire.client_name();
      } else if (!answer(wire, tag, words, secure, index)) {
        return;
      }
    }
  }

  // False: the connection ends.
  bool answer(TlsWire& wire, const std::string& tag, const std::string& words, bool secure, size_t index) {
    std::string said;
    if (words == "CAPABILITY") {
      said = "* CAPABILITY IMAP4rev1 " + (secure               ? script_.mechanisms
                                          : script_.offers_tls ? "STARTTLS"
                                                               : "IDLE");
    } else if (words.starts_with("AUTHENTICATE")) {
      const std::lock_guard lock(mutex_);
      seen_[index].credentials = words;
      return wire.say(tag + " " + script_.login + "\r\n");
    } else {
      const std::lock_guard lock(mutex_);
      seen_[index].commands.push_back(words);
    }
    if (words.starts_with("SELECT") || words.starts_with("EXAMINE"))
      said =
          "* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (" + script_.permanent_flags + ")] x\r\n* 1 EXISTS";
    if (words.starts_with("UID SEARCH")) {
      said = "* SEARCH";
      for (const auto& [uid, mail] : script_.mails) said += " " + std::to_string(uid);
      return wire.say(said + "\r\n" + tag + " " + script_.search + "\r\n");
    }
    if (words.starts_with("UID FETCH")) {
      if (!script_.fetch_instead.empty()) {
        wire.say(script_.fetch_instead);
        wire.wait_until_left();
        return false;
      }
      const auto mail = script_.mails.find(static_cast<uint32_t>(std::stoul(words.substr(10))));
      const std::string bytes = mail->second.substr(0, size_t{256} << 10);
      said = "* 1 FETCH (UID " + std::to_string(mail->first) + " BODY[]<0> {" + std::to_string(bytes.size()) +
             "}\r\n" + bytes + ")";
    }
    if (words.starts_with("UID STORE") && script_.closes_before_store && index == 0) return false;
    return wire.say((said.empty() ? "" : said + "\r\n") + tag + " OK done\r\n");
  }

  const ImapScript script_;
  ServerTls tls_;
  std::mutex mutex_;
  std::vector<ImapSeen> seen_;
  LoopbackListener listener_{[this](int socket, size_t index) { serve(socket, index); }};
};

}  // namespace psl::test
