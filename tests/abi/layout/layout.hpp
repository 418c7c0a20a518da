// What a table of this folder states about a struct of core/abi, checked by the compiler: its size, and of
// every field the offset and the type. A line that does not compile any more is a change that existing plugins
// would not survive; core/abi/CHANGES.md says which changes they do.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace tenon::testing {

// The pointer in a table to a function of this signature: it is noexcept.
template <class Signature>
struct TableFunction;
template <class Answer, class... Arguments>
struct TableFunction<Answer(Arguments...)> {
  using Type = Answer (*)(Arguments...) noexcept;
};

}  // namespace tenon::testing

#define VALUE(NAME, NUMBER) static_assert((NAME) == (NUMBER))
#define ID(NAME, TEXT) static_assert(std::string_view(NAME) == (TEXT))
// No padding after the last field: a field appended there would lie within the size of older writers.
#define SIZE(STRUCT, BYTES, LAST)                                                                              \
  static_assert(sizeof(STRUCT) == (BYTES) && std::is_standard_layout_v<STRUCT> && std::is_trivial_v<STRUCT> && \
                offsetof(STRUCT, LAST) + sizeof(STRUCT::LAST) == (BYTES))
#define FIELD(STRUCT, OFFSET, NAME, ... /* type */)   \
  static_assert(offsetof(STRUCT, NAME) == (OFFSET) && \
                std::is_same_v<decltype(STRUCT::NAME), std::type_identity_t<__VA_ARGS__>>)
#define FUNCTION(STRUCT, OFFSET, NAME, ... /* signature */) \
  FIELD(STRUCT, OFFSET, NAME, tenon::testing::TableFunction<__VA_ARGS__>::Type)
