#include "teacher_server/stream/accept_open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/teacher_server/stream/messages.h"
#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::distill::testing::ErrorIs;
using ::distill::testing::IsOk;
using ::distill::testing::OpenMessage;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Names = std::vector<std::string>;

ServedTeacher Teacher() {
  ServedTeacher teacher;
  teacher.info.name = "vgg";
  teacher.info.fingerprint = std::string(64, 'a');
  teacher.info.classes = 3;
  teacher.info.class_names = {"ant", "bee", "cat"};
  teacher.numerics.fixed_batch_size = 8;
  return teacher;
}

TEST(AcceptOpenTest, GrantsWhatWasAskedFor) {
  v1::Open open = OpenMessage().open();
  open.set_model("vgg");
  open.set_fingerprint(std::string(64, 'a'));
  open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_DENSE_F16);
  open.set_batch_independent(true);
  const auto terms = AcceptOpen(open, Teacher());
  ASSERT_THAT(terms, IsOk());
  EXPECT_EQ(terms->client, "test");
  EXPECT_EQ(terms->outputs[0].wanted.encoding.spec.encoding, TargetEncoding::kDenseF16);
  EXPECT_TRUE(terms->batch_independent);
  EXPECT_EQ(terms->class_order, nullptr);
}

TEST(AcceptOpenTest, BatchIndependenceIsRefusedWhereThereIsNoFixedBatch) {
  ServedTeacher teacher = Teacher();
  teacher.numerics.fixed_batch_size = 0;
  v1::Open open = OpenMessage().open();
  EXPECT_THAT(AcceptOpen(open, teacher), IsOk());
  open.set_batch_independent(true);
  EXPECT_THAT(AcceptOpen(open, teacher),
              ErrorIs(absl::StatusCode::kUnimplemented, HasSubstr("batch_independent")));
}

TEST(AcceptOpenTest, SomeClassesAreGrantedByNameAndByIndex) {
  v1::Open by_name = OpenMessage().open();
  for (const char* name : {"cat", "ant"}) by_name.add_class_names(name);
  EXPECT_THAT(AcceptOpen(by_name, Teacher()),
              ErrorIs(absl::StatusCode::kFailedPrecondition, HasSubstr("open.class_names")));
  by_name.set_class_subset(true);
  v1::Open by_index = OpenMessage().open();
  for (const int64_t index : {2, 0}) by_index.add_class_indices(index);
  for (const v1::Open& open : {by_name, by_index}) {
    const auto terms = AcceptOpen(open, Teacher());
    ASSERT_THAT(terms, IsOk());
    EXPECT_THAT(*terms->class_order, ElementsAre(2, 0));
    EXPECT_EQ(terms->classes, 2);
    const ModelInfo answers = DescribeAnswers(Teacher().info, *terms);
    EXPECT_EQ(answers.classes, 2);
    EXPECT_THAT(answers.class_names, ElementsAre("cat", "ant"));
  }
  by_index.add_class_names("bee");
  EXPECT_THAT(AcceptOpen(by_index, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("class_indices")));
}

TEST(AcceptOpenTest, TargetsAreOfTheClassesThatWereChosen) {
  v1::Open open = OpenMessage().open();
  for (const int64_t index : {2, 0}) open.add_class_indices(index);
  open.mutable_targets()->set_encoding(v1::TARGET_ENCODING_TOP_K);
  open.mutable_targets()->set_k(3);
  EXPECT_THAT(AcceptOpen(open, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("open.targets")));
  open.mutable_targets()->set_k(2);
  EXPECT_THAT(AcceptOpen(open, Teacher()), IsOk());
}

TEST(AcceptOpenTest, AllClassesInAnotherOrderAreDescribedInTheModelsOwn) {
  v1::Open open = OpenMessage().open();
  for (const char* name : {"cat", "bee", "ant"}) open.add_class_names(name);
  const auto terms = AcceptOpen(open, Teacher());
  ASSERT_THAT(terms, IsOk());
  EXPECT_EQ(DescribeAnswers(Teacher().info, *terms), Teacher().info);
}

ServedTeacher TeacherOfFeatures() {
  ServedTeacher teacher = Teacher();
  teacher.info.outputs = {{"logits", OutputKind::kLogits, 3, 1},
                          {"features", OutputKind::kFeatures, 64, 1}};
  return teacher;
}

v1::Open OpenOutputs(const std::vector<std::pair<std::string, v1::TargetEncoding>>& outputs) {
  v1::Open open;
  for (const auto& [name, encoding] : outputs) {
    v1::OutputRequest* request = open.add_outputs();
    request->set_name(name);
    request->mutable_targets()->set_encoding(encoding);
  }
  return open;
}

TEST(AcceptOpenTest, OutputsAreGrantedInTheOrderInWhichTheyAreNamed) {
  v1::Open open = OpenOutputs(
      {{"features", v1::TARGET_ENCODING_DENSE_F16}, {"logits", v1::TARGET_ENCODING_DENSE_F32}});
  for (const int64_t index : {2, 0}) open.add_class_indices(index);
  const auto terms = AcceptOpen(open, TeacherOfFeatures());
  ASSERT_THAT(terms, IsOk());
  EXPECT_TRUE(terms->names_outputs);
  ASSERT_EQ(terms->outputs.size(), 2u);
  EXPECT_EQ(terms->outputs[0].spec.width, 64);
  EXPECT_EQ(terms->outputs[0].wanted.output, 1u);
  EXPECT_EQ(terms->outputs[0].wanted.encoding.spec.kind, OutputKind::kFeatures);
  EXPECT_EQ(terms->outputs[0].wanted.encoding.class_order, nullptr);
  EXPECT_EQ(terms->outputs[1].spec.width, 2);
  EXPECT_EQ(terms->outputs[1].wanted.output, 0u);
  EXPECT_THAT(*terms->outputs[1].wanted.encoding.class_order, ElementsAre(2, 0));
  const ModelInfo answers = DescribeAnswers(TeacherOfFeatures().info, *terms);
  EXPECT_EQ(answers.outputs[0].width, 2);
  EXPECT_EQ(answers.outputs[1].width, 64);
}

