"""Where the projection lands: tables, migrations, the client, the HTTP interface."""
