"""Pages: the link of the verification e-mail, the administration, and the engine's REST API where it is embedded."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from security.views import verify_email

urlpatterns = [
    path("admin/", admin.site.urls),
    path("verify-email/<str:token>/", verify_email, name="verify-email"),
]
if settings.PHANTOM_ENGINE == "embedded":
    urlpatterns.append(path("engine-rest/", include("procession.django.urls")))
