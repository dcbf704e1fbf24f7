"""Security: KYC, merchants, suspicious activity, e-mail verification, and the security event log."""
