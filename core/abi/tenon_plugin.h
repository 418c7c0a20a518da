// The contract between Tenon's core and a plugin. C11, libc headers only. Read this file first.
//
// Threads     [control]  one call at a time per object; may block, allocate and fail with a text.
//             [step]     the engine's step thread; must not block, allocate or synchronise. On a device it only
//                        enqueues work on step->stream, so that a whole step can be captured as a graph.
//             [any]      callable from any thread, concurrently.
// Lifetime    created -> planned -> bound, moved on by the call of the same name. A tag such as
//             [control & planned] says which thread and which state a call needs.
// Ownership   A pointer argument is borrowed until the call returns, unless its comment says otherwise. Nothing
//             allocated on one side is ever freed on the other.
// Growth      A struct that begins with `size` may gain fields at its end: the writer sets size =
// sizeof(struct),
//             the reader asks TENON_HAS(). In an array of them, elements lie the `size` of the first apart. A
//             struct without `size` is frozen.
// Text        UTF-8, NUL-terminated.
// Letters     T tokens of a step, S sequences of a step, D model dim, H heads, K head dim, E experts, V
// vocabulary.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define TENON_ABI_MAJOR 1  // changes when every plugin must be rebuilt: a field removed, moved or retyped
#define TENON_ABI_MINOR 2  // changes when none must be: a field appended, an interface or service added
#define TENON_ABI_MAGIC 0x4e4e4554u  // "TENN" in memory

// True if the writer of *p knew the field.
#define TENON_HAS(type, p, field) ((p)->size >= offsetof(type, field) + sizeof((p)->field))
#define TENON_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
#define TENON_NOEXCEPT noexcept  // part of the type: a function that may throw does not fit a table
#define TENON_NODISCARD [[nodiscard]]
extern "C" {
#else
#define TENON_NOEXCEPT
#define TENON_NODISCARD
#endif

// What a call came to. The text behind a failure goes through tenon_host.set_error before the return.
typedef enum TENON_NODISCARD tenon_status {
  TENON_OK = 0,
  TENON_INVALID = 1,        // the model description, a file's content or a request is wrong
  TENON_UNSUPPORTED = 2,    // right, but not by this plugin, on this device
  TENON_OUT_OF_MEMORY = 3,  // also: no room in the cache
  TENON_IO = 4,             // the operating system could not read or write
  TENON_DEVICE = 5,         // the device or its driver failed; the engine must stop
  TENON_INTERNAL = 6        // a bug, exceptions included
} tenon_status;

// The widest instruction set a CPU kernel may use, in tenon_host.isa.
#define TENON_ISA_SCALAR 0u  // the x86-64 baseline
#define TENON_ISA_AVX2 1u    // AVX2, FMA, F16C
#define TENON_ISA_AVX512 2u  // AVX-512 F, BW, DQ, VL

// What a plugin object may ask of the core. One per object, handed to `create`, alive until `destroy` returns.
typedef struct tenon_host tenon_host;
struct tenon_host {
  uint32_t size, abi_major, abi_minor;
  uint32_t isa;  // TENON_ISA_*
  void* ctx;     // the core's own
  // Says why the current call is about to fail. The text is copied. [any]
  void (*set_error)(const tenon_host* host, const char* text) TENON_NOEXCEPT;
  // Returns a service struct such as "tenon.ops/1" (see services/), or NULL. Outlives every object. [any]
  const void* (*get_service)(const tenon_host* host, const char* id)TENON_NOEXCEPT;
};

// What a plugin is. Constant data: it is read, and nothing of the plugin runs, before the first create.
typedef struct tenon_plugin {
  uint32_t size;
  uint32_t magic;  // TENON_ABI_MAGIC
  uint32_t abi_major, abi_minor;
  const char* id;        // the name used in a model description: [a-z0-9][a-z0-9_-]{0,63}, also the file's stem
  const char* version;   // semantic version of the plugin
  const char* summary;   // one line
  const char* schema;    // configuration keys, checked by the core before create; grammar in tenon_config.h
  const char* services;  // host services it cannot do without, separated by spaces; may be ""
  uint32_t isa;       // TENON_ISA_* that the file was compiled for as a whole; TENON_ISA_SCALAR unless unusual
  uint32_t reserved;  // 0
  // Returns a struct such as tenon_token_mixer for its id, or NULL. Static storage. [any]
  const void* (*get_interface)(const char* id)TENON_NOEXCEPT;
} tenon_plugin;

// The only symbol a plugin exports.
TENON_EXPORT extern const tenon_plugin tenon_plugin_entry;

#ifdef __cplusplus
}
#endif
