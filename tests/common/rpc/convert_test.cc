#include "common/rpc/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace distill {
namespace {

using ::testing::HasSubstr;

ModelInfo SampleModel() {
  return {.name = "m",
          .fingerprint = std::string(64, 'a'),
          .architecture = "mlp",
          .inputs = {{"image", DType::kUint8, {1, 28, 28}}, {"tokens", DType::kInt64, {-1}}},
          .outputs = {{"logits", OutputKind::kLogits, 2, 1},
                      {"features", OutputKind::kFeatures, 512, 1}},
          .classes = 2,
          .class_names = {"cat", "dog"}};
}

TEST(ConvertTest, EveryDTypeSurvivesTheRoundTrip) {
  for (int value = v1::DType_MIN + 1; value <= v1::DType_MAX; ++value) {
    const auto dtype = FromProto(static_cast<v1::DType>(value));
    ASSERT_TRUE(dtype.ok()) << value;
    EXPECT_EQ(ToProto(*dtype), value);
    EXPECT_EQ(v1::DType_Name(ToProto(*dtype)).substr(6).size(), Name(*dtype).size());
  }
}

TEST(ConvertTest, EveryEncodingSurvivesTheRoundTrip) {
  for (int value = v1::TargetEncoding_MIN + 1; value <= v1::TargetEncoding_MAX; ++value) {
    v1::TargetSpec message;
    message.set_encoding(static_cast<v1::TargetEncoding>(value));
    message.set_k(3);
    message.set_draws(4);
    const auto spec = FromProto(message);
    ASSERT_TRUE(spec.ok()) << value;
    EXPECT_EQ(ToProto(*spec).SerializeAsString(), message.SerializeAsString());
  }
}

TEST(ConvertTest, EnumsThatAreUnspecifiedOrUnknownAreNamed) {
  EXPECT_THAT(std::string(FromProto(v1::DTYPE_UNSPECIFIED).status().message()),
              HasSubstr("the dtype is unspecified; must be a known value"));
  EXPECT_THAT(std::string(FromProto(static_cast<v1::DType>(99)).status().message()),
              HasSubstr("the dtype is 99; must be a known value"));
  v1::TargetSpec spec;
  EXPECT_THAT(std::string(FromProto(spec).status().message()),
              HasSubstr("the target encoding is unspecified; must be"));
  spec.set_encoding(static_cast<v1::TargetEncoding>(77));
  EXPECT_THAT(std::string(FromProto(spec).status().message()),
              HasSubstr("the target encoding is 77; must be"));
}

TEST(ConvertTest, ModelNumericsAndLimitsSurviveTheRoundTrip) {
  EXPECT_EQ(*FromProto(ToProto(SampleModel())), SampleModel());
  const Numerics numerics = {.runner = "zoo",
                             .dtype = "float32",
                             .device = "cpu",
                             .libtorch_version = "2.13.0",
                             .intra_op_threads = 2,
                             .blas = "mkl",
                             .fixed_batch_size = 64};
  EXPECT_EQ(FromProto(ToProto(numerics)), numerics);
  const StreamLimits limits = {.credits = 7, .max_request_samples = 6, .max_message_bytes = 5};
  EXPECT_EQ(*FromProto(ToProto(limits)), limits);
}

TEST(ConvertTest, AModelThatCannotBeIsRefused) {
  struct Case {
    std::function<void(v1::ModelInfo&)> change;
    const char* message;
  };
  const Case cases[] = {
      {[](v1::ModelInfo& m) { m.set_fingerprint(""); }, ": it has no fingerprint"},
      {[](v1::ModelInfo& m) { m.clear_inputs(); }, ": it has no inputs"},
      {[](v1::ModelInfo& m) { m.set_classes(0); }, "the number of classes is 0; must be 1 or more"},
      {[](v1::ModelInfo& m) { m.set_classes(3); },
       "the number of class names is 2; must be 0 or 3, one per class"},
      {[](v1::ModelInfo& m) { m.mutable_inputs(1)->set_dtype(v1::DTYPE_UNSPECIFIED); },
       "the dtype is unspecified"},
      {[](v1::ModelInfo& m) { m.mutable_inputs(0)->set_shape(1, 0); },
       "is [1, 0, 28]; must be positive"},
      {[](v1::ModelInfo& m) { m.mutable_outputs(0)->set_kind(v1::OUTPUT_KIND_UNSPECIFIED); },
       "output 'logits': the kind is unspecified"},
      {[](v1::ModelInfo& m) { m.mutable_outputs(1)->set_width(0); },
       "output 'features': the width is 0; must be 1 or more"},
      {[](v1::ModelInfo& m) { m.mutable_outputs(1)->set_rows_per_sample(-2); },
       "output 'features': rows per sample is -2"},
      {[](v1::ModelInfo& m) { m.mutable_inputs(0)->set_shape(1, -2); },
       "is [1, -2, 28]; must be positive"},
  };
  for (const Case& c : cases) {
    v1::ModelInfo message = ToProto(SampleModel());
    c.change(message);
    const auto model = FromProto(message);
    EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(model.status().message()),
                ::testing::AllOf(HasSubstr(c.message), testing::FollowsGrammar()));
  }
}

