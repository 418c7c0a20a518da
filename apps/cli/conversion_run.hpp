// What the commands that write checkpoints share: threads, a progress bar, and the report.
#pragma once
#include <exporters/conversion.hpp>

namespace tenon::cli {

// Writes all outputs and finishes the file; then prints its size and what quantisation cost. threads: 0 for all
// processors. title: of the progress bar.
Status run_conversion(const TensorSource& source, const std::vector<OutputTensor>& outputs, TensorWriter writer,
                      uint32_t threads, const std::string& title);

}  // namespace tenon::cli
