"""The workers of the wallet creation process. Each runs in one transaction; see `camunda_client.django`."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail

from camunda_client.django import ExternalTask, TaskFailure, external_task
from wallets.audit import audit
from wallets.models import Wallet, WalletRequest

log = logging.getLogger("wallets")


@external_task("validate-wallet-request", variables=["request"])
def handle_validate_wallet_request(task: ExternalTask) -> dict[str, Any]:
    """Variables `valid` and `reason`. A refused request is a normal result, not an error."""
    request = _request(task)
    reason = _reason_to_refuse(request)
    request.status = WalletRequest.Status.REFUSED if reason else WalletRequest.Status.VALID
    request.reason = reason
    request.save(update_fields=["status", "reason"])
    audit("wallet request refused" if reason else "wallet request valid", request, task=task, reason=reason)
    return {"valid": not reason, "reason": reason}


@external_task("create-wallet", variables=["request"])
def handle_create_wallet(task: ExternalTask) -> Any:
    """Variable `wallet`, the number. BPMN error WALLET_REFUSED where the customer has one of that currency already."""
    request = _request(task)
    # of two requests of one customer the second one waits here, and then sees the first one's wallet
    get_user_model().objects.select_for_update().get(pk=request.user_id)
    wallet = Wallet.objects.filter(request=request).first()
    if wallet is None:
        if _wallets(request) >= settings.WALLETS_PER_CURRENCY:
            request.status, request.reason = WalletRequest.Status.REFUSED, "limit reached"
            request.save(update_fields=["status", "reason"])
            audit("wallet refused", request, task=task, reason=request.reason)
            # returned, not raised: the refusal is to be remembered
            return task.bpmn_error("WALLET_REFUSED", request.reason)
        wallet = Wallet.objects.create(user=request.user, request=request, currency=request.currency)
        request.status = WalletRequest.Status.CREATED
        request.save(update_fields=["status"])
        audit("wallet created", wallet, task=task, currency=wallet.currency)
        log.info("Wallet %s created for request %s", wallet.number, request.reference)
    return {"wallet": wallet.number}


@external_task("notify-wallet-creation", variables=["request"])
def handle_notify_wallet_creation(task: ExternalTask) -> dict[str, Any]:
    """Variable `notified`: False where the customer has no address. The e-mail goes out at least once."""
    request = _request(task)
    wallet = Wallet.objects.get(request=request)
    notified = bool(request.user.email)
    audit("customer notified" if notified else "customer has no e-mail address", wallet, task=task)
    if notified:
        # last, so that nothing after it can undo what the customer was told
        send_mail(
            "Your wallet is ready",
            f"Your {wallet.currency} wallet {wallet.number} is ready to use.",
            None,
            [request.user.email],
        )
    return {"notified": notified}


def _request(task: ExternalTask) -> WalletRequest:
    reference = task.variables.get("request")
    try:
        found = WalletRequest.objects.select_for_update(of=("self",)).select_related("user")
        return found.get(reference=UUID(str(reference)))
    except (ValueError, WalletRequest.DoesNotExist):
        # no retry will find it: an incident shows it to the operators
        raise TaskFailure(f"There is no wallet request {reference!r}", retries=0) from None


def _reason_to_refuse(request: WalletRequest) -> str:
    if not request.user.is_active:
        return "customer is not active"
    if request.currency not in settings.WALLET_CURRENCIES:
        return "currency not offered"
    if _wallets(request) >= settings.WALLETS_PER_CURRENCY:
        return "limit reached"
    return ""


def _wallets(request: WalletRequest) -> int:
    return Wallet.objects.filter(user=request.user, currency=request.currency).exclude(request=request).count()
