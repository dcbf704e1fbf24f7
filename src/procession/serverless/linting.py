"""Lint before an upload: what `camunda_client.modeler.checking` finds in any model, then the rules of `procession.lint`.

A model that was written for Camunda 8 (it names Zeebe's namespace) is checked by the first alone: the rules see models as
Camunda 7 reads them. Warnings stop nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from camunda_client.modeler.backend import ModelFile
from camunda_client.modeler.checking import Finding
from camunda_client.modeler.checking import check as check_files
from procession.camunda7.dialect import Camunda7Dialect
from procession.lint import Severity, check

ZEEBE = "http://camunda.org/schema/zeebe/1.0"


def examine(files: Sequence[ModelFile]) -> list[Finding]:
    """The reasons not to upload these files; nothing else is looked at where some of them cannot be read."""
    findings = check_files(files)
    if findings:
        return findings
    fields = {file.name: file for file in files if file.field != "manifest" and ZEEBE not in file.content}
    found = check(((name, file.content.encode()) for name, file in fields.items()), Camunda7Dialect())
    return [
        Finding(fields[one.file].field, one.file, f"{one.message} ({one.element or 'file'}, rule {one.rule})", one.line)
        for one in found
        if one.severity is Severity.ERROR
    ]
