#include "common/zoo/registry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/known_names.h"
#include "common/base/status_macros.h"
#include "common/torch/torch_errors.h"
#include "common/zoo/family.h"

namespace distill {
namespace {

const std::vector<Family>& Families() {
  static const auto* const families = [] {
    auto* const all = new std::vector<Family>;
    for (Family (*const family)() : kFamilies) all->push_back(family());
    return all;
  }();
  return *families;
}

}  // namespace

std::vector<std::string> StudentNames() {
  std::vector<std::string> names;
  for (const Family& family : Families()) {
    for (const Family::Variant& variant : family.variants) names.push_back(variant.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<Architecture> ArchitectureOf(absl::string_view student_name,
                                            const Shape& input_shape, int64_t classes) {
  for (const Family& family : Families()) {
    for (const Family::Variant& variant : family.variants) {
      if (variant.name != student_name) continue;
      if (std::any_of(input_shape.begin(), input_shape.end(), [](int64_t n) { return n <= 0; })) {
        return InvalidValue(absl::StrCat(variant.name, ": the shape of the inputs"),
                            ToString(input_shape), "fixed");
      }
      if (classes < 2 || classes > kMaxModelClasses) {
        return InvalidValue(absl::StrCat(variant.name, ": the number of classes"), classes,
                            absl::StrCat("2 to ", kMaxModelClasses));
      }
      Architecture architecture{family.name, variant.arguments};
      RETURN_IF_ERROR(family.fit(input_shape, classes, architecture.arguments), variant.name);
      return architecture;
    }
  }
  return InvalidValue("the student", absl::StrCat("'", student_name, "'"),
                      DescribeKnownNames(student_name, StudentNames()));
}

absl::StatusOr<std::shared_ptr<Model>> CreateModel(const Architecture& architecture) {
  std::vector<std::string> names;
  for (const Family& family : Families()) {
    if (family.name == architecture.name) {
      absl::StatusOr<std::shared_ptr<Model>> model;
      const absl::Status made = CatchTorch([&] { model = family.create(architecture.arguments); });
      if (!made.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            architecture.name, ": Torch cannot make a model of these arguments: ", made.message()));
      }
      return model;
    }
    names.push_back(family.name);
  }
  return InvalidValue("the architecture", absl::StrCat("'", architecture.name, "'"),
                      DescribeKnownNames(architecture.name, names));
}

}  // namespace distill
