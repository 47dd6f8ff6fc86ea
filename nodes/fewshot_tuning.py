"""A few-shot network learns one subject from its exemplars; what it learnt is a small file, and can be loaded again."""

from pathlib import Path
from typing import Any

import torch
from comfy import model_management
from comfy_api.latest import io, ui

from ..errors import InputError
from ..media.outputs import writing
from ..models.fewshot.generator import FewShotGenerator
from ..models.fewshot.memory import learning_bytes
from ..pipelines.fewshot import Given, check_given, load_few_shot
from ..pipelines.fewshot_tuning import TuneReport, origin_of, tune_few_shot
from ..training.fewshot_tuning import DEFAULT, Tuning
from ..training.fewshot_tuning_figures import figures_table
from ..weights.delta import apply_delta, save_delta
from ..weights.devices import fastest_layout
from . import compat
from .failures import memory_advice
from .fewshot import exemplars_input
from .fewshot_exemplars import few_shot_input
from .folders import kept_folder, path_stamp, user_path
from .progress import NodeProgress
from .saved_files import new_file, saved_file_input
from .types import Exemplars, FewShot

ADVICE = "give fewer exemplars or a smaller size in Encode Exemplars, choose a rank of 1 or more"


class TuneOnExemplars(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangTuneOnExemplars",
            display_name="Tune On Exemplars",
            category="Maliang/Few-shot",
            description="Lets a few-shot network learn one subject: it paints each exemplar from the others (a single "
            "one from itself, moved) and is corrected, for a minute or two. Says what that was worth.",
            search_aliases=["fine-tune", "test-time training", "personalize", "lora", "few-shot tune"],
            is_output_node=True,
            inputs=[
                few_shot_input(),
                exemplars_input(),
                io.Int.Input(
                    "steps",
                    default=DEFAULT.steps,
                    min=1,
                    max=100_000,
                    tooltip="How often an exemplar is painted and learnt from.",
                ),
                compat.advanced(
                    io.Float,
                    "learning_rate",
                    default=DEFAULT.learning_rate,
                    min=1e-6,
                    max=1.0,
                    step=1e-6,
                    round=False,
                    tooltip="How much a step changes. Lower it if the pictures to check become worse.",
                ),
                compat.advanced(
                    io.Int,
                    "rank",
                    default=DEFAULT.rank,
                    min=0,
                    max=1024,
                    tooltip="Of the thin matrices that weights change by: more can learn more, and makes a larger "
                    "file. 0: whole weights change.",
                ),
                compat.advanced(
                    io.Combo,
                    "layers",
                    options=["imaginaire", "nvlabs"],
                    default=DEFAULT.layers,
                    tooltip="Those that this published code tunes. imaginaire: the decoder, and what makes its "
                    "weights. nvlabs: also every other layer on a way up.",
                ),
                compat.advanced(
                    io.Int,
                    "seed",
                    default=DEFAULT.seed,
                    min=0,
                    max=999_999_999_999,
                    control_after_generate=True,
                    tooltip="Of all that is drawn.",
                ),
                io.String.Input(
                    "filename_prefix",
                    default="deltas/subject",
                    placeholder="not saved",
                    tooltip="Folder and beginning of the name of the delta in the output folder; a number is added. "
                    "Empty: it isn't saved.",
                ),
                Exemplars.Input(
                    "check",
                    optional=True,
                    tooltip="From another Encode Exemplars: pictures of the same subject, of the same size, that "
                    "nothing is learnt from. They are painted before and after, too.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                FewShot.Output("network", tooltip="The tuned network, for the other few-shot nodes."),
                io.String.Output("table", tooltip="How well it paints before and after, as Markdown."),
            ],
        )

    @classmethod
    def execute(
        cls,
        network: Any,
        exemplars: Given,
        steps: int,
        learning_rate: float,
        rank: int,
        layers: Any,
        seed: int,
        filename_prefix: str,
        check: Given | None = None,
    ) -> io.NodeOutput:
        tuning = Tuning(layers, rank, steps, learning_rate, DEFAULT.shift, DEFAULT.colour, seed)
        for given in (exemplars, *([] if check is None else [check])):
            check_given(given, network.model.network.config)
        checkpoint = kept_folder("tuning", cls.hidden.unique_id) / "state.safetensors"
        with torch.inference_mode(False):
            base, report = _tune(_file_of(network), exemplars, tuning, check, checkpoint)
            tuned = apply_delta(base, report.delta, "tuning", network.model.network.dtype)
        table, saved = figures_table(report.figures), ""
        if filename_prefix.strip():
            path, saved = new_file(filename_prefix, ".safetensors")
            with writing(path):
                save_delta(path, report.delta)
        return io.NodeOutput(
            compat.patcher(_offloaded(tuned)), table, ui=ui.PreviewText(f"{table}\n\n{saved}".strip())
        )


class LoadDelta(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return compat.schema(
            node_id="MaliangLoadDelta",
            display_name="Load Delta",
            category="Maliang/Few-shot",
            description="Adds to a few-shot network what Tune On Exemplars, or maliang fewshot tune, learnt of a "
            "subject.",
            search_aliases=["apply delta", "load lora", "tuned subject", "fine-tune"],
            inputs=[
                few_shot_input(),
                saved_file_input("delta.safetensors", "delta's", "deltas/subject_00001_.safetensors"),
            ],
            outputs=[FewShot.Output("network", tooltip="The tuned network, for the other few-shot nodes.")],
        )

    @classmethod
    def fingerprint_inputs(cls, file: str, **others: Any) -> Any:
        return path_stamp(file)

    @classmethod
    def execute(cls, network: Any, file: str) -> io.NodeOutput:
        dtype = network.model.network.dtype
        tuned = load_few_shot(_file_of(network), "cpu", dtype, user_path(file))
        return io.NodeOutput(compat.patcher(tuned))


def _file_of(patcher: Any) -> Path:
    """Where a network's weights can be read as they are: in memory they may have been rounded."""
    file: Path | None = patcher.model.file
    if file is None:
        raise InputError("this network is tuned already; connect the one from Load Few-Shot")
    return file


def _tune(
    file: Path, exemplars: Given, tuning: Tuning, check: Given | None, checkpoint: Path
) -> tuple[FewShotGenerator, TuneReport]:
    """The network in float32, on the device, and what its tuning came to."""
    base = load_few_shot(file)
    handle = compat.patcher(base)  # as long as it is there, ComfyUI leaves the network where it is
    height, width = exemplars.options.size
    needed = learning_bytes(base.config, height, width, len(exemplars.prepared.images))
    with memory_advice(width, height, ADVICE):
        model_management.load_models_gpu([handle], memory_required=needed, force_full_load=True)
        report = tune_few_shot(
            base,
            exemplars.prepared,
            origin_of(file),
            tuning,
            check=None if check is None else check.prepared,
            checkpoint=checkpoint,
            progress=NodeProgress(),
        )
    return base, report


def _offloaded(network: FewShotGenerator) -> FewShotGenerator:
    """Where ComfyUI keeps what isn't at work."""
    layout = fastest_layout(torch.device("cpu"), network.dtype)
    return network.to("cpu", memory_format=layout)  # type: ignore[call-overload,no-any-return]
