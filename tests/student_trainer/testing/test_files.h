// Helpers of the data tests: a temporary folder, IDX bytes, gzip streams.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace distill {

// A temporary folder to write files into.
class TemporaryFolder : public testing::TempDir {
 public:
  TemporaryFolder() {}  // so that clang takes const ones

  // Returns the path of the file.
  std::string Write(const std::string& name, absl::string_view contents) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::remove(file);  // some file systems sync a file that is truncated and rewritten
    std::ofstream stream(file, std::ios::binary);
    stream.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    EXPECT_TRUE(stream.flush().good()) << file;
    return file.string();
  }
};

inline std::string BigEndian32(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string Idx(uint32_t magic, const std::vector<uint32_t>& dimensions,
                       absl::string_view elements) {
  std::string file = BigEndian32(magic);
  for (const uint32_t dimension : dimensions) file += BigEndian32(dimension);
  return absl::StrCat(file, elements);
}

// 0, 1, 2, … as bytes.
inline std::string Counting(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

inline std::string LabelsFile(const std::vector<uint8_t>& labels) {
  return Idx(0x00000801, {static_cast<uint32_t>(labels.size())},
             std::string(labels.begin(), labels.end()));
}

// n images of 2x3 pixels that count from 0 on.
inline std::string ImagesFile(uint32_t n) {
  return Idx(0x00000803, {n, 2, 3}, Counting(size_t{6} * n));
}

inline std::string Gzip(absl::string_view contents) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string compressed(deflateBound(&stream, contents.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(contents.data()));
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

}  // namespace distill
