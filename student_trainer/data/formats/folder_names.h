// What the names of files and folders mean in a folder of images.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace distill {

// The endings of files that are read as images, in lower case, for messages.
inline constexpr char kImageEndings[] = ".jpg, .jpeg, .jpe, .jfif or .png";

// Returns whether a file's name ends like that of an image which can be read, in upper or lower
// case.
bool HasImageEnding(absl::string_view name);

// Returns the ending in lower case, ".webp"; empty if the name has none.
std::string EndingOf(absl::string_view name);

// Returns whether archives, shares, file systems or tools leave files or folders of this name
// behind, such as "__MACOSX", "lost+found" and "Thumbs.db", and hidden ones.
bool IsLeftover(absl::string_view name);

// Returns the names, in their order, that are parts of one data set and not classes: two or more
// that differ in a word such as "train", "val" or "test" alone ("seg_train", "seg_test"), also with
// numbers behind it ("train2017", "val2017"), or in the number of a fold ("fold1", "fold2"). Empty
// if there are none.
std::vector<std::string> SplitsAmong(absl::Span<const std::string> names);

// Returns the names of folders of images, and of the annotations that tasks other than
// classification have beside them: "images", "masks". Empty unless there are both.
std::vector<std::string> ImagesAndAnnotationsAmong(absl::Span<const std::string> names);

}  // namespace distill
