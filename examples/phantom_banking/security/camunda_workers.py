"""The workers of the security processes. Each runs in one transaction; see `camunda_client.django`.

Refusals are returned, so that they are remembered; exceptions roll back and are tried again.
"""

from __future__ import annotations

import re
from datetime import date
from smtplib import SMTPRecipientsRefused
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import models
from django.urls import reverse
from django.utils import timezone
from wallets.audit import audit
from wallets.models import Wallet

from camunda_client.django import ExternalTask, TaskFailure, external_task
from security.events import record
from security.models import Alert, EmailVerification, KycCase, Merchant

M = TypeVar("M", bound=models.Model)
ADULT = 18
NUMBERS = {
    KycCase.Document.PASSPORT: re.compile(r"[A-Z0-9]{6,9}"),
    KycCase.Document.IDENTITY_CARD: re.compile(r"[A-Z0-9]{6,20}"),
}


@external_task("validate-kyc-data", variables=["case", "decision"])
def handle_validate_kyc(task: ExternalTask) -> Any:
    """Variable `kycStatus`: verified, rejected or review. `decision` is what a reviewer said, if one was asked.

    BPMN error KYC_INCOMPLETE where data are missing: the customer is asked for them, then this runs again.
    """
    case = _row(KycCase, task, "case")
    missing = [name for name in ("birth_date", "country", "document", "document_expires") if not getattr(case, name)]
    if missing:
        _decide(case, KycCase.Status.INCOMPLETE, f"missing: {', '.join(missing)}", task)
        return task.bpmn_error("KYC_INCOMPLETE", case.reason)
    decision = task.variables.get("decision")
    status, reason = _checked(case)
    if status == KycCase.Status.REVIEW and decision in (KycCase.Status.VERIFIED, KycCase.Status.REJECTED):
        status, reason = KycCase.Status(decision), f"{reason}; decided by compliance"
    _decide(case, status, reason, task)
    return {"kycStatus": str(status), "decision": None}


@external_task("process-merchant-approval", variables=["merchant", "automatic", "decision"])
def handle_process_merchant_approval(task: ExternalTask) -> Any:
    """Variable `merchantStatus`: approved or rejected. BPMN error OWNER_NOT_VERIFIED without a verified owner."""
    merchant = _row(Merchant, task, "merchant")
    owner = merchant.owner
    if not KycCase.verified(owner):
        merchant.status, merchant.reason = Merchant.Status.REJECTED, "owner is not verified"
        merchant.save(update_fields=["status", "reason"])
        record(
            "merchant-rejected", user=owner, level="warning", task=task, merchant=merchant.pk, reason=merchant.reason
        )
        return task.bpmn_error("OWNER_NOT_VERIFIED", merchant.reason)
    approved = bool(task.variables.get("automatic")) or task.variables.get("decision") == Merchant.Status.APPROVED
    merchant.status = Merchant.Status.APPROVED if approved else Merchant.Status.REJECTED
    merchant.reason = "" if approved else "declined by the merchant desk"
    merchant.save(update_fields=["status", "reason"])
    record(f"merchant-{merchant.status}", user=owner, task=task, merchant=merchant.pk)
    audit(f"merchant {merchant.status}", merchant, task=task)
    if owner.email:
        send_mail("Your merchant account", f"{merchant.name} was {merchant.status}.", None, [owner.email])
    return {"merchantStatus": str(merchant.status)}


@external_task("handle-suspicious-activity", variables=["alert", "outcome"])
def handle_suspicious_activity(task: ExternalTask) -> Any:
    """Variables `severity` and `measures`. High alerts freeze the customer's wallets until an investigation clears them.

    BPMN error ACCOUNT_GONE where the account was closed meanwhile.
    """
    alert = _row(Alert, task, "alert")
    if not alert.user.is_active:
        _handled(alert, Alert.Status.HANDLED, [], task)
        return task.bpmn_error("ACCOUNT_GONE", "the account is closed")
    outcome = task.variables.get("outcome")
    if outcome is not None:
        return _investigated(alert, str(outcome), task)
    measures = ["logged"]
    if alert.severity != "low":
        measures.append("customer warned")
    if alert.severity == "high":
        wallets = Wallet.objects.select_for_update().filter(user=alert.user, status=Wallet.Status.ACTIVE)
        alert.frozen_wallets = [wallet.number for wallet in wallets.order_by("pk")]
        Wallet.objects.filter(number__in=alert.frozen_wallets).update(status=Wallet.Status.FROZEN)
        measures.append("wallets frozen")
    _handled(alert, Alert.Status.HANDLED, measures, task)
    if alert.severity != "low" and alert.user.email:
        send_mail("Unusual activity", "We have noticed unusual activity on your account.", None, [alert.user.email])
    return {"severity": alert.severity, "measures": measures}


