// DataRole selects the files of a data set that the name of a folder stands for.
#pragma once

namespace distill {

// For MNIST, train-… and t10k-…; for CIFAR, the training batches and the test batch.
enum class DataRole { kTrain, kTest };

}  // namespace distill
