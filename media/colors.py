"""Colours between RGB arrays and video frames: which matrix, which range, which tags.

FFmpeg's scaler assumes BT.601 unless told otherwise, whatever the tags say, and encoders write tags without
converting anything. So both happen here, together: what we write is BT.709, limited range, converted and tagged;
what we read is converted by the tags of the frame, and by resolution where it has none: BT.709 from 720 lines on,
BT.601 below (what players do). Transfer curves and primaries are not converted: an HDR clip looks flat, not wrong
in hue.
"""

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

BT709 = 1
"""Number of BT.709 in FFmpeg's colour space, primaries and transfer enumerations, and in the scaler's."""
BT601 = 5
"""Number of BT.601 in the scaler's enumeration."""
LIMITED, FULL = 1, 2
"""FFmpeg's colour ranges: 16..235 and 0..255."""

CHROMA_TAG = {"chroma_sample_location": "center"}
"""Encoder option: where the scaler takes subsampled chroma from. Untagged H.264 would be read half a pixel off."""

_SCALER_MATRIX = {1: BT709, 4: 4, 5: BT601, 6: BT601, 7: 7, 9: 9, 10: 9}
"""FFmpeg's AVColorSpace -> the scaler's number of the same matrix."""
_EXACT = 0x4 | 0x2000 | 0x4000 | 0x40000
"""Scaler flags: bicubic chroma, at full resolution both ways, accurate rounding (SWS_BICUBIC, SWS_FULL_CHR_H_INT,
SWS_FULL_CHR_H_INP, SWS_ACCURATE_RND). As a number: PyAV named these flags only later than 14.2."""


def to_rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A decoded frame of any pixel format -> uint8 `[h w 3]` RGB, not yet rotated; alpha is blended over black.

    State: one RGB copy of the frame (two with alpha).
    """
    wanted = "rgba" if has_alpha(frame.format) else "rgb24"
    if is_rgb(frame.format):  # the scaler of PyAV 14 would go through YUV if it were given matrices
        converted = frame.reformat(format=wanted, interpolation=_EXACT)
    else:
        matrix = _SCALER_MATRIX.get(int(frame.colorspace), BT709 if frame.height >= 720 else BT601)
        converted = frame.reformat(
            format=wanted,
            src_colorspace=matrix,
            src_color_range=_range(frame),
            # RGB has no matrix, but PyAV 14 sets the scaler up only if source and target differ.
            dst_colorspace=BT601 if matrix == BT709 else BT709,
            dst_color_range=FULL,
            interpolation=_EXACT,
        )
    pixels = np.ascontiguousarray(converted.to_ndarray())
    return over_black(pixels) if wanted == "rgba" else pixels


def _range(frame: av.VideoFrame) -> int:
    """As tagged; untagged YUV is limited, untagged grey is full."""
    tagged = int(frame.color_range)
    if tagged in (LIMITED, FULL):
        return tagged
    form = frame.format
    return FULL if len(form.components) < 3 or form.name.startswith("yuvj") else LIMITED


def over_black(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA uint8 `[h w 4]` with straight alpha -> RGB uint8 `[h w 3]`."""
    alpha = pixels[..., 3:]
    if alpha.min(initial=255) == 255:
        return np.ascontiguousarray(pixels[..., :3])
    blended = (pixels[..., :3].astype(np.uint16) * alpha + 127) // 255
    return blended.astype(np.uint8)


def from_rgb(pixels: NDArray[np.uint8], pixel_format: str) -> av.VideoFrame:
    """uint8 `[h w 3]` RGB -> a frame in the encoder's pixel format, BT.709 limited range where that is YUV."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    if is_rgb(av.VideoFormat(pixel_format)):
        return frame.reformat(format=pixel_format, interpolation=_EXACT)
    converted = frame.reformat(
        format=pixel_format,
        src_colorspace=BT601,
        src_color_range=FULL,
        dst_colorspace=BT709,
        dst_color_range=LIMITED,
        interpolation=_EXACT,
    )
    for tag in ("color_primaries", "color_trc"):
        if hasattr(
            converted, tag
        ):  # not in PyAV 14; ProRes has these from the frame, others from the encoder
            setattr(converted, tag, BT709)
    return converted


def is_rgb(form: av.VideoFormat) -> bool:
    """Stored as RGB or as indices of an RGB palette, not as YUV or grey."""
    return bool(form.is_rgb or form.has_palette)


def has_alpha(form: av.VideoFormat) -> bool:
    return any(part.is_alpha for part in form.components)


def tag_bt709(context: Any) -> None:
    """Tag an encoder's output (`av.CodecContext`) as what `from_rgb` makes. RGB formats stay untagged: a YUV
    matrix on them makes players convert once more."""
    if is_rgb(av.VideoFormat(context.pix_fmt)):
        return
    context.colorspace = BT709
    context.color_primaries = BT709
    context.color_trc = BT709
    context.color_range = LIMITED
