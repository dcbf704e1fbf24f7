"""Queries as data: one table per entity says what can be asked of it, and `language` turns a question into SQL."""

from __future__ import annotations
