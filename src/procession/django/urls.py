"""`path("engine-rest/", include("procession.django.urls"))`."""

from __future__ import annotations

from django.urls import path

from procession.django.rest import engine_rest

urlpatterns = [path("", engine_rest), path("<path:path>", engine_rest)]
