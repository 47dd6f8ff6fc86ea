"""ComfyUI's nodes: each a schema and one call of a pipeline. Imported by ComfyUI alone."""

from typing import Any

from comfy_api.latest import ComfyExtension

from . import (
    drawings,
    drawn_views,
    edits,
    faces_paste,
    faces_track,
    features,
    fewshot,
    fewshot_exemplars,
    fewshot_tuning,
    fewshot_views,
    flow,
    future,
    generator,
    infinity_plan,
    labels,
    people_world,
    pose_finder,
    saved_edits,
    vid2vid,
    views,
    world,
)

NODES: tuple[Any, ...] = (
    generator.LoadGenerator,
    vid2vid.Vid2Vid,
    vid2vid.Vid2VidImages,
    features.EncodeFeatures,
    features.EncodeFaceLooks,
    features.ChooseFeatures,
    features.SaveLooks,
    features.LoadLooks,
    fewshot_exemplars.LoadFewShot,
    fewshot_exemplars.EncodeExemplars,
    fewshot_tuning.TuneOnExemplars,
    fewshot_tuning.LoadDelta,
    fewshot.FewShotVideo,
    fewshot.FewShotImages,
    fewshot_views.ShowAttention,
    fewshot_views.ShowWarps,
    fewshot_views.InspectWeights,
    world.StreetWorld,
    people_world.PeopleWorld,
    world.WorldFootage,
    world.WorldFlow,
    labels.LabelsFromImages,
    labels.LabelsFromVideo,
    labels.LabelsFromFolder,
    labels.LabelsFromFootage,
    edits.EditLabels,
    edits.ApplyEdits,
    saved_edits.SaveEdits,
    saved_edits.LoadEdits,
    edits.ConvertLabels,
    edits.ResizeLabels,
    future.PredictFuture,
    views.PreviewLabels,
    views.LabelsToVideo,
    drawings.FaceFromFolder,
    drawings.FaceFromKeypoints,
    drawings.PoseFromFolder,
    drawings.PoseFromKeypoints,
    pose_finder.PosesFromFootage,
    drawn_views.EdgesFromFootage,
    drawn_views.PreviewDrawings,
    drawn_views.DrawingsToVideo,
    faces_track.FindFaceTrack,
    faces_track.AlignFace,
    faces_paste.MaskFace,
    faces_paste.PasteFaceBack,
    flow.EstimateFlow,
    vid2vid.PredictFlow,
    flow.ShowFlow,
    flow.Warp,
    infinity_plan.MakePlan,
    infinity_plan.ShowPlan,
)


class MaliangExtension(ComfyExtension):
    """What ComfyUI asks for our nodes."""

    async def get_node_list(self) -> list[Any]:
        return list(NODES)
