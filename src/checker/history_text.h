// Texts and replies as JSON, and back, without the loss of a byte.
//
// JSON knows UTF-8 only, so any other text is {"bytes": "base64"}. An error is
// {"error": "BUSY ..."}, and a map that could be taken for one of these, or whose
// keys are no texts, is {"map": [[key, value], ...]}.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "resp/value.h"

namespace checker {

nlohmann::ordered_json json_of(const std::string& text);
/// Attributes are left out; what differs only in form (a simple or a bulk string) becomes alike.
nlohmann::ordered_json json_of(const resp::Value& value);

/// Both: Fault::Corrupt in words if it is none.
base::Result<std::string> text_from_json(const nlohmann::ordered_json& json);
base::Result<resp::Value> value_from_json(const nlohmann::ordered_json& json);

}  // namespace checker
