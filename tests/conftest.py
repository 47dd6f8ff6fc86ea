"""The package under test is this checkout, whatever is installed beside it."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _import_checkout() -> None:
    spec = spec_from_file_location(
        "maliang_video", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None, "an __init__.py always has a spec"
    assert spec.loader is not None, "and a loader"
    package = module_from_spec(spec)
    sys.modules["maliang_video"] = package
    spec.loader.exec_module(package)


_import_checkout()
