// The bytes of a request that does not parse: the search for the text at fault must end, whatever they are,
// and must find nothing in a message that protobuf takes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/rpc/wire_text.h"
#include "passerelle/v1/gateway.pb.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/support/sample_event.h"

// Half of the inputs are bytes that were a message until some of them changed.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  passerelle::v1::SubmitEventRequest request;
  return psl::test::mutate_message_input(data, size, max_size, seed, request,
                                         [&](unsigned) { request = psl::sample_request(); });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto found = psl::find_bad_text(*passerelle::v1::SubmitEventRequest::descriptor(), bytes);
  passerelle::v1::SubmitEventRequest message;
  if (found && message.ParseFromArray(data, static_cast<int>(size))) std::abort();
  return 0;
}
