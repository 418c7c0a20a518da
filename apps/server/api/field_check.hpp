// A JSON value against a table of fields.
#pragma once
#include <apps/server/api/fields.hpp>
#include <apps/server/api/reply.hpp>

#include <string>
#include <vector>

namespace tenon::api {

// Looks at an object of a request, and at what is in it. `path` stands before the names of its fields: "",
// "stream_options.", "messages[2].". Fields that no table has are added to `others`.
Check check_fields(const Json& object, const FieldTable& table, const std::string& path,
                   std::vector<std::string>& others);

}  // namespace tenon::api
