// tenon_speculator.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_speculator.h>

ID(TENON_SPECULATOR, "tenon.speculator/1");

SIZE(tenon_draft, 48, proposed);
FIELD(tenon_draft, 0, size, uint32_t);
FIELD(tenon_draft, 4, draft_tokens, uint32_t);
FIELD(tenon_draft, 8, tokens, const int32_t*);
FIELD(tenon_draft, 16, hidden, const tenon_tensor*);
FIELD(tenon_draft, 24, history, const int32_t* const*);
FIELD(tenon_draft, 32, history_length, const uint32_t*);
FIELD(tenon_draft, 40, proposed, int32_t*);

SIZE(tenon_speculator, 48, propose);
FIELD(tenon_speculator, 0, size, uint32_t);
FIELD(tenon_speculator, 4, reserved, uint32_t);
FUNCTION(tenon_speculator, 8, create, tenon_status(const tenon_host*, const tenon_config*, void**));
FUNCTION(tenon_speculator, 16, destroy, void(void*));
FUNCTION(tenon_speculator, 24, plan,
         tenon_status(void*, const tenon_model_shape*, const tenon_limits*, tenon_needs*, uint32_t, uint32_t*));
FUNCTION(tenon_speculator, 32, bind, tenon_status(void*, const tenon_weights*));
FUNCTION(tenon_speculator, 40, propose,
         tenon_status(void*, const tenon_step*, const tenon_state*, const tenon_draft*));
