"""Headless Chromium with one page open, and a reader who has a keyboard."""

import json
import pathlib
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


class BrowserTest(unittest.TestCase):
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
        # In each test, the page sends no request, has no message for the console, and fits a phone.
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
