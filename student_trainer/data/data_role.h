// DataRole: which of a data set's files a folder's name stands for.
#pragma once

namespace distill {

// Of MNIST train-… and t10k-…, of CIFAR the training batches and the test batch.
enum class DataRole { kTrain, kTest };

}  // namespace distill
