"""What views and other apps call. Each takes something down and starts its process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from phantom_banking import processes

from security.events import record
from security.models import Alert, EmailVerification, KycCase, Merchant


@transaction.atomic
def submit_kyc(user: Any, **data: Any) -> KycCase:
    """Identity data for validation; `data` are fields of `KycCase`."""
    case = KycCase.objects.create(user=user, **data)
    record("kyc-submitted", user=user, case=case.pk)
    _start("kyc-validation", case, {"case": case.pk, "decision": None})
    return case


@transaction.atomic
def apply_as_merchant(owner: Any, **data: Any) -> Merchant:
    """A merchant's application; small ones are decided without people."""
    merchant = Merchant.objects.create(owner=owner, **data)
    automatic = merchant.monthly_volume <= settings.MERCHANT_AUTOMATIC_VOLUME
    record("merchant-applied", user=owner, merchant=merchant.pk, automatic=automatic)
    _start("merchant-approval", merchant, {"merchant": merchant.pk, "automatic": automatic, "decision": None})
    return merchant


@transaction.atomic
def raise_alert(user: Any, kind: str, score: int) -> Alert:
    """Suspicious activity, with a score from 0 to 100."""
    alert = Alert.objects.create(user=user, kind=kind, score=score)
    record("suspicious-activity", user=user, level="warning", alert=alert.pk, kind_of_activity=kind, score=score)
    _start("suspicious-activity", alert, {"alert": alert.pk, "outcome": None})
    return alert


@transaction.atomic
def request_email_verification(user: Any) -> EmailVerification:
    """Has the user's present address verified."""
    verification = EmailVerification.objects.create(user=user, email=user.email)
    record("email-verification-requested", user=user, verification=verification.pk)
    _start("email-verification", verification, {"verification": verification.pk, "attempt": 0})
    return verification


@transaction.atomic
def confirm_email(token: str) -> EmailVerification | None:
    """The link of the e-mail was opened: the verification, None where the token is unknown, used up or too old."""
    waiting = EmailVerification.objects.select_for_update().filter(status=EmailVerification.Status.SENT)
    found = waiting.filter(token_hash=EmailVerification.hash_of(token), expires__gt=timezone.now()).first()
    if found is None:
        record("email-token-refused", level="warning")
        return None
    found.status, found.verified, found.token_hash = EmailVerification.Status.VERIFIED, timezone.now(), ""
    found.save(update_fields=["status", "verified", "token_hash"])
    record("email-verified", user=found.user, verification=found.pk)
    processes.correlate("email-verified", key_of(found))
    return found


def key_of(row: models.Model) -> str:
    """The business key of a row's process."""
    return f"{row._meta.model_name}-{row.pk}"


def _start(process: str, row: models.Model, variables: dict[str, Any]) -> None:
    model = type(row)
    processes.start(
        process,
        key_of(row),
        variables,
        lambda instance: model.objects.filter(pk=row.pk).update(process_instance_id=instance),
    )
