"""The real huggingface_hub against a stand-in for the Hub on the loopback address."""

import errno
import hashlib
import os
import random
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from maliang_video.errors import InputError
from maliang_video.weights import hub as our_hub
from maliang_video.weights.hub import cached, download
from maliang_video.weights.hub_progress import bar_class
from maliang_video.weights.presets import HubPreset

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = random.Random(1).randbytes(50_000)


def preset_of(content, **changes):
    digest = hashlib.sha256(content).hexdigest()
    fields = {"name": "street-large", "description": "", "licence": "MIT", "non_commercial": False}
    place = {"repository": "maliang/street", "revision": COMMIT, "file": "v1/street.safetensors"}
    return HubPreset(**fields | place | {"sha256": digest, "size": len(content)} | changes)


PRESET = preset_of(CONTENT)


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")


@pytest.fixture
def published(hub, repository):
    hub.repositories["maliang/street"] = repository({"v1/street.safetensors": CONTENT}, COMMIT)
    return hub


def get(hub, cache, preset=PRESET, **options):
    return download(preset, cache=cache, endpoint=hub.endpoint, **options)


def refusal(hub, cache, preset=PRESET, **options):
    """The sentence, which must come in 5 seconds."""
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        get(hub, cache, preset, **options)
    assert time.monotonic() - start < 5
    assert str(caught.value).startswith("street-large: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def files_under(folder):
    return [
        p
        for p in folder.rglob("*")
        if p.is_file() and p.suffix not in (".lock", ".TAG") and "refs" not in p.parts
    ]


def test_a_preset_is_downloaded_and_then_needs_no_network(published, tmp_path):
    seen = []
    path = get(published, tmp_path, progress=lambda done, total, preview=None: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (50_000, 50_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    asked = len(published.requests)
    assert {method for method, _, _ in published.requests} == {"HEAD", "GET"}
    assert all(COMMIT in place for _, place, _ in published.requests if "resolve" in place)
    assert get(published, tmp_path) == path
    assert cached(PRESET, cache=tmp_path) == path
    assert len(published.requests) == asked


def test_a_licence_that_forbids_commercial_use_is_accepted_before_anything_is_asked_for(published, tmp_path):
    preset = replace(PRESET, licence="CC-BY-NC-4.0", non_commercial=True)
    said = refusal(published, tmp_path, preset)
    assert "its licence, CC-BY-NC-4.0, forbids commercial use" in said
    assert "maliang weights get street-large --accept-licence" in said
    assert published.requests == []
    assert files_under(tmp_path) == []
    path = get(published, tmp_path, preset, accept_licence=True)
    assert path.read_bytes() == CONTENT
    assert get(published, tmp_path, preset) == path, "what is here was accepted already"


def test_what_is_not_cached_is_not_asked_for(published, tmp_path):
    assert cached(PRESET, cache=tmp_path) is None
    assert cached(replace(PRESET, revision="f" * 40), cache=tmp_path) is None
    assert published.requests == []


def test_a_cut_download_goes_on_where_it_was_cut(hub, repository, tmp_path):
    content = random.Random(2).randbytes(24 << 20)
    hub.repositories["maliang/street"] = repository({"v1/street.safetensors": content}, COMMIT)
    hub.cut_after = 14 << 20
    seen = []
    path = get(
        hub, tmp_path, preset_of(content), progress=lambda done, total, preview=None: seen.append(done)
    )
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
    ranges = [asked for method, place, asked in hub.requests if method == "GET" and "content" in place]
    assert len(ranges) == 2
    assert ranges[0] is None
    assert int(ranges[1].removeprefix("bytes=").removesuffix("-")) >= 10 << 20
    assert seen[-1] == len(content)


def test_two_bars_of_one_download_count_once():
    seen = []
    bar = bar_class(lambda done, total, preview=None: seen.append((done, total)), 100)
    received, written = bar(total=100, unit="B"), bar(total=130, unit="B", position=1)
    for which, step in (
        (received, 40),
        (written, 30),
        (written, 20),
        (received, 50),
        (written, 50),
        (received, 20),
    ):
        which.update(step)
    received.update(None)
    assert seen == [(40, 100), (50, 100), (90, 100), (100, 100)]


def test_a_download_that_never_ends_well_is_named(published, tmp_path):
    reset = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    for error in (reset, RuntimeError("CAS Client Error: no more tries")):

        def broken(done, total, preview=None, error=error):
            raise error

        assert f"the download broke off ({error}); try again" in refusal(published, tmp_path, progress=broken)


def test_another_file_of_the_same_size_is_refused_and_removed(published, tmp_path):
    published.repositories["maliang/street"].files["v1/street.safetensors"] = bytes(50_000)
    text = refusal(published, tmp_path)
    assert (
        f"the file has sha256 {hashlib.sha256(bytes(50_000)).hexdigest()}, should have {PRESET.sha256}"
        in text
    )
    assert "removed from the cache" in text
    assert files_under(tmp_path) == []
    published.repositories["maliang/street"].files["v1/street.safetensors"] = CONTENT
    assert get(published, tmp_path).read_bytes() == CONTENT


def test_a_file_of_another_size_is_not_downloaded(published, tmp_path):
    published.repositories["maliang/street"].files["v1/street.safetensors"] = CONTENT + b"x"
    assert "offers a file of 50001 bytes, should be 50000; nothing was downloaded" in refusal(
        published, tmp_path
    )
    assert {method for method, _, _ in published.requests} == {"HEAD"}


def test_a_file_damaged_in_the_cache_is_removed(published, tmp_path):
    path = get(published, tmp_path)
    path.resolve().write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(InputError, match="removed from the cache"):
        cached(PRESET, cache=tmp_path)
    assert files_under(tmp_path) == []
    assert get(published, tmp_path).read_bytes() == CONTENT


def test_a_gated_repository_says_what_to_do(published, tmp_path, monkeypatch):
    published.repositories["maliang/street"].gated = True
    page = f"{published.endpoint}/maliang/street"
    for token in (None, "not-yet"):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
            monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")
        text = refusal(published, tmp_path)
        assert f"open {page} and accept them, log in with `hf auth login` (or set HF_TOKEN)" in text


SCRIPT = """
import sys
from maliang_video.weights.hub import download
from maliang_video.weights.presets import HubPreset
place = ("maliang/street", sys.argv[1], "v1/street.safetensors", sys.argv[2], 50000)
print(download(HubPreset("n", "", "", False, *place)))
assert "torch" not in sys.modules
"""


def in_a_process_of_its_own(**environment):
    run = [sys.executable, "-c", SCRIPT, COMMIT, PRESET.sha256]
    return subprocess.run(run, env=os.environ | environment, capture_output=True, text=True)


def test_the_environment_is_respected_and_a_token_stays_with_the_hub(published, tmp_path):
    published.repositories["maliang/street"].gated = True
    place = {"HF_ENDPOINT": published.endpoint, "HF_HOME": str(tmp_path)}
    done = in_a_process_of_its_own(**place, HF_TOKEN="accepted", HF_HUB_DISABLE_IMPLICIT_TOKEN="0")
    assert done.returncode == 0, done.stderr
    path = done.stdout.strip()
    assert path.startswith(str(tmp_path / "hub" / "models--maliang--street"))
    assert published.tokens_seen_by_content_host == []
    asked = len(published.requests)
    assert in_a_process_of_its_own(**place, HF_HUB_OFFLINE="1").stdout.strip() == path
    elsewhere = in_a_process_of_its_own(**place | {"HF_HOME": str(tmp_path / "empty")}, HF_HUB_OFFLINE="1")
    assert "n: not on this machine, and HF_HUB_OFFLINE forbids to download it" in elsewhere.stderr
    assert len(published.requests) == asked


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"revision": "f" * 40}, "has no revision " + "f" * 40),
        ({"file": "v2/street.safetensors"}, "has no file v2/street.safetensors at revision"),
        ({"repository": "maliang/none"}, "maliang/none does not exist, or is private: then log in"),
    ],
)
def test_what_is_not_there_is_named(published, tmp_path, changes, message):
    assert message in refusal(published, tmp_path, replace(PRESET, **changes))
    assert files_under(tmp_path) == [] or changes.get("file")


