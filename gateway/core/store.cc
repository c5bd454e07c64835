#include "gateway/core/store.h"

#include "gateway/base/hash.h"

namespace psl {

Uuid case_id_of(std::string_view kind, std::string_view tenant, std::string_view key) {
  return Uuid::from_hash(sha256_of_parts({"case", kind, tenant, key}));
}

Uuid circle_member_id_of(const Uuid& circle, std::string_view member_id) {
  return Uuid::from_hash(sha256_of_parts({"member", circle.raw(), member_id}));
}

}  // namespace psl
