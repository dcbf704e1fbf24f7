"""`procession start`: one process instance."""

from __future__ import annotations

from typing import Annotated

import typer

from procession.cli.connection import AsJson, Tenant, Url, User, connect
from procession.cli.output import print_json, results
from procession.cli.registry import command
from procession.cli.variables import Variables, VariablesFile, read_variables


@command
def start(
    key: Annotated[str, typer.Argument(help="Key of the process; its latest version is started.")],
    var: Variables = None,
    vars_file: VariablesFile = None,
    business_key: Annotated[str | None, typer.Option("--business-key", "-b", help="Business key.")] = None,
    tenant: Tenant = None,
    url: Url = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Start a process instance and print its id."""
    variables = read_variables(var, vars_file)
    with connect(url, user) as client:
        instance = client.start_process(
            key, variables, business_key=business_key, tenant_id=tenant, with_variables=as_json
        )
    if as_json:
        print_json(instance.model_dump(mode="json", by_alias=True, exclude={"links"}))
    else:
        results().print(instance.id, markup=False)
