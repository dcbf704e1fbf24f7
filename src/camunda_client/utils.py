"""`JsonBaseModel`, what requests, answers and settings are made of. (The path is prescribed: programs import it from here.)"""

from __future__ import annotations

from camunda_client.json_model import JsonBaseModel

__all__ = ["JsonBaseModel"]
