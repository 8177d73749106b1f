// What the second act says at its end, for people and for machines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "card_act.h"

namespace payments {

std::string to_text(const CardRun& run);
nlohmann::ordered_json to_json(const CardRun& run);

}  // namespace payments
