#!/usr/bin/env bash
# Sets up, builds, and shows the gain of distillation on Fashion-MNIST: a teacher is trained and
# served, two students learn from it over gRPC at the same time, and a table compares them with a
# student that has the labels alone. Writes build/demo (results.json, the run directories, the logs).
#   scripts/demo.sh          serves on a Unix socket
#   scripts/demo.sh --tcp    serves on a free TCP port of 127.0.0.1
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

transport=unix
case "${1-}" in
  "") ;;
  --tcp) transport=tcp ;;
  *) usage_error "unknown option '$1'; allowed is --tcp" ;;
esac

section "Set-up"
scripts/setup.sh --for=demo

section "Build"
build release -DDISTILL_BUILD_TESTS=OFF

data=/usr/share/datasets/fashion-mnist
recipes=recipes/fashion_mnist
demo=build/demo
bin=build/release/bin
rm -rf "$demo"
mkdir -p "$demo"

# Each background job is its own process group, so that the whole job can be stopped.
set -m
children=()
stop_children() {
  for child in "${children[@]}"; do kill -TERM -- "-$child" 2>/dev/null || true; done
  wait
  rm -rf "${sockets-}"
}
trap stop_children EXIT

# train NAME OPTION...: trains with the recipe of that name, and prefixes every line of output with it.
train() {
  local name=$1
  shift
  "$bin/student_trainer" train --config "$recipes/$name.toml" --train "$data" --test "$data" \
    --class_names "$recipes/class_names.txt" --run_dir "$demo/$name" --threads 1 "$@" 2>&1 |
    tee "$demo/$name.log" | sed -u "s/^/[$name] /"
}

# wait_for PID...: fails if one of the processes failed.
wait_for() {
  local failed=0
  for pid in "$@"; do wait "$pid" || failed=1; done
  if [ "$failed" = 1 ]; then
    fail "a run failed; its last lines are above, its log is in $demo"
  fi
}

start=$SECONDS
section "1. One side trains a teacher, the other a student alone"
echo "One side has all 55,000 labels and trains a large model. The other side has 3,000 of the labels"
echo "and trains a small model on them."
train teacher & teacher_pid=$!
train student_alone & alone_pid=$!
children=("$teacher_pid" "$alone_pid")
wait_for "$teacher_pid" "$alone_pid"

section "2. The teacher is served"
# The path of a Unix socket must be short, so it is not below this folder, which may be deep.
sockets=$(mktemp -d)
if [ "$transport" = unix ]; then address="unix:$sockets/teacher.sock"; else address=127.0.0.1:0; fi
"$bin/teacher_server" --model "teacher=$demo/teacher/model" --listen "$address" --threads 1 \
  > "$demo/server.out" 2> "$demo/server.log" &
server_pid=$!
children=("$server_pid")
until grep -q '^listening on ' "$demo/server.out"; do
  if ! kill -0 "$server_pid" 2>/dev/null; then
    cat "$demo/server.log" >&2
    fail "the server did not start"
  fi
  sleep 0.1
done
address=$(sed -n 's/^listening on //p' "$demo/server.out")
echo "listening on $address"

section "3. Two students learn from it at the same time"
echo "One has the 3,000 labels and soft targets on all 55,000 images, the other soft targets alone."
train student_distilled --teacher "$address" & distilled_pid=$!
train student_soft_only --teacher "$address" & soft_pid=$!
children=("$server_pid" "$distilled_pid" "$soft_pid")
wait_for "$distilled_pid" "$soft_pid"

section "4. The server drains"
kill -TERM "$server_pid"
wait_for "$server_pid"
children=()
cat "$demo/server.out"

section "5. What it bought"
"$bin/student_trainer" evaluate "$demo"/{teacher,student_alone,student_distilled,student_soft_only}/model \
  --test "$data" --class_names "$recipes/class_names.txt" --threads 1 \
  --json "$demo/evaluation.json" > "$demo/evaluation.log"
python3 scripts/demo_table.py "$demo"
"$bin/student_trainer" report "$demo"/{teacher,student_alone,student_distilled,student_soft_only} \
  --out "$demo/report.html" > /dev/null
echo "The demo took $((SECONDS - start)) s. Everything it made is in $demo."
echo "The same to look at, with what the teacher and the students see in 64 images: $demo/report.html"
