// Whole-file reads and atomic writes. Errors name the path and the system's reason: NOT_FOUND if
// there is no such file, FAILED_PRECONDITION if it is of the wrong kind, INTERNAL otherwise.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// Returns "user alice" or "user 1000" for a path that exists and belongs to another user than this
// process; empty otherwise.
std::string OtherOwner(const std::filesystem::path& path);

// "cannot open /a/b: No such file or directory", from an errno and with the code that fits it.
// Where access is denied, it names the other owner of the path.
absl::Status FileError(absl::string_view what, const std::filesystem::path& path, int error);

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path);

// Hands the file to `consume` in order, in pieces of at most 1 MiB: the memory that it takes does
// not depend on the file's size.
absl::Status ReadFileInPieces(const std::filesystem::path& path,
                              const std::function<void(absl::string_view piece)>& consume);

// Returns whether an errno of fsync means that the file system does not sync folders, as some
// network shares do not.
bool MeansNoFolderSync(int error);

// Writes to a temporary file beside `path`, syncs it, renames it, and syncs the folder, where the
// file system offers that: after a crash the file is whole or as it was before. Temporary files of
// `path` whose process was killed are removed. The pieces are written one after the other.
absl::Status WriteFileAtomically(const std::filesystem::path& path,
                                 absl::Span<const absl::string_view> pieces);
absl::Status WriteFileAtomically(const std::filesystem::path& path, absl::string_view contents);

// Creates the folder and its parents. ALREADY_EXISTS if there is a folder that is not empty,
// FAILED_PRECONDITION if `path` is not a folder.
absl::Status CreateEmptyDirectory(const std::filesystem::path& path);

}  // namespace distill
