// One HTTPS request as libcurl's callbacks saw it, and what it came to. Used by https.cc only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/core/outcome.h"
#include "gateway/net/curl_handle.h"

namespace psl {

// What is sent and what may come back.
struct HttpsBounds {
  size_t body_bytes = 0;
  size_t answer_bytes_max = 0;
  // A second request does no more than one (RFC 9110 section 9.2.2): a GET.
  bool repeatable = false;
};

// One thread.
class HttpsTransfer final : public CurlTransfer {
 public:
  HttpsTransfer(HttpsBounds bounds, const std::atomic<bool>& stopping, Env& env, Instant limit)
      : CurlTransfer(stopping, env, limit), bounds_(bounds) {}

  bool may_begin() override;
  void on_command(std::string_view head) override;
  void on_content(size_t count) override;
  bool on_line(std::string_view line) override;
  bool on_body(std::string_view part) override;

  // The body of the answer.
  std::string body;

  // Only a whole request may be acted upon (RFC 9112 section 8). Never false when it left whole.
  bool left_whole() const { return head_left_ && body_left_ >= bounds_.body_bytes; }
  // Nothing came back, and to send it again does no more than to send it once.
  bool may_be_repeated() const { return heard_ == 0 && (bounds_.repeatable || !left_whole()); }

  // libcurl takes the end of the connection for the end of a head that has a status line.
  bool answered(const CurlEnding& ending) const;
  // Of one that was not answered.
  Outcome outcome_of_ending(const CurlEnding& ending, bool own_certificate_valid) const;

 private:
  std::string_view reason_of_ending(const CurlEnding& ending, bool own_certificate_valid) const;

  const HttpsBounds bounds_;
  bool head_left_ = false;
  size_t body_left_ = 0;
  // Bytes of the heads of answers, and of trailers.
  size_t heard_ = 0;
  bool head_ended_ = false;
  bool too_large_ = false;
  bool repeat_refused_ = false;
};

}  // namespace psl
