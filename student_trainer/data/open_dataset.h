// Opens a data set from what the user wrote after --train, --val, --test or --unlabelled.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "student_trainer/data/class_names.h"
#include "student_trainer/data/data_role.h"
#include "student_trainer/data/dataset.h"
#include "student_trainer/views/image.h"

namespace distill {

struct DataOptions {
  std::string path;  // a file or a folder
  DataRole role = DataRole::kTrain;
  std::vector<std::string> class_names;  // empty: what the data says
  int64_t image_size = 0;  // of folders of images: height and width; 0: those of the first image
  int channels = 3;        // of folders of images: 1 (grey) or 3 (RGB)
  Resizer resizer;         // for images of another size than a sample's
};

// What lies at the path says the format:
//   a file of images in IDX, gzipped or not; its labels are looked for beside it
//     (train-images-idx3-ubyte.gz → train-labels-idx1-ubyte.gz; without them it is unlabelled)
//   a .bin file of CIFAR's binary version
//   a .safetensors file with the tensors "inputs" and "labels"
//   a folder that holds the files of the role, of IDX (MNIST's names) or CIFAR
//   a folder of images, in one folder a class or, unlabelled, without
// class_names.txt beside IDX or safetensors files holds a name a line.
// The error names the file: NOT_FOUND; DATA_LOSS for files that are broken; INVALID_ARGUMENT for
// what is not recognised (with what was looked for), no samples, labels that do not fit.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const DataOptions& options);

}  // namespace distill
