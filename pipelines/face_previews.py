"""Pictures for people: where faces were found, what was cut out, what the masks cover."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..models.faces.alignment import place_face, quad_of
from ..models.faces.landmarks import Points
from ..models.faces.track import FILLED, FaceTrack
from .drawings import Footage

Pixels = NDArray[np.uint8]

_COLORS = ((255, 210, 60), (80, 200, 255), (255, 110, 140), (130, 230, 120), (200, 150, 255), (255, 160, 70))
"""Of faces, by their number."""
_DIM = (170, 170, 170)
"""Of faces that were filled in."""
_RED, _GREEN = (np.array(color, np.float32) for color in ((255, 60, 60), (70, 220, 110)))


def marked(
    pixels: Pixels,
    faces: Sequence[Points],
    numbers: Sequence[int] | None = None,
    filled: Sequence[bool] | None = None,
) -> Pixels:
    """A frame uint8 `[h w 3]` with the square, the landmarks and the number of every face (`[n 2]`) drawn on it."""
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    line = max(1, round(max(pixels.shape[:2]) / 400))
    for k, landmarks in enumerate(faces):
        number = k if numbers is None else numbers[k]
        color = _DIM if filled is not None and filled[k] else _COLORS[number % len(_COLORS)]
        corners = [(float(x), float(y)) for x, y in quad_of(place_face(landmarks))]
        draw.line([*corners, corners[0]], fill=color, width=2 * line)
        draw.line([corners[0], corners[3]], fill=(255, 255, 255), width=line)
        for x, y in landmarks.tolist():
            draw.ellipse((x - line, y - line, x + line, y + line), fill=color)
        font = ImageFont.load_default(max(12, 14 * line))
        anchor = (max(2.0, min(x for x, _ in corners)) + 2 * line, max(2.0, min(y for _, y in corners)))
        draw.text(anchor, str(number), fill=color, font=font, stroke_width=line, stroke_fill=(0, 0, 0))
    return np.array(picture)


def marked_frames(footage: Footage, tracks: Sequence[FaceTrack]) -> Iterator[Pixels]:
    """Every frame of a clip with its faces; those that were filled in are grey."""
    for number, frame in enumerate(footage.clip.frames()):
        yield marked_frame(frame.pixels, tracks, number)


def marked_frame(pixels: Pixels, tracks: Sequence[FaceTrack], frame: int) -> Pixels:
    """One frame with the faces of all tracks."""
    there = [
        (k, track, points)
        for k, track in enumerate(tracks)
        if (points := track.landmarks_at(frame)) is not None
    ]
    filled = [track.presence[frame - track.start] == FILLED for _, track, _ in there]
    return marked(pixels, [points for _, _, points in there], [k for k, _, _ in there], filled)


def telling_frame(tracks: Sequence[FaceTrack]) -> int:
    """The first frame that shows the most faces; 0 where there are none."""
    if not tracks:
        return 0
    shown = np.zeros(max(track.stop for track in tracks), np.int64)
    for track in tracks:
        shown[track.frames] += 1
    return int(shown.argmax())


def mask_overlay(crop: Pixels, masks: Pixels) -> Pixels:
    """A crop with its masks, `[s s 3]` both (content, border, full): content green, border red, the rest darker."""
    content, border, full = (masks[..., k : k + 1].astype(np.float32) / 255 for k in range(3))
    shown = crop * (0.35 + 0.65 * full)
    for mask, color in ((content, _GREEN), (border, _RED)):
        shown = shown * (1 - 0.4 * mask) + color * (0.4 * mask)
    return np.asarray(shown.round().clip(0, 255), np.uint8)
