"""The application."""

from __future__ import annotations

from django.apps import AppConfig


class WalletsConfig(AppConfig):
    """Wallets and their audit trail."""

    name = "wallets"
