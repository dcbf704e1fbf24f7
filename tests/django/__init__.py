"""Tests of the two Django applications."""
