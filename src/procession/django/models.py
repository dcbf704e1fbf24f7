"""No tables: a permission needs a model to belong to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class EngineAccess(models.Model):
    """What Django's users may do with the engine."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions: ClassVar = [("use_rest", "Can use the engine's REST API")]
