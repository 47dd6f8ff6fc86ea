"""A tiny network, and a stand-in for the Hugging Face Hub on this machine's loopback address."""

import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from maliang_video.weights.architectures import Architecture


@dataclass(frozen=True)
class TinyConfig:
    channels: int
    layers: int
    padding: Literal["zeros", "reflect"]


class Tiny(nn.Module):
    def __init__(self, config: TinyConfig) -> None:
        super().__init__()
        self.config = config
        c = config.channels
        self.layers = nn.ModuleList(
            nn.Conv2d(c, c, 3, padding=1, padding_mode=config.padding) for _ in range(config.layers)
        )
        self.register_buffer("steps", torch.tensor(7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """`make(channels=2, layers=2)` a network; `table` the architectures that know it."""

    def make(channels: int = 2, layers: int = 2) -> Tiny:
        torch.manual_seed(channels + 10 * layers)
        return Tiny(TinyConfig(channels, layers, "zeros"))

    return SimpleNamespace(
        Config=TinyConfig,
        Module=Tiny,
        make=make,
        table={"test.tiny/1": lambda: Architecture(TinyConfig, Tiny)},
    )


@dataclass
class Repository:
    files: dict[str, bytes]
    commit: str = "0123456789abcdef0123456789abcdef01234567"
    gated: bool = False


@dataclass
class Hub:
    """Answers as huggingface.co does: metadata on a redirect, content from another host that must see no token."""

    endpoint: str = ""
    content_endpoint: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path, Range header) of each request."""
    tokens_seen_by_content_host: list[str] = field(default_factory=list)
    cut_after: int | None = None
    """The next download breaks off after so many bytes."""
    status: int | None = None
    """Answer everything with this."""

    def blob(self, digest: str) -> bytes | None:
        contents = (data for r in self.repositories.values() for data in r.files.values())
        return next((data for data in contents if hashlib.sha256(data).hexdigest() == digest), None)


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ClassVar[Hub]
    routes: ClassVar[list[tuple[str, str]]] = [
        (r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)", "resolve"),
        (r"/api/models/(?P<repo>[^/]+/[^/]+)/revision/(?P<revision>[^/]+)", "revision"),
        (r"/content/(?P<digest>[0-9a-f]{64})", "content"),
    ]

    def do_GET(self) -> None:
        self.hub.requests.append((self.command, self.path, self.headers.get("Range")))
        if self.hub.status is not None:
            return self.answer(self.hub.status)
        for pattern, action in self.routes:
            match = re.fullmatch(pattern, self.path)
            if match:
                return getattr(self, action)(**match.groupdict())
        return self.answer(404)

    do_HEAD = do_GET  # noqa: N815

    def repository(self, repo: str, revision: str) -> Repository | None:
        """The repository, or None after an answer that says why not."""
        repository = self.hub.repositories.get(repo)
        token = self.headers.get("Authorization")
        if repository is None:
            self.answer(401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        elif repository.gated and token != "Bearer accepted":
            self.answer(403 if token else 401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        elif revision not in (repository.commit, "main"):
            self.answer(
                404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": f"Invalid rev id: {revision}"}
            )
        else:
            return repository
        return None

    def resolve(self, repo: str, revision: str, file: str) -> None:
        repository = self.repository(repo, revision)
        if repository is None:
            return
        commit = {"X-Repo-Commit": repository.commit}
        data = repository.files.get(file)
        if data is None:
            return self.answer(
                404, commit | {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            )
        digest = hashlib.sha256(data).hexdigest()
        linked = {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{digest}"', "ETag": f'"{digest[:40]}"'}
        location = {"Location": f"{self.hub.content_endpoint}/content/{digest}"}
        self.answer(302, commit | linked | location, b"Found. Redirecting")

    def revision(self, repo: str, revision: str) -> None:
        repository = self.repository(repo, revision)
        if repository is not None:
            siblings = [{"rfilename": name} for name in repository.files]
            info = {"id": repo, "sha": repository.commit, "gated": repository.gated, "siblings": siblings}
            self.answer(200, {"Content-Type": "application/json"}, dumps(info).encode())

    def content(self, digest: str) -> None:
        if self.headers.get("Authorization"):
            self.hub.tokens_seen_by_content_host.append(self.headers["Authorization"])
        data = self.hub.blob(digest)
        if data is None:
            return self.answer(404)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked.group(1)) if asked else 0
        headers = {
            "ETag": f'"{digest}"',
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.answer(206 if asked else 200, headers, data[start:])

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut, self.hub.cut_after = (
            (self.hub.cut_after, None) if len(body) > 1000 else (None, self.hub.cut_after)
        )
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A running Hub without repositories."""
    state = Hub()
    handler: Callable[..., BaseHTTPRequestHandler] = type("Handler", (HubHandler,), {"hub": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    state.content_endpoint = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def repository() -> type[Repository]:
    return Repository


def nvlabs_state() -> dict[str, torch.Tensor]:
    """A generator of 16 pixels, 8 channels, two mapping layers, in the names of NVlabs."""
    random = torch.Generator().manual_seed(0)
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    state = {"synthesis.b4.const": torch.randn(8, 4, 4, generator=random)}
    sides = {"mapping.w_avg": (8,)}
    for side in (4, 8, 16):
        block = f"synthesis.b{side}"
        state[f"{block}.resample_filter"] = row.outer(row) / 64
        for part in ("conv0", "conv1", "torgb")[side == 4 :]:
            layer, outputs, size = f"{block}.{part}", *((3, 1) if part == "torgb" else (8, 3))
            sides |= {f"{layer}.weight": (outputs, 8, size, size), f"{layer}.bias": (outputs,)}
            sides |= {f"{layer}.affine.weight": (8, 8), f"{layer}.affine.bias": (8,)}
            if part != "torgb":
                sides |= {f"{layer}.noise_strength": (), f"{layer}.noise_const": (side, side)}
                state[f"{layer}.resample_filter"] = row.outer(row) / 64
    for fc in range(2):
        sides |= {f"mapping.fc{fc}.weight": (8, 8), f"mapping.fc{fc}.bias": (8,)}
    return state | {name: torch.randn(shape, generator=random) for name, shape in sides.items()}


@pytest.fixture(scope="session")
def published_faces(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`folder` with what tests/golden/face_pickles.py writes of the generator's state dict `state`.

    A process of its own writes them: nothing here has ever seen the modules that they name.
    """
    folder, state = tmp_path_factory.mktemp("published"), nvlabs_state()
    torch.save(state, folder / "state.pt")
    script = Path(__file__).parents[1] / "golden" / "face_pickles.py"
    subprocess.run([sys.executable, script, folder / "state.pt", folder], check=True)
    return SimpleNamespace(folder=folder, state=state)


RUNS = ("exec", "compile", "import", "open", "pickle.", "os.", "subprocess.", "shutil.", "socket.", "ctypes.")
"""Beginnings of what Python announces before it runs code, looks up a name for a pickle, or touches files."""


class Watch:
    """Notices what Python announces inside of its blocks. Such hooks stay for as long as Python runs: there is one."""

    def __init__(self) -> None:
        self.prefixes: tuple[str, ...] = ()
        self.seen: list[str] = []
        sys.addaudithook(self.notice)

    def notice(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.prefixes and event.startswith(self.prefixes):
            self.seen.append(event)

    @contextmanager
    def __call__(self, *, files: bool = False) -> Iterator[None]:
        """Nothing may be run in here. files: a file may be opened, and modules of Python's own be imported."""
        self.seen.clear()
        self.prefixes = RUNS[4:] if files else RUNS
        try:
            yield
        finally:
            self.prefixes = ()
        assert self.seen == []


@pytest.fixture(scope="session")
def watched() -> Watch:
    return Watch()
