"""The pictures of the README: pages of the bundled brand's report, as a browser shows them.

Run: ``python pictures/make.py`` (needs Chromium).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
CLIENT = HERE.parent / "sample_data" / "camel_milk" / "client.yml"
PAGES = {"report": ("01_user_layering.html", 1180, 1500), "index": ("index.html", 1180, 1100)}


def _browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(path for name in names if (path := shutil.which(name)))


def main() -> None:
    """Diagnose the bundled brand in English and photograph its pages."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "privdom_kit", "run", str(CLIENT), "--language", "en"]
        done = subprocess.run(
            [*command, "--out", folder], check=True, stdout=subprocess.PIPE, text=True
        )
        report = Path(done.stdout.strip()).parent
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
            for name, (page, width, height) in PAGES.items():
                tab = browser.new_page(viewport={"width": width, "height": height})
                tab.goto((report / page).as_uri())
                tab.screenshot(path=HERE / f"{name}.png")
            tab = browser.new_page(viewport={"width": 1400, "height": 1000})
            tab.goto((report / "03_journey_mapping.html").as_uri())
            tab.locator(".chart.sheet img").first.screenshot(path=HERE / "journey_map.png")
            browser.close()


if __name__ == "__main__":
    main()
