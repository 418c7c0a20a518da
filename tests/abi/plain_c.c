// A whole plugin in C11, against core/abi and libc alone: what a reader who does not use the SDK would write.
// A token mixer that hands on what it gets, y = x, and remembers of each sequence how many tokens it has seen.
#include <tenon/abi/tenon_token_mixer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct mixer {
  const tenon_host* host;
  uint32_t model_dim;
  uint64_t token_counts;
} mixer;

static tenon_status create(const tenon_host* host, const tenon_config* config, void** self) {
  int64_t counts = config->get_int(config, "token_counts");
  if (counts % 2 == 0) return config->refuse(config, "token_counts", "an odd number");
  mixer* made = calloc(1, sizeof(*made));
  if (made == NULL) {
    host->set_error(host, "out of memory");
    return TENON_OUT_OF_MEMORY;
  }
  made->host = host;
  made->token_counts = (uint64_t)counts;
  *self = made;
  return TENON_OK;
}

static void destroy(void* self) { free(self); }

// Writes as much of the needs as the host has room for, and none of what this plugin does not know.
static tenon_status plan(void* self, const tenon_model_shape* model, const tenon_limits* limits,
                         tenon_needs* needs) {
  (void)limits;
  ((mixer*)self)->model_dim = model->model_dim;
  tenon_needs stated = {0};
  stated.size = needs->size;
  stated.chunk_tokens = 1;
  stated.bytes_per_sequence = sizeof(uint64_t);
  stated.saves_every_token = 1;
  memcpy(needs, &stated, needs->size < sizeof(stated) ? needs->size : sizeof(stated));
  return TENON_OK;
}

static tenon_status bind(void* self, const tenon_weights* weights) {
  (void)self, (void)weights;
  return TENON_OK;
}

static uint64_t* slot(const tenon_state* state, int32_t index) {
  return (uint64_t*)((char*)state->slots + (uint64_t)index * state->slot_stride);
}

static void count_tokens(const mixer* mine, const tenon_step* step, const tenon_state* state, uint32_t s) {
  int is_new = step->context_length[s] == step->context_first[s];
  uint64_t seen = is_new ? 0 : *slot(state, state->slot_start[s]);
  for (int32_t t = step->token_start[s]; t < step->token_start[s + 1]; ++t) {
    seen += mine->token_counts;
    if (state->slot_save[t] >= 0) *slot(state, state->slot_save[t]) = seen;
  }
}

static tenon_status forward(void* self, const tenon_step* step, const tenon_state* state, const tenon_tensor* x,
                            const tenon_tensor* y) {
  const mixer* mine = self;
  if (x->shape[1] != (int64_t)mine->model_dim) {
    char text[80];
    snprintf(text, sizeof(text), "rows of %lld numbers, planned were %u", (long long)x->shape[1],
             mine->model_dim);
    mine->host->set_error(mine->host, text);
    return TENON_INTERNAL;
  }
  memcpy(y->data, x->data, (size_t)step->tokens * mine->model_dim * sizeof(float));
  for (uint32_t s = 0; s < step->sequences; ++s) count_tokens(mine, step, state, s);
  return TENON_OK;
}

static const void* get_interface(const char* id) {
  static const tenon_token_mixer table = {sizeof(table), 0, create, destroy, plan, bind, forward};
  return strcmp(id, TENON_TOKEN_MIXER) == 0 ? &table : NULL;
}

const tenon_plugin tenon_plugin_entry = {
    .size = sizeof(tenon_plugin),
    .magic = TENON_ABI_MAGIC,
    .abi_major = TENON_ABI_MAJOR,
    .abi_minor = TENON_ABI_MINOR,
    .id = "plain_c",
    .version = "1.0.0",
    .summary = "hands on what it gets",
    .schema = "token_counts : int >=1 = 1  # what one token counts for; odd\n",
    .services = "",
    .isa = TENON_ISA_SCALAR,
    .get_interface = get_interface,
};
