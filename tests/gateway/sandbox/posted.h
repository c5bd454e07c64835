// What a sender posts, for tests to spoil one text at a time.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "fhir/json_value.h"
#include "fhir/pdsm.h"
#include "gateway/net/http_server.h"
#include "tests/support/sample_letter.h"

namespace psl::test {

inline fhir::PdsmInput input_of(const SampleLetter& letter) {
  const auto& event = letter.request.event();
  return {letter.header,      view(letter.document.cda), event.source(),
          event.visibility(), letter.delivery_id,        letter.dated_at};
}
inline std::string bundle_of(const SampleLetter& letter) {
  return fhir::write_provide_bundle(input_of(letter));
}
inline std::string publication_of(const SampleLetter& letter) {
  return fhir::write_simplified_publish(input_of(letter));
}

// The same letter under another document and delivery id; it replaces `old` when that is given.
inline SampleLetter another_letter(const std::string& document_id, const std::string& old = "") {
  SampleLetter letter;
  letter.header.mutable_metadata()->set_document_id(document_id);
  letter.header.set_replaces(old);
  letter.delivery_id.bytes[0] ^=
      static_cast<uint8_t>(document_id.size() + static_cast<size_t>(document_id.back()));
  return letter;
}

// `text` with the first `from` after `anchor` replaced.
inline std::string spoiled(std::string text, std::string_view anchor, std::string_view from,
                           std::string_view to) {
  const size_t start = text.find(anchor);
  EXPECT_NE(start, std::string::npos) << anchor;
  const size_t at = text.find(from, start);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

inline HttpRequest post_of(std::string target, std::string body, HttpHeaders headers = {}) {
  headers.emplace_back("content-type", "application/fhir+json");
  headers.emplace_back("host", "localhost:8744");
  return {"POST", std::move(target), std::move(headers), std::move(body)};
}
inline HttpRequest get_of(std::string target, HttpHeaders headers = {}) {
  headers.emplace_back("host", "localhost:8744");
  return {"GET", std::move(target), std::move(headers), ""};
}

inline fhir::Tree json_of(const std::string& body) {
  auto tree = fhir::Tree::read(body);
  EXPECT_TRUE(tree.ok()) << body;
  return std::move(*tree);
}

}  // namespace psl::test
