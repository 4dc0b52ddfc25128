#pragma once
// Who wrote a state: the exact share of every past token in it, by unrolling a recurrence that is linear in its state. Sums in
// double precision, decays from sums of time steps and never from products (Gu and Dao 2023; Ali et al. 2024).
#include <cstdint>
#include <span>
#include <vector>

#include "model/recurrence.h"

namespace lab {

/// What a token, or something else that was put into a state, is to the part of it that is asked for.
struct Contribution {
  double value = 0;    // signed; those of all sum to the part's own value
  double size = 0;     // what is left of it, without regard to direction
  double written = 0;  // the same when it was written
};

/// How the sizes of several cells are one: those of a weighted sum, or the norm of the cells themselves.
enum class Measure : std::uint8_t { sum, norm };

/// Takes a state of [channels, N] apart. The recurrence is given in stretches, the latest first; between them the state may have
/// been edited. The value asked for is sum_{c,n} weight[c,n] h[c,n].
///
/// What single precision computed differs from the sum by at most bound(): per token a rounding of the decay (exp within 7 units
/// of 2^-24), of its argument and of the sum, and where a state has exponents one of those; two roundings when it was written.
class Unrolling {
 public:
  /// `exponents` [channels] of the state, or empty.
  Unrolling(std::int64_t states, std::vector<double> weights, std::span<const float> exponents, Measure measure);

  /// The tokens before those so far: adds to into[t] what token t of `stretch` is.
  void take(const Recurrence& stretch, std::span<Contribution> into);
  /// The same tokens when nobody asks what they wrote: only steps and A are needed.
  void skip(const Recurrence& stretch);
  /// What the state still has of the write of the token before those so far, a recurrence of one token: [channels, N] as kept.
  std::vector<double> remains(const Recurrence& token) const;
  /// The same of something that lay in the state at this point, [channels, N] as kept there, with the exponents there.
  std::vector<double> remains(std::span<const double> values, std::span<const float> exponents) const;
  /// Something put into the state at this point: values [channels, N] as kept there, with the exponents there.
  void put(std::span<const double> values, std::span<const float> exponents, Contribution& into);
  /// An edit: what lies before it is seen through the shares kept [channels, N]. The exponents are those after and before it.
  void pass(std::span<const double> kept, std::span<const float> after, std::span<const float> before);
  /// Makes sizes of what was added up. Once, of all contributions that this and other unrollings have added to.
  static void finish(std::span<Contribution> all, Measure measure);

  double bound() const;

 private:
  void add(std::size_t cell, double left, double written, Contribution& into);
  void add_token(std::size_t channel, double x, double shift, const float* b, bool has_shift, Contribution& into);
  void add_token_of_one_rate(std::size_t channel, double x, const float* b, Contribution& into);
  double exponent_of(std::size_t channel, std::span<const float> there) const;

  const std::size_t states_, channels_;
  const Measure measure_;
  std::vector<double> weights_, kept_;         // [channels, N]; kept: through the edits so far
  std::vector<double> passed_;                 // [channels] time steps since the stretch at hand
  std::vector<double> rates_;                  // [channels, N] as far as known
  std::vector<double> shift_;                  // [channels] minus the exponent of the state, and those of edits
  double age_ = 0, largest_shift_ = 0;
  double fresh_ = 0, aged_ = 0, faded_ = 0, least_ = 0;  // sums of |weighted contribution|: plain, by age, by exponent; and of what may underflow
};

}  // namespace lab
