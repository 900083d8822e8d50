#include "common/rpc/plain_text.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace distill {
namespace {

// Removes the first code point of `text` and returns it; nullopt if it is not UTF-8.
std::optional<uint32_t> TakeCodePoint(absl::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const int ones = std::countl_one(lead);  // the bytes of the code point; 0: one
  const size_t length = ones == 0 ? 1 : static_cast<size_t>(ones);
  if (ones == 1 || ones > 4 || text.size() < length) return std::nullopt;
  uint32_t point = ones == 0 ? lead : lead & (0x7Fu >> ones);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) != 0x80) return std::nullopt;
    point = point << 6 | (byte & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xD800 && point < 0xE000;
  if (point < kLeast[ones] || point > 0x10FFFF || is_surrogate) return std::nullopt;
  text.remove_prefix(length);
  return point;
}

// Controls, spaces that are not ASCII, and what Unicode calls ignorable.
bool IsInvisible(uint32_t point) {
  if (point < 0x80) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(point)) &&
           !absl::ascii_isspace(static_cast<unsigned char>(point));
  }
  struct Range {
    uint32_t first;
    uint32_t last;
  };
  constexpr Range kRanges[] = {
      {0x80, 0xA0},       {0xAD, 0xAD},       {0x34F, 0x34F},     {0x61C, 0x61C},
      {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x2000, 0x200F},
      {0x2028, 0x202F},   {0x205F, 0x206F},   {0x3000, 0x3000},   {0x3164, 0x3164},
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
      {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges), [point](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

}  // namespace

std::string WhyNotUtf8(absl::string_view text) {
  // Without a mark, the zeros of its ASCII tell.
  if (absl::StartsWith(text, "\xff\xfe") || absl::StartsWith(text, "\xfe\xff") ||
      absl::StrContains(text, '\0')) {
    return "it is not UTF-8, but UTF-16";
  }
  while (!text.empty()) {
    if (!TakeCodePoint(text).has_value()) return "it is not UTF-8";
  }
  return "";
}

std::string WhatIsInvisible(absl::string_view text) {
  while (!text.empty()) {
    const std::optional<uint32_t> point = TakeCodePoint(text);
    if (!point.has_value()) break;
    if (IsInvisible(*point))
      return absl::StrFormat("it has the invisible character U+%04X", *point);
  }
  return "";
}

}  // namespace distill
