"""A page as a browser shows it."""

import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def content_width(page: Path, width: int) -> int:
    """Pixels that the content takes in a window of this width: more means scrolling sideways."""
    # The page forbids scripts, so it is measured from outside, in a frame of the wanted width.
    frame = page.parent / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{page.name}" style="width:{width}px;height:4000px;border:0"></iframe>'
        "<script>f.onload=()=>{document.title=f.contentDocument.documentElement.scrollWidth}"
        "</script>",
        encoding="utf-8",
    )
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    flags += ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    flags += ["--disable-sync", "--disable-quic", f"--user-data-dir={page.parent}"]
    done = subprocess.run(
        [CHROMIUM, *flags, "--virtual-time-budget=3000", "--dump-dom", frame.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return int(done.stdout.split("<title>")[1].split("</title>")[0])
