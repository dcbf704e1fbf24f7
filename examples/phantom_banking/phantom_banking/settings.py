"""Settings, from the environment where they differ between machines.

DATABASE_URL          sqlite:///phantom.db (default) or postgresql://user:password@host/name
PHANTOM_ENGINE        remote (default): CAMUNDA_REST_URL; embedded: Procession in this project's own database
CAMUNDA_*             the workers: see camunda_client.django.conf
DJANGO_SECRET_KEY, DJANGO_DEBUG, DJANGO_ALLOWED_HOSTS, DJANGO_BASE_URL
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

HERE = Path(__file__).resolve().parent.parent


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        name = parts.path[1:]
        # IMMEDIATE: two transactions that read before they write wait for each other instead of failing
        options: dict[str, object] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
        test = {"NAME": str(Path(name).with_suffix(".test.db").absolute())}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options, "TEST": test}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": dict(parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DEBUG = os.environ.get("DJANGO_DEBUG", "") == "1"
# without a key every start makes another one: sessions end, nothing else
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or secrets.token_urlsafe(48)
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
BASE_URL = os.environ.get("DJANGO_BASE_URL", "http://localhost:8000")

PHANTOM_ENGINE = os.environ.get("PHANTOM_ENGINE", "remote")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "camunda_client.django",
    "wallets",
    "security",
]
if PHANTOM_ENGINE == "embedded":
    INSTALLED_APPS.append("procession.django")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "phantom_banking.urls"
WSGI_APPLICATION = "phantom_banking.wsgi.application"
ASGI_APPLICATION = "phantom_banking.asgi.application"
DATABASES = {"default": _database(os.environ.get("DATABASE_URL", f"sqlite:///{HERE / 'phantom.db'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
EMAIL_BACKEND = os.environ.get("DJANGO_EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = "Phantom Banking <no-reply@phantom-banking.example>"

# What the bank allows.
WALLET_CURRENCIES = ("EUR", "USD", "KES")
WALLETS_PER_CURRENCY = 1
KYC_REFUSED_COUNTRIES = ("KP", "IR")
KYC_REVIEWED_COUNTRIES = ("AF", "SY")
MERCHANT_AUTOMATIC_VOLUME = 10_000
EMAIL_TOKEN_HOURS = 24

if not DEBUG:
    SESSION_COOKIE_HTTPONLY = True
    SECURE_CONTENT_TYPE_NOSNIFF = True
    SECURE_REFERRER_POLICY = "same-origin"  # the verification link must not travel on

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
    "loggers": {name: {"level": "INFO"} for name in ("camunda_client", "procession", "wallets", "security")},
}
