"""The command `procession`: each command is one function, found by where it is (`procession.cli.registry`)."""
