"""The forms of start events and user tasks: by key, by reference, or generated from fields."""

from __future__ import annotations

from lxml import etree

from procession.bpmn.document import Document
from procession.bpmn.model import Binding, Form, FormField, Reference
from procession.camunda7.extensions import attribute, extensions, inner

_TYPES = ("string", "long", "boolean", "date", "enum")
_VALIDATORS = ("required", "readonly", "min", "max", "minlength", "maxlength", "validator")
_BINDINGS = ("deployment", "latest", "version")


def read_form(element: etree._Element, document: Document) -> Form | None:
    """The form of a start event or user task, None where there is none."""
    key, ref = attribute(element, "formKey"), attribute(element, "formRef")
    if key is not None and ref is not None:
        document.problems.error(
            "Invalid element definition: only one of the attributes formKey and formRef is allowed", element
        )
    fields: list[FormField] = []
    business_key = None
    for data in extensions(element, "formData"):
        business_key = data.get("businessKey") or business_key
        fields += [_field(found, document) for found in inner(data, "formField")]
    properties = tuple(_property(found, document) for found in extensions(element, "formProperty"))
    if key is None and ref is None and not fields and not properties:
        return None
    return Form(
        key=document.optional(key, element),
        reference=None if ref is None else _reference(ref, element, document),
        fields=tuple(fields),
        business_key=business_key,
        unshown=properties,
    )


def _reference(key: str, element: etree._Element, document: Document) -> Reference:
    binding = attribute(element, "formRefBinding")
    if binding not in _BINDINGS:
        document.problems.error(
            "Invalid element definition: value for formRefBinding attribute has to be one of"
            f" [{', '.join(_BINDINGS)}] but was {binding}",
            element,
        )
    version = attribute(element, "formRefVersion")
    if binding == "version" and version is None:
        document.problems.abort("Missing attribute 'formRefVersion' when 'formRefBinding' has value 'version'", element)
    return Reference(
        document.expression(key, element),
        Binding(binding) if binding in _BINDINGS else Binding.LATEST,
        document.optional(version, element),
    )


def _field(element: etree._Element, document: Document) -> FormField:
    id_, kind = element.get("id"), element.get("type")
    if not id_:
        document.problems.error("attribute id must be set for FormFieldGroup and must have a non-empty value", element)
    if not kind:
        document.problems.error("form property id is required", element)
    if kind and kind not in _TYPES:
        document.problems.error(f"unknown type '{kind}'", element)
    for around in inner(element, "validation"):
        for found in inner(around, "constraint"):
            if found.get("name") not in _VALIDATORS:
                document.problems.error(f"Cannot find validator implementation for name '{found.get('name')}'", found)
            elif found.get("name") == "validator" and not found.get("config"):
                document.problems.error(
                    "validator configuration needs to provide either a class or an expression", found
                )
    constraints = [
        (found.get("name") or "", found.get("config"))
        for around in inner(element, "validation")
        for found in inner(around, "constraint")
    ]
    properties = {
        found.get("id") or "": found.get("value") or ""
        for around in inner(element, "properties")
        for found in inner(around, "property")
    }
    return FormField(
        id=id_ or "",
        label=document.optional(element.get("label"), element),
        type=kind or "string",
        default=document.optional(element.get("defaultValue"), element),
        values=_values(element),
        constraints=tuple(constraints),
        properties=properties,
        date_pattern=element.get("datePattern"),
    )


def _property(element: etree._Element, document: Document) -> FormField:
    """The older `camunda:formProperty`, of which Camunda 7 generates no form any more; its type may be empty: any.

    `required` and `writable` are constraints here, the rest is kept as properties.
    """
    constraints = [("required", None)] if element.get("required") == "true" else []
    if element.get("writable") == "false":
        constraints.append(("readonly", None))
    return FormField(
        id=element.get("id") or "",
        label=document.optional(element.get("name"), element),
        type=element.get("type") or "",
        default=document.optional(element.get("default"), element),
        values=_values(element),
        constraints=tuple(constraints),
        properties={
            name: value
            for name in ("variable", "expression", "readable", "writable")
            if (value := element.get(name)) is not None
        },
        date_pattern=element.get("datePattern"),
    )


def _values(element: etree._Element) -> tuple[tuple[str, str], ...]:
    return tuple((found.get("id") or "", found.get("name") or "") for found in inner(element, "value"))
