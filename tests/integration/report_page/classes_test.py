"""Names and numbers of classes that a page must bear."""

import unittest

from selenium.webdriver.common.keys import Keys

from page import PageTest
from reports import make_report

HTML_NAME = "<script>alert(1)</script><b onclick='x'>&amp;"
LONG_NAME = "unbroken" * 25
RTL_NAME = "\u202eסוודר מעור"  # begins with an override that is never closed


class Classes(PageTest):
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
