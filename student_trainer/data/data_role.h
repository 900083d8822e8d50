// DataRole selects what a data set is opened for.
#pragma once

namespace distill {

// A folder of MNIST's files stands for train-… or t10k-…, one of CIFAR for the training batches or
// the test batch; kUnlabelled for the files of kTrain. In a folder of images, kUnlabelled are all
// of them, at any depth.
enum class DataRole { kTrain, kTest, kUnlabelled };

}  // namespace distill
