#include "student_trainer/commands/train_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using testing::IsOk;

const ResolvedFor kLarge = {.shape = {3, 32, 32}, .samples = 5000};

nlohmann::json Deciding(const TrainSettings& options) {
  const absl::StatusOr<nlohmann::json> json = DecidingOptions(options, kLarge);
  EXPECT_THAT(json.status(), IsOk());
  return json.value_or(nlohmann::json());
}

TrainSettings WithTeacher() {
  TrainSettings options;
  options.teacher.access.addresses = {"gpu:50051"};
  return options;
}

TEST(DecidingOptionsTest, ADefaultEqualsTheSameValueGiven) {
  TrainSettings given = WithTeacher();
  given.run.batch_size = kUsualBatchSize;
  given.step.lr = 0.1;
  given.loss.alpha = 0.9;
  given.loss.final_alpha = 0.9;
  given.loss.temperature = 2;
  given.loss.final_temperature = 2;
  given.loss.objective_parameters = "";
  EXPECT_EQ(Deciding(given), Deciding(WithTeacher()));
}

TEST(DecidingOptionsTest, WhatChangesTheWeightsIsAmongThem) {
  const nlohmann::json usual = Deciding(WithTeacher());
  const auto differs = [&](auto change) {
    TrainSettings options = WithTeacher();
    change(options);
    return Deciding(options) != usual;
  };
  EXPECT_TRUE(differs([](TrainSettings& o) { o.step.lr = 0.2; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.run.seed = 1; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.views.preset = "light"; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.loss.alpha = 0.5; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.loss.temperature = 4; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.loss.objective = "dkd"; }));
  EXPECT_TRUE(differs([](TrainSettings& o) { o.teacher.encoding = TargetEncoding::kDenseF32; }));
}

TEST(DecidingOptionsTest, PlacesAndSpeedAreNotAmongThem) {
  TrainSettings moved = WithTeacher();
  moved.teacher.access.addresses = {"other:1", "other:2"};
  moved.run.run_dir = "elsewhere";
  moved.run.threads = 7;
  moved.loader_threads = 3;
  moved.run.checkpoint_every = 5;
  moved.teacher.on_loss = TeacherLossPolicy::kHardLabels;
  EXPECT_EQ(Deciding(moved), Deciding(WithTeacher()));
}

TEST(DecidingOptionsTest, WithoutATeacherItsOptionsDecideNothing) {
  TrainSettings hard_labels;
  hard_labels.loss.objective = "dkd";
  hard_labels.loss.temperature = 4;
  hard_labels.teacher.encoding = TargetEncoding::kDenseF32;
  EXPECT_EQ(Deciding(hard_labels), Deciding(TrainSettings()));
}

TEST(DecidingOptionsTest, OfAScheduleOrAnOptimizerThatIsNotUsedNothingIsCompared) {
  TrainSettings options;
  options.step.gamma = 0.5;
  EXPECT_EQ(Deciding(options), Deciding(TrainSettings()));
  options.step.schedule = ScheduleKind::kStep;
  EXPECT_EQ(Deciding(options)["gamma"], 0.5);
  options.step.optimizer.kind = OptimizerKind::kAdamW;
  EXPECT_FALSE(Deciding(options).contains("momentum"));
}

