"""Draws the picture of the web interface: a page of the sample documents with the source of a claim beside it, in a real browser.

    python tests/data/make_web_picture.py

It writes `gitkb/guide/pictures/web.png` and needs chromium and chromedriver. The knowledge base is made in a scratch folder.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = ROOT / "gitkb" / "guide" / "pictures" / "web.png"
PLACE = "wiki/concepts/checkpoint.md"
WIDTH, HEIGHT, COLOURS = 1280, 760, 64


def serve(kb: Path) -> str:
    """The address of a server of the knowledge base; it ends with this program."""
    from gitkb import KnowledgeBase
    from gitkb.web.guard import Access
    from gitkb.web.listen import serve

    told: list[str] = []
    ready = threading.Event()

    def said(address: str) -> None:
        told.append(address)
        ready.set()

    threading.Thread(target=serve, args=(lambda _: KnowledgeBase.open(kb), Access(), said), daemon=True).start()
    ready.wait()
    return told[0]


def draw(address: str, file: Path) -> None:
    """A picture of the page with its first claim open."""
    from selenium import webdriver
    from selenium.webdriver.common.by import By

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT + 140}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get(address)
    driver.get(address.partition("?")[0] + PLACE)
    driver.find_elements(By.CSS_SELECTOR, "a.cite")[1].click()
    time.sleep(1)
    driver.save_screenshot(str(file))
    driver.quit()


def main() -> None:
    os.environ |= {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    os.environ |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_CONFIG_NOSYSTEM": "1"}
    from gitkb import KnowledgeBase

    with tempfile.TemporaryDirectory() as folder:
        kb = Path(folder) / "my-kb"
        KnowledgeBase.init(kb)
        KnowledgeBase.open(kb).add([ROOT / "tests" / "data" / "documents"])
        draw(serve(kb), Path(folder) / "whole.png")
        picture = Image.open(Path(folder) / "whole.png").convert("RGB")
        picture.crop((0, 0, WIDTH, min(HEIGHT, picture.height))).quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
