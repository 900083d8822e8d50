"""Several runs on one page: compared, chosen, and their curves read."""

import unittest

from selenium.webdriver.common.keys import Keys

from expected import divergence
from page import PageTest
from reports import make_epochs, make_report


class Runs(PageTest):
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

    def test_what_has_the_focus_is_not_under_the_chooser(self):
        self.open(make_report(runs=2, samples=64))
        self.tab_to("[role=option][tabindex='0']")
        for key in [Keys.ARROW_DOWN] * 20 + [Keys.ARROW_UP] * 20:
            self.press(key)
            focus, chooser = self.run_js("return [document.activeElement, document.querySelector('.chooser')]"
                                         ".map(x => x.getBoundingClientRect())")
            self.assertGreaterEqual(focus["top"], chooser["bottom"] - 1)

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

    def test_curves_of_epochs_of_other_sizes_share_an_axis_of_samples(self):
        report = make_report(runs=2)
        report["runs"][1]["epochs"] = make_epochs(3, samples=20_000)
        report["runs"][1]["best_epoch"] = 3
        self.open(report)
        self.assertIn("training samples seen", self.text("#curves"))
        self.assertIn("60k", self.text("#curves"))
        self.tab_to("#curves [role=group][tabindex]")
        self.press(Keys.END)
        self.assertIn("60k samples", self.text(".readout"))
        self.assertRegex(self.text(".readout"), r"(?s)student-0 .*epoch 12.*student-1 .*epoch 3, best epoch")
        self.press(Keys.HOME)
        self.assertRegex(self.text(".readout"), r"(?s)1k samples.*student-0 .*epoch 1.*student-1 –")


if __name__ == "__main__":
    unittest.main()
