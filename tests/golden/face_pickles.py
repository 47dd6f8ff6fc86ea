"""Files like those that NVlabs and STIT published, of our own making.

    python face_pickles.py STATE.pt FOLDER

writes the state dict of a generator, its names those of NVlabs, as whole pickled networks into FOLDER. It is run in a
process of its own: the modules that such pickles name are made up here and must not be there when the files are read.
"""

import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

MODULE_SOURCE = "raise SystemExit('the source of the module was run')\n" * 20
HOOKS = (
    "_backward_hooks",
    "_forward_hooks",
    "_forward_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
)
BUFFERS = ("resample_filter", "noise_const", "w_avg")
FRAMES = 3


class EasyDict(dict[str, Any]):
    """As in dnnlib.util."""


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise NotImplementedError("files are only written here")


class Persistent:
    """Pickles as a network or a layer does whose class is decorated as persistent."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name = class_name
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {"type": "class", "version": 6, "module_src": MODULE_SOURCE, "class_name": self.class_name}
        return _reconstruct_persistent_obj, (meta | {"state": self.state},)


class Network:
    """Of NVlabs's TensorFlow code: what it is made of comes to it as its state."""

    def __init__(self, variables: list[tuple[str, np.ndarray]], **components: "Network") -> None:
        self.state = {
            "version": 4,
            "name": "G",
            "static_kwargs": EasyDict(fmap_base=8),
            "variables": variables,
        }
        self.state |= {
            "build_module_src": MODULE_SOURCE,
            "build_func_name": "G",
            "components": EasyDict(components),
        }

    def __getstate__(self) -> dict[str, Any]:
        return self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        raise SystemExit("a network was restored")


def tensorflow_variables(state: dict[str, Tensor], part: str) -> list[tuple[str, np.ndarray]]:
    """The variables of one part of a generator, its state dict turned back to where it comes from."""
    found = [("lod", np.float32(0.0))] if part == "synthesis" else []
    for name, tensor in state.items():
        array, (head, *path) = tensor.numpy(), name.split(".")
        if head != part or path[-1] in ("resample_filter", "w_avg"):
            continue
        if part == "mapping":
            found.append((f"Dense{path[0][2:]}/{path[1]}", array.T))
        elif path[-1] == "const":
            found.append(("4x4/Const/const", array[None]))
        elif path[-1] == "noise_const":
            number = 2 * (int(path[0][1:]).bit_length() - 3) - (path[1] == "conv0")
            found.append((f"noise{number}", array[None, None]))
        else:
            found.append(_tensorflow_variable(path, array))
    return found


def _tensorflow_variable(path: list[str], array: np.ndarray) -> tuple[str, np.ndarray]:
    side, leaf = path[0][1:], path[-1]
    layer = {"conv0": "Conv0_up", "conv1": "Conv1" if side != "4" else "Conv", "torgb": "ToRGB"}[path[1]]
    if path[2] == "affine":
        return f"{side}x{side}/{layer}/mod_{leaf}", array.T if leaf == "weight" else array - 1
    if leaf == "weight":
        array = array.transpose(2, 3, 1, 0)
        array = array[::-1, ::-1] if layer == "Conv0_up" else array
    return f"{side}x{side}/{layer}/{leaf}", array[()]


def tensorflow_generator(state: dict[str, Tensor]) -> Network:
    parts = {part: Network(tensorflow_variables(state, part)) for part in ("mapping", "synthesis")}
    return Network([("lod", np.zeros((), "f4")), ("dlatent_avg", state["mapping.w_avg"].numpy())], **parts)


def pretend_modules() -> None:
    """From here on these stand in modules with the published names."""
    for module, name, content in (
        ("torch_utils.persistence", "_reconstruct_persistent_obj", _reconstruct_persistent_obj),
        ("dnnlib.util", "EasyDict", EasyDict),
        ("dnnlib.tflib.network", "Network", Network),
    ):
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:end]), ModuleType(parts[end - 1]))
        setattr(sys.modules[module], name, content)
        content.__module__ = module


def network(state: dict[str, Tensor], class_name: str, **options: Any) -> Persistent:
    """The tree of layers that such a state dict comes from."""
    parameters, buffers, inner = OrderedDict(), OrderedDict(), {}
    for name, tensor in state.items():
        head, dot, rest = name.partition(".")
        if dot:
            inner.setdefault(head, {})[rest] = tensor
        elif name in BUFFERS:
            buffers[name] = tensor
        else:
            parameters[name] = torch.nn.Parameter(tensor)
    attributes: dict[str, Any] = {"training": False, "_parameters": parameters, "_buffers": buffers}
    attributes |= {hooks: OrderedDict() for hooks in HOOKS}
    attributes |= {"_non_persistent_buffers_set": set(), "_is_full_backward_hook": None}
    attributes["_modules"] = OrderedDict((head, network(below, head)) for head, below in inner.items())
    attributes |= {
        "use_fp16": False,
        "conv_clamp": None,
        "act_gain": np.float64(2.0) ** 0.5,
        "up": np.int64(2),
    }
    attributes |= {"_init_args": (), "_init_kwargs": EasyDict(options), "activation": "lrelu"}
    return Persistent(class_name, attributes)


def generator(state: dict[str, Tensor]) -> Persistent:
    """`G_ema`, with options as training with ada leaves them."""
    synthesis = EasyDict(channel_base=32768, channel_max=512, num_fp16_res=4, conv_clamp=256)
    sizes = {"z_dim": 8, "c_dim": 0, "w_dim": 8, "img_resolution": 16, "img_channels": 3}
    return network(
        state, "Generator", **sizes, mapping_kwargs=EasyDict(num_layers=2), synthesis_kwargs=synthesis
    )


def main(source: str, folder: str) -> None:
    state = torch.load(source, weights_only=True)
    pretend_modules()
    other = {name: tensor + 1 for name, tensor in state.items()}
    published = {"G": generator(other), "D": network({"b4.out.weight": torch.ones(1, 4)}, "Discriminator")}
    published |= {"G_ema": generator(state), "training_set_kwargs": EasyDict(path="x"), "augment_pipe": None}
    for protocol in (2, 3, 4, 5):
        content = pickle.dumps(published, protocol)
        Path(folder, f"protocol{protocol}.pkl").write_bytes(content)
    layer = {name: tensor for name, tensor in state.items() if name.startswith("synthesis.b4.torgb.")}
    Path(folder, "small.pkl").write_bytes(pickle.dumps({"G_ema": generator(layer)}, 4))
    for protocol in (3, 4):
        networks = (tensorflow_generator(other), Network([]), tensorflow_generator(state))
        Path(folder, f"tensorflow{protocol}.pkl").write_bytes(pickle.dumps(networks, protocol))
    pivots = torch.arange(FRAMES * 6 * 8, dtype=torch.float32).reshape(FRAMES, 6, 8)
    quads = [np.arange(8.0).reshape(4, 2) + frame for frame in range(FRAMES)]
    tuned = {"generator": generator(state), "pivots": pivots, "quads": quads}
    torch.save(tuned, Path(folder, "model_run.pt"))
    torch.save(tuned, Path(folder, "older.pt"), _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
