"""Lint before an upload: what `camunda_client.modeler.checking` finds in any model, then the rules of `procession.lint`.

A model that was written for Camunda 8 is read as Camunda 8 reads it. Warnings stop nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from camunda_client.modeler.backend import ModelFile
from camunda_client.modeler.checking import Finding
from camunda_client.modeler.checking import check as check_files
from procession.camunda7.dialect import Camunda7Dialect
from procession.camunda8.dialect import Camunda8Dialect
from procession.engine.dialect import Dialect
from procession.lint import Severity, check

_CAMUNDA8 = (b"http://camunda.org/schema/zeebe/1.0", b'executionPlatform="Camunda Cloud"')


def dialect_of(content: bytes) -> Dialect:
    """Camunda 8's dialect for what names Zeebe's namespace or was drawn for Camunda's cloud, else Camunda 7's."""
    return Camunda8Dialect() if any(sign in content for sign in _CAMUNDA8) else Camunda7Dialect()


def examine(files: Sequence[ModelFile]) -> list[Finding]:
    """The reasons not to upload these files; nothing else is looked at where some of them cannot be read."""
    findings = check_files(files)
    if findings:
        return findings
    fields = {file.name: file for file in files if file.field != "manifest"}
    found = check(((name, file.content.encode()) for name, file in fields.items()), dialect_of)
    return [
        Finding(fields[one.file].field, one.file, f"{one.message} ({one.element or 'file'}, rule {one.rule})", one.line)
        for one in found
        if one.severity is Severity.ERROR
    ]
