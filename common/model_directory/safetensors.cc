#include "common/model_directory/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/files.h"
#include "common/base/status_macros.h"
#include "common/model_directory/foreign_file.h"
#include "common/model_directory/safetensors_header.h"
#include "common/tensor/mapped_file.h"

namespace distill {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kAlignment = 8;

// The header of the file, and the offset of the data.
struct Parsed {
  SafetensorsHeader header;
  size_t data_begin = 0;
};

constexpr char kSaveFile[] = "safetensors.torch.save_file(state_dict, FILE)";

// Names the format of the file if it is another one, which says more than the reason.
absl::Status NotSafetensors(const Bytes& file, absl::string_view reason) {
  const Bytes::Piece begin = file.empty() ? Bytes::Piece() : file.piece(0).subspan(0, 64);
  const std::string foreign = DescribeForeignFile(
      absl::string_view(reinterpret_cast<const char*>(begin.data()), begin.size()), kSaveFile);
  return absl::DataLossError(
      foreign.empty() ? reason : absl::StrCat("it is not a safetensors file: ", foreign));
}

absl::StatusOr<Parsed> ParseFile(const Bytes& file) {
  if (file.size() < kLengthBytes) {
    return NotSafetensors(file, absl::StrCat("it has ", file.size(),
                                             " bytes, fewer than the 8 of the header's length"));
  }
  const Bytes::Piece bytes = file.piece(0);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const size_t behind_length = bytes.size() - kLengthBytes;
  if (header_bytes > behind_length || header_bytes > kMaxSafetensorsHeaderBytes) {
    return NotSafetensors(
        file, absl::StrCat("the header's length is ", header_bytes, ", of ", behind_length,
                           " bytes that follow and ", kMaxSafetensorsHeaderBytes, " allowed"));
  }
  const absl::string_view json(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes,
                               header_bytes);
  Parsed parsed;
  parsed.data_begin = kLengthBytes + header_bytes;
  ASSIGN_OR_RETURN(parsed.header, ParseSafetensorsHeader(json, bytes.size() - parsed.data_begin));
  return parsed;
}

// Returns wide types first, so that every tensor is aligned to its elements, which other readers
// rely on.
std::vector<const TensorMap::value_type*> InFileOrder(const TensorMap& tensors) {
  std::vector<const TensorMap::value_type*> order;
  order.reserve(tensors.size());
  for (const auto& named : tensors) order.push_back(&named);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return ByteWidth(a->second.dtype) > ByteWidth(b->second.dtype);
  });
  return order;
}

}  // namespace

absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const Bytes file, MapFile(path));
  ASSIGN_OR_RETURN(Parsed parsed, ParseFile(file), path.string());
  SafetensorsFile result;
  for (auto& [name, entry] : parsed.header.entries) {
    result.tensors[name] = {entry.dtype, std::move(entry.shape),
                            file.Slice(parsed.data_begin + entry.begin, entry.end - entry.begin)};
  }
  result.metadata = std::move(parsed.header.metadata);
  return result;
}

absl::Status WriteSafetensors(const std::filesystem::path& path, const TensorMap& tensors,
                              const std::map<std::string, std::string>& metadata) {
  SafetensorsHeader header;
  header.metadata = metadata;
  std::vector<absl::string_view> pieces(2);  // the length and the header come last
  size_t data_bytes = 0;
  for (const auto* named : InFileOrder(tensors)) {
    const auto& [name, tensor] = *named;
    RETURN_IF_ERROR(tensor.Validate(), path.string(), ": tensor '", name, "'");
    const size_t begin = data_bytes;
    data_bytes += tensor.bytes.size();
    header.entries[name] = {tensor.dtype, tensor.shape, begin, data_bytes};
    for (size_t i = 0; i < tensor.bytes.num_pieces(); ++i) {
      const Bytes::Piece piece = tensor.bytes.piece(i);
      pieces.emplace_back(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
  }
  ASSIGN_OR_RETURN(std::string json, FormatSafetensorsHeader(header), path.string());
  if (json.size() > kMaxSafetensorsHeaderBytes - kAlignment) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ": the header has ", json.size(),
                                                   " bytes, too many for the format"));
  }
  json.resize((json.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t header_bytes = json.size();
  pieces[0] = {reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes)};
  pieces[1] = json;
  return WriteFileAtomically(path, pieces);
}

}  // namespace distill
