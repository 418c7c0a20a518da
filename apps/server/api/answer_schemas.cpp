#include <apps/server/api/answer_schemas.hpp>

namespace tenon::api {
namespace {

constexpr const char* kSchemas = R"json({
  "Anything": {"type": "object"},
  "ErrorResponse": {"type": "object", "required": ["error"], "properties": {
    "error": {"type": "object", "required": ["message", "type", "param", "code"], "properties": {
      "message": {"type": "string"}, "type": {"type": "string"},
      "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}}},
    "request_id": {"type": "string"}}},
  "Model": {"type": "object", "required": ["id", "object", "created", "owned_by"], "properties": {
    "id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
    "owned_by": {"type": "string"}, "max_model_len": {"type": "integer"}}},
  "ModelList": {"type": "object", "required": ["object", "data"], "properties": {
    "object": {"const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}}},
  "Tokens": {"type": "object", "required": ["tokens", "count", "max_model_len"], "properties": {
    "tokens": {"type": "array", "items": {"type": "integer"}}, "count": {"type": "integer"},
    "max_model_len": {"type": "integer"}, "pieces": {"type": "array", "items": {"type": "string"}}}},
  "Text": {"type": "object", "required": ["prompt"], "properties": {
    "prompt": {"type": "string"}, "content": {"type": "string"}}},
  "Usage": {"type": "object", "required": ["prompt_tokens", "completion_tokens", "total_tokens",
    "prompt_tokens_details", "completion_tokens_details"], "properties": {
    "prompt_tokens": {"type": "integer"}, "completion_tokens": {"type": "integer"},
    "total_tokens": {"type": "integer"},
    "prompt_tokens_details": {"type": "object", "required": ["cached_tokens"]},
    "completion_tokens_details": {"type": "object", "required": ["reasoning_tokens"]}}},
  "Timings": {"type": "object", "required": ["prompt_n", "prompt_ms", "predicted_n", "predicted_ms",
    "cache_n", "draft_n", "draft_n_accepted"]},
  "FinishReason": {"enum": ["stop", "length", "tool_calls"]},
  "TokenLogprob": {"type": "object", "required": ["token", "logprob", "bytes"], "properties": {
    "token": {"type": "string"}, "logprob": {"type": "number", "maximum": 0},
    "bytes": {"type": ["array", "null"], "items": {"type": "integer", "minimum": 0, "maximum": 255}},
    "top_logprobs": {"type": "array", "items": {"$ref": "#/components/schemas/TokenLogprob"}}}},
  "ChatLogprobs": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["content", "refusal"],
    "properties": {"content": {"type": "array", "items": {"$ref": "#/components/schemas/TokenLogprob"}},
      "refusal": {"type": "null"}}}]},
  "ChatToolCall": {"type": "object", "required": ["id", "type", "function"], "properties": {
    "id": {"type": "string"}, "type": {"const": "function"},
    "function": {"type": "object", "required": ["name", "arguments"], "properties": {
      "name": {"type": "string"}, "arguments": {"type": "string"}}}}},
  "ChatChoice": {"type": "object", "required": ["index", "message", "logprobs", "finish_reason"],
    "properties": {"index": {"type": "integer"},
    "message": {"type": "object", "required": ["role", "content", "refusal"], "properties": {
      "role": {"const": "assistant"}, "content": {"type": ["string", "null"]}, "refusal": {"type": "null"},
      "reasoning": {"type": "string"}, "reasoning_content": {"type": "string"},
      "tool_calls": {"type": "array", "items": {"$ref": "#/components/schemas/ChatToolCall"}}}},
    "logprobs": {"$ref": "#/components/schemas/ChatLogprobs"},
    "finish_reason": {"$ref": "#/components/schemas/FinishReason"},
    "token_ids": {"type": "array", "items": {"type": "integer"}}}},
  "ChatCompletion": {"type": "object",
    "required": ["id", "object", "created", "model", "choices", "usage", "timings"], "properties": {
    "id": {"type": "string"}, "object": {"const": "chat.completion"}, "created": {"type": "integer"},
    "model": {"type": "string"},
    "choices": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/ChatChoice"}},
    "usage": {"$ref": "#/components/schemas/Usage"}, "timings": {"$ref": "#/components/schemas/Timings"},
    "prompt_token_ids": {"type": "array", "items": {"type": "integer"}}}},
  "ChatCompletionChunk": {"type": "object", "required": ["id", "object", "created", "model", "choices"],
    "properties": {
    "id": {"type": "string"}, "object": {"const": "chat.completion.chunk"}, "created": {"type": "integer"},
    "model": {"type": "string"},
    "choices": {"type": "array", "maxItems": 1, "items": {"type": "object",
      "required": ["index", "delta", "finish_reason"], "properties": {
      "index": {"type": "integer"}, "delta": {"type": "object"},
      "logprobs": {"$ref": "#/components/schemas/ChatLogprobs"},
      "finish_reason": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/FinishReason"}]}}}},
    "usage": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Usage"}]},
    "timings": {"$ref": "#/components/schemas/Timings"},
    "prompt_progress": {"type": "object", "required": ["total", "cache", "processed", "time_ms"]}}},
  "CompletionLogprobs": {"anyOf": [{"type": "null"}, {"type": "object",
    "required": ["tokens", "token_logprobs", "top_logprobs", "text_offset"], "properties": {
    "tokens": {"type": "array", "items": {"type": "string"}},
    "token_logprobs": {"type": "array", "items": {"type": "number", "maximum": 0}},
    "top_logprobs": {"type": "array", "items": {"type": "object",
      "additionalProperties": {"type": "number", "maximum": 0}}},
    "text_offset": {"type": "array", "items": {"type": "integer", "minimum": 0}}}}]},
  "Completion": {"type": "object", "required": ["id", "object", "created", "model", "choices"], "properties": {
    "id": {"type": "string"}, "object": {"const": "text_completion"}, "created": {"type": "integer"},
    "model": {"type": "string"},
    "choices": {"type": "array", "items": {"type": "object",
      "required": ["index", "text", "logprobs", "finish_reason"], "properties": {
      "index": {"type": "integer"}, "text": {"type": "string"},
      "logprobs": {"$ref": "#/components/schemas/CompletionLogprobs"},
      "finish_reason": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/FinishReason"}]},
      "token_ids": {"type": "array", "items": {"type": "integer"}}}}},
    "usage": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Usage"}]},
    "timings": {"$ref": "#/components/schemas/Timings"}}}
})json";

}  // namespace

Json answer_schemas() { return Json::parse(kSchemas); }

}  // namespace tenon::api