def test_a_hub_out_of_order_is_named(published, tmp_path):
    published.status = 503
    assert f"{published.endpoint} answered 503; try again later" in refusal(published, tmp_path)


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_without_a_network_the_answer_comes_at_once(published, tmp_path):
    published.endpoint = f"http://127.0.0.1:{closed_port()}"
    text = refusal(published, tmp_path)
    assert f"{published.endpoint} can't be reached" in text
    assert "check the network" in text


def test_a_network_that_swallows_everything_is_not_waited_for(published, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        published.endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert f"{published.endpoint} can't be reached (" in refusal(published, tmp_path, answer_seconds=0.5)
    assert our_hub.ANSWER_SECONDS < 5


def test_too_little_room_is_said_before_the_download(published, tmp_path, monkeypatch):
    usage = our_hub.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(our_hub.shutil, "disk_usage", lambda folder: usage._replace(free=10_000))
    text = refusal(published, tmp_path / "not" / "yet")
    assert "needs 0 MB in" in text
    assert "set HF_HOME to a folder on another disk" in text
    assert not (tmp_path / "not").exists()


def test_a_disk_that_fills_up_leaves_nothing_behind(published, tmp_path):
    def full(done, total, preview=None):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert "no space left in" in refusal(published, tmp_path, progress=full)
    assert files_under(tmp_path) == []


def test_progress_can_stop_a_download(published, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done, total, preview=None):
        raise StoppedError

    with pytest.raises(StoppedError):
        get(published, tmp_path, progress=stop)
    assert files_under(tmp_path) == []


def test_a_cache_in_place_of_which_there_is_a_file_is_named(published, tmp_path):
    (tmp_path / "file").touch()
    assert "set HF_HOME to a folder that you can write to" in refusal(published, tmp_path / "file" / "cache")
