"""The page of a run's report, filled with made-up runs and opened in headless Chromium."""

import base64
import json
import pathlib
import tempfile
import unittest

import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from programs import BIN

# As the build put it together.
TEMPLATE = BIN.parent / "generated/student_trainer/report/page.html"
HTML_NAME = "<script>alert(1)</script><b onclick='x'>&amp;"
LONG_NAME = "unbroken" * 25
RTL_NAME = "\u202eסוודר מעור"  # begins with an override that is never closed


# ---- Made-up reports

def base64_of(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def floats_of(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)


def make_epochs(count: int, validation: bool = True, end: float = 0.9) -> list[dict]:
    accuracies = [end - 0.4 * 0.7 ** epoch for epoch in range(count)]
    return [{"epoch": epoch, "step": 100 * (epoch + 1), "loss": 2.5 - accuracy, "student_loss": 1.5 - accuracy,
             "distillation_loss": 1.0, "train_accuracy": accuracy, "seconds": 3.5 * (epoch + 1),
             "validation": {"samples": 1000, "errors": round(1000 * (1 - accuracy)), "accuracy": accuracy,
                            "loss": 1.4 - accuracy} if validation else None}
            for epoch, accuracy in enumerate(accuracies)]


def make_quality(classes: int, rng: np.random.Generator, accuracy: float = 0.9) -> dict:
    per_class = [{"samples": 100, "correct": int(correct)} for correct in rng.binomial(100, accuracy, classes)]
    samples, correct = 100 * classes, sum(each["correct"] for each in per_class)
    bins = [{"samples": 10 * i, "correct": int(10 * i * (i + 0.2) / 15), "confidence": 10 * i * (i + 0.5) / 15}
            for i in range(15)]
    confusions = [{"label": i % classes, "answer": (i + 1) % classes, "samples": 60 - i}
                  for i in range(min(50, classes * (classes - 1)))]
    return {"on": "test", "samples": samples, "errors": samples - correct, "accuracy": correct / samples,
            "top5_accuracy": 0.99, "loss": 0.3, "calibration_error": 0.0312, "calibration": bins,
            "classes": per_class, "confusions": confusions}


def make_run(name: str, classes: int, rng: np.random.Generator, size: int = 37000, latency: float = 0.25,
             accuracy: float = 0.9) -> dict:
    return {"name": name, "finished": True, "student": "cifar_resnet20", "objective": "kd", "alpha": 0.9,
            "temperature": 2, "teacher": "teacher (vgg, 394,490 parameters)", "epochs": make_epochs(12, end=accuracy),
            "best_epoch": 10, "quality": make_quality(classes, rng, accuracy),
            "figures": {"parameters": size // 4, "bytes": size, "multiply_adds": 30 * size, "latency_ms": latency,
                        "latency_p99_ms": 2 * latency, "samples_per_s": 8000 / latency, "batch_size": 256}}


def make_sample(label: int, classes: int, runs: int, rng: np.random.Generator) -> dict:
    teacher = rng.normal(0, 2.5, classes).astype("<f4")
    teacher[label] += 4
    students = [(teacher + rng.normal(0, 2, classes)).astype("<f4") for _ in range(runs)]
    image = rng.integers(0, 256, (8, 8, 3), np.uint8)
    return {"label": label, "image": {"width": 8, "height": 8, "channels": 3, "data": base64_of(image)},
            "text": None, "teachers": [base64_of(teacher)], "students": [base64_of(each) for each in students]}


def make_report(classes: int = 12, runs: int = 1, samples: int = 24) -> dict:
    rng = np.random.default_rng(7)
    return {"title": "runs/student", "classes": [f"Class-{i:03}" for i in range(classes)],
            "runs": [make_run(f"student-{i}", classes, rng, 37000 * (3 * i + 1), 0.25 * (i + 1), 0.9 - 0.02 * i)
                     for i in range(runs)],
            "samples": [make_sample(i % classes, classes, runs, rng) for i in range(samples)],
            "samples_kept": samples, "teacher_of": [0] * runs, "other_samples": [False] * runs}


def without_teacher(report: dict) -> dict:
    for run in report["runs"]:
        run |= {"teacher": None, "objective": None, "alpha": 0, "temperature": None}
    report["teacher_of"] = [None] * len(report["runs"])
    for sample in report["samples"]:
        sample["teachers"] = []
    return report


def fill(report: dict) -> str:
    text = json.dumps(report)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return TEMPLATE.read_text().replace("@DATA@", text)


# ---- What the page should show

def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def divergence(sample: dict, run: int = 0, teacher: int = 0) -> float:
    """Of Jensen and Shannon, in bits, at T = 1."""
    p, q = softmax(floats_of(sample["teachers"][teacher]), 1), softmax(floats_of(sample["students"][run]), 1)
    return sum(0.5 * (a * np.log2(a / ((p + q) / 2))).sum() for a in (p, q))


def answer(logits: str) -> int:
    return int(floats_of(logits).argmax())


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        profile = tempfile.TemporaryDirectory()
        cls.addClassCleanup(profile.cleanup)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
                     "disable-background-networking", "disable-component-update", "disable-sync",
                     f"user-data-dir={profile.name}"):
            options.add_argument(f"--{flag}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.page = pathlib.Path(folder.name) / "report.html"
        self.set_width(1280)
        self.browser.get("about:blank")
        for log in ("browser", "performance"):  # what the browser did on its own before
            self.browser.get_log(log)

    def tearDown(self):
        # Whatever a test does, the page asks nobody for anything, has no message for the console, and
        # fits a phone.
        self.assertEqual(self.browser.get_log("browser"), [])
        events = [json.loads(line["message"])["message"] for line in self.browser.get_log("performance")]
        requests = [event["params"]["request"]["url"] for event in events
                    if event["method"] == "Network.requestWillBeSent"]
        self.assertEqual({url for url in requests if url != "data:,"}, {self.page.as_uri()})
        self.set_width(390)
        self.assertLessEqual(self.run_js("return document.documentElement.scrollWidth"), 390)

    def set_width(self, width: int):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})

    def open(self, report: dict) -> dict:
        self.page.write_text(fill(report))
        self.browser.get(self.page.as_uri())
        return report

    def run_js(self, script: str, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector: str) -> list:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return " ".join(self.browser.find_element(By.CSS_SELECTOR, selector).text.split())

    def press(self, *keys: str):
        ActionChains(self.browser).send_keys(*keys).perform()

    def tab_to(self, selector: str):
        for _ in range(40):
            self.press(Keys.TAB)
            if self.run_js("return document.activeElement.matches(arguments[0])", selector):
                return
        self.fail(f"Tab does not come to {selector}")

    def listed(self) -> list[int]:
        return [int(option.get_attribute("data-sample")) for option in self.find("[role=option]")]

    def selected(self) -> int:
        [option] = self.find("[role=option][aria-selected=true]")
        return int(option.get_attribute("data-sample"))

    def shown_masses(self) -> dict[str, dict[str, tuple[float, float, str]]]:
        """By class and model: what the bar's width is, what the row says to scripts, and its text."""
        return self.run_js("""
          const found = {};
          for (const row of document.querySelectorAll("[data-class]")) {
            const of = found[row.dataset.class] = {};
            for (const share of row.querySelectorAll("[data-who]")) {
              const bar = share.previousElementSibling;
              const part = bar.firstElementChild.getBoundingClientRect().width / bar.getBoundingClientRect().width;
              of[share.dataset.who] = [part, Number(share.dataset.mass), share.firstChild.data];
            }
          }
          return found;""")

    def assert_shows(self, sample: dict, temperature: float, run: int = 0, teacher: int = 0):
        self.assertEqual(self.text("output"), f"T = {temperature}")
        wanted = {"student": softmax(floats_of(sample["students"][run]), temperature)}
        if sample["teachers"]:
            wanted["teacher"] = softmax(floats_of(sample["teachers"][teacher]), temperature)
        most = np.max(list(wanted.values()), axis=0)
        rows = set(np.argsort(-most)[:10].tolist()) | {sample["label"]}
        shown = self.shown_masses()
        others = shown.pop("others", None)
        self.assertEqual(others is None, len(most) == len(rows))
        self.assertEqual({int(label) for label in shown}, rows)
        for label, models in shown.items():
            self.assertEqual(set(models), set(wanted))
            for model, (width, mass, text) in models.items():
                expected = wanted[model][int(label)]
                self.assertAlmostEqual(width, expected, delta=1e-3)
                self.assertAlmostEqual(mass, expected, delta=1e-6)
                if expected > 1e-4:
                    self.assertAlmostEqual(float(text.rstrip("%")) / 100, expected, delta=1e-3)

    # ---- The page as a whole

    def test_the_template_has_one_place_for_data_and_makes_no_markup_of_it(self):
        template = TEMPLATE.read_text()
        self.assertEqual(template.count("@DATA@"), 1)
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "src=", "url("):
            self.assertNotIn(danger, template)
        self.open(make_report())

    def test_one_run_is_described(self):
        self.open(make_report())
        self.assertEqual(self.browser.title, "runs/student – distillation report")
        self.assertEqual(self.text("h1"), "runs/student")
        row = self.text("#runs tbody tr")
        for part in ("student-0", "cifar_resnet20", "finished after 12 epochs, best epoch 11", "0.25 ms", "36 KiB",
                     "labels and soft targets (kd, alpha 0.9, T = 2) of teacher (vgg, 394,490 parameters)"):
            self.assertIn(part, row)
        self.assertNotIn("not finished", row)
        self.assertIn("nothing to", self.text("#tradeoff"))
        self.assertEqual(self.find("#run, #tradeoff svg"), [])
        self.assertIn("3.12%", self.text("#calibration"))
        self.assertEqual(len(self.find("#calibration svg rect")), 14)  # a bin of 15 is empty
        self.assertEqual(self.text("#confusions .bars li"), "Class-000 → Class-001 60, 60.0%")

    def test_several_runs_are_compared(self):
        report = self.open(make_report(runs=3))
        first, second, _ = [row.text for row in self.find("#runs tbody tr")]
        self.assertNotIn("slower", first)
        kept = report["runs"][1]["quality"]["accuracy"] / report["runs"][0]["quality"]["accuracy"]
        for part in (f"{kept:.1%} kept", "4.0× larger", "2.0× slower"):
            self.assertIn(part, second)
        self.assertEqual(len(self.find("#curves path")), 3)
        circles = self.find("#tradeoff circle")
        area = {circle.get_attribute("class"): float(circle.get_attribute("r")) ** 2 for circle in circles}
        self.assertAlmostEqual(area["run1"] / area["run0"], 4)
        self.assertAlmostEqual(area["run2"] / area["run0"], 7)

    def test_another_run_is_chosen_for_all_that_shows_one(self):
        report = make_report(runs=2)
        report["runs"][1]["quality"]["calibration_error"] = 0.25
        self.open(report)
        self.tab_to("#run")
        self.press(Keys.ARROW_DOWN, Keys.ENTER)
        self.assertIn("25.00%", self.text("#calibration"))
        self.assertEqual(self.listed(), sorted(range(24), key=lambda i: -divergence(report["samples"][i], 1)))
        self.assert_shows(report["samples"][self.selected()], 1, run=1)

    def test_each_run_is_shown_beside_its_own_teacher(self):
        report = make_report(runs=2)
        report["teacher_of"] = [0, 1]
        other = make_report(classes=12)  # the same teacher's answers, of another sample each
        for i, sample in enumerate(report["samples"]):
            sample["teachers"].append(other["samples"][i - 1]["teachers"][0])
        self.open(report)
        self.assert_shows(report["samples"][self.selected()], 1)
        self.tab_to("#run")
        self.press(Keys.ARROW_DOWN, Keys.ENTER)
        order = sorted(range(24), key=lambda i: -divergence(report["samples"][i], run=1, teacher=1))
        self.assertEqual(self.listed(), order)
        self.assert_shows(report["samples"][self.selected()], 1, run=1, teacher=1)

    def test_runs_that_were_validated_on_other_samples_are_named(self):
        report = make_report(runs=2)
        self.open(report)
        self.assertNotIn("cannot be compared", self.text("#curves"))
        report["other_samples"] = [False, True]
        self.open(report)
        self.assertRegex(self.text("#curves"), "cannot be compared: .?student-1")

    def test_samples_for_which_there_was_no_room_are_counted(self):
        report = make_report(samples=24)
        report["samples_kept"] = 64
        self.open(report)
        self.assertIn("24 of 24 samples (64 were kept, the page has room for 24)", self.text("#samples"))

    def test_what_has_the_focus_is_not_under_the_chooser(self):
        self.open(make_report(runs=2, samples=64))
        self.tab_to("[role=option][tabindex='0']")
        for key in [Keys.ARROW_DOWN] * 20 + [Keys.ARROW_UP] * 20:
            self.press(key)
            focus, chooser = self.run_js("return [document.activeElement, document.querySelector('.chooser')]"
                                         ".map(x => x.getBoundingClientRect())")
            self.assertGreaterEqual(focus["top"], chooser["bottom"] - 1)

    def test_the_focus_stays_where_all_confusions_were_asked_for(self):
        self.open(make_report())
        self.tab_to("#confusions button")
        self.press(Keys.ENTER)
        self.assertEqual(self.run_js("return document.activeElement.closest('#confusions') !== null"), True)

    def test_an_unfinished_run_is_said_to_be_unfinished(self):
        report = make_report()
        report["runs"][0] |= {"finished": False, "epochs": make_epochs(3), "best_epoch": 2, "figures": None,
                              "quality": None}
        self.open(report)
        for part in ("not finished", "3 epochs so far, best epoch 3", "not measured"):
            self.assertIn(part, self.text("#runs"))
        for section in ("#confusions", "#calibration"):
            self.assertIn("The run is not finished", self.text(section))
            self.assertEqual(self.find(f"{section} svg"), [])

    def test_figures_of_which_some_are_not_known(self):
        report = make_report(runs=2)
        report["runs"][1]["figures"] |= {"latency_ms": None, "latency_p99_ms": None, "multiply_adds": None}
        report["runs"][1]["quality"] |= {"calibration_error": None}
        self.open(report)
        self.assertIn("145 KiB", self.text("#runs"))
        self.assertIn("Only student-0 has", self.text("#tradeoff"))

    def test_a_run_before_its_first_epoch(self):
        report = make_report(samples=0)
        report["runs"][0] |= {"finished": False, "epochs": [], "best_epoch": None, "figures": None, "quality": None}
        self.open(report)
        self.assertIn("No epoch has ended yet", self.text("#curves"))
        self.assertEqual(self.find("svg"), [])

    def test_without_validation_data_the_training_loss_is_left(self):
        report = make_report()
        report["runs"][0] |= {"epochs": make_epochs(5, validation=False), "best_epoch": None, "quality": None}
        self.open(report)
        self.assertIn("No validation data was held out", self.text("#curves"))
        self.assertIn("Training loss", self.text("#curves svg"))
        self.assertEqual(len(self.find("#curves path")), 1)
        self.assertEqual(self.find("#curves button, #curves .best"), [])
        self.assertIn("No validation or test data", self.text("#calibration"))

    # ---- Curves

    def test_curves_are_switched_and_read_by_the_keyboard(self):
        report = self.open(make_report(runs=2))
        epochs = report["runs"][0]["epochs"]
        self.tab_to("[data-key=validation]")
        self.press(Keys.ENTER)
        self.tab_to("#curves [role=group][tabindex]")
        self.press(Keys.HOME, Keys.ARROW_RIGHT)
        self.assertIn("epoch 2", self.text(".readout"))
        self.assertIn(f"student-0 {epochs[1]['validation']['loss']:.3f}", self.text(".readout"))
        self.press(Keys.END, Keys.ARROW_LEFT)
        self.assertIn("epoch 11", self.text(".readout"))
        self.assertIn("best epoch", self.text(".readout"))

    # ---- Samples

    def test_the_slider_moves_the_bars_to_the_softmax_at_its_temperature(self):
        report = self.open(make_report(classes=25))
        sample = report["samples"][self.selected()]
        self.assert_shows(sample, 1)
        self.tab_to("input[type=range]")
        seen = set()
        for keys in ([Keys.HOME], *[[Keys.ARROW_RIGHT]] * 30):
            self.press(*keys)
            temperature = float(self.text("output").removeprefix("T = "))
            self.assert_shows(sample, int(temperature) if temperature.is_integer() else temperature)
            seen.add(temperature)
        self.assertEqual((min(seen), max(seen)), (0.5, 20))
        self.assertTrue({1, 2, 4, 8} < seen)
        steps = np.diff(np.log(sorted(seen)))
        self.assertLess(max(steps), 2 * min(steps))

    def test_samples_come_by_disagreement_and_are_reached_by_keys_alone(self):
        report = self.open(make_report())
        order = sorted(range(24), key=lambda i: -divergence(report["samples"][i]))
        self.assertEqual(self.listed(), order)
        self.tab_to("[role=option]")
        for keys, wanted in ((Keys.ARROW_DOWN, 1), (Keys.ARROW_DOWN, 2), (Keys.ARROW_UP, 1), (Keys.END, 23),
                             (Keys.ARROW_DOWN, 23), (Keys.HOME, 0), (Keys.ENTER, 0)):
            self.press(keys)
            self.assertEqual(self.selected(), order[wanted])
            self.assertEqual(self.run_js("return document.activeElement.dataset.sample"), str(order[wanted]))
            self.assert_shows(report["samples"][order[wanted]], 1)
        self.assertEqual(len(self.find("[role=option][tabindex='0']")), 1)
        self.run_js("document.querySelectorAll('[role=option]')[5].focus()")
        self.press(Keys.ENTER)
        self.assertEqual(self.selected(), order[5])
        self.press(Keys.TAB)
        self.assertEqual(self.run_js("return document.activeElement.id"), "temperature")
        self.assertIn(f"{divergence(report['samples'][order[5]]):.3f} bits", self.text("#sample"))

    def test_search_and_filters_by_class(self):
        report = self.open(make_report())

        def answers(sample: dict) -> tuple[int, int, int]:
            return sample["label"], answer(sample["teachers"][0]), answer(sample["students"][0])
        by_class = {i for i, sample in enumerate(report["samples"]) if 3 in answers(sample)}
        wrong = {i for i, sample in enumerate(report["samples"]) if answers(sample)[0] != answers(sample)[2]}
        differ = {i for i, sample in enumerate(report["samples"]) if answers(sample)[1] != answers(sample)[2]}
        self.assertTrue(0 < len(by_class) < 24 and 0 < len(wrong) < 24 and wrong != differ)
        self.tab_to("#search")
        self.press("CLASS-003")
        self.assertEqual(set(self.listed()), by_class)
        self.assertIn(f"{len(by_class)} of 24 samples", self.text("#samples"))
        self.assertIn(self.selected(), by_class)
        self.tab_to("[data-key=wrong]")
        self.press(Keys.SPACE)
        self.assertEqual(set(self.listed()), by_class & wrong)
        self.find("#search")[0].send_keys(Keys.CONTROL + "a", Keys.BACKSPACE)
        self.tab_to("[data-key=differ]")
        self.press(Keys.SPACE)
        self.assertEqual(set(self.listed()), differ)
        self.find("#search")[0].send_keys("nothing has this name")
        self.assertIn("No sample matches.", self.text("#sample"))

    def test_pictures_are_drawn_from_the_pixels(self):
        report = make_report(samples=1)
        grey = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
        report["samples"][0]["image"] = {"width": 3, "height": 2, "channels": 1, "data": base64_of(grey)}
        self.open(report)
        pixels = self.run_js("""const canvas = document.querySelector("#sample canvas");
          return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];""")
        self.assertEqual(pixels, [value for grey in range(6) for value in (40 * grey,) * 3 + (255,)])

    def test_tokens_are_shown_where_there_is_no_picture(self):
        report = make_report(samples=2)
        report["samples"][0] |= {"image": None, "text": "tokens 12 54 7", "label": -1}
        report["samples"][1] |= {"image": None, "text": "tokens 9 <b>9</b>"}
        self.open(report)
        self.assertEqual({option.text.split("\n")[0] for option in self.find("[role=option]")},
                         {"no label", "Class-001"})
        self.find("[data-sample='1']")[0].click()
        self.assertEqual(self.text("#sample pre"), "tokens 9 <b>9</b>")

    def test_without_a_teacher_the_student_is_shown_alone(self):
        report = without_teacher(make_report())
        losses = [-np.log(softmax(floats_of(sample["students"][0]), 1)[sample["label"]])
                  for sample in report["samples"]]
        self.open(report)
        self.assertIn("learned from labels", self.text("#runs"))
        self.assertNotIn("teacher", self.text("main").lower())
        self.assertEqual(self.listed(), sorted(range(24), key=lambda i: -losses[i]))
        self.assert_shows(report["samples"][self.selected()], 1)
        self.assertEqual(self.find("[data-key=differ]"), [])

    def test_without_samples(self):
        self.open(make_report(samples=0))
        self.assertIn("No samples", self.text("#samples"))
        self.assertEqual(self.find("#samples input, #samples canvas, [role=listbox]"), [])

    def test_logits_that_are_missing_or_not_finite(self):
        report = make_report(samples=2)
        report["samples"][0]["students"] = [None]
        report["samples"][1]["students"] = [base64_of(np.full(12, np.nan, "<f4"))]
        self.open(report)
        self.assertEqual(len(self.listed()), 2)
        for index in "01":
            self.find(f"[data-sample='{index}']")[0].click()
            self.assertEqual({who for models in self.shown_masses().values() for who in models}, {"teacher"})
            self.assertIn("Student not known", self.text("#sample"))

    # ---- Names and numbers of classes

    def test_hostile_names_are_shown_as_text(self):
        report = make_report(classes=4, runs=2)
        names = [HTML_NAME, LONG_NAME, RTL_NAME, ""]
        report |= {"classes": names, "title": f"{HTML_NAME} {LONG_NAME}"}
        report["runs"][0] |= {"name": HTML_NAME, "student": LONG_NAME, "teacher": RTL_NAME}
        report["runs"][1] |= {"name": LONG_NAME, "teacher": LONG_NAME}
        for width in (1280, 390):
            self.set_width(width)
            self.open(report)
            self.assertLessEqual(self.run_js("return document.documentElement.scrollWidth"), width)
            self.assertEqual(self.text("h1"), report["title"])
            shown = self.run_js("return [...document.querySelectorAll('[data-class] bdi')].map(x => x.textContent)")
            self.assertEqual(set(shown), {HTML_NAME, LONG_NAME, RTL_NAME, "class 3"})
            self.assertEqual(self.find("main b, main script"), [])
            lefts = {bar.rect["x"] for bar in self.find("[data-class] .bar")}
            self.assertEqual(len(lefts), 1)  # the bars stay in line
            right = self.run_js("return Math.max(...[...document.querySelectorAll('main svg, main svg text')]"
                                ".map(x => x.getBoundingClientRect().right))")
            self.assertLessEqual(right, width)

    def test_a_thousand_classes(self):
        report = self.open(make_report(classes=1000, runs=3, samples=64))
        self.assertEqual(len(self.listed()), 64)
        self.assert_shows(report["samples"][self.selected()], 1)
        self.tab_to("input[type=range]")
        self.press(Keys.END)
        self.assert_shows(report["samples"][self.selected()], 20)
        self.assertEqual(len(self.find("#confusions .columns > div:last-child li")), 10)

    def test_one_class(self):
        report = make_report(classes=1, samples=3)
        self.open(report)
        self.assert_shows(report["samples"][0], 1)
        self.assertIn("There are none", self.text("#confusions"))


if __name__ == "__main__":
    unittest.main()
