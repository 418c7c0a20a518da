// The demo model with its matrices in one of GGUF's types.
#pragma once
#include <exporters/conversion.hpp>
#include <exporters/gguf_tokenizer.hpp>
#include <exporters/qwen3_next_gguf_export.hpp>

namespace tenon::testing {

inline Status quantise_demo(const std::filesystem::path& file, const std::string& type = "q4_0") {
  TENON_TRY(MatrixTypes types, MatrixTypes::parse(OutputLayout::kGguf, type, ""));
  TENON_TRY(HubConfig hub, HubConfig::open(TENON_SOURCE "/models/demo"));
  TENON_TRY(Qwen3NextFacts facts, read_qwen3_next(hub));
  TENON_TRY(CheckpointSource source, CheckpointSource::open(hub.directory()));
  TENON_TRY(auto outputs, qwen3_next_gguf_outputs(facts, source, types));
  GgufPairs pairs = qwen3_next_gguf_pairs(facts, types);
  TENON_TRY(add_gguf_tokenizer(facts, pairs));
  TENON_TRY(TensorWriter writer, TensorWriter::gguf(file, pairs, plans_of(outputs)));
  ThreadPool threads(2);
  TENON_TRY(convert(source, outputs, writer, threads));
  return writer.finish();
}

}  // namespace tenon::testing
