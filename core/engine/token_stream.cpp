#include "token_channel.hpp"

namespace tenon {

TokenStream::TokenStream() : channel_(std::make_shared<Channel>()) {}

TokenStream::~TokenStream() {
  if (channel_) channel_->abandon();
}

std::optional<TokenEvent> TokenStream::next() { return channel_->next(std::nullopt); }

std::optional<TokenEvent> TokenStream::next_within(std::chrono::milliseconds patience) {
  return channel_->next(patience);
}

bool TokenStream::is_done() const { return channel_->is_done(); }

void TokenStream::on_arrival(std::function<void()> call) { channel_->on_arrival(std::move(call)); }

}  // namespace tenon
