"""The security workers without an engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.core import mail
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from wallets.models import Wallet, WalletRequest

from camunda_client.django import TaskFailure
from camunda_client.django.testing import fake_task, run_task
from camunda_client.worker import ThrowError
from security import services
from security.camunda_workers import (
    handle_process_email_verification,
    handle_process_merchant_approval,
    handle_suspicious_activity,
    handle_validate_kyc,
)
from security.models import Alert, EmailVerification, KycCase, Merchant, SecurityEvent

TODAY = timezone.localdate()
GOOD: dict[str, Any] = {
    "full_name": "Ada Lovelace",
    "birth_date": TODAY - timedelta(days=40 * 365),
    "country": "GB",
    "document": KycCase.Document.PASSPORT,
    "document_number": "AB123456",
    "document_expires": TODAY + timedelta(days=100),
}


class SecurityTest(TestCase):
    """One customer."""

    def setUp(self) -> None:
        self.user = get_user_model().objects.create_user("ada", "ada@example.org")

    def kinds(self) -> list[str]:
        return list(SecurityEvent.objects.order_by("pk").values_list("kind", flat=True))


class KycTest(SecurityTest):
    """validate-kyc-data."""

    def validate(self, decision: str | None = None, **data: Any) -> tuple[Any, KycCase]:
        case = KycCase.objects.create(user=self.user, **GOOD | data)
        result = handle_validate_kyc(fake_task(case=case.pk, decision=decision))
        case.refresh_from_db()
        return result, case

    def test_kyc_validation(self) -> None:
        result, case = self.validate()
        self.assertEqual((result["kycStatus"], case.status, self.kinds()), ("verified", "verified", ["kyc-verified"]))
        self.assertTrue(KycCase.verified(self.user))

    def test_the_rules(self) -> None:
        for data, status in (
            ({"birth_date": TODAY - timedelta(days=17 * 365)}, "rejected"),
            ({"document_expires": TODAY - timedelta(days=1)}, "rejected"),
            ({"country": "KP"}, "rejected"),
            ({"document_number": "?"}, "review"),
            ({"country": "SY"}, "review"),
        ):
            with self.subTest(data):
                self.assertEqual(self.validate(**data)[0]["kycStatus"], status)

    def test_a_reviewer_decides_only_what_needs_a_review(self) -> None:
        self.assertEqual(self.validate("verified", country="SY")[1].status, "verified")
        self.assertEqual(self.validate("verified", country="KP")[1].status, "rejected")

    def test_missing_data_are_a_business_error(self) -> None:
        result, case = self.validate(country="")
        assert isinstance(result, ThrowError)
        self.assertEqual((result.code, case.status, case.reason), ("KYC_INCOMPLETE", "incomplete", "missing: country"))

    def test_a_failure_leaves_nothing_but_an_event(self) -> None:
        case = KycCase.objects.create(user=self.user, **GOOD)
        with mock.patch("security.camunda_workers.audit", side_effect=OSError), self.assertRaises(OSError):
            run_task(fake_task("validate-kyc-data", case=case.pk))
        case.refresh_from_db()
        self.assertEqual((case.status, self.kinds()), ("pending", ["worker-failed"]))

    def test_an_unknown_case_is_an_incident(self) -> None:
        for wrong in (0, None, "1; DROP TABLE"):
            with self.subTest(wrong), self.assertRaises(TaskFailure) as raised:
                handle_validate_kyc(fake_task(case=wrong))
            self.assertEqual(raised.exception.retries, 0)


class MerchantTest(SecurityTest):
    """process-merchant-approval."""

    def process(self, *, verified: bool = True, **variables: Any) -> tuple[Any, Merchant]:
        if verified:
            KycCase.objects.create(user=self.user, status="verified", **GOOD)
        number = str(Merchant.objects.count())
        merchant = Merchant.objects.create(owner=self.user, name="Shop", monthly_volume=1, registration_number=number)
        result = handle_process_merchant_approval(fake_task(merchant=merchant.pk, **variables))
        merchant.refresh_from_db()
        return result, merchant

    def test_decisions(self) -> None:
        for variables, status in (
            ({"automatic": True, "decision": None}, "approved"),
            ({"automatic": False, "decision": "approved"}, "approved"),
            ({"automatic": False, "decision": "rejected"}, "rejected"),
            ({"automatic": False, "decision": None}, "rejected"),
        ):
            with self.subTest(variables):
                result, merchant = self.process(**variables)
                self.assertEqual((result, merchant.status), ({"merchantStatus": status}, status))
                self.assertIn(status, mail.outbox[-1].body)

    def test_an_owner_who_is_not_verified_is_a_business_error(self) -> None:
        result, merchant = self.process(verified=False, automatic=True)
        assert isinstance(result, ThrowError)
        self.assertEqual((result.code, merchant.status), ("OWNER_NOT_VERIFIED", "rejected"))


class AlertTest(SecurityTest):
    """handle-suspicious-activity."""

    def setUp(self) -> None:
        super().setUp()
        request = WalletRequest.objects.create(user=self.user, currency="EUR")
        self.wallet = Wallet.objects.create(user=self.user, request=request, currency="EUR")

    def handle(self, score: int, outcome: str | None = None, alert: Alert | None = None) -> tuple[Any, Alert, str]:
        alert = alert or Alert.objects.create(user=self.user, kind="many small transfers", score=score)
        result = handle_suspicious_activity(fake_task(alert=alert.pk, outcome=outcome))
        alert.refresh_from_db()
        self.wallet.refresh_from_db()
        return result, alert, self.wallet.status

    def test_measures_follow_the_severity(self) -> None:
        for score, severity, wallet, mails in (
            (10, "low", "active", 0),
            (50, "medium", "active", 1),
            (90, "high", "frozen", 2),
        ):
            with self.subTest(severity):
                result, _, status = self.handle(score)
                self.assertEqual((result["severity"], status, len(mail.outbox)), (severity, wallet, mails))

    def test_an_investigation_releases_what_its_alert_froze(self) -> None:
        _, alert, _ = self.handle(90)
        self.assertEqual(self.handle(90, "confirmed", alert)[2], "frozen")
        self.assertEqual(self.handle(90, "cleared", alert)[2], "active")

    def test_a_closed_account_is_a_business_error(self) -> None:
        get_user_model().objects.update(is_active=False)
        result, _, status = self.handle(90)
        assert isinstance(result, ThrowError)
        self.assertEqual((result.code, status), ("ACCOUNT_GONE", "active"))


class EmailTest(SecurityTest):
    """process-email-verification and the page behind the link."""

    def setUp(self) -> None:
        super().setUp()
        self.verification = EmailVerification.objects.create(user=self.user, email="ada@example.org")

    def send(self) -> Any:
        result = handle_process_email_verification(fake_task(verification=self.verification.pk))
        self.verification.refresh_from_db()
        return result

    def token(self) -> str:
        return mail.outbox[-1].body.rstrip("/").rpartition("/")[2]

    def test_a_token_is_sent_and_only_its_hash_is_kept(self) -> None:
        self.assertEqual(self.send(), {"attempt": 1})
        self.assertEqual(self.verification.token_hash, EmailVerification.hash_of(self.token()))
        self.assertNotIn(self.token(), str(SecurityEvent.objects.values()))

    def test_the_link_verifies_once_and_by_post_only(self) -> None:
        self.send()
        page = reverse("verify-email", args=[self.token()])
        with mock.patch("phantom_banking.processes.correlate") as correlate:
            self.assertContains(self.client.get(page), "<button>")
            self.verification.refresh_from_db()
            self.assertEqual(self.verification.status, "sent")
            self.assertEqual([self.client.post(page).status_code for _ in range(2)], [200, 410])
        correlate.assert_called_once_with("email-verified", services.key_of(self.verification))

    def test_a_new_attempt_voids_the_token_before(self) -> None:
        self.send()
        old = self.token()
        self.assertEqual(self.send(), {"attempt": 2})
        self.assertIsNone(services.confirm_email(old))

    def test_an_old_token_is_refused(self) -> None:
        self.send()
        EmailVerification.objects.update(expires=timezone.now() - timedelta(seconds=1))
        self.assertIsNone(services.confirm_email(self.token()))
        self.assertEqual(self.kinds()[-1], "email-token-refused")

    def test_an_address_that_cannot_be_written_to_is_a_business_error(self) -> None:
        EmailVerification.objects.update(email="nobody")
        result = self.send()
        assert isinstance(result, ThrowError)
        self.assertEqual((result.code, self.verification.status), ("EMAIL_UNDELIVERABLE", "failed"))


class AdminTest(SecurityTest):
    """The pages open, and nothing can be changed there."""

    def test_every_list_and_no_change(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        KycCase.objects.create(user=self.user, **GOOD)
        self.client.get("/")
        for page in ("wallets/wallet", "wallets/walletrequest", "wallets/auditentry", "security/kyccase",
                     "security/merchant", "security/alert", "security/emailverification", "security/securityevent",
                     "camunda_client/processedtask"):  # fmt: skip
            with self.subTest(page):
                self.assertEqual(self.client.get(f"/admin/{page}/").status_code, 200)
                self.assertEqual(self.client.get(f"/admin/{page}/add/").status_code, 403)
