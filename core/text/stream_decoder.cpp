#include <tenon/base/text.hpp>
#include <tenon/text/stream_decoder.hpp>
#include <tenon/text/utf8.hpp>

#include <utility>

namespace tenon {

std::string StreamDecoder::push(int32_t id) {
  if (special_ == SpecialTokens::kSkip && tokenizer_->is_special(id)) return {};
  pending_ += tokenizer_->bytes_of(id);
  size_t complete = utf8_complete_prefix(pending_);
  std::string text = replace_invalid_utf8(std::string_view(pending_).substr(0, complete));
  pending_.erase(0, complete);
  return text;
}

std::string StreamDecoder::flush() { return replace_invalid_utf8(std::exchange(pending_, {})); }

}  // namespace tenon
