// Opens a data set from the value of --train, --val, --test or --unlabelled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/data_role.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/views/image.h"
#include "student_trainer/views/image_size.h"

namespace distill {

struct DataOptions {
  std::string path;  // a file or a folder
  DataRole role = DataRole::kTrain;
  std::vector<std::string> class_names;  // empty: from the data
  std::optional<ImageSize> image_size;   // of folders of images; unset: of the first image
  int channels = 3;                      // of folders of images: 1 (grey) or 3 (RGB)
  int64_t max_pixels = kMaxImagePixels;  // of an image file; larger ones are broken
  Resizer resizer;                       // for images of another size than the samples
};

// Recognises the format from the path and its content:
//   a file of images in IDX, gzipped or not; its labels are looked for in the same folder
//     (train-images-idx3-ubyte.gz → train-labels-idx1-ubyte.gz; without them it is unlabelled, as
//     a note tells)
//   a .bin file of CIFAR's binary version
//   a .safetensors file with the tensors "inputs" and "labels"
//   a folder that holds the files of the role, of IDX (MNIST's names) or CIFAR, in it or in one
//     folder up to two levels below it
//   a folder of images, with one folder per class or, unlabelled, without
// class_names.txt in the folder of IDX or safetensors files holds one name per line. The error
// names the file: NOT_FOUND; DATA_LOSS for broken files; INVALID_ARGUMENT for an unknown format
// (with what was looked for), no samples, and labels that do not fit.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const DataOptions& options);

}  // namespace distill
