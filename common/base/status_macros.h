// RETURN_IF_ERROR and ASSIGN_OR_RETURN, the project's way to hand an absl::Status upwards. What
// follows the expression says where the error happened, and is put together as by absl::StrCat:
//
//   ASSIGN_OR_RETURN(const Header header, ParseHeader(bytes), path.string());
//   RETURN_IF_ERROR(CheckShape(tensor), "tensor ", i);     // "tensor 3: the shape is …"
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

#define DISTILL_CONCAT_INNER(a, b) a##b
#define DISTILL_CONCAT(a, b) DISTILL_CONCAT_INNER(a, b)

// Returns from the function if `expression`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expression, ...)                                         \
  do {                                                                           \
    if (absl::Status status_ = (expression); !status_.ok()) {                    \
      return ::distill::Annotate(std::move(status_), absl::StrCat(__VA_ARGS__)); \
    }                                                                            \
  } while (false)

// ASSIGN_OR_RETURN(auto value, StatusOrExpression()): the value, or return its status.
#define ASSIGN_OR_RETURN(declaration, expression, ...)                                    \
  DISTILL_ASSIGN_OR_RETURN(DISTILL_CONCAT(status_or_, __LINE__), declaration, expression, \
                           absl::StrCat(__VA_ARGS__))

#define DISTILL_ASSIGN_OR_RETURN(variable, declaration, expression, where) \
  auto variable = (expression);                                            \
  if (!variable.ok()) {                                                    \
    return ::distill::Annotate(std::move(variable).status(), where);       \
  }                                                                        \
  declaration = *std::move(variable)
