"""Procession inside a Django project: the engine's tables in the project's database, commands in its transactions.

    INSTALLED_APPS = [..., "procession.django"]
    PROCESSION = {"job_executor": True}                       # optional, see `procession.django.conf`
    urlpatterns += [path("engine-rest/", include("procession.django.urls"))]

    @transaction.atomic
    def order(request):
        row = Order.objects.create(...)
        start_process("order", {"order": row.pk}, business_key=str(row.pk))   # commits with the row, or not at all

`manage.py migrate` makes the engine's tables.
"""

from __future__ import annotations

from procession.django.engines import close_engine, get_engine
from procession.django.joining import complete_task, correlate_message, deploy, start_process, submit

__all__ = ["close_engine", "complete_task", "correlate_message", "deploy", "get_engine", "start_process", "submit"]
