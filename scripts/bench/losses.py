"""Measures the cost of the objectives: time relative to a student's step, and memory with many classes.

The step is a forward and backward pass of ResNet-20 and its update at a batch of 128; each objective,
with its gradient, is timed after it, at 128 x 100 classes on one thread. Memory is the peak at 128,000
classes in addition to the logits of both sides, in copies of them, including the gradient.
"""

import json
import subprocess

import bench_lib

TARGETS = ["losses_bench"]
GOAL_OF_STEP = 0.03
GOAL_COPIES = 2.1  # two, plus small allocations


def run(quick: bool) -> list[bench_lib.Row]:
    command = [str(bench_lib.BIN / "losses_bench"), "--rounds", "10" if quick else "60"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        bench_lib.fail(f"losses_bench exited with {done.returncode}")
    result = json.loads(done.stdout)
    rows, table = [], []
    for each in result["objectives"]:
        of_step = bench_lib.Row(f"{each['name']}, of a step", round(1000 * each["seconds"], 3), "ms",
                                round(each["of_step"], 5), GOAL_OF_STEP, "lower")
        copies = bench_lib.Row(f"{each['name']}, memory at 128,000 classes",
                               round(each["copies"], 2), "copies of the logits", None, GOAL_COPIES,
                               "lower")
        rows += [of_step, copies]
        table.append([each["name"], f"{of_step.value:.2f}", f"{100 * of_step.ratio:.2f} %",
                      "met" if of_step.met() else "MISSED", f"{copies.value:.2f}",
                      "met" if copies.met() else "MISSED",
                      f"{1000 * each['many_classes_seconds']:.0f}"])
    print(f"\nA step of ResNet-20 takes {1000 * result['step_seconds']:.0f} ms.")
    bench_lib.print_table(["objective", "ms", "of a step", "goal 3 %", "copies", "goal 2.1",
                           "ms at 32 x 128,000"], table)
    return rows


if __name__ == "__main__":
    bench_lib.main("losses", TARGETS, run)
