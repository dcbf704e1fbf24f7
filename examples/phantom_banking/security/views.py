"""The page behind the link of the verification e-mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from security.services import confirm_email


@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def verify_email(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for a click: scanners of mailboxes open links, too, and must not verify anything. POST does it."""
    if request.method == "GET":
        form = '<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{}"><button>Verify</button></form>'
        return HttpResponse(format_html(form, get_token(request)))
    if confirm_email(token) is None:
        return HttpResponse("This link is not valid any more.", status=410, content_type="text/plain")
    return HttpResponse("Thank you: your address is verified.", content_type="text/plain")
