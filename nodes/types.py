"""The sockets that our nodes add to ComfyUI's. Types match by their string, which never changes."""

from comfy_api.latest import io

Labels = io.Custom("MALIANG_LABELS")
"""A `models.labels.frames.LabelStream`: read again by every node that needs it, never held whole."""

Drawings = io.Custom("MALIANG_DRAWINGS")
"""A `models.labels.frames.DrawnStream`: faces, poses or edges, drawn again by every node that needs them."""

Edits = io.Custom("MALIANG_EDITS")
"""A `models.labels.edits.LabelEdits`."""

World = io.Custom("MALIANG_WORLD")
"""A procedural world, which knows the truth about every frame of its labels."""

Generator = io.Custom("MALIANG_GENERATOR")
"""ComfyUI's ModelPatcher, whose `model` is a `compat.Held` `models.vid2vid.generator.Vid2VidGenerator`."""

PoseKeypoint = io.Custom("POSE_KEYPOINT")
"""Of other packs and of ComfyUI: a list with one OpenPose-like object a frame, see `models.labels.people_json`."""

FaceLandmarks = io.Custom("FACE_LANDMARKS")
"""Of ComfyUI's MediaPipe nodes: a face mesh of 478 points for every face of every frame."""

Looks = io.Custom("MALIANG_LOOKS")
"""`pipelines.looks.Looks`: what instances of each class, or the parts of a face, can look like."""

Features = io.Custom("MALIANG_FEATURES")
"""A `pipelines.looks.Choice`: which instance has which of them, and when; or whose parts a face has."""

Flow = io.Custom("MALIANG_FLOW")
"""A `media.flow_file.FlowFile`: one flow field for every frame of a clip, on disk."""

FewShot = io.Custom("MALIANG_FEWSHOT")
"""ComfyUI's ModelPatcher, whose `model` is a `compat.Held` `models.fewshot.generator.FewShotGenerator`."""

OrderPlan = io.Custom("MALIANG_ORDER_PLAN")
"""A `models.infinity.plans.OrderPlan`: in which order the patches of a canvas are made, and what each sees."""

Exemplars = io.Custom("MALIANG_EXEMPLARS")
"""A `pipelines.fewshot.Given`: pictures of a subject as a few-shot network takes them."""

FaceTrack = io.Custom("MALIANG_FACE_TRACK")
"""A `pipelines.face_files.FollowedFace`: where one face is in every frame of a clip."""

AlignedFace = io.Custom("MALIANG_ALIGNED_FACE")
"""A `pipelines.face_files.AlignedFace`: where the upright crops of a face lie in their frames."""

FaceMask = io.Custom("MALIANG_FACE_MASK")
"""A `pipelines.face_files.MaskClip`: masks of those crops, on disk."""

FaceGenerator = io.Custom("MALIANG_FACE_GENERATOR")
"""ComfyUI's ModelPatcher, whose `model` is a `compat.Held` `models.faces.stylegan2.generator.StyleGAN2`."""

FaceCodes = io.Custom("MALIANG_FACE_CODES")
"""A `pipelines.face_edit_files.FaceCodes`: from what a generator paints each crop of a face."""

EditedFace = io.Custom("MALIANG_EDITED_FACE")
"""A `pipelines.face_edit_files.EditedFace`: edited codes, and what was painted of them."""
