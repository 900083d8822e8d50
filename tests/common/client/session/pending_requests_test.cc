#include "common/client/session/pending_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/rpc/convert.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::IsOk;
using ::distill::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PendingRequest OfSamples(int64_t samples, std::vector<int>* called = nullptr, int name = 0) {
  PendingRequest request{.samples = samples};
  request.callback = [called, name](absl::StatusOr<SoftTargets>) {
    if (called != nullptr) called->push_back(name);
  };
  return request;
}

TEST(PendingRequestsTest, IdsCountFromOneAndAreNotUsedAgain) {
  PendingRequests pending;
  EXPECT_EQ(pending.Add(OfSamples(3)), 1u);
  EXPECT_EQ(pending.Add(OfSamples(4)), 2u);
  EXPECT_EQ(pending.samples(), 7);
  EXPECT_EQ(pending.Take(2).samples, 4);
  EXPECT_EQ(pending.samples(), 3);
  EXPECT_EQ(pending.Add(OfSamples(5)), 3u);
}

TEST(PendingRequestsTest, AnAnswerBelongsToTheStreamThatTheRequestWasLastSentOn) {
  PendingRequests pending;
  const uint64_t id = pending.Add(OfSamples(3));
  EXPECT_THAT(pending.Find(id, 1), StatusIs(absl::StatusCode::kInternal));  // not sent yet
  pending.all().at(id).sent_on = 1;
  ASSERT_THAT(pending.Find(id, 1), IsOk());
  EXPECT_EQ((*pending.Find(id, 1))->samples, 3);
  pending.all().at(id).sent_on = 2;
  EXPECT_THAT(pending.Find(id, 1), StatusIs(absl::StatusCode::kInternal, HasSubstr("request 1")));
  EXPECT_THAT(pending.Find(99, 2), StatusIs(absl::StatusCode::kInternal, HasSubstr("request 99")));
}

TEST(PendingRequestsTest, FailAllTakesEachOnceInTheOrderOfTheIds) {
  PendingRequests pending;
  std::vector<int> called;
  for (const int name : {1, 2, 3}) pending.Add(OfSamples(name, &called, name));
  for (Completion& completion : pending.FailAll(absl::CancelledError("stopped"))) {
    EXPECT_THAT(completion.result, StatusIs(absl::StatusCode::kCancelled, "stopped"));
    completion.callback(std::move(completion.result));
  }
  EXPECT_THAT(called, ElementsAre(1, 2, 3));
  EXPECT_EQ(pending.samples(), 0);
  EXPECT_TRUE(pending.FailAll(absl::CancelledError("again")).empty());
}

TEST(PendingRequestsTest, AMessageSaysWhatTheRequestIs) {
  const HostTensor input{DType::kUint8, {2, 4}, Bytes::FromString("12345678")};
  const v1::DistillRequest message =
      ToMessage(7, {.inputs = {input}, .temperature = 2.5f, .seed = 77});
  EXPECT_EQ(message.request().id(), 7u);
  EXPECT_EQ(message.request().temperature(), 2.5f);
  EXPECT_EQ(message.request().seed(), 77u);
  EXPECT_EQ(message.request().timeout_us(), 0);  // none
  EXPECT_THAT(message.request().tensors(0).shape(), ElementsAre(2, 4));
  EXPECT_EQ(message.payload_size(), 0);  // payloads travel beside it
}

TEST(PendingRequestsTest, ATimeoutThatRoundsToZeroIsNotNone) {
  const v1::DistillRequest message = ToMessage(7, {.timeout = absl::Nanoseconds(10)});
  EXPECT_EQ(message.request().timeout_us(), 1);
}

class CheckedTargetsTest : public ::testing::Test {
 protected:
  // An answer of zeros with such a header.
  absl::StatusOr<EncodedTargets> Check(int64_t rows, int64_t classes) {
    return Check(rows, classes, std::vector<float>(static_cast<size_t>(rows * classes)));
  }
  absl::StatusOr<EncodedTargets> Check(int64_t rows, int64_t classes,
                                       const std::vector<float>& logits) {
    v1::Targets targets;
    targets.set_id(7);
    targets.set_rows(rows);
    targets.set_classes(classes);
    const std::string bytes(reinterpret_cast<const char*>(logits.data()),
                            logits.size() * sizeof(float));
    const AnswerOutput output{.output = {"logits", OutputKind::kLogits, kClasses, 1}};
    auto checked = CheckedTargets(targets, {Bytes::FromString(bytes)}, request_, {output});
    if (!checked.ok()) return checked.status();
    return checked->front();
  }

