from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np
import pytest

from maliang_video.media.codecs import CODECS
from maliang_video.media.writer import open_writer

ENDINGS = {
    "h264": ".mp4",
    "h265": ".mp4",
    "vp9": ".webm",
    "av1": ".mp4",
    "prores": ".mov",
    "ffv1": ".mkv",
    "gif": ".gif",
    "png": "",
}


@pytest.fixture(params=list(ENDINGS))
def codec(request):
    """Every codec that this build of PyAV can write."""
    encoder = CODECS[request.param].encoder
    if encoder and encoder not in av.codecs_available:
        pytest.skip(f"this PyAV has no {encoder}")
    return request.param


@pytest.fixture
def clip_path(tmp_path, codec):
    return tmp_path / f"clip{ENDINGS[codec]}"


@pytest.fixture
def moving():
    """Frames that differ in every pixel and move: number -> uint8 [h w 3]."""

    def frame(number, width=96, height=64):
        y, x = np.mgrid[:height, :width]
        channels = [x * 2 + number * 5, y * 3 + number * 7, x + y + number * 3]
        return (np.stack(channels, -1) % 256).astype(np.uint8)

    return frame


@pytest.fixture
def write_clip():
    """Write frames as a clip and give back its path."""

    def write(path, frames, times=None, frame_rate=Fraction(24), **options):
        height, width = frames[0].shape[:2]
        with open_writer(path, width=width, height=height, frame_rate=frame_rate, **options) as writer:
            for number, frame in enumerate(frames):
                writer.write(frame, times[number] if times else None)
        return path

    return write


@pytest.fixture(scope="session")
def write_sound():
    """Write `seconds` of 440 Hz that doubles its loudness every second, beside a grey picture."""

    def write(path, codec, seconds=3, rate=48_000):
        video = "libvpx-vp9" if path.suffix == ".webm" else "libx264"
        with av.open(str(path), "w") as container:
            fast = (
                {"deadline": "realtime", "cpu-used": "8"}
                if path.suffix == ".webm"
                else {"preset": "ultrafast"}
            )
            picture = container.add_stream(video, rate=24, options=fast)
            picture.width, picture.height = 64, 48
            sound = container.add_stream(codec, rate=rate)
            for _ in range(24 * seconds):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
            moments = np.arange(rate * seconds) / rate
            wave = (np.sin(2 * np.pi * 440 * moments) * 0.1 * 2 ** np.floor(moments)).astype(np.float32)
            for start in range(0, wave.size, 1024):
                part = av.AudioFrame.from_ndarray(
                    np.stack([wave[start : start + 1024]] * 2), format="fltp", layout="stereo"
                )
                part.sample_rate, part.pts = rate, start
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
        return path

    return write


@pytest.fixture
def small_files():
    """Have the system refuse files above a size, as a full disk does: FFmpeg itself is told."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def noise():
    """Frames that no codec makes small."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (64, 96, 3), dtype=np.uint8) for _ in range(30)]
