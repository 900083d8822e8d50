"""The samples on the page: their order, their pictures, and both models' soft targets."""

import unittest

import numpy as np
from selenium.webdriver.common.keys import Keys

from expected import answer, divergence, softmax
from page import PageTest
from reports import base64_of, floats_of, make_report, without_teacher


class Samples(PageTest):
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

    def test_samples_for_which_there_was_no_room_are_counted(self):
        report = make_report(samples=24)
        report["samples_kept"] = 64
        self.open(report)
        self.assertIn("24 of 24 samples (64 were kept, the page has room for 24)", self.text("#samples"))

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


if __name__ == "__main__":
    unittest.main()
