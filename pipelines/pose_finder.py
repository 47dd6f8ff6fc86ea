"""Footage to keypoints: people are found by a detector, their keypoints by a pose network, both from the Hub.

Any ViTPose of transformers with COCO's 17 keypoints will do, or with the 133 of COCO-WholeBody, which have a face and
hands; and any detector of RT-DETR's kind that was trained on COCO.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import InputError
from ..media.clip import FrameReader
from ..media.folders import file_state
from ..media.keypoint_folder import KeypointFolderWriter
from ..media.reader import open_frames
from ..models.labels.people import PosedFrame, landmarks_of, whole_body
from ..progress import Progress, silent
from .hub_networks import NetworkKind, load_parts
from .labels import LabelReport


@dataclass(frozen=True)
class PoseNetwork:
    """A network that is known to do well."""

    name: str
    repository: str
    """On the Hugging Face Hub."""
    licence: str


POSE_NETWORKS = (
    PoseNetwork("vitpose-base", "usyd-community/vitpose-base-simple", "Apache-2.0"),
    *(
        PoseNetwork(f"vitpose-plus-{size}", f"usyd-community/vitpose-plus-{size}", "Apache-2.0")
        for size in ("small", "base", "large", "huge")
    ),
)
"""344 MB; then 133 MB to 3.6 GB. All have 17 points: body, no hands, of the face eyes, ears and nose."""

DETECTOR = "PekingU/rtdetr_r50vd_coco_o365"
"""Finds people; Apache-2.0."""

POSES = NetworkKind(
    job="finding poses in footage",
    fits=lambda kind: kind == "VitPoseForPoseEstimation",
    wanted="a ViTPose, such as vitpose-base",
    choices="vitpose-base, vitpose-plus-small to vitpose-plus-huge, a repository on the Hub, or a folder",
)
BOXES = NetworkKind(
    job="finding people in footage",
    fits=lambda kind: kind in ("RTDetrForObjectDetection", "RTDetrV2ForObjectDetection"),
    wanted=f"an RT-DETR, such as {DETECTOR}",
    choices=f"{DETECTOR}, another repository on the Hub, or a folder",
)
PERSON = 0
"""COCO's number for people."""
SURE_PERSON = 0.3
"""Score that a detected person must have."""
COCO_EXPERT = 0
"""Which of its data sets a ViTPose+ is asked for; whole bodies are the last."""


class PoseFinder:
    """RGB in, people out."""

    def __init__(self, network: Any, processor: Any, detector: "PersonDetector", fingerprint: str) -> None:
        """network, processor: of transformers."""
        points = network.config.num_labels
        if points not in (17, 133):
            raise InputError(
                f"the pose network finds {points} keypoints; choose one for the 17 of COCO or the 133 of COCO-WholeBody"
            )
        self.network = network.eval()
        self.detector = detector
        self.fingerprint = f"{fingerprint} {detector.fingerprint}"
        self.finds_faces = points == 133
        self._processor = processor
        experts = getattr(network.config.backbone_config, "num_experts", 1)
        self._expert = None if experts <= 1 else experts - 1 if self.finds_faces else COCO_EXPERT

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> PosedFrame:
        """uint8 `[h w 3]` RGB -> everyone in it, in pixels."""
        boxes = self.detector(pixels)
        height, width = pixels.shape[:2]
        if not boxes:
            return PosedFrame((), (height, width))
        inputs = self._processor(images=pixels, boxes=[boxes], return_tensors="pt").to(self.network.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(self.network.dtype)
        if self._expert is not None:
            inputs["dataset_index"] = torch.full((len(boxes),), self._expert, device=self.network.device)
        outputs = self.network(**inputs)
        outputs.heatmaps = outputs.heatmaps.float()
        (found,) = self._processor.post_process_pose_estimation(outputs, boxes=[boxes])
        people = [torch.cat([p["keypoints"], p["scores"][:, None]], 1).cpu() for p in found]
        return PosedFrame(tuple(whole_body(points) for points in people), (height, width))


class PersonDetector:
    """RGB in, boxes of people out, the surest first."""

    def __init__(self, network: Any, processor: Any, fingerprint: str, most: int | None = None) -> None:
        """most: how many people to keep (None: all)."""
        self.network = network.eval()
        self.fingerprint = f"{fingerprint} {most}"
        self._processor, self._most = processor, most

    @torch.inference_mode()
    def __call__(self, pixels: NDArray[np.uint8]) -> list[list[float]]:
        """uint8 `[h w 3]` RGB -> (left, top, width, height) of each person, in pixels."""
        inputs = self._processor(images=pixels, return_tensors="pt").to(self.network.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(self.network.dtype)
        size = torch.tensor([pixels.shape[:2]])
        (found,) = self._processor.post_process_object_detection(
            self.network(**inputs), target_sizes=size, threshold=SURE_PERSON
        )
        people = found["boxes"][found["labels"] == PERSON].float().cpu()
        scores = found["scores"][found["labels"] == PERSON].float().cpu()
        ordered = people[scores.argsort(descending=True)][: self._most]
        return [[x, y, right - x, bottom - y] for x, y, right, bottom in ordered.tolist()]


def load_pose_finder(
    name: str,
    *,
    detector: str = DETECTOR,
    most: int | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    download: bool = True,
) -> PoseFinder:
    """A pose network out of `POSE_NETWORKS` by name, or any by its repository on the Hub or its folder, and a detector.

    most: people in a frame, the surest ones (None: all).
    """
    repository = next((n.repository for n in POSE_NETWORKS if n.name == name), name)
    poses = load_parts(repository, download, POSES)
    people = load_detector(detector, most, device, dtype, download)
    network = poses.network.to(device=device, dtype=dtype)
    return PoseFinder(network, poses.processor, people, f"{repository} {poses.version} {dtype}")


def load_detector(
    name: str, most: int | None, device: torch.device | str, dtype: torch.dtype, download: bool
) -> PersonDetector:
    """A detector by its repository on the Hub or its folder; `most`: people to keep (None: all)."""
    parts = load_parts(name, download, BOXES)
    network = parts.network.to(device=device, dtype=dtype)
    return PersonDetector(network, parts.processor, f"{name} {parts.version}", most)


def find_poses(clip: FrameReader, finder: PoseFinder, progress: Progress = silent) -> Iterator[PosedFrame]:
    """Everyone in every frame."""
    for number, frame in enumerate(clip.frames(), 1):
        yield finder(frame.pixels)
        progress(number, clip.info.frame_count)


def write_found(
    clip: Path, finder: PoseFinder, out: Path, *, faces: bool = False, progress: Progress = silent
) -> LabelReport:
    """Write what is found in footage to the folder `out`, one file a frame; a stopped run goes on.

    OpenPose's JSON, or, with `faces`, the 68 landmarks of the largest face (.txt): where a frame shows none, those of
    the frame before. InputError for faces of a network that finds none, and for a first frame without one.
    """
    if faces and not finder.finds_faces:
        raise InputError(
            "this pose network finds no faces: it has 17 points; give a network with the 133 points of COCO-WholeBody"
        )
    ending = "txt" if faces else "json"
    job = f"{ending} {file_state(clip)} {finder.fingerprint}"
    with open_frames(clip) as reader, KeypointFolderWriter(out, ending, job=job) as writer:
        resumed_at = writer.done
        for frame in reader.frames(writer.done):
            found = finder(frame.pixels)
            if faces:
                landmarks = landmarks_of(found.people)
                writer.write_landmarks(landmarks)
            else:
                writer.write_pose(found)
            progress(writer.done, reader.info.frame_count)
    return LabelReport(out, writer.done, resumed_at)