TEST(AcceptOpenTest, LogitsAloneAreWhatAStreamThatNamesNoOutputsIsAbout) {
  const v1::Open named = OpenOutputs({{"logits", v1::TARGET_ENCODING_DENSE_F32}});
  for (const v1::Open& open : {named, OpenMessage().open()}) {
    const auto terms = AcceptOpen(open, TeacherOfFeatures());
    ASSERT_THAT(terms, IsOk());
    EXPECT_FALSE(terms->names_outputs);
    EXPECT_THAT(DescribeAnswers(TeacherOfFeatures().info, *terms).outputs, ::testing::IsEmpty());
  }
}

TEST(AcceptOpenTest, OutputsThatCannotBeGrantedAreNamed) {
  const auto f32 = v1::TARGET_ENCODING_DENSE_F32;
  const struct {
    v1::Open open;
    const char* expected;
  } cases[] = {
      {OpenOutputs({{"logits", f32}, {"hidden.3", f32}}),
       "open.outputs[1]: the output is 'hidden.3'; must be one of 'logits', 'features'"},
      {OpenOutputs({{"features", f32}, {"features", f32}}),
       "open.outputs[1]: the output 'features' repeats"},
      {OpenOutputs({{"features", v1::TARGET_ENCODING_UNSPECIFIED}}), "open.outputs[0]"},
      {OpenOutputs({{"features", v1::TARGET_ENCODING_SAMPLED}}),
       "open.outputs[0]: the encoding of features is sampled; must be f32, f16 or bf16"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(AcceptOpen(c.open, TeacherOfFeatures()),
                ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.expected)));
  }
  v1::Open both = OpenOutputs({{"features", f32}});
  both.mutable_targets()->set_encoding(f32);
  EXPECT_THAT(AcceptOpen(both, TeacherOfFeatures()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("open.targets")));
}

TEST(AcceptOpenTest, AModelWithoutLogitsServesItsOutputsAlone) {
  ServedTeacher teacher = Teacher();
  teacher.info.classes = 0;
  teacher.info.class_names.clear();
  teacher.info.outputs = {{"pooled", OutputKind::kFeatures, 8, 1}};
  EXPECT_THAT(AcceptOpen(OpenOutputs({{"pooled", v1::TARGET_ENCODING_DENSE_F32}}), teacher),
              IsOk());
  EXPECT_THAT(AcceptOpen(OpenMessage().open(), teacher),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("open.targets: the output is 'logits'; must be one of 'pooled'")));
}

TEST(AcceptOpenTest, AClientNameOf128BytesIsTheLongest) {
  v1::Open open = OpenMessage().open();
  open.set_client(std::string(128, 'x'));
  EXPECT_THAT(AcceptOpen(open, Teacher()), IsOk());
  open.set_client(std::string(129, 'x'));
  EXPECT_THAT(AcceptOpen(open, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("open.client is 129 bytes; must be at most 128")));
}

// A language model of 50,257 tokens.
ServedTeacher TeacherOfSequences() {
  ServedTeacher teacher;
  teacher.info.inputs = {{"input_ids", DType::kInt64, {-1}}};
  teacher.info.classes = 50257;
  teacher.info.rows_per_sample = -1;
  return teacher;
}

v1::Open RaggedOpen(int64_t max_rows, v1::TargetEncoding encoding) {
  v1::Open open = OpenMessage().open();
  open.set_ragged(true);
  open.set_max_rows_per_sample(max_rows);
  open.mutable_targets()->set_encoding(encoding);
  return open;
}

TEST(AcceptOpenTest, SequencesWhoseAnswerFitsNoMessageAreRefusedWithWhatFits) {
  EXPECT_THAT(AcceptOpen(RaggedOpen(256, v1::TARGET_ENCODING_DENSE_F16), TeacherOfSequences()),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      AllOf(HasSubstr("24.5 MiB"), HasSubstr("4.00 MiB"), HasSubstr("top_k"))));
  const auto few = AcceptOpen(RaggedOpen(40, v1::TARGET_ENCODING_DENSE_F16), TeacherOfSequences());
  ASSERT_THAT(few, IsOk());
  EXPECT_TRUE(few->ragged);
  // Unless the client names how many rows it needs, these are as many as the longest sample has.
  EXPECT_THAT(AcceptOpen(RaggedOpen(0, v1::TARGET_ENCODING_DENSE_F16), TeacherOfSequences()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("the 8192 rows of a sample")));
}

TEST(AcceptOpenTest, RowsPerSampleThatCannotBeAreRefused) {
  EXPECT_THAT(AcceptOpen(RaggedOpen(-1, v1::TARGET_ENCODING_DENSE_F32), Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument,
                      HasSubstr("open.max_rows_per_sample is -1; must be 0 or more")));
  // No request has more rows than max_length.
  EXPECT_THAT(AcceptOpen(RaggedOpen(1 << 30, v1::TARGET_ENCODING_DENSE_F32), Teacher()), IsOk());
  v1::Open plain = OpenMessage().open();
  plain.set_max_rows_per_sample(5);
  EXPECT_THAT(AcceptOpen(plain, Teacher()),
              ErrorIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be 0 on a stream that")));
}

}  // namespace
}  // namespace distill
