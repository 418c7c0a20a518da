// What is finished of a conversion, in a file beside the one being written, so that a later process goes on
// from there. A record is only believed for the same task, and a tensor only if its bytes are those that were
// written. [control]
#pragma once
#include <tenon/weights/tensor_writer.hpp>

namespace tenon {

// One output tensor, and what its error adds to the report.
struct FinishedOutput {
  WrittenPart part{};
  uint64_t elements = 0;
  double squared_error = 0, squared_value = 0;
};

class ConversionRecord {
 public:
  // output: the file whose making is recorded. task: a hash of all that decides its bytes. An older record
  // counts if it is of that task, and `resume` asks for it.
  enum class Resume { kNo, kYes };
  static ConversionRecord open(const std::filesystem::path& output, uint64_t task, Resume resume);

  // In their order, from the first output on.
  const std::vector<FinishedOutput>& finished() const { return finished_; }
  // Begins the file anew, with the first `count` of those.
  Status begin(size_t count);
  Status add(const FinishedOutput& output);
  void remove();

 private:
  ConversionRecord(std::filesystem::path path, uint64_t task) : path_(std::move(path)), task_(task) {}

  std::filesystem::path path_;
  uint64_t task_;
  std::vector<FinishedOutput> finished_;
};

}  // namespace tenon
