"""What the page says of one run: how it went, its curves, its figures, its confusions."""

import unittest

from selenium.webdriver.common.keys import Keys

from page import PageTest
from reports import TEMPLATE, make_epochs, make_report


class Overview(PageTest):
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

    def test_the_focus_stays_where_all_confusions_were_asked_for(self):
        self.open(make_report())
        self.tab_to("#confusions button")
        self.press(Keys.ENTER)
        self.assertEqual(self.run_js("return document.activeElement.closest('#confusions') !== null"), True)

    def test_an_unfinished_run_is_said_to_be_unfinished(self):
        report = make_report()
        report["runs"][0] |= {"finished": False, "epochs": make_epochs(3), "best_epoch": 3, "figures": None,
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


if __name__ == "__main__":
    unittest.main()
