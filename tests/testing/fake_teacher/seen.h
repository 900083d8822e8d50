// What a FakeTeacher saw of its clients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace distill::testing {

struct SeenRequest {
  uint64_t id = 0;
  int64_t samples = 0;
  uint64_t seed = 0;
  float temperature = 0;
  int64_t timeout_us = 0;
  int64_t payload_bytes = 0;
  int stream = 0;  // 1, 2, … in the order of their opens
};

struct SeenOpen {
  std::string model;
  std::string client;
  std::string fingerprint;
  std::vector<std::string> class_names;
  std::vector<int64_t> class_indices;
  bool batch_independent = false;
  std::string authorization;  // metadata
};

}  // namespace distill::testing
