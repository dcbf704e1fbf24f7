"""The pure heart: `step(definition, state, command, world) -> events`. No clock, no id, no file, no database."""
