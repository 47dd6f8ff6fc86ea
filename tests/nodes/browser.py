"""Headless Chromium, driven by its own debugging protocol: a page that can be asked, clicked and photographed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--window-size=1600,1000",
)


def find_browser() -> str | None:
    """Path of a Chromium; None where there is none."""
    return os.environ.get("BROWSER_PATH") or next((p for p in map(shutil.which, NAMES) if p), None)


class Page:
    """Context manager: one page of a browser of its own. `websocket` is the module of that name."""

    def __init__(self, executable: str, websocket: Any) -> None:
        self._profile = Path(tempfile.mkdtemp(prefix="browser_"))
        self._process = subprocess.Popen(
            [executable, *OPTIONS, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._websocket = websocket
        self._socket: Any = None
        self._number = 0

    def __enter__(self) -> "Page":
        port = self._within(60, self._port)
        targets = self._within(30, lambda: self._pages(port))
        self._socket = self._websocket.WebSocket(targets[0]["webSocketDebuggerUrl"])
        self._ask("Page.enable")
        self._ask("Runtime.enable")
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str) -> None:
        self._ask("Page.navigate", url=url)

    def evaluate(self, expression: str, seconds: float = 60) -> Any:
        """The value of a JavaScript expression; a promise is waited for, an exception is raised."""
        answer = self._ask(
            "Runtime.evaluate", seconds, expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 120) -> Any:
        """The value of the expression as soon as it is true."""
        return self._within(seconds, lambda: self.evaluate(expression))

    def screenshot(self, path: Path) -> None:
        answer = self._ask("Page.captureScreenshot", 60, format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def _ask(self, method: str, seconds: float = 60, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.receive(seconds))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]

    def _port(self) -> int | None:
        file = self._profile / "DevToolsActivePort"
        return int(file.read_text().split()[0]) if file.exists() and file.read_text().strip() else None

    def _pages(self, port: int) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            return [target for target in json.load(answer) if target["type"] == "page"]

    def _within(self, seconds: float, attempt: Any) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = attempt()
            if found:
                return found
            time.sleep(0.3)
        raise TimeoutError(f"not within {seconds} s")
