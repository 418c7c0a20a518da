#define PCRE2_CODE_UNIT_WIDTH 8
#include <tenon/text/pattern.hpp>
#include <tenon/text/pattern_dialect.hpp>

#include <pcre2.h>
#include <spdlog/fmt/fmt.h>

namespace tenon {
namespace {

// Enough to walk back over any run of white space; a pattern that needs more multiplies its attempts.
constexpr uint32_t kStepsMin = 10'000'000;
constexpr uint32_t kStepsPerByte = 4;
constexpr uint32_t kHeapKib = 64 * 1024;
constexpr size_t kStackMin = 32 * 1024;
constexpr size_t kStackMax = 1024 * 1024;

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
template <class T, auto release>
using Owned = std::unique_ptr<T, Release<release>>;

std::string message_of(int error) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// One pass over one text: PCRE2's working memory and limits.
class Matcher {
 public:
  Matcher(const pcre2_code* code, std::string_view text)
      : code_(code),
        text_(text),
        match_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)),
        stack_(pcre2_jit_stack_create(kStackMin, kStackMax, nullptr)) {
    uint64_t steps = kStepsMin + uint64_t{kStepsPerByte} * text.size();
    pcre2_set_match_limit(context_.get(), static_cast<uint32_t>(std::min<uint64_t>(steps, UINT32_MAX)));
    pcre2_set_heap_limit(context_.get(), kHeapKib);
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }

  // Looks from `at` on. False if there is no further match; otherwise begin() and end() tell where it is.
  Result<bool> find(size_t at) {
    int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), at,
                            PCRE2_NO_UTF_CHECK, match_.get(), context_.get());
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0)
      return invalid(fmt::format("pattern: gave up at byte {} of the text: {}", at, message_of(found)));
    return true;
  }
  size_t begin() const { return pcre2_get_ovector_pointer(match_.get())[0]; }
  size_t end() const { return pcre2_get_ovector_pointer(match_.get())[1]; }

 private:
  const pcre2_code* code_;
  std::string_view text_;
  Owned<pcre2_match_data, pcre2_match_data_free> match_;
  Owned<pcre2_match_context, pcre2_match_context_free> context_;
  Owned<pcre2_jit_stack, pcre2_jit_stack_free> stack_;
};

size_t after_character(std::string_view text, size_t at) {
  do {
    ++at;
  } while (at < text.size() && (text[at] & 0xc0) == 0x80);
  return at;
}

}  // namespace

void Pattern::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<Pattern> Pattern::compile(const std::string& pattern) {
  TENON_TRY(std::string translated, to_pcre2(pattern));
  int error = 0;
  PCRE2_SIZE at = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                          PCRE2_UTF | PCRE2_UCP, &error, &at, nullptr));
  if (code == nullptr)
    return invalid(fmt::format("pattern: {}, expected a regular expression", message_of(error)));
  // Where the system forbids generated code, PCRE2 interprets.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return Pattern(std::move(code));
}

Result<std::vector<std::string_view>> Pattern::split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  auto add = [&](size_t begin, size_t end) {
    if (begin < end) pieces.push_back(text.substr(begin, end - begin));
  };
  Matcher matcher(code_.get(), text);
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    TENON_TRY(bool found, matcher.find(at));
    if (!found) break;
    add(done, matcher.begin());
    add(matcher.begin(), matcher.end());
    done = matcher.end();
    // An empty match would be found again at the same place.
    at = matcher.begin() == matcher.end() ? after_character(text, done) : done;
  }
  add(done, text.size());
  return pieces;
}

}  // namespace tenon
