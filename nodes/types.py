"""The sockets that our nodes add to ComfyUI's. Types match by their string, which never changes."""

from comfy_api.latest import io

Labels = io.Custom("MALIANG_LABELS")
"""A `models.labels.frames.LabelStream`: read again by every node that needs it, never held whole."""

Edits = io.Custom("MALIANG_EDITS")
"""A `models.labels.edits.LabelEdits`."""

World = io.Custom("MALIANG_WORLD")
"""A procedural world, which knows the truth about every frame of its labels."""

Generator = io.Custom("MALIANG_GENERATOR")
"""ComfyUI's ModelPatcher, whose `model` is a `compat.Held` `models.vid2vid.generator.Vid2VidGenerator`."""

Flow = io.Custom("MALIANG_FLOW")
"""A `media.flow_file.FlowFile`: one flow field for every frame of a clip, on disk."""
