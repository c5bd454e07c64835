#include "gateway/net/imap.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "gateway/net/curl_handle.h"
#include "gateway/net/imap_response.h"
#include "security/crypto.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr std::string_view handled_keyword = "$PasserelleHandled";
constexpr size_t mail_bytes_read = size_t{256} << 10;
constexpr size_t password_bytes_max = 1024;
// Of one command: a server that talks for ever is no server.
constexpr size_t responses_max = 10'000;
constexpr size_t response_bytes_max = size_t{4} << 20;

Error imap_error(std::string_view reason, std::string_view what) {
  return error_of(ErrorCode::input_output, std::string(reason) + ": " + std::string(what));
}

std::string imap_url(const ImapServer& server) {
  const bool literal_v6 = server.host.find(':') != std::string::npos;
  return "imap://" + (literal_v6 ? "[" + server.host + "]" : server.host) + ":" +
         std::to_string(server.port) + "/";
}

// "22-Nov-2026": date of RFC 3501 section 9.
std::string imap_date(Instant at) {
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  using std::chrono::days;
  const std::chrono::year_month_day day{std::chrono::floor<days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(at.us)))};
  return std::to_string(static_cast<unsigned>(day.day())) + "-" +
         months[static_cast<unsigned>(day.month()) - 1] + "-" + std::to_string(static_cast<int>(day.year()));
}

struct MailHandle {
  uint32_t validity = 0;
  uint32_t uid = 0;
};

std::optional<MailHandle> parse_handle(std::string_view text) {
  MailHandle handle;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, handle.validity);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, handle.uid);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return handle;
}

// libcurl talks to the server only until the login; what it hears is nothing to us.
class ImapWatch final : public CurlTransfer {
 public:
  using CurlTransfer::CurlTransfer;
  bool on_line(std::string_view) override { return true; }
};

}  // namespace

// libcurl connects, protects and logs in. What follows is said here: its own IMAP can neither fetch without
// marking a mail as seen, nor bound it, and a custom command takes lines of a mail for the server's.
class ImapReader::Session {
 public:
  Session(const std::atomic<bool>& stopping, Env& env) : stopping_(stopping), env_(env) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { handle_.sockets().cut(); }  // else libcurl's own farewell would wait

  Status connect(const ImapServer& server, Instant deadline) {
    std::string password;
    if (!server.password_file.empty()) {
      auto read = read_small_file(server.password_file, password_bytes_max, Readers::owner_only);
      if (!read.ok()) return read.error();
      password = std::move(*read);
      while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
      if (password.empty())
        return error_of(ErrorCode::configuration, server.password_file + ": a password expected");
    }
    const Span left = deadline - env_.monotonic();
    if (left.us <= 0) return imap_error("TIMEOUT", "no time is left");
    handle_.set_way({server.certificate_file, server.key_file, server.ca_file, server.connect_timeout, left})
        .set(CURLOPT_URL, imap_url(server).c_str())
        .set(CURLOPT_PROTOCOLS_STR, "imap")
        .set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL))
        .set(CURLOPT_CONNECT_ONLY, 1L)
        .set(CURLOPT_USERNAME, server.user.c_str())
        .set(CURLOPT_PASSWORD, password.c_str())
        .set(CURLOPT_LOGIN_OPTIONS, server.password_file.empty() ? "AUTH=EXTERNAL" : nullptr)
        .set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(left.us / 1000000) + 1);
    wipe(password);
    ImapWatch watch(stopping_, env_, deadline);
    const CurlEnding ending = handle_.perform(watch);
    if (ending.code == CURLE_OK) return {};
    const bool own_valid = certificate_valid(server.certificate_file, env_.now());
    const std::string_view reason = !own_valid                          ? "OWN_CERTIFICATE"
                                    : ending.code == CURLE_LOGIN_DENIED ? "LOGIN_REFUSED"
                                                                        : reason_of_curl(ending);
    return imap_error(reason, "the mailbox of the replies cannot be reached");
  }

  Status select(const std::string& folder, bool read_only, Instant deadline) {
    auto said = command((read_only ? "EXAMINE \"" : "SELECT \"") + folder + "\"", deadline);
    if (!said.ok()) return said.error();
    for (const ImapResponse& each : *said) {
      if (const auto validity = uid_validity(each.text)) validity_ = *validity;
      if (const auto kept = keeps_keyword(each.text, handled_keyword)) keyword_kept_ = *kept;
    }
    return {};
  }

  // What the server says until it answers OK.
  Result<std::vector<ImapResponse>> command(const std::string& words, Instant deadline) {
    ImapWatch watch(stopping_, env_, deadline);
    const std::string tag = "P" + std::to_string(++commands_);
    if (!handle_.say(tag + " " + words + "\r\n", watch)) return lost(watch);
    std::vector<ImapResponse> said;
    for (size_t bytes = 0; said.size() <= responses_max;) {
      auto response = stream_.next();
      if (!response.ok()) return response.error();
      if (!response->has_value()) {
        const std::string heard = handle_.hear(watch);
        if (heard.empty()) return lost(watch);
        bytes += heard.size();
        if (bytes > response_bytes_max) break;
        stream_.feed(heard);
      } else if ((*response)->text.starts_with(tag + " ")) {
        if ((*response)->text.compare(tag.size() + 1, 2, "OK") == 0) return said;
        return imap_error("REFUSED", "the mail server refuses " + words.substr(0, words.find(' ')));
      } else {
        said.push_back(std::move(**response));
      }
    }
    return imap_error("ANSWER_TOO_LARGE", "the mail server's answer is beyond our bounds");
  }

  uint32_t validity() const { return validity_; }
  std::string not_handled() const {
    return keyword_kept_ ? "UNKEYWORD " + std::string(handled_keyword) : "unflagged";
  }
  std::string handled_flags() const {
    return keyword_kept_ ? "(\\Seen " + std::string(handled_keyword) + ")" : "(\\Seen \\Flagged)";
  }

 private:
  Error lost(ImapWatch& watch) const {
    return imap_error(watch.told_to_stop() ? "STOPPING"
                      : watch.must_stop()  ? "TIMEOUT"
                                           : "CONNECTION_LOST",
                      "the mailbox of the replies cannot be read");
  }

  const std::atomic<bool>& stopping_;
  Env& env_;
  CurlHandle handle_;
  ImapStream stream_;
  int commands_ = 0;
  uint32_t validity_ = 0;
  bool keyword_kept_ = true;
};

