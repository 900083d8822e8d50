#include "student_trainer/data/formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/count.h"
#include "common/base/status_macros.h"

namespace distill {
namespace {

// A match of 258 bytes takes at least two bits. https://zlib.net/zlib_tech.html
constexpr size_t kMaxDeflateRatio = 1032;

constexpr size_t kMaxBytesACall = size_t{1} << 30;  // zlib counts in 32 bits

// Inflates the members of a gzip file one after the other.
class Inflater {
 public:
  explicit Inflater(absl::string_view compressed) : rest_(compressed) {
    ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK;  // 16: gzip headers only
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Writes `size` bytes, or fewer if the last member ends before; returns their number.
  absl::StatusOr<size_t> Read(uint8_t* destination, size_t size) {
    if (!ready_) return absl::ResourceExhaustedError("cannot inflate: there is no memory");
    size_t produced = 0;
    while (produced < size) {
      if (member_ended_) {
        if (rest_.empty()) break;
        inflateReset(&stream_);
        member_ended_ = false;
      }
      ASSIGN_OR_RETURN(const size_t step, Inflate(destination + produced, size - produced));
      produced += step;
    }
    return produced;
  }

 private:
  absl::StatusOr<size_t> Inflate(uint8_t* destination, size_t size) {
    const size_t input = std::min(rest_.size(), kMaxBytesACall);
    const size_t room = std::min(size, kMaxBytesACall);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream_.avail_in = static_cast<uInt>(input);
    stream_.next_out = destination;
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    const size_t consumed = input - stream_.avail_in;
    const size_t produced = room - stream_.avail_out;
    rest_.remove_prefix(consumed);
    total_ += produced;
    if (result == Z_STREAM_END) {  // zlib compared checksum and length
      member_ended_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return absl::DataLossError(
          absl::StrCat("the gzip stream is broken after ", total_,
                       " inflated bytes: ", stream_.msg != nullptr ? stream_.msg : "not gzip"));
    } else if (consumed == 0 && produced == 0) {
      return absl::DataLossError(
          absl::StrCat("the gzip stream is truncated: it ends after ", total_, " inflated bytes"));
    }
    return produced;
  }

  z_stream stream_ = {};
  bool ready_ = false;
  bool member_ended_ = false;
  absl::string_view rest_;
  size_t total_ = 0;
};

}  // namespace

bool IsGzip(absl::string_view contents) {
  return contents.size() >= 2 && contents[0] == '\x1f' && contents[1] == '\x8b';
}

absl::StatusOr<std::string> GunzipPrefix(absl::string_view compressed, size_t limit) {
  std::string prefix(limit, '\0');
  Inflater inflater(compressed);
  ASSIGN_OR_RETURN(const size_t size,
                   inflater.Read(reinterpret_cast<uint8_t*>(prefix.data()), limit));
  prefix.resize(size);
  return prefix;
}

absl::StatusOr<Bytes> Gunzip(absl::string_view compressed, size_t size) {
  if (size / kMaxDeflateRatio > compressed.size()) {
    return absl::DataLossError(absl::StrCat("the gzip stream of ", compressed.size(),
                                            " bytes: it cannot hold ", size, " bytes"));
  }
  const std::shared_ptr<uint8_t[]> inflated(new (std::nothrow) uint8_t[size]);
  if (inflated == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot inflate: there is no memory for ", size, " bytes"));
  }
  Inflater inflater(compressed);
  ASSIGN_OR_RETURN(const size_t got, inflater.Read(inflated.get(), size));
  if (got < size) {
    return absl::DataLossError(absl::StrCat("the gzip stream: it holds ",
                                            Count(static_cast<int64_t>(got), "byte"),
                                            " instead of ", size));
  }
  // Requesting one byte more makes zlib read the end of the stream and its checksum.
  uint8_t beyond;
  ASSIGN_OR_RETURN(const size_t extra, inflater.Read(&beyond, 1));
  if (extra > 0) {
    return absl::DataLossError(absl::StrCat("the gzip stream: it holds more than ",
                                            Count(static_cast<int64_t>(size), "byte")));
  }
  return Bytes::Wrap(inflated, Bytes::Piece(inflated.get(), size));
}

}  // namespace distill
