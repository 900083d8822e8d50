#include "student_trainer/logs/event_record.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <functional>

namespace distill {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

// Numbers of fields.
enum Event { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum Summary { kValue = 1 };
enum Value { kTag = 1, kSimpleValue = 2 };
enum SessionLog { kStatus = 1 };
constexpr int kSessionStart = 1;  // SessionLog.SessionStatus

std::string Message(const std::function<void(CodedOutputStream*)>& write) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    CodedOutputStream coded(&stream);
    write(&coded);
  }
  return bytes;
}

std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string MaskedCrc(absl::string_view data) {
  const uint32_t crc = Crc32c(data);
  return LittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8U, 4);
}

std::string Framed(const std::string& message) {
  const std::string length = LittleEndian(message.size(), 8);
  return length + MaskedCrc(length) + message + MaskedCrc(message);
}

std::string ScalarValue(const std::string& tag, double value) {
  return Message([&](CodedOutputStream* out) {
    WireFormatLite::WriteString(kTag, tag, out);
    WireFormatLite::WriteFloat(kSimpleValue, static_cast<float>(value), out);
  });
}

}  // namespace

uint32_t Crc32c(absl::string_view data) {
  static const auto table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78U : 0U);
      entries[byte] = crc;
    }
    return entries;
  }();
  uint32_t crc = ~0U;
  for (const char c : data) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

std::string FirstEvent(absl::Time now) {
  return Framed(Message([&](CodedOutputStream* out) {
    WireFormatLite::WriteDouble(kWallTime, absl::ToDoubleSeconds(now - absl::UnixEpoch()), out);
    WireFormatLite::WriteString(kFileVersion, "brain.Event:2", out);
  }));
}

std::string RestartEvent(int64_t first_step, absl::Time now) {
  const std::string session = Message(
      [](CodedOutputStream* out) { WireFormatLite::WriteEnum(kStatus, kSessionStart, out); });
  return Framed(Message([&](CodedOutputStream* out) {
    WireFormatLite::WriteDouble(kWallTime, absl::ToDoubleSeconds(now - absl::UnixEpoch()), out);
    WireFormatLite::WriteInt64(kStep, first_step, out);
    WireFormatLite::WriteBytes(kSessionLog, session, out);
  }));
}

std::string ScalarsEvent(const std::map<std::string, double>& scalars, int64_t step,
                         absl::Time now) {
  const std::string summary = Message([&](CodedOutputStream* out) {
    for (const auto& [tag, value] : scalars) {
      WireFormatLite::WriteBytes(kValue, ScalarValue(tag, value), out);
    }
  });
  return Framed(Message([&](CodedOutputStream* out) {
    WireFormatLite::WriteDouble(kWallTime, absl::ToDoubleSeconds(now - absl::UnixEpoch()), out);
    WireFormatLite::WriteInt64(kStep, step, out);
    WireFormatLite::WriteBytes(kSummary, summary, out);
  }));
}

}  // namespace distill
