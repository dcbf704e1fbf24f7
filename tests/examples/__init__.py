"""The insurance example and every command of the platform it comes from."""
