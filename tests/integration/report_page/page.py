"""The page of a run's report, filled with a made-up report and opened in the browser."""

import numpy as np

from browser import BrowserTest
from expected import softmax
from reports import fill, floats_of


class PageTest(BrowserTest):
    def open(self, report: dict) -> dict:
        self.page.write_text(fill(report))
        self.browser.get(self.page.as_uri())
        return report

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
