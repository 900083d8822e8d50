#include "student_trainer/alignment/teacher_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/student_trainer/testing/small_dataset.h"
#include "tests/testing/fake_teacher/fake_teacher.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::AllOf;
using testing::ErrorIs;
using testing::FakeTeacher;
using testing::FakeTeacherOptions;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallDataset;
using testing::StatusIs;

// Labelled as the fake teacher would, or with the class after that.
class TeachersLabels : public SmallDataset {
 public:
  TeachersLabels(int64_t size, int64_t shift, std::vector<std::string> names = {})
      : SmallDataset(size, 4, std::move(names)), shift_(shift) {}

  int64_t Label(int64_t index) const override {
    std::vector<uint8_t> image(16);
    EXPECT_THAT(Read(index, {absl::MakeSpan(image)}), IsOk());
    const std::vector<float> logits = testing::FakeLogits(image, 4);
    return (std::max_element(logits.begin(), logits.end()) - logits.begin() + shift_) % 4;
  }
  absl::Status Read(int64_t index, Destinations destinations) const override {
    for (uint8_t& pixel : destinations[0]) pixel = static_cast<uint8_t>(index);
    return absl::OkStatus();
  }

 private:
  const int64_t shift_;
};

class TeacherSessionTest : public ::testing::Test {
 protected:
  TeacherSessionTest() {
    teacher_.Start();
    options_.access.addresses = {teacher_.address()};
    options_.encoding = TargetEncoding::kDenseF32;
    SetData(/*shift=*/0);
  }

  static FakeTeacherOptions TeacherOfImages() {
    FakeTeacherOptions options;
    options.model.inputs = {{"image", DType::kUint8, {1, 4, 4}}};
    options.model.classes = 4;
    return options;
  }

  // The first 10 samples are held out.
  void SetData(int64_t shift, std::vector<std::string> names = {}) {
    data_.train = std::make_unique<TeachersLabels>(100, shift, std::move(names));
    data_.corrupt_train = std::make_unique<CorruptSamples>();
    const std::vector<int64_t> all = AllSamples(*data_.train);
    data_.split = {.validation = {all.begin(), all.begin() + 10},
                   .labelled = {all.begin() + 10, all.end()}};
  }

  absl::StatusOr<TeacherSession> Open(std::stop_token stop = {}) {
    return OpenTeacherSession(options_, use_, data_, Clock::Real(), std::move(stop));
  }

  TeacherOptions options_;
  TeacherUse use_;
  TrainingData data_;
  FakeTeacher teacher_{TeacherOfImages()};
};

TEST_F(TeacherSessionTest, ATeacherThatAgreesWithTheLabelsIsTaken) {
  const auto session = Open();
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->probe_samples, 90);
  EXPECT_EQ(session->teachers->state(), TeacherState::kConnected);
}

TEST_F(TeacherSessionTest, WithoutTrainingLabelsThoseHeldOutAreCompared) {
  data_.split.unlabelled = std::move(data_.split.labelled);
  data_.split.labelled.clear();
  const auto session = Open();
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->probe_samples, 10);
}

TEST_F(TeacherSessionTest, WithoutAnyLabelNothingIsCompared) {
  data_.split.labelled.clear();
  data_.split.validation.clear();
  const auto session = Open();
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->probe_samples, 0);
  EXPECT_TRUE(teacher_.requests().empty());
}

TEST_F(TeacherSessionTest, ATeacherThatDisagreesIsRefusedUnlessThatIsAllowed) {
  SetData(/*shift=*/1);
  EXPECT_THAT(Open(), ErrorIs(absl::StatusCode::kFailedPrecondition,
                              AllOf(HasSubstr("parity probe"), HasSubstr("by another order"),
                                    HasSubstr("; set `class_names` to the teacher's order of the "
                                              "classes, or `allow_misaligned_teacher` to"))));
  options_.allow_misaligned = true;
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(TeacherSessionTest, TheTeacherIsToldTheClassesAndHowToAnswer) {
  SetData(0, {"ant", "bee", "cat", "dog"});
  use_.deterministic = true;
  ASSERT_THAT(Open(), IsOk());
  const auto open = teacher_.opens().at(0);
  EXPECT_THAT(open.class_names, ::testing::ElementsAre("ant", "bee", "cat", "dog"));
  EXPECT_TRUE(open.batch_independent);
}

TEST_F(TeacherSessionTest, ATeacherOfOtherClassesIsRefusedWhateverIsAllowed) {
  FakeTeacherOptions other = TeacherOfImages();
  other.model.classes = 7;
  teacher_.SetOptions(other);
  options_.allow_misaligned = true;
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("7 classes")));
}

TEST_F(TeacherSessionTest, ATeacherOfSequencesIsRefusedBeforeItIsAsked) {
  FakeTeacherOptions sequences = TeacherOfImages();
  sequences.model.rows_per_sample = -1;
  teacher_.SetOptions(sequences);
  options_.allow_misaligned = true;
  EXPECT_THAT(Open(), ErrorIs(absl::StatusCode::kFailedPrecondition,
                              HasSubstr("a row per position of a sequence")));
  EXPECT_TRUE(teacher_.requests().empty());
}

// As behind a proxy whose limit of a body is less than the probe takes.
TEST_F(TeacherSessionTest, ATeacherThatNeverAnswersIsTheMatterOfThePolicy) {
  teacher_.HoldAnswers();
  const auto open_while_streams_are_reset = [&] {
    std::thread proxy([&, before = teacher_.requests().size()] {
      for (size_t losses = 1; losses <= 5; ++losses) {
        teacher_.WaitForRequests(before + losses);
        teacher_.EndStreams(absl::UnavailableError("reset"));
      }
    });
    auto session = Open();
    proxy.join();
    return session;
  };
  options_.on_loss = TeacherLossPolicy::kFail;
  EXPECT_THAT(open_while_streams_are_reset(),
              ErrorIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr("lost 5 times in a row"),
                                                            HasSubstr("client_max_body_size"))));
  options_.on_loss = TeacherLossPolicy::kHardLabels;
  const auto session = open_while_streams_are_reset();
  ASSERT_THAT(session, IsOk());
  EXPECT_EQ(session->probe_samples, 0);
}

TEST_F(TeacherSessionTest, AStopEndsTheProbe) {
  teacher_.HoldAnswers();
  std::stop_source stop;
  std::thread stopper([&] {
    teacher_.WaitForRequests(1);
    stop.request_stop();
  });
  EXPECT_THAT(Open(stop.get_token()), StatusIs(absl::StatusCode::kCancelled));
  stopper.join();
}

}  // namespace
}  // namespace distill