// Another value of each flag than that of Base().
const std::map<std::string, std::string>& OtherValues() {
  static const auto* const kValues =
      new std::map<std::string, std::string>{{"train", "other"},
                                             {"unlabelled", "more"},
                                             {"val", "val"},
                                             {"test", "test"},
                                             {"class_names", "names"},
                                             {"val_fraction", "0.2"},
                                             {"val_count", "7"},
                                             {"label_fraction", "0.5"},
                                             {"label_count", "9"},
                                             {"split_seed", "3"},
                                             {"image_size", "24x32"},
                                             {"image_channels", "1"},
                                             {"max_pixels", "1000"},
                                             {"max_corrupt", "2"},
                                             {"loader_threads", "3"},
                                             {"views", "none"},
                                             {"crop_scale", "0.5"},
                                             {"pad", "1"},
                                             {"flip", "true"},
                                             {"rand_augment_ops", "1"},
                                             {"rand_augment_magnitude", "5"},
                                             {"brightness", "0.1"},
                                             {"contrast", "0.1"},
                                             {"saturation", "0.1"},
                                             {"hue", "0.1"},
                                             {"mixup", "0.5"},
                                             {"cutmix", "0.5"},
                                             {"student", "other"},
                                             {"student_arguments", "{}"},
                                             {"init_from", "model"},
                                             {"student_resolution", "16"},
                                             {"run_dir", "elsewhere"},
                                             {"epochs", "11"},
                                             {"batch_size", "20"},
                                             {"optimizer", "adamw"},
                                             {"lr", "0.2"},
                                             {"schedule", "cosine"},
                                             {"final_fraction", "0.1"},
                                             {"decay_at", "0.4"},
                                             {"gamma", "0.5"},
                                             {"momentum", "0.8"},
                                             {"weight_decay", "0.1"},
                                             {"warmup_epochs", "1"},
                                             {"clip_norm", "1"},
                                             {"max_norm", "2"},
                                             {"accumulate", "2"},
                                             {"ema_decay", "0.9"},
                                             {"label_smoothing", "0.1"},
                                             {"autocast", "bf16"},
                                             {"device", "cuda"},
                                             {"validate_every", "2"},
                                             {"seed", "5"},
                                             {"threads", "2"},
                                             {"deterministic", "true"},
                                             {"resume", "true"},
                                             {"resume_anyway", "true"},
                                             {"checkpoint_every", "5"},
                                             {"keep_checkpoints", "3"},
                                             {"teacher", "other:1"},
                                             {"tls", "true"},
                                             {"tls_ca", "ca"},
                                             {"tls_cert", "cert"},
                                             {"tls_key", "key"},
                                             {"tls_server_name", "name"},
                                             {"token_file", "token"},
                                             {"teacher_model", "large"},
                                             {"teacher_classes", "1,0"},
                                             {"connect_timeout", "3s"},
                                             {"alpha", "0.5"},
                                             {"final_alpha", "0.25"},
                                             {"temperature", "3"},
                                             {"final_temperature", "4"},
                                             {"encoding", "f32"},
                                             {"k", "3"},
                                             {"draws", "4"},
                                             {"objective", "jsd"},
                                             {"objective_parameters", "lambda=0.2"},
                                             {"standardize_logits", "true"},
                                             {"on_teacher_loss", "fail"},
                                             {"allow_misaligned_teacher", "true"}};
  return *kValues;
}

// Settings in which every flag of the identity is used.
TrainSettings Base() {
  TrainSettings settings = WithTeacher();
  settings.step.schedule = ScheduleKind::kStep;
  settings.teacher.encoding = TargetEncoding::kHeadSampled;
  settings.loss.objective = "skew_kl";
  return settings;
}

TEST(TrainFlagsTest, EachFlagIsOfTheIdentityOrFreeAsItsRowSays) {
  std::set<std::string> names;
  for (const TrainFlag& flag : TrainFlags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name << " has two rows";
    const auto other = OtherValues().find(flag.name);
    ASSERT_NE(other, OtherValues().end()) << flag.name << " is new: give it another value above";
    TrainSettings settings = Base();
    CLI::App app;
    const CLI::Option* const option = flag.name == "val_count" || flag.name == "label_count"
                                          ? nullptr  // these exclude another
                                          : flag.add(app, settings);
    if (option == nullptr) continue;
    ASSERT_NO_THROW(app.parse(std::vector<std::string>{"--" + flag.name + "=" + other->second}))
        << flag.name;
    EXPECT_EQ(Deciding(settings) != Deciding(Base()), flag.identity != nullptr) << flag.name;
  }
  EXPECT_EQ(names.size(), OtherValues().size());
}

TEST(TrainFlagsTest, DefaultsInTheHelpAreThoseOfTheStructs) {
  TrainSettings settings;
  CLI::App app;
  AddTrainFlags(app, settings);
  EXPECT_EQ(app.get_option("--epochs")->get_default_str(), "10");
  EXPECT_EQ(app.get_option("--weight_decay")->get_default_str(), "0.0005");
  EXPECT_EQ(app.get_option("--schedule")->get_default_str(), "cosine");
  EXPECT_EQ(app.get_option("--encoding")->get_default_str(), "f16");
  EXPECT_THAT(app.get_option("--alpha")->get_description(), ::testing::HasSubstr("default 0.9"));
}

}  // namespace
}  // namespace distill
