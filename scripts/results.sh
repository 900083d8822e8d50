#!/usr/bin/env bash
# Trains a teacher, students alone and students distilled, through the real pair of programs, and prints
# the table; all its files are in build/results/NAME.
#   scripts/results.sh NAME             hyperparameters from recipes/, three seeds per student; a second
#                                       call resumes the first
#   scripts/results.sh NAME --quick     one seed and few epochs, to test whether it works; in NAME-quick
#   scripts/results.sh NAME --data DIR  the folder that holds mnist/ or cifar10-jpeg.tar.xz; default data/
#                                       or ../shared/data
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

names="mnist-hinton, cifar10-resnet56-resnet20, cifar10-resnet56-mobilenetv2, cifar10-resnet56-squeezenet"
(($#)) || usage_error "no result is named: scripts/results.sh NAME [--quick] [--data DIR]; NAME is one of $names"
case $1 in
  mnist-hinton) program=(mnist_hinton.py) ;;
  cifar10-resnet56-resnet20 | cifar10-resnet56-mobilenetv2 | cifar10-resnet56-squeezenet)
    program=(cifar10.py "${1##*-}")
    ;;
  *)
    usage_error "there is no result '$1'; there are $names"
    ;;
esac
name=$1
shift

section "Set-up"
scripts/setup.sh --for=demo

section "Build"
build release -DDISTILL_BUILD_TESTS=OFF

section "Results: $name"
PYTHONPATH=scripts python3 -B "scripts/results/${program[0]}" "${program[@]:1}" "$@" \
  --out "build/results/$name"
