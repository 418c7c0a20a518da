// A chat's messages, from the form in which clients send them to the one that chat templates expect.
#pragma once
#include <apps/server/api/reply.hpp>

#include <tenon/base/json.hpp>

#include <string>
#include <string_view>

namespace tenon::api {

// messages: valid under chat_prompt_fields(). Text parts become one text, developer becomes system, reasoning
// goes by reasoning_content, and arguments of calls become objects where they are the text of one. Fails where
// a message has no content and is not an assistant's, or has something that its role has not.
Reply<Json> read_messages(const Json& messages);

// The text without `part`, wherever it is.
std::string without(std::string_view text, std::string_view part);

}  // namespace tenon::api
