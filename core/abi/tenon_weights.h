// Asking for weights. A plugin names a weight in its own words; the description's `weights` table of the role
// maps that to a name in the checkpoint. Storage type, quantisation, sharding and device are the core's
// business.
#pragma once
#include "tenon_plugin.h"
#include "tenon_tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// A weight bound to its storage, to be passed to ops; opaque. Alive as long as the model.
typedef struct tenon_weight tenon_weight;

// How a weight may be divided over ranks, in tenon_weight_request.shard. With one rank all are the same.
#define TENON_SHARD_REPLICATED 0u
#define TENON_SHARD_ROWS 1u     // by output features
#define TENON_SHARD_COLUMNS 2u  // by input features; the result needs a sum over ranks
#define TENON_SHARD_HEADS 3u    // by output features, cut between heads
#define TENON_SHARD_EXPERTS 4u  // by member of the group

typedef struct tenon_weight_request {
  uint32_t size;
  uint32_t shard;                 // TENON_SHARD_*
  const char* name;               // e.g. "out_proj"; a key of the role's `weights` table
  int64_t shape[TENON_RANK_MAX];  // of one member, as it must be in the checkpoint: a matrix is [out, in]
  uint32_t rank;                  // dimensions in use
  uint32_t group;                 // 0: one tensor. E: that many, {expert} in the mapped name counting from 0
  uint32_t group_active;          // members that one token uses; for reports. 0 means all
  uint32_t reserved;              // 0
} tenon_weight_request;

typedef struct tenon_weights tenon_weights;
struct tenon_weights {
  uint32_t size, reserved;
  void* ctx;
  // Finds a matrix (or a group of them) for ops. A missing or misshapen tensor is noted, and after all binds
  // reported together with all others; the call still succeeds, so that nothing stays unseen. [control &
  // planned]
  tenon_status (*get)(const tenon_weights* weights, const tenon_weight_request* request,
                      const tenon_weight** weight) TENON_NOEXCEPT;
  // The same as float32 values that the plugin's own kernels read: norms, biases, convolution taps. At most
  // 2^26 elements. Row-major, of the requested shape (dimensions of size 1 do not count). [control & planned]
  tenon_status (*get_values)(const tenon_weights* weights, const tenon_weight_request* request,
                             const float** values) TENON_NOEXCEPT;
};

#ifdef __cplusplus
}
#endif
