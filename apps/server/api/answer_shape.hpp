// How the answers of a route are written: what stands in a choice, whole or piece by piece. One thread at a
// time.
#pragma once
#include <apps/server/api/choice.hpp>

#include <string>
#include <vector>

namespace tenon::api {

class AnswerShape {
 public:
  virtual ~AnswerShape() = default;

  virtual const char* id_prefix() const = 0;             // "chatcmpl-"
  virtual const char* object(bool is_stream) const = 0;  // "chat.completion"

  // Entries of `choices` in chunks, one chunk each. The first is asked for once there is something of the
  // answer, or nothing but a beginning; the last has the finish_reason.
  virtual std::vector<Json> opening(uint32_t index) = 0;
  virtual std::vector<Json> pieces(uint32_t index, ChoiceNews news) = 0;
  virtual Json ending(uint32_t index, const Choice& choice) = 0;
  // An entry that says nothing, for chunks with news of another kind.
  virtual Json nothing(uint32_t index) const = 0;

  // For an answer that is sent whole: keeps the news, and gives the entry in the end.
  virtual void collect(uint32_t index, ChoiceNews news) = 0;
  virtual Json whole(uint32_t index, const Choice& choice) = 0;

  // Scores of the prompt of this choice.
  virtual void score(uint32_t, const std::vector<ScoredToken>&) {}
  // Whether the opening has to wait for all of them.
  virtual bool waits_for_scores() const { return false; }
};

// An ending's or a whole choice's further fields.
void add_ending(Json& entry, const Choice& choice);

}  // namespace tenon::api
