#include <apps/server/http/record.hpp>

namespace tenon::http {

const char* name_of(Ending ending) {
  switch (ending) {
    case Ending::kAnswered: return "answered";
    case Ending::kClientGone: return "client_gone";
    case Ending::kCutOff: return "cut_off";
    case Ending::kShutDown: return "shut_down";
  }
  return "";
}

}  // namespace tenon::http
