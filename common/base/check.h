// Checks of options, whose errors (INVALID_ARGUMENT) have the form of status.h: a check is given
// the field's name, its value, and what it must be.
//
//   absl::Status LoaderOptions::Validate() const {
//     RETURN_IF_ERROR(CheckAtLeast("epochs", epochs, 1));
//     RETURN_IF_ERROR(CheckInRange("threads", threads, 0, 1024, "one per core"));
//     return CheckOneOf("order", order, {"shuffled", "sequential"});
//   }
//   // `threads` is -1; must be 0 (one per core) to 1024
#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/status.h"

namespace distill {

// `batch_size`: how messages write the name of an option.
inline std::string Field(absl::string_view name) { return absl::StrCat("`", name, "`"); }

// "`field` is VALUE; must be RANGE": for a range that no check below has.
inline absl::Status InvalidField(absl::string_view field, const absl::AlphaNum& value,
                                 const absl::AlphaNum& range) {
  return InvalidValue(Field(field), value, range);
}

namespace check_internal {

template <typename T>
std::string Text(T value) {
  if constexpr (std::is_same_v<T, absl::Duration>) {
    return absl::FormatDuration(value);
  } else {
    return absl::StrCat(value);
  }
}

template <typename T>
bool IsFinite(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value);
  } else {
    return true;
  }
}

// Before a range without upper bound, which an infinite `value` would be in.
template <typename T>
std::string Finite(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isinf(value) && value > 0) return "finite and ";
  }
  return "";
}

template <typename T>
std::string Least(T least, absl::string_view meaning) {
  return meaning.empty() ? Text(least) : absl::StrCat(Text(least), " (", meaning, ")");
}

}  // namespace check_internal

// T is a number or absl::Duration. A floating-point number that is NaN or infinite is refused.
// `least_means` says what the least value stands for.

// "must be LEAST or more".
template <typename T>
absl::Status CheckAtLeast(absl::string_view field, T value, std::type_identity_t<T> least,
                          absl::string_view least_means = "") {
  if (value >= least && check_internal::IsFinite(value)) return absl::OkStatus();
  return InvalidField(field, check_internal::Text(value),
                      absl::StrCat(check_internal::Finite(value),
                                   check_internal::Least(least, least_means), " or more"));
}

// "must be LEAST to MOST".
template <typename T>
absl::Status CheckInRange(absl::string_view field, T value, std::type_identity_t<T> least,
                          std::type_identity_t<T> most, absl::string_view least_means = "") {
  if (value >= least && value <= most) return absl::OkStatus();
  return InvalidField(
      field, check_internal::Text(value),
      absl::StrCat(check_internal::Least(least, least_means), " to ", check_internal::Text(most)));
}

// "must be more than BOUND".
template <typename T>
absl::Status CheckMoreThan(absl::string_view field, T value, std::type_identity_t<T> bound) {
  if (value > bound && check_internal::IsFinite(value)) return absl::OkStatus();
  return InvalidField(
      field, check_internal::Text(value),
      absl::StrCat(check_internal::Finite(value), "more than ", check_internal::Text(bound)));
}

// "must be LEAST or more and less than BOUND".
template <typename T>
absl::Status CheckInHalfOpenRange(absl::string_view field, T value, std::type_identity_t<T> least,
                                  std::type_identity_t<T> bound) {
  if (value >= least && value < bound) return absl::OkStatus();
  return InvalidField(field, check_internal::Text(value),
                      absl::StrCat(check_internal::Text(least), " or more and less than ",
                                   check_internal::Text(bound)));
}

// "`field` is 'VALUE'; must be A, B or C", with the name that was meant, where one is near.
absl::Status CheckOneOf(absl::string_view field, absl::string_view value,
                        absl::Span<const std::string> allowed);

// "`field`: it is missing; give WHAT", where the value is empty.
absl::Status CheckGiven(absl::string_view field, absl::string_view value, absl::string_view what);

}  // namespace distill
