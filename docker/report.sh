#!/bin/sh
# Prints the demo's table while its teacher serves; writes results.json and report.html in STUDENT_RUNS:
#   report.sh TEACHER_RUN STUDENT_RUNS DATA METRICS_URL
set -eu
if [ $# -ne 4 ]; then
  echo "report.sh: usage: report.sh TEACHER_RUN STUDENT_RUNS DATA METRICS_URL" >&2
  exit 2
fi
distill=/usr/local/share/distill
demo=$(mktemp -d)
ln -s "$1" "$demo/teacher"
for student in alone distilled soft_only; do ln -s "$2/student_$student" "$demo/"; done
student_trainer evaluate "$demo/teacher/model" "$demo/student_alone/model" \
  "$demo/student_distilled/model" "$demo/student_soft_only/model" --test "$3" --threads 1 \
  --class_names "$distill/recipes/fashion_mnist/class_names.txt" \
  --json "$demo/evaluation.json" > "$demo/evaluation.log"
python3 "$distill/demo_table.py" "$demo" --metrics "$4"
cp "$demo/results.json" "$2/results.json"
student_trainer report "$demo/teacher" "$demo/student_alone" "$demo/student_distilled" \
  "$demo/student_soft_only" --out "$2/report.html"