ImapReader::ImapReader(ImapServer server, Env& env) : server_(std::move(server)), env_(env) {}
ImapReader::~ImapReader() = default;

Result<std::unique_ptr<ImapReader::Session>> ImapReader::open(Instant deadline) {
  auto session = std::make_unique<Session>(stopping_, env_);
  if (Status connected = session->connect(server_, deadline); !connected.ok())
    return std::move(connected).error();
  if (Status selected = session->select(server_.folder, /*read_only=*/false, deadline); !selected.ok())
    return std::move(selected).error();
  return session;
}

Result<std::vector<ImapMail>> ImapReader::unhandled(int most, Instant since, Instant deadline) {
  session_.reset();
  auto session = open(deadline);
  if (!session.ok()) return session.error();
  auto found = (*session)->command(
      "UID SEARCH " + (*session)->not_handled() + " UNDELETED SINCE " + imap_date(since), deadline);
  if (!found.ok()) return found.error();
  std::vector<uint32_t> uids;
  for (const ImapResponse& each : *found) {
    if (auto numbers = search_result(each.text, static_cast<size_t>(std::max(most, 0))))
      uids = std::move(*numbers);
  }
  std::vector<ImapMail> mails;
  for (const uint32_t uid : uids) {
    auto fetched = (*session)->command(
        "UID FETCH " + std::to_string(uid) + " (BODY.PEEK[]<0." + std::to_string(mail_bytes_read) + ">)",
        deadline);
    if (!fetched.ok()) return fetched.error();
    for (ImapResponse& each : *fetched) {
      if (!is_fetch_of(each.text, uid)) continue;
      // An empty mail may come as an empty string: it must be dealt with, too.
      mails.push_back({std::to_string((*session)->validity()) + "." + std::to_string(uid),
                       each.literals.empty() ? std::string() : std::move(each.literals.front())});
      break;
    }
  }
  session_ = std::move(*session);
  return mails;
}

Status ImapReader::mark_handled(const std::string& handle, Instant deadline) {
  const auto mail = parse_handle(handle);
  if (!mail) return error_of(ErrorCode::internal, "the handle is none of ours");
  for (const bool kept : {true, false}) {
    if (!kept) session_.reset();
    if (!session_) {
      auto session = open(deadline);
      if (!session.ok()) return session.error();
      session_ = std::move(*session);
    }
    if (session_->validity() != mail->validity)
      return imap_error("ANSWER_UNREADABLE", "the mailbox numbers its mails anew");
    auto stored = session_->command(
        "UID STORE " + std::to_string(mail->uid) + " +FLAGS.SILENT " + session_->handled_flags(), deadline);
    if (stored.ok()) return {};
    if (!kept || stored.error().text.starts_with("REFUSED")) return stored.error();
  }
  return {};
}

Status ImapReader::probe(Instant deadline) {
  Session session(stopping_, env_);
  if (Status connected = session.connect(server_, deadline); !connected.ok()) return connected;
  return session.select(server_.folder, /*read_only=*/true, deadline);
}

}  // namespace psl