  static constexpr int64_t kClasses = 3;
  PendingRequest request_ = OfSamples(4);
};

TEST_F(CheckedTargetsTest, AnAnswerThatFitsIsTaken) {
  std::vector<float> logits(12);
  logits[5] = 1.5f;
  const auto targets = Check(4, 3, logits);
  ASSERT_THAT(targets, IsOk());
  EXPECT_EQ(targets->rows, 4);
  std::vector<float> taken(12);
  targets->parts[0].bytes.CopyTo(taken.data());
  EXPECT_EQ(taken, logits);
}

TEST_F(CheckedTargetsTest, RowsAreAMultipleOfTheSamplesUnlessTheirNumberIsKnown) {
  EXPECT_THAT(Check(8, 3), IsOk());
  EXPECT_THAT(Check(6, 3), StatusIs(absl::StatusCode::kInternal, HasSubstr("6 rows")));
  EXPECT_THAT(Check(0, 3), StatusIs(absl::StatusCode::kInternal, HasSubstr("0 rows")));
  request_.request.rows = 4;
  EXPECT_THAT(Check(8, 3), StatusIs(absl::StatusCode::kInternal,
                                    AllOf(HasSubstr("8 rows"), HasSubstr("request 7"))));
  EXPECT_THAT(Check(4, 3), IsOk());
}

TEST_F(CheckedTargetsTest, EachOutputIsCheckedAndNamed) {
  const AnswerOutput outputs[] = {{.output = {"logits", OutputKind::kLogits, kClasses, 1}},
                                  {.output = {"features", OutputKind::kFeatures, 2, 1},
                                   .spec = {.kind = OutputKind::kFeatures}}};
  const struct {
    int64_t rows, width;
    const char* expected;
  } cases[] = {{4, 2, ""},
               {4, 1, "output 'features': it has 1 numbers per row instead of 2"},
               {3, 2, "output 'features': it has 3 rows instead of 4"}};
  for (const auto& c : cases) {
    v1::Targets header;
    header.set_id(7);
    const auto zeros = [](int64_t numbers) {
      return Bytes::FromString(std::string(static_cast<size_t>(numbers) * sizeof(float), '\0'));
    };
    const EncodedTargets logits{.rows = 4,
                                .classes = kClasses,
                                .parts = {{DType::kFloat32, {4, kClasses}, zeros(4 * kClasses)}}};
    const EncodedTargets features{
        .spec = outputs[1].spec,
        .rows = c.rows,
        .classes = c.width,
        .parts = {{DType::kFloat32, {c.rows, c.width}, zeros(c.rows * c.width)}}};
    const std::vector<Bytes> payloads =
        distill::ToProto(std::vector<EncodedTargets>{logits, features}, /*several=*/true, &header);
    const auto checked = CheckedTargets(header, payloads, request_, outputs);
    if (*c.expected == '\0') {
      ASSERT_THAT(checked, IsOk());
      EXPECT_EQ(checked->size(), 2u);
    } else {
      EXPECT_THAT(checked.status(), StatusIs(absl::StatusCode::kInternal, HasSubstr(c.expected)));
    }
  }
}

TEST_F(CheckedTargetsTest, WhatDoesNotMatchIsABreachThatNamesTheRequest) {
  EXPECT_THAT(Check(4, 5), StatusIs(absl::StatusCode::kInternal,
                                    AllOf(HasSubstr("5 classes"), HasSubstr("request 7"))));
  EXPECT_THAT(Check(4, 3, std::vector<float>(11)),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("request 7")));
  std::vector<float> not_finite(12);
  not_finite[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Check(4, 3, not_finite),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("request 7")));
}

}  // namespace
}  // namespace distill
