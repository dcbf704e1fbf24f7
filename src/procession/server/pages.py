"""The addresses under `/camunda/app/`: plain pages that say what runs, until the console stands there.

Text only, escaped, no script; the policy in the header allows nothing but the page's own style sheet.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from html import escape

APPS = {"welcome": "Welcome", "cockpit": "Cockpit", "tasklist": "Tasklist", "admin": "Admin"}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "nav a{margin-right:1rem}table{border-collapse:collapse;margin:1rem 0}td,th{text-align:left;padding:.25rem 1.5rem .25rem 0}"
    "td{font-variant-numeric:tabular-nums}"
)
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page(app: str, version: str, counts: Mapping[str, int] | None) -> str:
    """One page as HTML. `counts` are shown by name; None says that the database does not answer."""
    links = "".join(f'<a href="/camunda/app/{name}/">{escape(title)}</a>' for name, title in APPS.items())
    if counts is None:
        body = "<p>The database does not answer at present.</p>"
    else:
        rows = "".join(
            f"<tr><th scope=row>{escape(name)}</th><td>{number}</td></tr>" for name, number in counts.items()
        )
        body = f"<table><caption>What runs</caption><tbody>{rows}</tbody></table>"
    title = escape(APPS[app])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · Procession</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<header><h1>Procession {escape(version)}</h1><nav>{links}</nav></header><main><h2>{title}</h2>{body}"
        '<p>The REST API is at <a href="/engine-rest/engine">/engine-rest</a>, described in '
        '<a href="/engine-rest/openapi.json">openapi.json</a>.</p></main></body></html>'
    )
