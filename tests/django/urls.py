"""The addresses of the test project."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("bpm/engine-rest/", include("procession.django.urls"))]
