// RETURN_IF_ERROR and ASSIGN_OR_RETURN, the project's way to hand an absl::Status upwards.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define DISTILL_CONCAT_INNER(a, b) a##b
#define DISTILL_CONCAT(a, b) DISTILL_CONCAT_INNER(a, b)

// Returns from the function if `expression`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

// ASSIGN_OR_RETURN(auto value, StatusOrExpression()): the value, or return its status.
#define ASSIGN_OR_RETURN(declaration, expression) \
  DISTILL_ASSIGN_OR_RETURN(DISTILL_CONCAT(status_or_, __LINE__), declaration, expression)

#define DISTILL_ASSIGN_OR_RETURN(variable, declaration, expression) \
  auto variable = (expression);                                     \
  if (!variable.ok()) {                                             \
    return std::move(variable).status();                            \
  }                                                                 \
  declaration = *std::move(variable)
