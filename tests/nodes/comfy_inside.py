"""Runs in ComfyUI's own Python: loads our package as a custom node, does one task, prints its result as JSON.

python comfy_inside.py TASK CHECKOUT BASE PACKAGE
"""

import asyncio
import gc
import json
import sys
import uuid
from pathlib import Path
from typing import Any

TASK, CHECKOUT, BASE, PACKAGE = sys.argv[1:5]
sys.path[0] = CHECKOUT
sys.argv[1:] = []

from comfy.cli_args import args  # noqa: E402 - before anything that reads them

args.cpu = True
args.base_directory = BASE


class Server:
    """What the executor wants of a server: nobody listens."""

    client_id = None
    last_node_id = None

    def __init__(self) -> None:
        self.sockets_metadata: dict[str, Any] = {}

    def send_sync(self, *_: Any) -> None:
        """Nobody listens."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def prompt(frames: int, seed: int = 3) -> dict[str, Any]:
    """A world, its labels edited, painted by the tiny generator, saved."""

    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs}

    return {
        "1": node(
            "MaliangStreetWorld", seed=seed, frames=frames, width=64, height=32, look="noon", frame_rate=24.0
        ),
        "2": node("MaliangLoadGenerator", weights="tiny.safetensors", download=False, precision="auto"),
        "3": node("MaliangEditLabels", labels=["1", 0], replace="sky", by="building", start=0, stop=0),
        "4": node("MaliangVid2Vid", generator=["2", 0], labels=["3", 0], style="night", codec="h264"),
        "5": node("SaveVideo", video=["4", 0], filename_prefix="v", format="auto", codec="auto"),
    }


async def load() -> None:
    import nodes

    if not await nodes.load_custom_node(PACKAGE):
        raise SystemExit("ComfyUI could not load the package")


def schema() -> Any:
    """Every node of ours as `/object_info` shows it."""
    import nodes

    asyncio.run(load())
    return {
        name: kind.GET_NODE_INFO_V1()
        for name, kind in nodes.NODE_CLASS_MAPPINGS.items()
        if name.startswith("Maliang")
    }


def executor() -> Any:
    import execution

    kinds = execution.CacheType
    return execution.PromptExecutor(
        Server(), cache_type=kinds.CLASSIC, cache_args={"lru": 0, "ram": 0, "ram_inactive": 0}
    )


def run(worker: Any, graph: dict[str, Any]) -> dict[str, Any]:
    import execution

    number = str(uuid.uuid4())
    valid = asyncio.run(execution.validate_prompt(number, graph, None))
    if not valid[0]:
        raise SystemExit(f"refused: {valid}")
    worker.execute(graph, number, {}, valid[2])
    cached = [data["nodes"] for event, data in worker.status_messages if event == "execution_cached"]
    failed = [data for event, data in worker.status_messages if event == "execution_error"]
    return {
        "ok": worker.success,
        "cached": sorted(cached[-1]),
        "error": failed[0]["exception_message"] if failed else None,
    }


def networks_alive() -> int:
    gc.collect()
    return sum(type(thing).__name__ == "Vid2VidGenerator" for thing in gc.get_objects())


def execute() -> Any:
    """Run, run again, change one thing, make an error; then free everything as `/free` does."""
    import comfy.model_management

    import nodes

    asyncio.run(load())
    asyncio.run(nodes.init_builtin_extra_nodes())
    worker = executor()
    before = set(Path(BASE, "temp").glob("maliang_*/*"))
    result: dict[str, Any] = {"first": run(worker, prompt(3)), "again": run(worker, prompt(3))}
    result["longer"] = run(worker, prompt(4))
    wrong = prompt(3)
    wrong["4"]["inputs"]["style"] = "dawn"
    result["wrong"] = run(worker, wrong)
    result["alive"] = networks_alive()
    comfy.model_management.unload_all_models()
    worker.reset()
    result["freed"] = networks_alive()
    result["left"] = [path.name for path in Path(BASE, "temp").glob("maliang_*/*") if path not in before]
    return result


sys.stdout.write("RESULT " + json.dumps({"schema": schema, "execute": execute}[TASK](), default=str) + "\n")
