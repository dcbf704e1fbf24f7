"""What views and other apps call."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from phantom_banking import processes

from wallets.audit import audit
from wallets.models import WalletRequest


@transaction.atomic
def request_wallet(user: Any, currency: str) -> WalletRequest:
    """Takes a request down and starts its process."""
    request = WalletRequest.objects.create(user=user, currency=currency)
    audit("wallet requested", request, actor=user.get_username(), currency=currency)
    start_process(request)
    return request


def start_process(request: WalletRequest) -> None:
    """Starts the request's process; a second call starts no second one."""

    def started(instance: str) -> None:
        WalletRequest.objects.filter(pk=request.pk).update(process_instance_id=instance)

    processes.start("wallet-creation", str(request.reference), {"request": str(request.reference)}, started)
