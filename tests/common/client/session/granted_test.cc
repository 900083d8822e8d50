#include "common/client/session/granted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/rpc/convert.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

Granted Sample() {
  return {.model = {.name = "m",
                    .fingerprint = "aaaa",
                    .architecture = "mlp",
                    .inputs = {{"x", DType::kUint8, {4}}},
                    .classes = 2,
                    .class_names = {"cat", "dog"}},
          .outputs = {{.output = {"logits", OutputKind::kLogits, 2, 1}}},
          .numerics = {.runner = "zoo", .intra_op_threads = 2},
          .limits = {.credits = 64, .max_request_samples = 32, .max_message_bytes = 1 << 20}};
}

v1::Opened ToProto(const Granted& granted) {
  v1::Opened opened;
  *opened.mutable_model() = distill::ToProto(granted.model);
  *opened.mutable_targets() = distill::ToProto(granted.outputs[0].spec);
  *opened.mutable_numerics() = distill::ToProto(granted.numerics);
  *opened.mutable_limits() = distill::ToProto(granted.limits);
  return opened;
}

TEST(GrantedTest, WhatWasOpenedIsTakenOver) {
  const auto granted = GrantedFromProto(ToProto(Sample()), {AskedOutput()});
  ASSERT_THAT(granted, IsOk());
  EXPECT_EQ(granted->model, Sample().model);
  EXPECT_EQ(granted->outputs, Sample().outputs);
  EXPECT_EQ(granted->numerics, Sample().numerics);
  EXPECT_EQ(granted->limits, Sample().limits);
}

TEST(GrantedTest, AnOpenedThatBreaksTheContractIsNamedByItsField) {
  struct Case {
    std::function<void(v1::Opened&)> change;
    const char* message;
  };
  const Case cases[] = {
      {[](v1::Opened& o) { o.clear_model(); }, "Opened.model: "},
      {[](v1::Opened& o) { o.clear_targets(); }, "Opened.targets: "},
      {[](v1::Opened& o) { o.clear_limits(); }, "Opened.limits: max_request_samples is 0; must be"},
      {[](v1::Opened& o) { o.mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16); },
       "Opened.targets: the encoding is f16 (k 0, draws 0); must be f32"},
      {[](v1::Opened& o) {
         o.mutable_model()->set_classes(int64_t{1} << 40);
         o.mutable_model()->clear_class_names();
       },
       "Opened.targets: "},
  };
  for (const Case& c : cases) {
    v1::Opened opened = ToProto(Sample());
    c.change(opened);
    EXPECT_THAT(GrantedFromProto(opened, {AskedOutput()}),
                ErrorIs(absl::StatusCode::kInternal, HasSubstr(c.message)));
  }
}

TEST(GrantedTest, OutputsAreThoseThatWereAskedForInTheirOrder) {
  const AskedOutput features{"features", {.encoding = TargetEncoding::kDenseF16}};
  v1::Opened opened = ToProto(Sample());
  opened.clear_targets();
  const std::vector<OutputSpec> outputs = {{"logits", OutputKind::kLogits, 2, 1},
                                           {"features", OutputKind::kFeatures, 64, 1}};
  for (const OutputSpec& output : outputs) {
    *opened.mutable_model()->add_outputs() = distill::ToProto(output);
  }
  v1::OutputRequest* granted = opened.add_outputs();
  granted->set_name("features");
  granted->mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16);
  const auto read = GrantedFromProto(opened, {features});
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->outputs.size(), 1u);
  EXPECT_EQ(read->outputs[0].output, outputs[1]);
  EXPECT_EQ(read->outputs[0].spec.kind, OutputKind::kFeatures);

  EXPECT_THAT(GrantedFromProto(opened, {features, AskedOutput()}),
              ErrorIs(absl::StatusCode::kInternal, HasSubstr("the number of Opened.outputs is 1")));
  EXPECT_THAT(GrantedFromProto(opened, {{"hidden", features.spec}}),
              ErrorIs(absl::StatusCode::kInternal,
                      HasSubstr("Opened.outputs.name is 'features'; must be 'hidden'")));
  granted->set_name("hidden");
  EXPECT_THAT(GrantedFromProto(opened, {{"hidden", features.spec}}),
              ErrorIs(absl::StatusCode::kInternal, HasSubstr("not among those of the model")));
}

TEST(GrantedTest, TheTargetsFitTheClasses) {
  Granted sample = Sample();
  TargetSpec& spec = sample.outputs[0].spec;
  spec = {.encoding = TargetEncoding::kTopK, .k = 2};
  EXPECT_THAT(GrantedFromProto(ToProto(sample), {{"logits", spec}}), IsOk());
  spec.k = 3;
  EXPECT_THAT(
      GrantedFromProto(ToProto(sample), {{"logits", spec}}),
      ErrorIs(absl::StatusCode::kInternal, HasSubstr("Opened.targets: `k` is 3; must be 1 to 2")));
}

TEST(GrantedTest, ATeacherThatCameBackOtherwiseIsRefusedWithBothValues) {
  struct Case {
    std::function<void(Granted&)> change;
    const char* before;
    const char* now;
  };
  const Case cases[] = {
      {[](Granted& g) { g.model.fingerprint = "bbbb"; }, "aaaa", "bbbb"},
      {[](Granted& g) { g.model.inputs[0].shape = {5}; }, "uint8[4]", "uint8[5]"},
      {[](Granted& g) { g.model.classes = 7; }, "; must be 2", "7"},
      {[](Granted& g) {
         g.model.class_names = {"dog", "cat"};
       },
       "cat, dog", "dog, cat"},
      {[](Granted& g) { g.outputs[0].spec.encoding = TargetEncoding::kDenseF16; }, "f32", "f16"},
      {[](Granted& g) { g.limits.max_request_samples = 31; }, "32", "31"},
      {[](Granted& g) { g.limits.max_message_bytes = 5; }, "1048576", "5"},
      {[](Granted& g) { g.limits.max_length = 6; }, "8192", "6"},
  };
  for (const Case& c : cases) {
    Granted now = Sample();
    c.change(now);
    EXPECT_THAT(CheckSameTeacher(Sample(), now, SameNumerics::kNotNeeded),
                ErrorIs(absl::StatusCode::kFailedPrecondition,
                        AllOf(HasSubstr(c.before), HasSubstr(c.now))));
  }
}

TEST(GrantedTest, NumericsMatterWhereTheyAreNeeded) {
  Granted now = Sample();
  now.numerics.intra_op_threads = 3;
  now.limits.credits = 32;
  EXPECT_THAT(CheckSameTeacher(Sample(), now, SameNumerics::kNotNeeded), IsOk());
  EXPECT_THAT(CheckSameTeacher(Sample(), now, SameNumerics::kNeeded),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      AllOf(HasSubstr("2 threads"), HasSubstr("3 threads"))));
}

}  // namespace
}  // namespace distill
