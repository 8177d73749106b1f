// Texts and replies as JSON.
#include "checker/history_text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

namespace checker {
namespace {

using Json = nlohmann::ordered_json;
using resp::Type;
using resp::Value;

std::unexpected<base::Error> wrong(std::string why) {
  return base::failure(base::Fault::Corrupt, std::move(why));
}

/// How long the character is that begins here; 0: it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than it needs to be, a surrogate, or beyond the last character.
  const bool is_bad = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return is_bad ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string base64_of(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

base::Result<std::string> from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  const auto padding = static_cast<int>(std::count(text.begin(), text.end(), '='));
  if (size < padding) return wrong("'bytes' is no base64");
  bytes.resize(static_cast<std::size_t>(size - padding));
  return bytes;
}

bool is_text(const Value& value) {
  return value.type == Type::Simple || value.type == Type::Bulk || value.type == Type::Verbatim ||
         value.type == Type::BigNumber;
}

/// Whether the map reads as a JSON object, and that as nothing else.
bool is_plain(const Value& map) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < map.items.size(); i += 2) {
    const Value& key = map.items[i];
    if (!is_text(key) || !is_utf8(key.text) || !names.insert(key.text).second) return false;
  }
  const bool is_taken = names.size() == 1 && (names.contains("bytes") || names.contains("error") ||
                                              names.contains("map"));
  return !is_taken;
}

Json json_of_map(const Value& map) {
  if (is_plain(map)) {
    Json object = Json::object();
    for (std::size_t i = 0; i < map.items.size(); i += 2) {
      object[map.items[i].text] = json_of(map.items[i + 1]);
    }
    return object;
  }
  Json pairs = Json::array();
  for (std::size_t i = 0; i < map.items.size(); i += 2) {
    pairs.push_back(Json::array({json_of(map.items[i]), json_of(map.items[i + 1])}));
  }
  return Json::object({{"map", pairs}});
}

base::Result<Value> list_from(const Json& json) {
  Value list{.type = Type::Array};
  for (const Json& item : json) {
    auto value = value_from_json(item);
    if (!value) return value;
    list.items.push_back(std::move(*value));
  }
  return list;
}

base::Result<Value> map_from_pairs(const Json& pairs) {
  Value map{.type = Type::Map};
  for (const Json& pair : pairs) {
    if (!pair.is_array() || pair.size() != 2) return wrong("'map' is no list of pairs");
    for (const Json& item : pair) {
      auto value = value_from_json(item);
      if (!value) return value;
      map.items.push_back(std::move(*value));
    }
  }
  return map;
}

base::Result<Value> map_from_object(const Json& json) {
  Value map{.type = Type::Map};
  for (const auto& [name, item] : json.items()) {
    auto value = value_from_json(item);
    if (!value) return value;
    map.items.push_back({.type = Type::Bulk, .text = name});
    map.items.push_back(std::move(*value));
  }
  return map;
}

base::Result<Value> from_object(const Json& json) {
  if (json.size() == 1 && json.contains("error")) {
    auto text = text_from_json(json.at("error"));
    if (!text) return std::unexpected(text.error());
    return Value{.type = Type::Error, .text = std::move(*text)};
  }
  if (json.size() == 1 && json.contains("bytes")) {
    auto text = text_from_json(json);
    if (!text) return std::unexpected(text.error());
    return Value{.type = Type::Bulk, .text = std::move(*text)};
  }
  if (json.size() == 1 && json.contains("map")) return map_from_pairs(json.at("map"));
  return map_from_object(json);
}

}  // namespace

Json json_of(const std::string& text) {
  if (is_utf8(text)) return text;
  return Json::object({{"bytes", base64_of(text)}});
}

Json json_of(const Value& value) {
  switch (value.type) {
    case Type::Null: return nullptr;
    case Type::Bool: return value.integer != 0;
    case Type::Integer: return value.integer;
    case Type::Double: return value.as_double().value_or(0);
    case Type::BigNumber:
    case Type::Simple:
    case Type::Bulk:
    case Type::Verbatim: return json_of(value.text);
    case Type::Error: return Json::object({{"error", json_of(value.text)}});
    case Type::Map: return json_of_map(value);
    case Type::Array:
    case Type::Set:
    case Type::Push: break;
  }
  Json list = Json::array();
  for (const Value& item : value.items) list.push_back(json_of(item));
  return list;
}

base::Result<std::string> text_from_json(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  const bool is_bytes =
      json.is_object() && json.size() == 1 && json.contains("bytes") && json["bytes"].is_string();
  if (!is_bytes) return wrong("a text is neither a string nor {\"bytes\": ...}");
  return from_base64(json["bytes"].get<std::string>());
}

base::Result<Value> value_from_json(const Json& json) {
  if (json.is_null()) return Value{};
  if (json.is_boolean()) return Value{.type = Type::Bool, .integer = json.get<bool>() ? 1 : 0};
  if (json.is_number_integer()) {
    return Value{.type = Type::Integer, .integer = json.get<std::int64_t>()};
  }
  if (json.is_number()) return Value{.type = Type::Double, .text = json.dump()};
  if (json.is_string()) return Value{.type = Type::Bulk, .text = json.get<std::string>()};
  if (json.is_array()) return list_from(json);
  return from_object(json);
}

}  // namespace checker
