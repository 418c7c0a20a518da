// --speculative: how tokens are guessed ahead, in the words that other programs use for it.
#pragma once
#include <tenon/model/description.hpp>

namespace tenon {

// text: "off", or an object with method and num_speculative_tokens (1 to 16, default 1). The method is the
// plugin of the description's [speculative], by its own name or by those that mean it elsewhere, or any other
// speculator without weights; further keys are then its configuration. Fails with what is wrong, after
// "--speculative: ".
Status apply_speculative(const std::string& text, ModelDescription& description);

}  // namespace tenon
