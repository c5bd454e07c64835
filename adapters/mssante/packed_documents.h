// Documents that were compressed for one mail and will be needed for the next.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace psl {

// The archives of several recipients differ in their METADATA.XML (each is a submission of its own) and hold
// the same document, whose compression is most of their cost. Thread safe.
class PackedDocuments {
 public:
  // pack_zip() of the document: one of the last 4, of at most 1 MiB each, or made now.
  Result<Bytes> of(std::string_view cda);

 private:
  struct Packed {
    std::string hash;
    Bytes archive;
  };
  std::mutex mutex_;  // guards last_
  std::deque<Packed> last_;
};

}  // namespace psl
