// Formats of strings that schemas may ask for, as regular expressions.
#pragma once
#include <string>

namespace tenon::grammar {

// NULL if the format is not known.
const char* find_format(const std::string& name);
// "date, date-time, ..."
std::string format_names();

}  // namespace tenon::grammar
