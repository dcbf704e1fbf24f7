"""What Django should know of; the engine's own tables have their own migrations."""
