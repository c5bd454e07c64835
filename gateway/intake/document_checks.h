// The rules of document.proto: codes, and what is said about a document.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "gateway/base/env.h"
#include "gateway/intake/faults.h"

namespace passerelle::v1 {
class Coding;
class DocumentMetadata;
}  // namespace passerelle::v1

namespace psl {

void check_coding(const passerelle::v1::Coding& coding, const std::string& path, FaultList& faults);

// At most 5, each with its system, no two of one.
void check_codings(const google::protobuf::RepeatedPtrField<passerelle::v1::Coding>& codings,
                   const std::string& path, FaultList& faults);

// Of a letter: what a document needs is required. `replaces`: its event names a document that it replaces.
void check_metadata(const passerelle::v1::DocumentMetadata& metadata, bool replaces, Instant now,
                    const std::string& path, FaultList& faults);

// Of an event that is more than its document: nothing is required, since what is left out has a default, and
// there is one version only.
void check_metadata_given(const passerelle::v1::DocumentMetadata& metadata, Instant now,
                          const std::string& path, FaultList& faults);

}  // namespace psl
