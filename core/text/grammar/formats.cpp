#include "formats.hpp"

#include <tenon/base/text.hpp>

#include <map>
#include <vector>

namespace tenon::grammar {
namespace {

#define YEAR "(\\d{3}[1-9]|\\d{2}[1-9]\\d|\\d[1-9]\\d{2}|[1-9]\\d{3})"
#define FOURTH "(0[48]|[2468][048]|[13579][26])"
#define DATE                                                                                           \
  "(" YEAR                                                                                             \
  "-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))" \
  "|(\\d{2}" FOURTH "|" FOURTH "00)-02-29)"
#define TIME "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)"
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
#define HOST LABEL "(\\." LABEL "){0,4}"
#define OCTET "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"

const std::map<std::string, const char*>& formats() {
  static const std::map<std::string, const char*> known = {
      {"date", DATE},
      {"date-time", DATE "T" TIME},
      {"email", "[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@" LABEL "(\\." LABEL "){1,4}"},
      {"hostname", HOST},
      {"ipv4", OCTET "(\\." OCTET "){3}"},
      {"ipv6", "([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"},
      {"time", TIME},
      {"uri", "https?://" HOST "(:[1-9]\\d{0,3})?(/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*"},
      {"uuid", "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"},
  };
  return known;
}

}  // namespace

const char* find_format(const std::string& name) {
  auto at = formats().find(name);
  return at == formats().end() ? nullptr : at->second;
}

std::string format_names() {
  std::vector<std::string> names;
  for (const auto& [name, pattern] : formats()) names.push_back(name);
  return join_words(names);
}

}  // namespace tenon::grammar
