// FakeTeacherOptions: the teacher that a FakeTeacher claims to be, and where it listens.
#pragma once

#include <string>

#include "common/contract/limits.h"
#include "common/contract/served_model.h"
#include "common/rpc/credentials.h"

namespace distill::testing {

struct FakeTeacherOptions {
  // By default one input "x", uint8 [4], and 3 classes.
  ModelInfo model = {.name = "fake",
                     .fingerprint = std::string(64, 'f'),
                     .architecture = "fake",
                     .inputs = {{"x", DType::kUint8, {4}}},
                     .classes = 3,
                     .class_names = {}};
  Numerics numerics = {.runner = "fake", .dtype = "float32", .device = "cpu"};
  StreamLimits limits;
  bool chooses_classes = true;  // false: as servers that know nothing of Open.class_indices
  ServerTls tls;                // as it is at Start()
  // An IP address of this machine to listen on instead of a Unix socket, and its port; 0: any free
  // one, which it keeps. As they are at first.
  std::string host = "";
  int port = 0;
};

}  // namespace distill::testing
