"""docker/: compose.yaml and the manifests for Kubernetes fit their schemas, each other, and the programs."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import kubernetes_validate
import yaml

from programs import IntegrationTest, SERVER, TRAINER, write_dataset

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE = pathlib.Path(sys.executable).with_name("docker-compose")
VERSIONS = ["1.29", "1.37"]  # of Kubernetes; before, the schemas call an optional field required
RECIPES = "/usr/local/share/distill/recipes"  # where the images hold them


def resolve(*files: pathlib.Path) -> subprocess.CompletedProcess:
    command = [COMPOSE, *(word for file in files for word in ("--file", file)), "config", "--format", "json"]
    return subprocess.run(command, capture_output=True, text=True)


def services(*names: str) -> dict:
    done = resolve(*(DOCKER / name for name in names))
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)["services"]


def manifests() -> dict[str, dict]:
    """By kind and name."""
    found = {}
    for file in sorted((DOCKER / "kubernetes").glob("*.yaml")):
        if file.name != "kustomization.yaml":
            for document in yaml.safe_load_all(file.read_text()):
                found[f"{document['kind']}/{document['metadata']['name']}"] = document
    return found


def pod(workload: dict) -> dict:
    return workload["spec"]["template"]["spec"]


def values(words: list[str]) -> dict[str, list[str]]:
    """{'--listen': [...]} of `--listen X` and `--listen=X`."""
    found: dict[str, list[str]] = {}
    split = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    for word, following in zip(split, [*split[1:], "--"]):
        if word.startswith("--"):
            found.setdefault(word, []).extend([] if following.startswith("--") else [following])
    return found


def instruction(name: str) -> list[list[str]]:
    """The words in brackets of each such instruction of docker/Dockerfile."""
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", "")
    return [json.loads(found) for found in re.findall(rf"^{name}\b[^\n\[]*(\[.*\])$", text, re.MULTILINE)]


class Compose(IntegrationTest):
    def test_fits_the_schema_alone_and_with_the_gpu(self):
        self.assertIn("teacher", services("compose.yaml"))
        self.assertIn("teacher", services("compose.yaml", "compose.gpu.yaml"))

    def test_an_unknown_key_is_found(self):
        wrong = self.dir / "compose.yaml"
        wrong.write_text((DOCKER / "compose.yaml").read_text().replace("read_only:", "readonly:"))
        self.assertIn("readonly", resolve(wrong).stderr)

    def test_each_image_is_built_by_one_service(self):
        for files in (["compose.yaml"], ["compose.yaml", "compose.gpu.yaml"]):
            found = services(*files).values()
            built = [service["image"] for service in found if "build" in service]
            self.assertEqual(sorted(built), sorted({service["image"] for service in found}))

    def test_the_gpu_changes_the_image_and_the_device_alone(self):
        cpu, gpu = services("compose.yaml"), services("compose.yaml", "compose.gpu.yaml")
        self.assertEqual([*cpu["teacher"]["command"], "--device", "cuda"], gpu["teacher"]["command"])
        self.assertNotEqual(cpu["teacher"]["image"], gpu["teacher"]["image"])
        for name in set(cpu) - {"teacher"}:
            self.assertEqual(cpu[name], gpu[name])

    def test_the_programs_take_the_command_lines(self):
        """1: files are missing; 2 would be a wrong command line."""
        programs = {"distill-student-trainer": TRAINER, "distill-teacher-server": SERVER}
        for name, service in services("compose.yaml").items():
            if service["image"] in programs:
                words = [word.replace(RECIPES, str(ROOT / "recipes")) for word in service["command"]]
                done = subprocess.run([programs[service["image"]], *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, f"{name}: {done.stderr}")

    def test_the_teacher_has_time_to_drain(self):
        teacher = services("compose.yaml")["teacher"]
        (drain,) = values(teacher["command"])["--drain_timeout"]
        self.assertGreaterEqual(int(teacher["stop_grace_period"].rstrip("s")), int(drain.rstrip("s")) + 5)


class Images(unittest.TestCase):
    def test_libtorch_is_the_one_that_set_up_installs(self):
        (wanted,) = re.findall(r"TORCH_REQUIREMENT=(\S+)", (ROOT / "scripts/setup.sh").read_text())
        (taken,) = re.findall(r"ARG TORCH=(\S+)", (DOCKER / "Dockerfile.cuda").read_text())
        self.assertEqual(taken, wanted)


class Kubernetes(IntegrationTest):
    def setUp(self):
        super().setUp()
        self.manifests = manifests()
        self.teacher = pod(self.manifests["Deployment/teacher"])
        self.trainer = pod(self.manifests["Job/student"])
        self.kustomization = yaml.safe_load((DOCKER / "kubernetes/kustomization.yaml").read_text())

    def test_fit_the_schemas(self):
        for name, manifest in self.manifests.items():
            for version in VERSIONS:
                with self.subTest(name, version=version):
                    kubernetes_validate.validate(manifest, version, strict=True)

    def test_an_unknown_key_is_found(self):
        self.manifests["Deployment/teacher"]["spec"]["replica"] = 2
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(self.manifests["Deployment/teacher"], VERSIONS[-1], strict=True)

    def test_all_files_are_applied(self):
        files = {file.name for file in (DOCKER / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(files, set(self.kustomization["resources"]))

    def test_the_programs_take_the_command_lines(self):
        for workload, program in ((self.teacher, SERVER), (self.trainer, TRAINER)):
            (container,) = workload["containers"]
            done = subprocess.run([program, *container["args"]], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stderr)

    def test_the_teacher_has_time_to_drain(self):
        (container,) = self.teacher["containers"]
        (drain,) = values(container["args"])["--drain_timeout"]
        command = container["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(command[0], "sleep")
        self.assertGreaterEqual(self.teacher["terminationGracePeriodSeconds"],
                                int(command[1]) + int(drain.rstrip("s")) + 5)

    def test_probes_ask_where_the_image_listens(self):
        (container,) = self.teacher["containers"]
        (entrypoint,) = [words for words in instruction("ENTRYPOINT") if words[:1] == ["teacher_server"]]
        (health,) = instruction("HEALTHCHECK")
        self.assertEqual(values(health)["--check_health"], values(entrypoint)["--listen"])
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["exec"]["command"], health)

    def test_ports_are_the_same_everywhere(self):
        (container,) = self.teacher["containers"]
        options = values(container["args"])
        service = self.manifests["Service/teacher"]
        ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
        self.assertEqual(ports, {port["name"]: port["containerPort"] for port in container["ports"]})
        self.assertEqual(options["--listen"], [f"0.0.0.0:{ports['grpc']}"])
        self.assertEqual(options["--metrics_listen"], [f"0.0.0.0:{ports['metrics']}"])
        self.assertEqual(values(self.trainer["containers"][0]["args"])["--teacher"],
                         [f"{service['metadata']['name']}:{ports['grpc']}"])
        self.assertEqual(service["spec"]["clusterIP"], "None")

    def test_secrets_hold_the_files_that_the_programs_read(self):
        made = {secret["name"]: {pathlib.Path(file).name for file in secret["files"]}
                for secret in self.kustomization["secretGenerator"]}
        for workload in (self.teacher, self.trainer):
            (container,) = workload["containers"]
            secrets = {volume["name"]: volume["secret"]["secretName"]
                       for volume in workload["volumes"] if "secret" in volume}
            wanted = {mount["mountPath"]: made[secrets[mount["name"]]]
                      for mount in container["volumeMounts"] if mount["name"] in secrets}
            options = values(container["args"])
            for option in ("--tls_cert", "--tls_key", "--token_file"):
                (value,) = options[option]
                folder, file = value.rsplit("/", 1)
                self.assertIn(file, wanted[folder], option)

    def test_selectors_and_claims_name_what_is_there(self):
        labels = self.manifests["Deployment/teacher"]["spec"]["template"]["metadata"]["labels"]
        for selector in (self.manifests["Service/teacher"]["spec"]["selector"],
                         self.manifests["PodDisruptionBudget/teacher"]["spec"]["selector"]["matchLabels"],
                         self.manifests["Deployment/teacher"]["spec"]["selector"]["matchLabels"]):
            self.assertLessEqual(selector.items(), labels.items())
        for workload in (self.teacher, self.trainer):
            for volume in workload["volumes"]:
                if claim := volume.get("persistentVolumeClaim"):
                    self.assertIn(f"PersistentVolumeClaim/{claim['claimName']}", self.manifests)


class Certificates(IntegrationTest):
    def make(self, *names: str) -> dict[str, bytes]:
        subprocess.run([DOCKER / "make_certificates.sh", self.dir / "certificates", *names], check=True,
                       stdout=subprocess.DEVNULL)
        return {str(file): file.read_bytes() for file in self.dir.glob("certificates/*/*")}

    def test_are_kept_while_they_are_valid_for_the_names(self):
        first = self.make("teacher", "localhost")
        self.assertEqual(len(first), 6)
        self.assertEqual(first, self.make("teacher", "localhost"))
        self.assertEqual(first, self.make("teacher"))
        self.assertNotEqual(first, self.make("another"))

    def test_let_a_trainer_in_and_nobody_else(self):
        self.make("localhost")
        teacher, trainer = self.dir / "certificates/teacher", self.dir / "certificates/trainer"
        model = self.train_teacher(write_dataset(self.dir / "data"))
        _, address = self.serve(model, "localhost:0", "--tls_cert", teacher / "tls.crt", "--tls_key",
                                teacher / "tls.key", "--tls_client_ca", teacher / "ca.crt")
        ask = [SERVER, "--check_health", address, "--tls_ca", trainer / "ca.crt"]
        own = ["--tls_cert", trainer / "tls.crt", "--tls_key", trainer / "tls.key"]
        self.assertEqual(subprocess.run([*ask, *own], capture_output=True).returncode, 0)
        self.assertEqual(subprocess.run(ask, capture_output=True).returncode, 1)

    def test_a_missing_argument_is_an_error_of_usage(self):
        done = subprocess.run([DOCKER / "make_certificates.sh", self.dir], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("SERVER_NAME", done.stderr)


if __name__ == "__main__":
    unittest.main()
