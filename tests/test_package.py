"""The package as a whole: what a wheel holds, which way imports point, what they cost."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
PACKAGES: list[str] = SETUPTOOLS["packages"]

BELOW = {
    "models": set(),
    "media": {"models"},
    "weights": {"models"},
    "training": {"models", "media", "weights"},
    "pipelines": {"models", "media", "weights", "training"},
    "nodes": {"models", "media", "weights", "training", "pipelines"},
    "cli": {"models", "media", "weights", "training", "pipelines"},
}
"""Room -> rooms that it may import, beside `errors` and `progress`, which anybody may."""

PURE = ("models", "media", "weights", "training", "pipelines", "cli")
FOREIGN = {
    "comfy",
    "comfy_api",
    "comfy_execution",
    "folder_paths",
    "server",
    "execution",
    "gradio",
    "torchvision",
}


def folder(package: str) -> Path:
    return ROOT.joinpath(*package.split(".")[1:])


def sources(*rooms: str) -> list[Path]:
    """Every Python file of these rooms; without rooms: of the whole package."""
    if rooms:
        return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return sorted(path for package in PACKAGES for path in folder(package).glob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(level, dotted name) of every import in a file, those inside functions included; level 0 is absolute."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module:
                yield node.level, node.module
            else:
                yield from ((node.level, name.name) for name in node.names)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_folder_with_code_is_a_package_of_the_wheel() -> None:
    hidden = {"tests", "build", "dist"}
    folders = {path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py")}
    ours = {f for f in folders if not any(part.startswith(".") or part in hidden for part in f.parts)}
    assert {".".join(("maliang_video", *f.parts)) for f in ours} == set(PACKAGES)
    assert len(PACKAGES) == len(set(PACKAGES))


def packaged() -> set[str]:
    """The data files that setuptools puts into the wheel, by the globs of pyproject.toml."""
    globs: dict[str, list[str]] = SETUPTOOLS["package-data"]
    assert set(globs) <= set(PACKAGES)
    return {
        name_of(path) for package in globs for glob in globs[package] for path in folder(package).glob(glob)
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "py.typed",
        "models/labels/palettes/*.json",
        "weights/demo/*.safetensors",
        "web/docs/*.md",
        "workflows/*.json",
    ],
)
def test_the_wheel_holds_the_data(pattern: str) -> None:
    wanted = {name_of(path) for path in ROOT.glob(pattern)}
    assert wanted, f"there is nothing at {pattern}"
    assert wanted <= packaged()


def test_the_wheel_leaves_no_data_behind() -> None:
    rooms = [*BELOW, "web", "workflows"]
    there = {path for room in rooms for path in (ROOT / room).rglob("*") if path.is_file()}
    data = {name_of(path) for path in there if path.suffix not in (".py", ".pyc")}
    assert data <= packaged()


def test_the_version_is_the_same_everywhere() -> None:
    version = PYPROJECT["project"]["version"]
    assert f'__version__ = "{version}"' in (ROOT / "__init__.py").read_text("utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_imports_inside_the_package_are_relative() -> None:
    own = {path.stem for path in ROOT.glob("*.py")} | set(BELOW) | {"maliang_video", "gradio_app"}
    wrong = [
        f"{name_of(path)}: {module}"
        for path in sources()
        for level, module in imports(path)
        if level == 0 and module.split(".")[0] in own
    ]
    assert not wrong


@pytest.mark.parametrize("room", BELOW)
def test_arrows_between_rooms_point_down(room: str) -> None:
    wrong = []
    for path in sources(room):
        depth = len(path.relative_to(ROOT).parts) - 1
        for level, module in imports(path):
            target = module.split(".")[0]
            if level == depth + 1 and target in BELOW and target != room and target not in BELOW[room]:
                wrong.append(f"{name_of(path)} imports {target}")
    assert not wrong


def test_methods_do_not_know_each_other() -> None:
    methods = {"vid2vid", "fewshot", "infinity", "faces"}
    wrong = [
        f"{name_of(path)} imports {module}"
        for method in methods
        for path in sources(f"models/{method}")
        for level, module in imports(path)
        if level == 2 and module.split(".")[0] in methods - {method}
    ]
    assert not wrong


def test_the_library_knows_neither_comfyui_nor_gradio_nor_torchvision() -> None:
    wrong = [
        f"{name_of(path)}: {module}"
        for path in sources(*PURE)
        for level, module in imports(path)
        if level == 0 and module.split(".")[0] in FOREIGN
    ]
    assert not wrong


def test_models_open_no_files_and_pick_no_devices() -> None:
    forbidden = re.compile(
        r"\.cuda\(|is_available\(|(?<![.\w])open\(|urlopen|hf_hub_download|torch\.(save|load)\("
    )
    wrong = [name_of(path) for path in sources("models") if forbidden.search(path.read_text("utf-8"))]
    assert not wrong


@pytest.mark.parametrize(
    "code", ["import maliang_video", "from maliang_video.cli import main; main(['--version'])"]
)
def test_importing_the_package_costs_no_torch(code: str, tmp_path: Path) -> None:
    heavy = "print(sorted({'torch', 'numpy', 'av'} & set(sys.modules)))"
    ask = f"import sys\ntry:\n  {code}\nexcept SystemExit: pass\n{heavy}"
    done = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_source_text_is_readable_under_a_western_windows_code_page() -> None:
    wrong = []
    for path in sources():
        try:
            path.read_text("utf-8").encode("cp1252")
        except UnicodeEncodeError as error:
            wrong.append(f"{name_of(path)}: {error}")
    assert not wrong


def test_comfyui_users_are_asked_for_nothing_that_comfyui_brings() -> None:
    brought = {
        "torch",
        "torchvision",
        "numpy",
        "pillow",
        "av",
        "scipy",
        "safetensors",
        "einops",
        "tqdm",
        "transformers",
    }
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    asked = [re.split(r"[<>=!~\[; ]", line)[0].lower() for line in lines if line and not line.startswith("#")]
    assert not brought & set(asked)
    assert all("==" not in line and "<" not in line for line in lines if not line.startswith("#"))


def test_constraints_pin_every_dependency_we_name() -> None:
    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-") for line in requirements}

    project = PYPROJECT["project"]
    asked = names(project["dependencies"]).union(*map(names, project["optional-dependencies"].values()))
    pinned = [
        line
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line) for line in pinned)
    assert asked - {"maliang-video"} <= names(pinned)
