// The one guard between C++ and the C tables: a failed Result or an exception becomes a code and a text.
#pragma once
#include <tenon/sdk/config.hpp>
#include <tenon/sdk/host.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

namespace tenon {

// Element i of an array of structs that begin with `size`: the writer's may be longer than ours, or shorter.
template <class S>
S* element_of(S* array, uint32_t i) {
  return reinterpret_cast<S*>(reinterpret_cast<uintptr_t>(array) + uintptr_t{i} * array->size);
}

}  // namespace tenon

namespace tenon::detail {

// What `self` points to: the object, and the host to complain to.
template <class T>
struct Boxed {
  Host host;
  std::unique_ptr<T> object;
};

template <class Body>
tenon_status guarded(Host host, Body&& body) noexcept {
  try {
    Status status = body();
    if (status.ok()) return TENON_OK;
    // An empty text means that the core, which was asked further down, has said why already.
    if (!status.error().text.empty()) host.set_error(status.error().text);
    return status.error().code;
  } catch (const std::bad_alloc&) {
    host.set_error("out of memory");
    return TENON_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    try {
      host.set_error(std::string("exception: ") + e.what());
    } catch (...) {
    }
    return TENON_INTERNAL;
  } catch (...) {
    host.raw()->set_error(host.raw(), "exception of unknown type");
    return TENON_INTERNAL;
  }
}

// T::create(Host, Config) -> Result<std::unique_ptr<T>>
template <class T>
tenon_status create(const tenon_host* raw, const tenon_config* config, void** self) noexcept {
  return guarded(Host(raw), [&]() -> Status {
    TENON_TRY(std::unique_ptr<T> object, T::create(Host(raw), Config(config)));
    *self = new Boxed<T>{Host(raw), std::move(object)};
    return ok();
  });
}

template <class T>
void destroy(void* self) noexcept {
  delete static_cast<Boxed<T>*>(self);
}

// Runs body(object) for the object behind `self`.
template <class T, class Body>
tenon_status with(void* self, Body&& body) noexcept {
  auto* box = static_cast<Boxed<T>*>(self);
  return guarded(box->host, [&] { return body(*box->object); });
}

// Copies what both sides know of a struct that begins with `size`; the reader's size stays.
template <class S>
void write_known(S* to, S from) {
  uint32_t room = std::min<uint32_t>(to->size, sizeof(S));
  from.size = to->size;
  std::memcpy(to, &from, room);
}

// The part of a struct that both sides know; what its writer did not know is zero.
template <class S>
S read_known(const S* from) {
  S known{};
  std::memcpy(&known, from, std::min<size_t>(from->size, sizeof(S)));
  known.size = sizeof(S);
  return known;
}

}  // namespace tenon::detail

// Defines the plugin's one exported symbol. TABLE is a constant interface table of static storage.
#define TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, INTERFACE_ID, TABLE) \
  extern "C" TENON_EXPORT const tenon_plugin tenon_plugin_entry = {               \
      sizeof(tenon_plugin),                                                       \
      TENON_ABI_MAGIC,                                                            \
      TENON_ABI_MAJOR,                                                            \
      TENON_ABI_MINOR,                                                            \
      ID,                                                                         \
      VERSION,                                                                    \
      SUMMARY,                                                                    \
      SCHEMA,                                                                     \
      SERVICES,                                                                   \
      TENON_ISA_SCALAR,                                                           \
      0,                                                                          \
      [](const char* id) noexcept -> const void* {                                \
        return std::strcmp(id, INTERFACE_ID) == 0 ? &(TABLE) : nullptr;           \
      }}
