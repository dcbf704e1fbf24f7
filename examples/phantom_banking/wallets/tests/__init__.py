"""The tests of wallets."""
