"""A real ComfyUI server in a process of its own, with our package as its only custom node."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = "ComfyUI-Maliang.v0-1"
"""What the package's folder is called in custom_nodes: with the characters that Python modules can't have."""
START_SECONDS = 400
RUN_SECONDS = 600


class ServerFailureError(AssertionError):
    """The server did not start, or answered what it should not; the end of its log is in the message."""


class ComfyServer:
    """Context manager. `checkout` is ComfyUI's folder, `python` what runs it, `base` holds models, input, output."""

    def __init__(self, checkout: Path, python: str, base: Path, websocket: Any, *options: str) -> None:
        self.base = base
        self._websocket = websocket
        for name in ("models/maliang", "custom_nodes", "input", "output", "temp", "user"):
            (base / name).mkdir(parents=True, exist_ok=True)
        link = base / "custom_nodes" / FOLDER
        if not link.exists():
            link.symlink_to(ROOT, target_is_directory=True)
        self._log = (base / "server.log").open("w+")
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [
                python, "main.py", "--cpu", "--listen", "127.0.0.1", "--port", str(self.port),
                "--disable-api-nodes", "--base-directory", str(base), "--database-url", "sqlite:///:memory:",
                *options,
            ],
            cwd=checkout,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> "ComfyServer":
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ServerFailureError(
                    f"ComfyUI ended with {self._process.returncode}:\n{self.log()[-4000:]}"
                )
            try:
                self.get("/system_stats")
                return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.3)
        self.__exit__()
        raise ServerFailureError(f"ComfyUI did not answer in {START_SECONDS} s:\n{self.log()[-4000:]}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._log.close()

    def log(self) -> str:
        return (self.base / "server.log").read_text("utf-8", "replace")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def get_bytes(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise ServerFailureError(f"{path}: {error.code} {error.read().decode()[:2000]}") from error
        return json.loads(content) if content else None

    def start(self, prompt: dict[str, Any], client: str = "tests") -> str:
        """Queue a graph in API format; its id."""
        answer = self.post("/prompt", {"prompt": prompt, "client_id": client, "prompt_id": str(uuid.uuid4())})
        if answer["node_errors"]:
            raise ServerFailureError(f"refused: {answer['node_errors']}")
        return answer["prompt_id"]

    def wait(self, prompt_id: str, seconds: float = RUN_SECONDS) -> dict[str, Any]:
        """The history of a graph when it has ended, well or not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            history = self.get(f"/history/{prompt_id}")
            if prompt_id in history:
                return history[prompt_id]
            time.sleep(0.1)
        raise ServerFailureError(f"{prompt_id} did not end in {seconds} s:\n{self.log()[-4000:]}")

    def run(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """Queue a graph, wait, and return its history; it must have ended well."""
        history = self.wait(self.start(prompt))
        if history["status"]["status_str"] != "success":
            errors = [data for event, data in history["status"]["messages"] if event == "execution_error"]
            raise ServerFailureError(json.dumps(errors, indent=1)[:4000])
        return history

    def files(self, history: dict[str, Any]) -> list[tuple[str, bytes]]:
        """(name, content) of every file that the output nodes of a run show."""
        shown = [
            item
            for output in history["outputs"].values()
            for items in output.values()
            for item in items
            if isinstance(item, dict) and "filename" in item
        ]
        return [(item["filename"], self.get_bytes(f"/view?{urllib.parse.urlencode(item)}")) for item in shown]

    def cached(self, history: dict[str, Any]) -> set[str]:
        """The nodes whose results came from the cache."""
        events = history["status"]["messages"]
        return {node for event, data in events if event == "execution_cached" for node in data["nodes"]}

    def listen(self, client: str = "tests") -> Any:
        """A websocket that receives what happens to this client's graphs, previews included."""
        socket = self._websocket.WebSocket(f"ws://127.0.0.1:{self.port}/ws?clientId={client}")
        socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
        return socket

    def failures(self) -> list[str]:
        """Lines of the log that say that our package could not be loaded, or broke."""
        return [
            line
            for line in self.log().splitlines()
            if re.search(
                r"IMPORT FAILED.*Maliang|Error while calling comfy_entrypoint|Maliang.*(Error|failed)", line
            )
        ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def temporary_base() -> Path:
    """A new base folder; `drop` removes it."""
    return Path(tempfile.mkdtemp(prefix="comfy_base_"))


def drop(base: Path) -> None:
    shutil.rmtree(base, ignore_errors=True)
