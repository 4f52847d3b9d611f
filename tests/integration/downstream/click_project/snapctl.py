"""snapctl create|destroy SNAPSHOT"""

import sys

import click

import rodent_events
from rodent_events import (
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    StorageSnapshotPayload,
    emit_storage_snapshot,
)

# Seconds that a command waits for its report to arrive.
PATIENCE = 10.0


@click.group()
@click.option("--toggle", envvar="TOGGLE", required=True)
@click.option("--token", envvar="TOGGLE_JWT", required=True)
@click.option("--spool", envvar="SPOOL", required=True)
@click.pass_context
def main(context, toggle, token, spool):
    rodent_events.initialize(target=toggle, jwt=token, events_dir=spool)

    @context.call_on_close
    def end():
        if not rodent_events.shutdown(PATIENCE):
            click.echo("not all is reported: it will be with the next command", err=True)


@main.command()
@click.argument("snapshot")
def create(snapshot):
    dataset, at, name = snapshot.partition("@")
    payload = StorageSnapshotPayload(dataset_name=dataset, snapshot_name=name)
    if not at:
        emit_storage_snapshot(EVENT_LEVEL_ERROR, payload, {"error": "no name"})
        raise click.BadParameter("give DATASET@NAME")
    emit_storage_snapshot(EVENT_LEVEL_INFO, payload, {"action": "create"})
    click.echo(f"{snapshot} is there")


if __name__ == "__main__":
    sys.exit(main())
