"""The checks of docker/verify.sh, which describes them. Run from the repository's root."""

import contextlib
import json
import re
import signal
import sys
import time
from collections.abc import Callable

import engine
import engine_project
import images
import project
from images import WORK

COMPOSE_FILE, DOCKERFILE = "docker/compose.yaml", "docker/Dockerfile"
TARGETS = ["teacher-server", "student-trainer"]
VOLUMES = {"/certificates", "/data", "/models", "/runs"}
ANYBODYS = {"/tmp", "/var/tmp", "/run/lock"}  # in every Debian
UID = "10001"
PATIENCE = 300  # seconds
MAX_MEBIBYTES = 600
passed = 0


def check(claim: str, holds: bool, otherwise: object = "") -> None:
    global passed
    if not holds:
        sys.exit(f"verify: FAILED: {claim}. {otherwise}")
    passed += 1
    print(f"  ok: {claim}", flush=True)


def wait_for(claim: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    check(claim, holds)


def section(title: str) -> None:
    print(f"\n== {title} ==", flush=True)


def build_images(builder, with_tests: bool, with_cuda: bool) -> None:
    """`builder`: the module images, or engine."""
    section("Images")
    builder.make_base()
    services = project.resolve(COMPOSE_FILE)["services"].values()
    if with_tests:
        builder.build(DOCKERFILE, "tests", "distill-tests", images.pip_settings())
        log = (WORK / "build_distill-tests.log").read_text()
        # A build that fails has ended this already. A layer that is kept is of the same files.
        found = re.search(r"\d+% tests passed.*|ctest .*\n.*\n.*CACHED", log)
        said = "as before, of the same files" if found and "CACHED" in found[0] else found and found[0]
        check(f"the project's tests pass in the build stage: {said}",
              found is not None and not re.match(r"(?!100)\d+%", found[0]))
    for name, target in sorted((s["image"], s["build"]["target"]) for s in services if "build" in s):
        builder.build(DOCKERFILE, target, name)
        check(f"{name} is built", True)
    for target in TARGETS if with_cuda else []:
        builder.build(f"{DOCKERFILE}.cuda", target, f"distill-{target}-cuda", images.pip_settings())
        check(f"distill-{target}-cuda is built", True)
    project.resolve(COMPOSE_FILE, "docker/compose.gpu.yaml")
    check("compose.gpu.yaml fits compose.yaml and the schema", True)


def check_image(image) -> None:
    check(f"{image.name} runs as user {UID}", image.user == f"{UID}:{UID}", image.user)
    found = image.compilers()
    check(f"{image.name} holds no compiler", not found, found)


def check_confinement(pair, service: str) -> None:
    """Checks from inside the container which user it runs as, and which folders it can write to."""
    script = ("id -u; touch /tmp/a || exit 1; "
              "for place in / /usr /home /etc; do touch $place/a 2>/dev/null && exit 1; done; echo done")
    _, output = pair.run(service, ["sh", "-c", script])
    check(f"{service}: is user {UID}, and its root is read-only", output.split() == [UID, "done"], output)
    # On a read-only root nothing is called writable.
    find = "find / -xdev -writable ! -type l 2>/dev/null"
    _, output = pair.run(service, ["sh", "-c", find], read_only=False)
    found = set(output.split()) - ANYBODYS
    check(f"{service}: no file of the image is the user's, but the folders of volumes",
          bool(found) and found <= VOLUMES, output)


def check_demo(pair) -> None:
    section("The services of compose.yaml")
    pair.up()
    for job in ("student-alone", "student-distilled", "student-soft-only", "report"):
        code = pair.running[job].wait(PATIENCE)
        check(f"{job} ends with 0", code == 0, f"{code}; see {pair.running[job].log}")
    print(pair.running["report"].log.read_text())
    runs = pair.volume("student_runs")
    check("report.html is made", (runs / "report.html").stat().st_size > 0)
    results = json.loads((runs / "results.json").read_text())
    check("the teacher answered as many samples as the trainers accepted",
          results["samples_served"] == results["samples_consumed"] > 0)
    check("both distilled students beat the student alone",
          all(results[name]["errors"] < results["student_alone"]["errors"]
              for name in ("student_distilled", "student_soft_only")))
    teacher, monitor = pair.running["teacher"], pair.running["prometheus"]
    check("the teacher's HEALTHCHECK says that it serves", teacher.is_healthy())
    query = ("import json, urllib.request as r; print(json.load(r.urlopen("
             "'http://prometheus:9090/api/v1/query?query=distill_samples_total'))"
             "['data']['result'][0]['value'][1])")
    wait_for("Prometheus has the teacher's count of samples", lambda: pair.run(
        "report", ["python3", "-c", query])[1].strip() == str(results["samples_served"]))
    check("prometheus is still running", monitor.runs)


def check_security(pair) -> None:
    section("mTLS")
    ask = ["teacher_server", "--check_health", "teacher:50051"]
    ca = ["--tls_ca", "/certificates/ca.crt"]
    own = ["--tls_cert", "/certificates/tls.crt", "--tls_key", "/certificates/tls.key"]
    # With the teacher's image and the trainers' certificates.
    pair.services["caller"] = dict(pair.services["student-distilled"],
                                   image=pair.services["teacher"]["image"])
    for claim, options, welcome in [("a certificate of the authority is let in", ca + own, True),
                                    ("no certificate is refused", ca, False),
                                    ("no TLS is refused", [], False)]:
        code, output = pair.run("caller", ask + options)
        check(claim, (code == 0) == welcome, output)
    del pair.services["caller"]


def samples_in_flight(pair) -> int:
    query = ("import re, urllib.request as r; text = r.urlopen('http://teacher:9464/metrics').read(); "
             "print(re.search(rb'^distill_in_flight_samples\\S* (\\d+)', text, re.M)[1].decode())")
    return int(pair.run("report", ["python3", "-c", query])[1])


def words_of_run(pair, run: str) -> list[str]:
    """student-distilled with two epochs and a run directory of its own."""
    words = pair.words("student-distilled")
    words[words.index("--run_dir") + 1] = f"/runs/{run}"
    return words + ["--epochs", "2"]


def start_in_mid_epoch(pair, words: list[str], name: str):
    trainer = pair.start("student-distilled", words, name)
    wait_for("a trainer is in the middle of an epoch", lambda: "step" in trainer.log.read_text())
    wait_for("the teacher has samples in flight", lambda: samples_in_flight(pair) > 0)
    return trainer


def check_end(pair, run: str, code: int | None) -> None:
    metrics = pair.volume("student_runs") / run / "metrics.jsonl"
    end = json.loads(metrics.read_text().splitlines()[-1])
    check("it comes to its end, and has trained on no sample without soft targets",
          code == 0 and end["kind"] == "end" and end["samples_without_targets"] == 0, end)


def check_lost_teacher(pair, restarts: bool) -> None:
    """`restarts`: whether what is killed is started again by itself."""
    section("A teacher that is killed")
    trainer = start_in_mid_epoch(pair, words_of_run(pair, "orphaned"), "student-orphaned")
    pair.running["teacher"].crash()
    wait_for("the trainer reports that its teacher is lost", lambda: "lost" in trainer.log.read_text())
    teacher = pair.running["teacher"] if restarts else pair.start("teacher")
    wait_for("the teacher is back and healthy", teacher.is_healthy)
    code = trainer.wait(PATIENCE)
    check("the trainer continues with it", "connected again" in trainer.log.read_text(),
          trainer.log.read_text())
    check_end(pair, "orphaned", code)


def check_again(pair) -> None:
    section("The same services again")
    pair.up()
    for job in ("student-alone", "student-distilled", "student-soft-only", "report"):
        code = pair.running[job].wait(PATIENCE)
        check(f"{job} ends with 0 when it is started again", code == 0, code)
    wait_for("the teacher still serves", pair.running["teacher"].is_healthy)
    pair.close()
    check("down --volumes leaves nothing", pair.leftovers() == "", pair.leftovers())


def check_drain(pair) -> None:
    section("Drain and resume")
    words = words_of_run(pair, "drained")
    trainer = start_in_mid_epoch(pair, words, "student-drained")
    grace = project.seconds(pair.services["teacher"]["stop_grace_period"])
    teacher = pair.running["teacher"]
    code = teacher.stop(grace)
    said = teacher.log.read_text()
    check("SIGTERM: the teacher drains and exits with 0 within its grace period", code == 0, code)
    check("SIGTERM: what it took was answered",
          "requests_failed=0" in said and "requests_dropped=0" in said, said)
    teacher = pair.start("teacher")
    wait_for("the teacher is healthy again", teacher.is_healthy)
    wait_for("the trainer, which waited, continues with it", lambda: samples_in_flight(pair) > 0)
    grace = project.seconds(pair.services["student-distilled"]["stop_grace_period"])
    code = trainer.stop(grace)
    check("SIGTERM: the trainer writes a checkpoint and exits with 130", code == 130, code)
    trainer = pair.start("student-distilled", words, "student-resumed")
    code = trainer.wait(PATIENCE)
    check("the same command resumes the run",
          "resuming the run" in trainer.log.read_text(), trainer.log.read_text())
    check_end(pair, "drained", code)


def main() -> None:
    options = sys.argv[1:]
    with_cuda, with_engine = "--cuda" in options, "--engine" in options
    with engine.engine() if with_engine else contextlib.nullcontext():
        build_images(engine if with_engine else images, "--skip_tests" not in options, with_cuda)
        check_all(engine_project.Project if with_engine else project.Project, with_cuda, with_engine)


def check_all(make_project, with_cuda: bool, with_engine: bool) -> None:
    suffix = "-cuda" if with_cuda else ""
    deployed = [f"distill-{target}{suffix}" for target in TARGETS]
    pair = make_project(COMPOSE_FILE, {f"distill-{target}": f"distill-{target}{suffix}"
                                       for target in TARGETS})
    try:
        section("What is in the images")
        for name in deployed:
            check_image(pair.images[name])
        health = pair.images[deployed[0]].health_command
        check("the teacher's HEALTHCHECK is --check_health", "--check_health" in health, health)
        for service in ("teacher", "student-distilled"):
            check_confinement(pair, service)
        check_demo(pair)
        check_security(pair)
        check_drain(pair)
        check_lost_teacher(pair, restarts=with_engine)
        if with_engine:
            check_again(pair)
    finally:
        pair.close()
    sizes = {name: pair.images[name].mebibytes() for name in deployed}
    if not with_cuda:
        check(f"no image takes more than {MAX_MEBIBYTES} MiB",
              max(sizes.values()) <= MAX_MEBIBYTES, sizes)
    text = ", ".join(f"{name} {size:,} MiB" for name, size in sizes.items())
    print(f"\nverify: {passed} checks passed. Images: {text}")


if __name__ == "__main__":
    # What was started is ended, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    main()
