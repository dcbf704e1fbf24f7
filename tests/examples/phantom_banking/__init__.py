"""Tests of the Django project Phantom Banking (seed 5)."""