@external_task("process-email-verification", variables=["verification"])
def handle_process_email_verification(task: ExternalTask) -> Any:
    """Variable `attempt`, from 1. Each attempt has a token of its own; those before are void.

    BPMN error EMAIL_UNDELIVERABLE where the address cannot be written to.
    """
    verification = _row(EmailVerification, task, "verification")
    if verification.status == EmailVerification.Status.VERIFIED:
        return {"attempt": verification.attempts}  # the link was opened while the process decided to send again
    token = verification.renew_token()
    link = settings.BASE_URL + reverse("verify-email", args=[token])
    try:
        validate_email(verification.email)
        send_mail("Please verify your address", f"Open this link within a day: {link}", None, [verification.email])
    except (ValidationError, SMTPRecipientsRefused):
        verification.status, verification.token_hash = EmailVerification.Status.FAILED, ""
    verification.save(update_fields=["status", "token_hash", "expires", "attempts"])
    if verification.status == EmailVerification.Status.FAILED:
        record("email-undeliverable", user=verification.user, level="warning", task=task, verification=verification.pk)
        return task.bpmn_error("EMAIL_UNDELIVERABLE", "the address was refused")
    record("email-sent", user=verification.user, task=task, verification=verification.pk, attempt=verification.attempts)
    return {"attempt": verification.attempts}


def _row(model: type[M], task: ExternalTask, name: str) -> M:
    """The locked row that a variable names. No retry will find one that is not there: an incident."""
    key = task.variables.get(name)
    found = model.objects.select_for_update().filter(pk=key).first() if isinstance(key, int) else None
    if found is None:
        raise TaskFailure(f"There is no {model.__name__} {key!r}", retries=0)
    return found


def _checked(case: KycCase) -> tuple[KycCase.Status, str]:
    today = timezone.localdate()
    if _age(case.birth_date, today) < ADULT:
        return KycCase.Status.REJECTED, "customer is a minor"
    if case.document_expires < today:
        return KycCase.Status.REJECTED, "document has expired"
    if case.country in settings.KYC_REFUSED_COUNTRIES:
        return KycCase.Status.REJECTED, "country is not served"
    if not NUMBERS[case.document].fullmatch(case.document_number):
        return KycCase.Status.REVIEW, "document number looks wrong"
    if case.country in settings.KYC_REVIEWED_COUNTRIES:
        return KycCase.Status.REVIEW, "country needs a review"
    return KycCase.Status.VERIFIED, ""


def _age(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _decide(case: KycCase, status: KycCase.Status, reason: str, task: ExternalTask) -> None:
    case.status, case.reason = status, reason
    case.save(update_fields=["status", "reason"])
    level = "warning" if status == KycCase.Status.REJECTED else "info"
    record(f"kyc-{status}", user=case.user, level=level, task=task, case=case.pk, reason=reason)
    audit(f"kyc {status}", case, task=task)


def _handled(alert: Alert, status: Alert.Status, measures: list[str], task: ExternalTask) -> None:
    alert.status, alert.measures = status, measures
    alert.save(update_fields=["status", "measures", "frozen_wallets"])
    level = "critical" if alert.severity == "high" else "warning"
    record("alert-handled", user=alert.user, level=level, task=task, alert=alert.pk, measures=measures)
    audit("alert handled", alert, task=task, measures=measures)


def _investigated(alert: Alert, outcome: str, task: ExternalTask) -> dict[str, Any]:
    """Lifts what this alert froze where the customer was cleared."""
    measures = [*alert.measures, f"investigated: {outcome}"]
    if outcome == "cleared":
        Wallet.objects.filter(number__in=alert.frozen_wallets).update(status=Wallet.Status.ACTIVE)
        alert.frozen_wallets = []
        measures.append("wallets released")
    _handled(alert, Alert.Status.INVESTIGATED, measures, task)
    return {"severity": alert.severity, "measures": measures}
