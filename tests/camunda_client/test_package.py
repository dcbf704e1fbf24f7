"""What the package promises about itself: light to import, free of the engine, complete in its names."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import camunda_client

HEAVY = ("sqlite3", "sqlalchemy", "starlette", "django", "httpx", "pydantic", "procession")


def test_the_top_level_loads_nothing_heavy() -> None:
    code = f"import camunda_client, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_camunda_7_client_loads_no_engine() -> None:
    code = f"import camunda_client.c7, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['httpx', 'pydantic']"


def test_the_camunda_8_client_loads_no_engine() -> None:
    for module, loaded in (("camunda_client.c8", []), ("camunda_client.c8.api", ["httpx", "pydantic"])):
        code = f"import {module}, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(loaded)


def test_the_prescribed_paths_exist() -> None:
    import camunda_client.c8.worker as worker
    from camunda_client import config, error
    from camunda_client.utils import JsonBaseModel

    assert {"camunda_worker", "register_workers", "start_camunda_workers", "stop_camunda_workers"} <= set(
        worker.__all__
    )
    assert issubclass(config.C8Config, JsonBaseModel)
    assert {"CamundaBusinessException", "ServiceException", "SignatureException"} <= set(error.__all__)


def test_every_public_name_can_be_had() -> None:
    for name in camunda_client.__all__:
        assert vars(camunda_client).get(name) or camunda_client.__getattr__(name)
    assert dir(camunda_client) == sorted(camunda_client.__all__)
    with pytest.raises(AttributeError):
        camunda_client.__getattr__("nothing")


def test_nothing_imports_the_engine() -> None:
    root = Path(camunda_client.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.split(".")[0] == "procession"], path
