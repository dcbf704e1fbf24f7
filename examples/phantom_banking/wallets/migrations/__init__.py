"""The migrations of wallets."""
