#include "student_trainer/report/report_page.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "common/base/files.h"
#include "common/model_directory/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace distill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

HostTensor Floats(Shape shape, const std::vector<float>& values) {
  return {.dtype = DType::kFloat32,
          .shape = std::move(shape),
          .bytes = Bytes::FromString(std::string(reinterpret_cast<const char*>(values.data()),
                                                 values.size() * sizeof(float)))};
}

HostTensor Labels(const std::vector<int64_t>& labels) {
  return {.dtype = DType::kInt64,
          .shape = {static_cast<int64_t>(labels.size())},
          .bytes = Bytes::FromString(std::string(reinterpret_cast<const char*>(labels.data()),
                                                 labels.size() * sizeof(int64_t)))};
}

class ReportPageTest : public ::testing::Test {
 protected:
  // A run directory, finished unless the last record is taken away.
  std::filesystem::path WriteRun(const std::string& name, const std::string& pixels = "ab") {
    const std::filesystem::path run = dir_.path() / name;
    std::filesystem::create_directories(run);
    EXPECT_THAT(WriteFileAtomically(run / "report.json", set_up_.dump()), IsOk());
    EXPECT_THAT(WriteFileAtomically(run / "metrics.jsonl", metrics_), IsOk());
    const TensorMap samples = {
        {"inputs",
         {.dtype = DType::kUint8, .shape = {2, 1, 1, 1}, .bytes = Bytes::FromString(pixels)}},
        {"labels", Labels({1, 0})},
        {"teacher_logits", Floats({2, 2}, {1, 2, 3, 4})},
        {"student_logits", Floats({2, 2}, {5, 6, 7, 8})}};
    EXPECT_THAT(WriteSafetensors(run / "samples.safetensors", samples), IsOk());
    return run;
  }

  nlohmann::json set_up_ = {{"student", "mlp_small"},
                            {"classes", {"cat", "dog"}},
                            {"class_count", 2},
                            {"labels", "l"},
                            {"data", "digest"},
                            {"teacher", "t (cnn)"},
                            {"objective", "kd"},
                            {"alpha", 0.9},
                            {"temperature", 2},
                            {"figures", nullptr},
                            {"quality", {{"accuracy", 0.5}}}};
  std::string metrics_ =
      R"({"kind":"epoch","epoch":0,"step":5,"loss":2.0,"validation":{"samples":9,"errors":3,"loss":1}})"
      "\n"
      R"({"kind":"epoch","epoch":1,"step":10,"loss":1.0,"validation":{"samples":9,"errors":4,"loss":2}})"
      "\n"
      R"({"kind":"end","steps":10})"
      "\n";
  const testing::TempDir dir_;
};

TEST_F(ReportPageTest, ARunIsDescribedByWhatLiesInItsDirectory) {
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["title"], "student");
  EXPECT_EQ((*data)["classes"], nlohmann::json({"cat", "dog"}));
  const nlohmann::json& run = (*data)["runs"][0];
  EXPECT_EQ(run["name"], "student");
  EXPECT_EQ(run["finished"], true);
  EXPECT_EQ(run["objective"], "kd");
  EXPECT_EQ(run["best_epoch"], 1);  // versions before the rate was recorded counted from 0
  EXPECT_EQ(run["epochs"].size(), 2U);
  EXPECT_EQ(run["epochs"][1]["loss"], 1.0);
  EXPECT_EQ(run["quality"]["accuracy"], 0.5);
}

TEST_F(ReportPageTest, EpochsAreCountedFromOneInEveryRecord) {
  metrics_ = R"({"kind":"epoch","epoch":0,"validation":{"samples":9,"errors":3,"loss":1}})"
             "\n"
             R"({"kind":"epoch","epoch":2,"lr":0.1,"validation":{"samples":9,"errors":2,"loss":2}})"
             "\n";
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  const nlohmann::json& run = (*data)["runs"][0];
  EXPECT_EQ(run["epochs"][0]["epoch"], 1);
  EXPECT_EQ(run["epochs"][1]["epoch"], 2);
  EXPECT_EQ(run["best_epoch"], 2);
}

TEST_F(ReportPageTest, SamplesHaveTheLogitsOfBothSides) {
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  const nlohmann::json& sample = (*data)["samples"][1];
  EXPECT_EQ(sample["label"], 0);
  EXPECT_EQ(sample["image"]["data"], absl::Base64Escape("b"));
  const float teacher[] = {3, 4}, student[] = {7, 8};
  EXPECT_EQ((*data)["teacher_of"], nlohmann::json::array({0}));
  EXPECT_EQ(sample["teachers"][0],
            absl::Base64Escape({reinterpret_cast<const char*>(teacher), sizeof(teacher)}));
  EXPECT_EQ(sample["students"][0],
            absl::Base64Escape({reinterpret_cast<const char*>(student), sizeof(student)}));
}

TEST_F(ReportPageTest, AnUnfinishedRunIsSaidToBeSoAndAHalfWrittenLineIsNoRecord) {
  metrics_ = metrics_.substr(0, metrics_.find("{\"kind\":\"end\"")) + R"({"kind":"epo)";
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["runs"][0]["finished"], false);
  EXPECT_EQ((*data)["runs"][0]["epochs"].size(), 2U);
}

