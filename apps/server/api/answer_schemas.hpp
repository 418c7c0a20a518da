// JSON schemas of what the API answers, for /openapi.json and for tests.
#pragma once
#include <tenon/base/json.hpp>

namespace tenon::api {

// By name.
Json answer_schemas();

}  // namespace tenon::api
