"""AWS Lambda: models, forms and a manifest to Camunda Web Modeler. The handler is `lambda_function.lambda_handler`.

The whole of it is `camunda_client.modeler.function`; here are the container's environment and secrets. README.md says
how it is deployed and what it answers.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from camunda_client.modeler.errors import DatabaseUnavailable
from camunda_client.modeler.function import HEADERS, Examine, TransferFunction

logging.getLogger("camunda_client").setLevel(os.environ.get("LOG_LEVEL") or "INFO")
# Every request's address is in httpx's own lines, at INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)

SECRETS = ("CAMUNDA_SECRET_ARN", "DATABASE_SECRET_ARN")
"""Variables that may name a secret in AWS Secrets Manager: a JSON object of variables, or the one of an RDS database."""

RDS_NAMES = {"host": "DATABASE_HOST", "port": "DATABASE_PORT", "dbname": "DATABASE_NAME"}
RDS_NAMES |= {"username": "DATABASE_USER", "password": "DATABASE_PASSWORD"}

_function: TransferFunction | None = None


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Transfers the files of one request; see the seed's event in test-event.json and the answers in README.md."""
    global _function
    if _function is None:
        try:
            _function = TransferFunction(environment(), lint=lint())
        except DatabaseUnavailable as error:
            logging.getLogger("camunda_client.modeler").error("No secrets", extra={"event": "no_secrets"})
            return {
                "statusCode": 500,
                "headers": dict(HEADERS),
                "body": json.dumps({"success": False, "error": str(error)}),
            }
    answer = _function(event, context)
    if answer["statusCode"] == 500 and any(os.environ.get(name) for name in SECRETS):
        # A rotated password is read anew with the next event; its own error says nothing that could be relied on.
        _function.database.close()
        _function = None
    return answer


def lint() -> Examine | None:
    """The engine's lint, where the package was made with it and CAMUNDA_TRANSFER_CHECK asks for it."""
    if os.environ.get("CAMUNDA_TRANSFER_CHECK", "").strip().lower() != "lint" or not find_spec("procession"):
        return None
    found: Examine = import_module("procession.serverless.linting").examine
    return found


def environment(fetch: Callable[[str], str] | None = None) -> dict[str, str]:
    """The environment, completed with what Secrets Manager holds. `fetch` gives a secret's text for its ARN."""
    variables = dict(os.environ)
    for name in SECRETS:
        arn = variables.get(name)
        if not arn:
            continue
        try:
            secret = json.loads((fetch or _secrets_manager)(arn))
            variables |= {RDS_NAMES.get(key, key): str(value) for key, value in secret.items()}
        except Exception as error:
            raise DatabaseUnavailable(f"The secret of {name} cannot be read ({type(error).__name__})") from None
    return variables


def _secrets_manager(arn: str) -> str:
    # boto3 is part of Lambda's runtime and of no interest elsewhere.
    client = import_module("boto3").client("secretsmanager")
    return str(client.get_secret_value(SecretId=arn)["SecretString"])
