#include <exporters/conversion_record.hpp>

#include <spdlog/fmt/fmt.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace tenon {
namespace {

constexpr uint64_t kRecordBytesMax = 1 << 30;
constexpr const char* kFormat = "tenon conversion 1";

// Numbers as hexadecimal, so that they come back to the bit.
std::string line_of(const FinishedOutput& output) {
  return fmt::format("{:x} {:x} {:x} {:a} {:a}\n", output.part.end, output.part.hash, output.elements,
                     output.squared_error, output.squared_value);
}

std::optional<FinishedOutput> read_line(const std::string& line) {
  FinishedOutput output;
  unsigned long long end, hash, elements;
  int used = 0;
  int read = std::sscanf(line.c_str(), "%llx %llx %llx %la %la%n", &end, &hash, &elements,
                         &output.squared_error, &output.squared_value, &used);
  if (read != 5 || static_cast<size_t>(used) != line.size()) return std::nullopt;
  output.part = {end, hash}, output.elements = elements;
  return output;
}

std::string header_of(uint64_t task) { return fmt::format("{} {:x}\n", kFormat, task); }

// Up to the first line that is not whole: the process ended while it wrote.
std::vector<FinishedOutput> read_record(const std::string& text, uint64_t task) {
  std::vector<FinishedOutput> finished;
  std::string header = header_of(task);
  if (!text.starts_with(header)) return finished;
  for (size_t at = header.size(), end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    auto output = read_line(text.substr(at, end - at));
    if (!output) break;
    finished.push_back(*output);
  }
  return finished;
}

}  // namespace

ConversionRecord ConversionRecord::open(const std::filesystem::path& output, uint64_t task, Resume resume) {
  ConversionRecord record(output.parent_path() / ("." + output.filename().string() + ".part.done"), task);
  if (resume == Resume::kNo) return record;
  auto text = read_file(record.path_, kRecordBytesMax);
  if (text.ok()) record.finished_ = read_record(text.value(), task);
  return record;
}

Status ConversionRecord::begin(size_t count) {
  finished_.resize(std::min(count, finished_.size()));
  std::string text = header_of(task_);
  for (const FinishedOutput& output : finished_) text += line_of(output);
  // Under a name that does not change, so that a killed process leaves nothing that the next does not clear
  // away.
  std::filesystem::path next = path_.string() + ".new";
  std::ofstream file(next, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  std::error_code error;
  if (file) std::filesystem::rename(next, path_, error);
  return file && !error ? Status(ok()) : Status(Error{TENON_IO, next.string() + ": cannot be written"});
}

Status ConversionRecord::add(const FinishedOutput& output) {
  finished_.push_back(output);
  std::ofstream file(path_, std::ios::app | std::ios::binary);
  file << line_of(output) << std::flush;
  return file ? Status(ok()) : Status(Error{TENON_IO, path_.string() + ": cannot be written"});
}

void ConversionRecord::remove() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace tenon
