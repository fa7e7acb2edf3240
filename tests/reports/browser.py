"""A page as a browser shows it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def content_width(page: Path, width: int) -> int:
    """Pixels that the content takes in a window of this width: more means scrolling sideways."""
    found, _ = look(page, "return page.documentElement.scrollWidth", width)
    return found


def look(page: Path, script: str, width: int = 1200) -> tuple[Any, list[str]]:
    """What a script finds in the open page, and all that the page wrote to the console.

    Args:
        page: the file.
        script: the body of a function of `page`, its document; what it returns goes through JSON.
        width: of the window, in pixels.
    """
    # Pages forbid scripts of others, so it runs outside, with the page in a frame of the wanted
    # width.
    frame = page.parent / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{page.name}" style="width:{width}px;height:4000px;border:0"></iframe>'
        "<pre></pre><script>f.onload=()=>{document.querySelector('pre').textContent="
        f"JSON.stringify((page=>{{{script}}})(f.contentDocument))}}</script>",
        encoding="utf-8",
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    flags += ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    flags += ["--disable-sync", "--disable-quic", f"--user-data-dir={page.parent}"]
    flags += ["--enable-logging=stderr"]
    done = subprocess.run(
        [CHROMIUM, *flags, "--virtual-time-budget=3000", "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    written = re.search("<pre>(.*?)</pre>", done.stdout, re.DOTALL)[1]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(written)), console
