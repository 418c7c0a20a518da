// What the commands that write checkpoints share: layouts, threads, a progress bar, and the report.
#pragma once
#include <exporters/conversion.hpp>
#include <exporters/matrix_types.hpp>
#include <importers/qwen3_next.hpp>

namespace tenon::cli {

struct ConversionTask {
  const Qwen3NextFacts& facts;
  const TensorSource& source;
  std::filesystem::path output;  // *.gguf, or else a directory
  std::string type, tensors;     // as MatrixTypes::parse takes them; an empty type is q8_0 or int8
  uint32_t threads = 0;          // 0: all processors
  std::string title;             // of the progress bar
  // Whether to keep what is finished if this process is killed, and to go on with what an earlier one has left.
  enum class Interruption { kStartAnew, kKeep, kGoOn } interruption = Interruption::kStartAnew;
  // For a directory: what its config.json has beside quantization_config, and where its other files come from,
  // if anywhere.
  Json config;
  std::filesystem::path text_files;
};

OutputLayout layout_of(const std::filesystem::path& output);

// Everything to be written, in the layout that the output's name asks for.
Result<std::vector<OutputTensor>> plan_conversion(const ConversionTask& task);

// Writes it and prints its size and what quantisation cost.
Status run_conversion(const ConversionTask& task, const std::vector<OutputTensor>& outputs);

}  // namespace tenon::cli
