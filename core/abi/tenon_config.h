// Typed reads from the plugin's own table of the model description.
//
// A plugin declares its keys in tenon_plugin.schema, one per line:
//
//     name : type [rule...] [= default]   # one line of documentation
//
// name    [a-z][a-z0-9_]*, in one line only
// type    int | float | bool | string | choice
// rule    >N  >=N  <N  <=N (numbers)   %N (int: a multiple of N)   a|b|c (choice: the words allowed)
// A key without a default must be given. Example:
//
//     key_heads : int >=1            # heads of q and k
//     head_dim  : int >=32 %32       # elements per head
//     kv_type   : choice f32|bf16 = f32  # how keys and values are stored
//
// The core checks unknown keys, types and rules, and reports file:line:column, before `create` is called.
#pragma once
#include "tenon_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

// One plugin object's configuration. Alive during `create` only.
// Reading a key that is not in the schema, or as another type, returns 0, 0.0 or "", and fails the create.
typedef struct tenon_config tenon_config;
struct tenon_config {
  uint32_t size, reserved;
  void* ctx;
  int64_t (*get_int)(const tenon_config* config, const char* key) TENON_NOEXCEPT;    // [control]
  double (*get_float)(const tenon_config* config, const char* key) TENON_NOEXCEPT;   // [control]
  uint32_t (*get_bool)(const tenon_config* config, const char* key) TENON_NOEXCEPT;  // 0 or 1 [control]
  const char* (*get_string)(const tenon_config* config,
                            const char* key)TENON_NOEXCEPT;  // string, choice [control]
  // 1 if the description gives the key, 0 if its default is in force. [control]
  uint32_t (*is_given)(const tenon_config* config, const char* key) TENON_NOEXCEPT;
  // Reports the key's value and place together with `expectation` ("a multiple of key_heads"). Returns
  // TENON_INVALID, to be returned from create. [control]
  tenon_status (*refuse)(const tenon_config* config, const char* key, const char* expectation) TENON_NOEXCEPT;
};

#ifdef __cplusplus
}
#endif
