// FakeTeacherState: what a FakeTeacher's streams share with each other and with the test.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "common/base/mutex.h"
#include "tests/testing/fake_teacher/options.h"
#include "tests/testing/fake_teacher/script.h"
#include "tests/testing/fake_teacher/seen.h"

namespace distill::testing {

class FakeStream;

// One lock for everything: it guards the inside of the streams too.
struct FakeTeacherState {
  Mutex mutex;
  CondVar changed;  // something was seen, or a stream has ended
  FakeTeacherOptions options ABSL_GUARDED_BY(mutex);
  Script script ABSL_GUARDED_BY(mutex);
  std::set<FakeStream*> streams ABSL_GUARDED_BY(mutex);
  std::vector<SeenRequest> requests ABSL_GUARDED_BY(mutex);
  std::vector<SeenOpen> opens ABSL_GUARDED_BY(mutex);
  int64_t most_samples_in_flight ABSL_GUARDED_BY(mutex) = 0;
};

}  // namespace distill::testing
