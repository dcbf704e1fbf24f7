"""The wallet workers without an engine: called directly, and run as the worker runs them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core import mail
from django.db import IntegrityError
from django.test import TestCase

from camunda_client.django import TaskFailure
from camunda_client.django.models import ProcessedTask
from camunda_client.django.testing import fake_task, run_task
from camunda_client.worker import Complete, ThrowError
from wallets.camunda_workers import (
    handle_create_wallet,
    handle_notify_wallet_creation,
    handle_validate_wallet_request,
)
from wallets.models import AuditEntry, Wallet, WalletRequest


class WalletWorkersTest(TestCase):
    """One customer, one request."""

    def setUp(self) -> None:
        self.user = get_user_model().objects.create_user("ada", "ada@example.org")
        self.request = WalletRequest.objects.create(user=self.user, currency="EUR")

    def task(self, topic: str = "create-wallet", **more: Any) -> Any:
        return fake_task(topic, request=str(self.request.reference), **more)

    def test_a_good_request_is_valid(self) -> None:
        self.assertEqual(handle_validate_wallet_request(self.task()), {"valid": True, "reason": ""})
        self.request.refresh_from_db()
        self.assertEqual(self.request.status, "valid")

    def test_a_bad_request_is_refused_with_a_reason(self) -> None:
        for change, reason in (({"currency": "XXX"}, "currency not offered"), ({}, "customer is not active")):
            with self.subTest(reason):
                WalletRequest.objects.update(**({"currency": "EUR"} | change))
                get_user_model().objects.update(is_active=bool(change))
                self.assertEqual(handle_validate_wallet_request(self.task()), {"valid": False, "reason": reason})

    def test_wallet_creation(self) -> None:
        self.assertEqual(handle_create_wallet(self.task()), {"wallet": Wallet.objects.get().number})
        self.request.refresh_from_db()
        self.assertEqual(self.request.status, "created")
        self.assertEqual(AuditEntry.objects.get().action, "wallet created")

    def test_the_same_task_twice_makes_one_wallet_and_one_answer(self) -> None:
        task = self.task()
        first, second = run_task(task), run_task(task)
        assert isinstance(first, Complete)
        assert isinstance(second, Complete)
        self.assertEqual(Wallet.objects.get().number, second.variables["wallet"].value)
        self.assertEqual(first.variables["wallet"], second.variables["wallet"].value)
        self.assertEqual((AuditEntry.objects.count(), ProcessedTask.objects.count()), (1, 1))

    def test_another_task_for_the_same_request_makes_no_second_wallet(self) -> None:
        self.assertEqual(handle_create_wallet(self.task()), handle_create_wallet(self.task()))
        self.assertEqual(Wallet.objects.count(), 1)

    def test_a_second_wallet_of_a_currency_is_a_business_error_that_is_remembered(self) -> None:
        handle_create_wallet(self.task())
        self.request = WalletRequest.objects.create(user=self.user, currency="EUR")
        outcome = run_task(self.task())
        assert isinstance(outcome, ThrowError)
        self.assertEqual(outcome.code, "WALLET_REFUSED")
        self.request.refresh_from_db()
        self.assertEqual((self.request.status, self.request.reason), ("refused", "limit reached"))

    def test_the_customer_is_notified(self) -> None:
        handle_create_wallet(self.task())
        self.assertEqual(handle_notify_wallet_creation(self.task()), {"notified": True})
        self.assertEqual(mail.outbox[0].to, ["ada@example.org"])
        self.assertIn(Wallet.objects.get().number, mail.outbox[0].body)

    def test_an_unknown_request_is_an_incident(self) -> None:
        for wrong in (None, "no uuid", "00000000-0000-0000-0000-000000000000"):
            with self.subTest(wrong), self.assertRaises(TaskFailure) as raised:
                handle_create_wallet(fake_task(request=wrong))
            self.assertEqual(raised.exception.retries, 0)

    def test_the_audit_trail_only_grows(self) -> None:
        handle_create_wallet(self.task())
        entry = AuditEntry.objects.get()
        for change in (entry.save, entry.delete, AuditEntry.objects.all().delete, AuditEntry.objects.update):
            with self.assertRaises(TypeError):
                change()

    def test_the_database_itself_keeps_one_wallet_for_a_request(self) -> None:
        handle_create_wallet(self.task())
        with self.assertRaises(IntegrityError):
            Wallet.objects.create(user=self.user, request=self.request, currency="EUR")