TEST(ConvertTest, LimitsThatAllowNoRequestAreRefused) {
  const StreamLimits cases[] = {{0, 0, 1}, {5, 6, 1}, {5, 5, 0}, {-1, -1, 1}, {1, 1, -1}};
  for (const StreamLimits& limits : cases) {
    EXPECT_EQ(FromProto(ToProto(limits)).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ConvertTest, TensorsShareTheirPayloadsMemory) {
  const HostTensor sent = {DType::kInt16, {2, 2}, Bytes::FromString("12345678")};
  v1::Request request;
  *request.add_tensors() = ToProto(sent);
  const auto received = InputsFromProto(request.tensors(), {sent.bytes});
  ASSERT_TRUE(received.ok()) << received.status();
  ASSERT_EQ(received->size(), 1u);
  const HostTensor& values = (*received)[0].values;
  EXPECT_EQ(values.dtype, sent.dtype);
  EXPECT_EQ(values.shape, sent.shape);
  EXPECT_EQ(values.bytes.piece(0).data(), sent.bytes.piece(0).data());
  EXPECT_TRUE((*received)[0].lengths.empty());
}

TEST(ConvertTest, TensorsThatDoNotFitTheirPayloadsAreRefused) {
  struct Case {
    HostTensor tensor;
    std::vector<Bytes> payloads;
  };
  const Bytes four = Bytes::FromString("1234");
  const Case cases[] = {
      {{DType::kUint8, {4}}, {}},
      {{DType::kUint8, {4}}, {four, four}},
      {{DType::kUint8, {5}}, {four}},
      {{DType::kUint8, {2, -2}}, {four}},
      {{DType::kFloat64, {std::numeric_limits<int64_t>::max() / 2, 8}}, {four}},
      {{DType::kUint8, {int64_t{1} << 32, int64_t{1} << 32}}, {Bytes()}},
  };
  for (const Case& c : cases) {
    v1::Request request;
    *request.add_tensors() = ToProto(c.tensor);
    EXPECT_EQ(InputsFromProto(request.tensors(), c.payloads).status().code(),
              absl::StatusCode::kInvalidArgument)
        << ToString(c.tensor.shape);
  }
  v1::Request request;
  request.add_tensors()->add_shape(4);
  EXPECT_THAT(std::string(InputsFromProto(request.tensors(), {four}).status().message()),
              HasSubstr("tensor 0: the dtype is unspecified"));
}

v1::Targets TargetsMessage(int64_t rows, int64_t classes) {
  v1::Targets targets;
  targets.set_rows(rows);
  targets.set_classes(classes);
  return targets;
}

TEST(ConvertTest, TargetsTakeThePartsOfTheirEncoding) {
  const TargetSpec f16 = {.encoding = TargetEncoding::kDenseF16};
  const auto targets = TargetsFromProto(
      TargetsMessage(2, 3), {f16},
      {Bytes::FromString(std::string(12, 'l')), Bytes::FromString(std::string(8, 'm'))});
  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 1u);
  const EncodedTargets& logits = targets->front();
  EXPECT_EQ(logits.spec, f16);
  EXPECT_EQ(logits.rows, 2);
  EXPECT_EQ(logits.classes, 3);
  ASSERT_EQ(logits.parts.size(), 2u);
  EXPECT_EQ(logits.parts[0].shape, (Shape{2, 3}));
  EXPECT_EQ(logits.parts[1].bytes.ToString(), "mmmmmmmm");
}

TEST(ConvertTest, TargetsOfSeveralOutputsSurviveTheRoundTrip) {
  const TargetSpec logits = {.encoding = TargetEncoding::kDenseF16};
  const TargetSpec features = {.encoding = TargetEncoding::kDenseF16,
                               .kind = OutputKind::kFeatures};
  const std::vector<EncodedTargets> targets = {
      {.spec = features,
       .rows = 2,
       .classes = 4,
       .parts = {{DType::kFloat16, {2, 4}, Bytes::FromString(std::string(16, 'f'))}}},
      {.spec = logits,
       .rows = 2,
       .classes = 3,
       .parts = {{DType::kFloat16, {2, 3}, Bytes::FromString(std::string(12, 'l'))},
                 {DType::kFloat32, {2}, Bytes::FromString(std::string(8, 'm'))}}}};
  v1::Targets header;
  const std::vector<Bytes> payloads = ToProto(targets, /*several=*/true, &header);
  ASSERT_EQ(payloads.size(), 3u);
  const TargetSpec specs[] = {features, logits};
  const auto read = TargetsFromProto(header, specs, payloads);
  ASSERT_TRUE(read.ok()) << read.status();
  for (size_t i = 0; i < targets.size(); ++i) {
    EXPECT_EQ((*read)[i].spec, targets[i].spec);
    EXPECT_EQ((*read)[i].classes, targets[i].classes);
    EXPECT_EQ((*read)[i].parts.back().bytes, targets[i].parts.back().bytes);
  }
  // One output too few, one too many, payloads too few, too many, of another width.
  EXPECT_FALSE(TargetsFromProto(header, {features}, payloads).ok());
  EXPECT_FALSE(TargetsFromProto(header, {features, logits, logits}, payloads).ok());
  EXPECT_FALSE(TargetsFromProto(header, specs, {payloads[0], payloads[1]}).ok());
  EXPECT_FALSE(TargetsFromProto(header, specs, {payloads[0], payloads[1], payloads[2], {}}).ok());
  header.mutable_outputs(0)->set_width(5);
  EXPECT_FALSE(TargetsFromProto(header, specs, payloads).ok());
  header.clear_outputs();
  EXPECT_FALSE(TargetsFromProto(header, specs, payloads).ok());
}

TEST(ConvertTest, TargetsThatDoNotFitTheirEncodingAreRefused) {
  struct Case {
    int64_t rows;
    int64_t classes;
    std::vector<Bytes> payloads;
  };
  const Bytes eight = Bytes::FromString("12345678");
  const Case cases[] = {
      {0, 2, {Bytes()}},
      {-1, -2, {eight}},
      {1, 0, {Bytes()}},
      {1, 3, {eight}},
      {1, 2, {}},
      {1, 2, {eight, eight}},
      {int64_t{1} << 62, 2, {eight}},
      {int64_t{1} << 32, int64_t{1} << 32, {Bytes()}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(TargetsFromProto(TargetsMessage(c.rows, c.classes), {TargetSpec{}}, c.payloads)
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << c.rows << " " << c.classes << " " << c.payloads.size();
  }
}

TEST(ConvertTest, StatusesKeepTheirCodeAndMessage) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
    EXPECT_EQ(static_cast<int>(ToGrpc(status).error_code()), code);
  }
  EXPECT_TRUE(FromGrpc(ToGrpc(absl::OkStatus())).ok());
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace distill
