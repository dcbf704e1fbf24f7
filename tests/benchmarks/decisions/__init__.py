"""Decisions side by side: tables and expressions on this engine and on others. Run by `make bench-dmn`."""
