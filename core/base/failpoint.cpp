#include <tenon/base/failpoint.hpp>

#ifdef TENON_FAILPOINTS
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace tenon {
namespace {

struct Point {
  std::string name;
  long at = 0;  // the call that fires
  std::atomic<long> calls = 0;
};

std::vector<Point> read_points() {
  const char* text = std::getenv("TENON_FAILPOINTS");
  std::string all = text ? text : "";
  std::vector<Point> points(text ? 8 : 0);
  size_t begin = 0;
  for (Point& point : points) {
    size_t end = std::min(all.find(',', begin), all.size());
    std::string entry = all.substr(begin, end - begin);
    size_t colon = std::min(entry.find(':'), entry.size());
    point.name = entry.substr(0, colon);
    point.at = colon < entry.size() ? std::strtol(entry.c_str() + colon + 1, nullptr, 10) : 1;
    begin = std::min(end + 1, all.size());
  }
  return points;
}

}  // namespace

bool failpoint(const char* name) {
  static std::vector<Point> points = read_points();
  for (Point& point : points)
    if (point.name == name) return ++point.calls == point.at;
  return false;
}

}  // namespace tenon

#else

namespace tenon {

bool failpoint(const char*) { return false; }

}  // namespace tenon
#endif