TEST_F(ReportPageTest, ARunThatWasKilledBeforeItsFirstStepHasNoEpochs) {
  const std::filesystem::path run = WriteRun("student");
  std::filesystem::remove(run / "metrics.jsonl");
  const auto data = ReportData(std::vector{run});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["runs"][0]["finished"], false);
  EXPECT_TRUE((*data)["runs"][0]["epochs"].empty());
}

TEST_F(ReportPageTest, ALossThatIsNotFiniteIsTheWorst) {
  metrics_ =
      R"({"kind":"epoch","epoch":0,"step":5,"validation":{"samples":9,"errors":4,"loss":null}})"
      "\n" +
      metrics_.substr(metrics_.find('\n') + 1);
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["runs"][0]["best_epoch"], 2);
}

TEST_F(ReportPageTest, RunsOfOneNameAreToldByTheirFolders) {
  std::filesystem::create_directories(dir_.path() / "a");
  const std::filesystem::path one = WriteRun("a/student"), other = WriteRun("student");
  const auto data = ReportData(std::vector{one, other, WriteRun("third")});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["runs"][0]["name"], one.string());
  EXPECT_EQ((*data)["runs"][1]["name"], other.string());
  EXPECT_EQ((*data)["runs"][2]["name"], "third");
}

TEST_F(ReportPageTest, EpochsThatWereNotValidatedHaveACurveOfTheirLossAlone) {
  metrics_ = R"({"kind":"epoch","epoch":0,"step":5,"loss":2.0})"
             "\n" +
             metrics_.substr(metrics_.find('\n') + 1);
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  const nlohmann::json& run = (*data)["runs"][0];
  EXPECT_TRUE(run["epochs"][0]["validation"].is_null());
  EXPECT_EQ(run["epochs"][0]["loss"], 2.0);
  EXPECT_EQ(run["best_epoch"], 2);
}

TEST_F(ReportPageTest, RunsOfOtherDataAreNamedAndRefused) {
  const std::filesystem::path first = WriteRun("first");
  set_up_["data"] = "another";
  EXPECT_THAT(ReportData(std::vector{first, WriteRun("second")}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("second"), HasSubstr("first"))));
}

TEST_F(ReportPageTest, AnUnfinishedRunIsComparedByItsLabels) {
  const std::filesystem::path first = WriteRun("first");
  set_up_["data"] = nullptr;
  const std::filesystem::path unfinished = WriteRun("unfinished");
  set_up_["data"] = "another";
  const std::filesystem::path other = WriteRun("other");
  EXPECT_THAT(ReportData(std::vector{first, unfinished}), IsOk());
  EXPECT_THAT(ReportData(std::vector{unfinished, first, other}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("other"), HasSubstr("first"))));

  set_up_["data"] = nullptr;
  set_up_["labels"] = "another";
  EXPECT_THAT(ReportData(std::vector{first, WriteRun("labels")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("labels")));
}

TEST_F(ReportPageTest, AStudentThatWasShownOtherSamplesHasNoLogitsOfThese) {
  const auto data = ReportData(std::vector{WriteRun("first"), WriteRun("second", "cd")});
  ASSERT_THAT(data, IsOk());
  EXPECT_TRUE((*data)["samples"][0]["students"][0].is_string());
  EXPECT_TRUE((*data)["samples"][0]["students"][1].is_null());
  EXPECT_EQ((*data)["other_samples"], nlohmann::json::array({false, true}));
  EXPECT_EQ((*data)["title"], "2 runs");
}

TEST_F(ReportPageTest, ClassesWithoutNamesHaveNumbers) {
  set_up_["classes"] = nlohmann::json::array();
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ((*data)["classes"], nlohmann::json({"class 0", "class 1"}));
}

TEST_F(ReportPageTest, WhatIsNoRunIsNamed) {
  EXPECT_THAT(ReportData(std::vector<std::filesystem::path>{dir_.path() / "none"}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("none is not a run directory of student_trainer: ")));
  const std::filesystem::path run = WriteRun("student");
  ASSERT_THAT(WriteFileAtomically(run / "report.json", "[]"), IsOk());
  EXPECT_THAT(ReportData(std::vector{run}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("report.json")));
}

TEST_F(ReportPageTest, NamesCannotEndTheScriptThatHoldsThem) {
  set_up_["classes"] = {"</script><script>alert(1)</script>", "a & b"};
  const auto data = ReportData(std::vector{WriteRun("student")});
  ASSERT_THAT(data, IsOk());
  const std::string page = ReportPage(*data);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, HasSubstr("\\u003c/script\\u003e"));
  EXPECT_THAT(page, Not(HasSubstr("@DATA@")));
}

TEST_F(ReportPageTest, BytesThatAreNoTextAreReplaced) {
  EXPECT_THAT(ReportPage({{"title", "a\xff"}}), HasSubstr("a\\ufffd"));
}

TEST_F(ReportPageTest, ThePageIsOneFile) {
  ASSERT_THAT(WriteReport(std::vector{WriteRun("student")}, dir_.path() / "page.html"), IsOk());
  const std::string page = absl::StrReplaceAll(*ReadFile(dir_.path() / "page.html"),
                                               {{"http://www.w3.org/2000/svg", "the namespace"}});
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  EXPECT_THAT(page, Not(HasSubstr("src=\"")));
}

}  // namespace
}  // namespace distill
