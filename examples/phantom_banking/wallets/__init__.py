"""Wallets: requests, wallets, and the audit trail."""
