"""Golden cases: what the reference implementations computed, found in `--golden DIR` and handed to the parity tests.

The format of the directory is in README.md beside this file. A test names the kinds of case that it checks, and runs
once for each:

    @pytest.mark.parity("vid2vid.step")
    def test_step(case: Case, agree: Agree) -> None: ...

This is a pytest plugin that pyproject.toml loads by name, not a conftest.py: pytest takes the folder after an option
that it does not know yet for a folder of tests, and then never sees the conftest.py that defines the option.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT = Path(__file__).parent

Agree = Callable[[Mapping[str, "Tensor"], Mapping[str, "Tensor"], Callable[[str], float]], None]
"""`agree(ours, theirs, tolerance)`: every tensor of `theirs` is in `ours`, of its shape, within its tolerance."""


@dataclass(frozen=True, eq=False)
class Case:
    """One file of a golden directory."""

    path: Path
    kind: str
    """Which function made it, for example "vid2vid.step"."""
    metadata: dict[str, Any]
    """Of a `.safetensors` file: its metadata, what is JSON in it parsed. Of a table (`.json`): its content."""

    def tensors(self) -> "dict[str, Tensor]":
        from safetensors.torch import load_file

        return load_file(self.path)

    def manifest_paths(self) -> dict[str, Path]:
        """Network -> the file that lists its entries: beside the case, else in the default directory.

        A case with a single network calls it ""; where it names no manifest, the two have the same name.
        """
        single = self.metadata.get("manifest", self.metadata.get("weights", self.path.stem))
        named = self.metadata.get("manifests", {"": single})
        folders = (self.path.parent, DEFAULT / self.kind.partition(".")[0])
        return {net: _find(f"{name.removesuffix('.json')}.json", folders) for net, name in named.items()}

    def manifest(self, net: str = "") -> dict[str, Any]:
        """What that file says."""
        content: dict[str, Any] = json.loads(self.manifest_paths()[net].read_text("utf-8"))
        return content

    def float64_difference(self, name: str) -> float:
        """How far the reference's own float32 is from its float64; 0 where that was not measured."""
        measured = self.metadata.get("float64_difference") or self.metadata.get("fp32_vs_fp64_max_abs") or {}
        return float(measured.get(name, 0))


def _find(name: str, folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name} is neither in {' nor in '.join(map(str, folders))}")


def find_cases(directory: Path) -> Iterator[Case]:
    """All cases below a directory, in the order of their paths; manifests and other files are none."""
    from safetensors import safe_open

    for path in sorted(directory.rglob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            metadata = {key: _parsed(value) for key, value in (file.metadata() or {}).items()}
        if "kind" in metadata:
            yield Case(path, metadata["kind"], metadata)
    for path in sorted(directory.rglob("*.json")):
        table = json.loads(path.read_text("utf-8"))
        kind = _kind_of(table) if isinstance(table, dict) else None
        if kind is not None:
            yield Case(path, kind, table)


def _kind_of(table: dict[str, Any]) -> str | None:
    """What a table is: the function that made it, or, where it names none, what it must be by what it holds."""
    if {"dense", "sparse"} <= table.keys():
        return "vid2vid.temporal_sampling"
    if {"cases", "sizes", "extent"} <= table.keys():
        return "infinity.plans"
    return table.get("kind", table.get("function"))


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


@lru_cache
def _cases(directory: Path) -> tuple[Case, ...]:
    return tuple(find_cases(directory))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        type=Path,
        default=DEFAULT,
        metavar="DIR",
        help="directory of golden cases for the parity tests (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--golden").is_dir():
        raise pytest.UsageError(f"--golden {config.getoption('--golden')}: there is no such directory")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    directory = metafunc.config.getoption("--golden")
    kinds = [kind for mark in metafunc.definition.iter_markers("parity") for kind in mark.args]
    cases = [case for case in _cases(directory) if case.kind in kinds]
    metafunc.parametrize("case", cases, ids=[case.path.stem for case in cases])


def _case_of(item: pytest.Item) -> Case | None:
    """The case that a test runs on; None for a test that isn't a parity test, or that found no case."""
    callspec = getattr(item, "callspec", None)
    case = None if callspec is None else callspec.params.get("case")
    return case if isinstance(case, Case) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = sorted({kind for item in items for mark in item.iter_markers("parity") for kind in mark.args})
    if wanted and not any(_case_of(item) for item in items):
        raise pytest.UsageError(
            f"--golden {config.getoption('--golden')}: no case there is of a kind that the collected tests know "
            f"({', '.join(wanted)})"
        )
    items.sort(key=_weights)  # weights are made once for all the tests that need them


def _weights(item: pytest.Item) -> str:
    case = _case_of(item)
    if case is None:
        return ""
    return json.dumps(case.metadata.get("manifests", case.metadata.get("manifest", "")), sort_keys=True)


@pytest.fixture
def agree(case: Case, record_property: Callable[[str, object], None]) -> Agree:
    """Compares and reports: the worst difference, in units of its tolerance, stands in the summary of `pytest -v`."""

    def compare(
        ours: "Mapping[str, Tensor]", theirs: "Mapping[str, Tensor]", tolerance: Callable[[str], float]
    ) -> None:
        assert theirs, "there is nothing to compare with"
        missing = sorted(theirs.keys() - ours.keys())
        assert not missing, f"not computed: {missing}"
        shapes = {
            n: (list(ours[n].shape), list(t.shape)) for n, t in theirs.items() if ours[n].shape != t.shape
        }
        assert not shapes, f"shapes differ, ours and theirs: {shapes}"
        differences = {n: float((ours[n].double() - t.double()).abs().max()) for n, t in theirs.items()}
        worst = max(differences, key=lambda n: differences[n] / max(tolerance(n), 1e-12))
        record_property("parity", f"{worst} {differences[worst]:.1e} of {tolerance(worst):.1e}")
        wrong = {n: f"{d:.2e} > {tolerance(n):.1e}" for n, d in differences.items() if not d <= tolerance(n)}
        assert not wrong, f"{case.path.name}: {wrong}"

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.get_verbosity() < 1:
        return
    reports = [r for outcome in ("passed", "failed") for r in terminalreporter.getreports(outcome)]
    found = [(r.nodeid.rpartition("::")[2], dict(r.user_properties)) for r in reports]
    lines = [f"{name}: {properties['parity']}" for name, properties in found if "parity" in properties]
    if lines:
        terminalreporter.section("worst difference from the reference, and its tolerance")
        terminalreporter.write("\n".join([*lines, ""]))
