#pragma once
// Parts of the token strip: what colours its tokens, its header, its search.
#include <span>
#include <string>
#include <utility>

#include "views/panels/kept.h"
#include "views/panels/pane.h"

namespace lab {

/// What tokens are coloured by: a statistic of the selected layer, what the model expected, what rules found, or how much the token at
/// cursor A reads of each in the selected channel.
struct TokenMeasure {
  enum class Source : std::uint8_t { statistic, surprise, entropy, alerts, attention };
  Source source;
  Statistic which;  // of a statistic
  const char* name;
  const char* short_name;
};
std::span<const TokenMeasure> token_measures();
const TokenMeasure& chosen_measure(const PaneMemory& memory);
/// Whether a measure is computed aside, and only when asked for.
bool needs_surprise(const PaneMemory& memory);
bool needs_hidden_attention(const PaneMemory& memory);

/// The numbers behind the colours by token, NaN where they are not known; null for alerts, and until they have been computed.
const KeptSeries* measured_series(PaneContext& context);
/// Amber by share, on the pane; light enough under it for the text to be read.
Color amber(const Theme& theme, float share);

/// The strip above the tokens: what colours them, the prompt or the search, and which are in view.
void draw_strip_header(Ui& ui, Box& box, PaneContext& context, const std::string& range);

/// What is typed in the search, found in the text read so far: as text, and as the number of a token. Kept between frames.
const KeptSearch& search_tokens(PaneContext& context);
/// Moves cursor A to the next place found, or to the one before, around the ends. Nothing where nothing is found.
void go_to_match(PaneContext& context, bool forward);

}  // namespace lab
