"""Future prediction: label maps that go on where those seen end."""

from typing import Any

import folder_paths
from comfy import model_management
from comfy_api.latest import io

from ..media.labels import open_labels
from ..models.labels.frames import LabelStream
from ..pipelines.future import PREDICTOR, FutureLabels, load_predictor
from ..pipelines.labels import write_labels
from . import compat
from .failures import memory_advice
from .folders import MODELS, temp_file
from .generator import own_names, weight_file, weights_stamp
from .progress import NodeProgress, stoppable
from .types import Labels


class PredictFuture(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangPredictFuture",
            display_name="Predict Future",
            category="Maliang/labels",
            description="Predicts how label maps go on after the last one seen. Painted by Vid2Vid, they are a video "
            "of what comes next: labels first, then frames.",
            search_aliases=["future prediction", "extend video", "next frames", "forecast", "extrapolate"],
            inputs=[
                Labels.Input(
                    "labels",
                    tooltip="Label maps seen so far, 4 or more, in the network's palette (see Convert Labels) and at a "
                    "size that it can take (see Resize Labels).",
                ),
                io.Int.Input(
                    "frames",
                    default=24,
                    min=1,
                    max=100000,
                    tooltip="How many label maps to predict. The further ahead, the less is known.",
                ),
                io.Combo.Input(
                    "weights",
                    options=predictor_names(),
                    default=PREDICTOR,
                    tooltip="A network that predicts label maps: the package's own, or a file in models/maliang.",
                ),
                io.Int.Input(
                    "keep_seen",
                    default=-1,
                    min=-1,
                    max=100000,
                    tooltip="How many of the label maps seen come before those predicted, the last ones: 2 for a "
                    "Vid2Vid that goes on from the last two pictures, 0 for none. -1: all.",
                ),
            ],
            outputs=[
                Labels.Output("labels", tooltip="Label maps with instances where those seen have them.")
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, weights: str, **others: Any) -> Any:
        return weights_stamp(weights)

    @classmethod
    def execute(cls, labels: LabelStream, frames: int, weights: str, keep_seen: int) -> io.NodeOutput:
        network = load_predictor(weight_file(weights, False))
        future = FutureLabels(labels, network, frames, None if keep_seen < 0 else keep_seen)
        with (
            temp_file("future") as out,
            memory_advice(labels.width, labels.height),
            stoppable(network),
        ):
            model_management.load_models_gpu([compat.patcher(network)], force_full_load=True)
            write_labels(future, out, NodeProgress())
        return io.NodeOutput(open_labels(out, palette=labels.palette, frame_rate=labels.frame_rate))


def predictor_names() -> list[str]:
    """What may be loaded: the package's own, the user's files."""
    return [*own_names("vid2vid.future/1"), *folder_paths.get_filename_list(MODELS)]
