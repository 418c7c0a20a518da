// What there is to say of a request when it is over: for the log, metrics and traces. Never its text, nor its
// key.
#pragma once
#include <apps/server/http/meter.hpp>

namespace tenon::http {

enum class Ending {
  kAnswered,    // to the last byte
  kClientGone,  // closed its connection before
  kCutOff,      // took too long to read, or to send
  kShutDown,    // the server ended first
};

// "answered", "client_gone", "cut_off", "shut_down"
const char* name_of(Ending ending);

struct Record {
  std::string id, method;
  std::string route;       // the pattern; "" if none fitted
  int status = 0;          // 0 if none was sent
  std::string error_code;  // of an ApiError, also of one after the 200
  Ending ending = Ending::kAnswered;
  uint32_t tenant = 0;
  uint64_t bytes_in = 0, bytes_out = 0;  // bodies
  Clock::time_point begun;               // its headers were there
  Clock::time_point first_byte;          // of the answer, given to the system; zero if there was none
  Clock::time_point ended;
  Generation generation;
};

}  // namespace tenon::http
